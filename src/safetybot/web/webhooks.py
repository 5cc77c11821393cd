"""Delivering webhooks: takes what is due from the outbox, signs it, sends it, and tries again later where that failed.

Lives here: HTTP, the signature (as standardwebhooks.com specifies it), the guard against addresses of one's own
network. Does not live here: the outbox (the store), which addresses and waits are right (`communities/webhooks.py`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import random
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import httpcore
import structlog

from safetybot.communities.webhooks import AGAIN_AFTER, Delivery, UnusableAddress, Webhook, check_address, is_public
from safetybot.ports import Clock

log = structlog.get_logger(__name__)
EVENT = "interaction.alerted"
WITHIN = 20.0
"""Seconds for one try, from looking the name up to the answer's first line."""
LEASE = timedelta(minutes=2)
"""After it, what a process took and did not see through is another's."""
AT_ONCE = 20
KEPT = timedelta(days=7)
"""For so long ended deliveries can be looked at."""
_LOOK = 5.0
_FORGET_EVERY = timedelta(hours=1)
_TIMEOUTS = {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}
_MOST_WAIT = timedelta(days=1)


class Outbox(Protocol):
    """What this file needs of the store."""

    async def due(self, *, limit: int, lease: timedelta) -> Sequence[Delivery]:
        """Deliveries to try now; nobody else gets them for the length of the lease."""
        ...

    async def delivered(self, delivery_id: int) -> None:
        """It arrived."""
        ...

    async def failed(self, delivery_id: int, error: str, *, again_at: datetime | None) -> None:
        """It did not; None gives it up."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop what ended and is of interactions before that."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver said: a status, and how long it asks to be left alone."""

    status: int
    wait: timedelta | None = None

    @property
    def well(self) -> bool:
        """Whether it took the delivery."""
        return 200 <= self.status < 300


class NotReached(Exception):
    """A receiver did not answer, or may not be asked; says why, without its address."""


async def deliver(
    outbox: Outbox,
    *,
    secret: Callable[[Webhook], str],
    site: str,
    clock: Clock,
    within: bool,
    every: float = _LOOK,
    away: tuple[type[BaseException], ...] = (),
) -> None:
    """Deliver until cancelled. Several processes may do so on one store; each delivery is one's at a time.

    Args:
        outbox: The store's.
        secret: What a webhook's deliveries are signed with.
        site: Where people reach the pages, for the link in each delivery.
        clock: For signatures and waits.
        within: Whether this machine's and its network's addresses are allowed.
        every: Seconds between looks while nothing is due.
        away: What the outbox raises while the store cannot be reached.
    """
    forgotten = clock.now() - _FORGET_EVERY
    async with Sender(clock, within=within) as sender:
        while True:
            count = 0
            try:
                count = await deliver_due(outbox, sender, secret=secret, site=site, clock=clock)
                if clock.now() - forgotten >= _FORGET_EVERY:
                    forgotten = clock.now()
                    await outbox.forget(forgotten - KEPT)
            except away as error:
                log.warning("webhooks_wait", why=type(error).__name__)
            if count < AT_ONCE:
                await asyncio.sleep(every)


async def deliver_due(
    outbox: Outbox, sender: Sender, *, secret: Callable[[Webhook], str], site: str, clock: Clock
) -> int:
    """Try what is due, several at once; how many there were."""
    due = await outbox.due(limit=AT_ONCE, lease=LEASE)
    await asyncio.gather(*(_try(outbox, sender, one, secret(one.webhook), site, clock) for one in due))
    return len(due)


async def _try(outbox: Outbox, sender: Sender, one: Delivery, secret: str, site: str, clock: Clock) -> None:
    wait: timedelta | None = None
    try:
        answer = await sender.post(one.webhook.url, secret, one.key, payload(one, site))
    except NotReached as error:
        problem, final = str(error), False
    else:
        if answer.well:
            await outbox.delivered(one.id)
            return
        # Gone says that it will never be wanted again.
        problem, final, wait = f"answered {answer.status}", answer.status == 410, answer.wait
    again_at = None if final else _again_at(one.tries, wait, clock.now())
    log.warning(
        "webhook_failed", interaction=one.interaction.id, tries=one.tries + 1, problem=problem,
        given_up=again_at is None,
    )  # fmt: skip
    await outbox.failed(one.id, problem, again_at=again_at)


def _again_at(tries: int, wait: timedelta | None, now: datetime) -> datetime | None:
    """When to try again after `tries` earlier ones; None where there were enough."""
    if tries >= len(AGAIN_AFTER):
        return None
    # Spread, so that what failed together does not come again together.
    after = AGAIN_AFTER[tries] * random.uniform(0.9, 1.2)  # noqa: S311  # no secret
    return now + max(after, min(wait or timedelta(), _MOST_WAIT))


def payload(one: Delivery, site: str) -> dict[str, Any]:
    """What a receiver is told: ids, what was found, where to look. No words of a member, no pseudonym."""
    about = one.interaction
    place = about.place
    path = f"/in/{quote(place.platform, safe='')}/{quote(place.community, safe='')}/interactions/{about.id}"
    return {
        "type": EVENT,
        "timestamp": about.at.isoformat(),
        "data": {
            "interaction": about.id,
            "platform": place.platform,
            "community": place.community,
            "channel": place.channel,
            "thread": place.thread,
            "message": about.message_id,
            "concern": about.concern.label,
            "level": about.level.label if about.level else None,
            "confidence": round(about.confidence, 4),
            "language": about.language,
            "rules": list(about.rules),
            "link": site + path,
        },
    }


def signature(secret: str, key: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a delivery."""
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(raw, f"{key}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


class Sender:
    """Posts signed JSON. Follows no redirect, uses no proxy of the environment, reads no answer's body."""

    def __init__(self, clock: Clock, *, within: bool) -> None:
        """Nothing is opened before `async with`."""
        self._clock, self._within = clock, within
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=2 * AT_ONCE,
            max_keepalive_connections=0,  # a name is looked up, and its address looked at, for each delivery
            network_backend=_Guarded(within=within),
        )

    async def __aenter__(self) -> Sender:
        """Open."""
        await self._pool.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self._pool.aclose()

    async def post(self, url: str, secret: str, key: str, content: dict[str, Any]) -> Answered:
        """Send one delivery. Raises `NotReached`."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = int(self._clock.now().timestamp())
        headers: dict[bytes | str, bytes | str] = {
            "host": urlsplit(url).netloc,
            "content-type": "application/json",
            "user-agent": "safetybot",
            "webhook-id": key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, key, timestamp, body),
            "idempotency-key": key,
            "content-length": str(len(body)),
        }
        try:
            check_address(url, within=self._within)  # the operator may have forbidden what was allowed once
            async with (
                asyncio.timeout(WITHIN),
                self._pool.stream(
                    "POST", url, headers=headers, content=body, extensions={"timeout": _TIMEOUTS}
                ) as answer,
            ):
                return Answered(answer.status, _wait(answer.headers))
        except UnusableAddress as error:
            raise NotReached(error.reason) from error
        except TimeoutError as error:
            raise NotReached("no answer in time") from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
            raise NotReached(f"not reached ({type(error).__name__})") from error


class _Guarded(httpcore.AsyncNetworkBackend):
    """Looks a name up itself and connects to the very address that was found fit: it cannot change in between."""

    def __init__(self, *, within: bool) -> None:
        self._within = within
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        except OSError as error:
            raise httpcore.ConnectError("the name leads nowhere") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if not self._within and not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in addresses):
            raise UnusableAddress("it is of this machine or its network")
        for last, address in enumerate(addresses, start=1 - len(addresses)):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == 0:
                    raise
        raise httpcore.ConnectError("the name leads nowhere")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface's own
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise UnusableAddress("it is of this machine or its network")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _wait(headers: Sequence[tuple[bytes, bytes]]) -> timedelta | None:
    """What `Retry-After` asks for in seconds; a date in it is not heeded."""
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return timedelta(seconds=int(value)) if value.isdigit() and len(value) < 8 else None
