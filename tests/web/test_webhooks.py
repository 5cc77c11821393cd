"""Webhooks from the alert to the receiver: a real one on loopback, allowed by the operator's setting for it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.conftest import New, Open, StillClock

from safetybot.cli.delivering import keep_webhooks, webhooks
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.webhooks import (
    AGAIN_AFTER,
    NoWebhook,
    UnusableAddress,
    Webhook,
    Webhooks,
    check_address,
)
from safetybot.model import Decision, NewInteraction, Place, Reason
from safetybot.store.errors import StoreError
from safetybot.store.keys import Pseudonyms
from safetybot.store.retention import erase_community, erase_message
from safetybot.store.store import SqlStore
from safetybot.web.webhooks import LEASE, NotReached, Sender, deliver, deliver_due

HERE = ("discord", "100")
ADMIN = Actor("an admin", Role.ADMIN, *HERE)
SITE = "https://bot.example.org"


@dataclass
class Receiver:
    """Takes requests and answers as a test wants."""

    answers: list[str] = field(default_factory=list)
    """The first lines and headers of the next answers; 204 when there is none left."""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the first request."""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((first, headers, body))
        self.asked.set()
        answer = self.answers.pop(0) if self.answers else "204 No Content"
        writer.write(f"HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?token=secret-of-theirs"
    async with server:
        yield made


@pytest.fixture
def hooks(store: SqlStore, clock: StillClock) -> Webhooks:
    return Webhooks(store.webhooks, clock, key="k" * 32, within=True)


@pytest.fixture
async def sender(clock: StillClock) -> AsyncIterator[Sender]:
    async with Sender(clock, within=True) as made:
        yield made


def alert(new: New, message_id: str = "1", *, place: tuple[str, str] = HERE, shadow: bool = False) -> NewInteraction:
    decision = Decision(reply=False, alert=True, shadow=shadow, reasons=(Reason.ALERT,))
    made: NewInteraction = new(message_id, decision=decision, place=Place(*place, "chat"), excerpt="their own words")
    return made


@dataclass
class Delivering:
    """One look at the outbox after another."""

    store: SqlStore
    sender: Sender
    hooks: Webhooks
    clock: StillClock

    async def once(self) -> int:
        outbox = self.store.webhooks
        return await deliver_due(outbox, self.sender, secret=self.hooks.secret, site=SITE, clock=self.clock)


@pytest.fixture
def delivering(store: SqlStore, sender: Sender, hooks: Webhooks, clock: StillClock) -> Delivering:
    return Delivering(store, sender, hooks, clock)


# --- on their way -------------------------------------------------------------------------------------------


async def test_an_alert_arrives_signed_and_without_a_members_words(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New, clock: StillClock
) -> None:
    webhook, secret = await hooks.put(ADMIN, *HERE, receiver.url)
    claim = await store.claim(alert(new), None)
    assert await delivering.once() == 1
    ((first, headers, body),) = receiver.got
    assert first == "POST /hook?token=secret-of-theirs HTTP/1.1"
    told = json.loads(body)
    assert told["type"] == "interaction.alerted"
    assert told["data"]["interaction"] == claim.interaction_id
    assert told["data"]["rules"] == ["diy.self"]
    assert told["data"]["link"] == f"{SITE}/in/discord/100/interactions/{claim.interaction_id}"
    assert "a" * 32 not in body.decode()
    assert "words" not in body.decode()
    assert headers["webhook-id"] == headers["idempotency-key"] == f"msg_{webhook.id}_{claim.interaction_id}"
    assert headers["webhook-timestamp"] == str(int(clock.now().timestamp()))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    (state,) = await hooks.deliveries(ADMIN, *HERE)
    assert (state.tries, state.delivered_at, state.next_at, state.error) == (1, clock.now(), None, "")
    assert await delivering.once() == 0


async def test_only_alerts_of_a_community_with_a_webhook_wait(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New
) -> None:
    await store.claim(alert(new, "before"), None)
    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new, "elsewhere", place=("discord", "200")), None)
    await store.claim(alert(new, "shadow", shadow=True), None)
    await store.claim(new("no alert", place=Place(*HERE, "chat")), None)
    await asyncio.gather(*(store.claim(alert(new, "twice"), None) for _ in range(5)))
    assert await delivering.once() == 1
    assert json.loads(receiver.got[0][2])["data"]["message"] == "twice"


async def test_what_failed_is_tried_again_with_the_same_key(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new), None)
    receiver.answers = ["500 Oh", "302 Found\r\nlocation: /elsewhere", "429 Slow\r\nretry-after: 7200"]
    waits: list[timedelta] = []
    for _ in range(3):
        assert await delivering.once() == 1
        assert await delivering.once() == 0
        (state,) = await hooks.deliveries(ADMIN, *HERE)
        assert state.next_at is not None
        waits.append(state.next_at - clock.now())
        clock.time = state.next_at
    assert [AGAIN_AFTER[n] * 0.9 <= waits[n] <= AGAIN_AFTER[n] * 1.2 for n in (0, 1)] == [True, True]
    assert waits[2] == timedelta(hours=2)
    assert await delivering.once() == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert len({headers["webhook-signature"] for _, headers, _ in receiver.got}) == 4
    (state,) = await hooks.deliveries(ADMIN, *HERE)
    assert (state.tries, state.delivered_at) == (4, clock.now())


async def test_after_two_days_it_is_given_up(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new), None)
    receiver.answers = ["503 Away"] * 99
    started = clock.now()
    for _ in range(len(AGAIN_AFTER) + 1):
        assert await delivering.once() == 1
        (state,) = await hooks.deliveries(ADMIN, *HERE)
        clock.time = state.next_at or clock.time
    assert (state.next_at, state.delivered_at, state.error) == (None, None, "answered 503")
    assert timedelta(days=1.8) < clock.now() - started < timedelta(days=3)
    clock.forward(days=30)
    assert await delivering.once() == 0


async def test_gone_is_never_asked_again(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new), None)
    receiver.answers = ["410 Gone"]
    await delivering.once()
    clock.forward(days=30)
    assert await delivering.once() == 0


async def test_nobody_there_is_tried_again(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, new: New, clock: StillClock
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    await hooks.put(ADMIN, *HERE, f"http://127.0.0.1:{port}/")
    await store.claim(alert(new), None)
    await delivering.once()
    (state,) = await hooks.deliveries(ADMIN, *HERE)
    assert state.error == "not reached (ConnectError)"
    assert state.next_at is not None


async def test_each_delivery_is_one_processs_until_its_lease_ends(
    store: SqlStore, open_it: Open, hooks: Webhooks, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    for number in range(10):
        await store.claim(alert(new, str(number)), None)
    async with open_it() as other:
        taken = await asyncio.gather(*(s.webhooks.due(limit=4, lease=LEASE) for s in (store, other, store, other)))
        numbers = [one.id for part in taken for one in part]
        assert len(numbers) == len(set(numbers)) == 10
        assert await other.webhooks.due(limit=4, lease=LEASE) == []
        clock.forward(seconds=LEASE.total_seconds())
        again = await other.webhooks.due(limit=20, lease=LEASE)
        assert sorted(one.id for one in again) == sorted(numbers)


async def test_the_loop_goes_on_where_the_store_was_away(
    store: SqlStore, hooks: Webhooks, receiver: Receiver, new: New, clock: StillClock
) -> None:
    arrived = asyncio.Event()

    class Away:
        def __init__(self) -> None:
            self.asked = 0

        async def due(self, *, limit: int, lease: timedelta) -> Any:
            self.asked += 1
            if self.asked == 1:
                raise StoreError("gone for a moment")
            return await store.webhooks.due(limit=limit, lease=lease)

        async def delivered(self, delivery_id: int) -> None:
            await store.webhooks.delivered(delivery_id)
            arrived.set()

        failed = staticmethod(store.webhooks.failed)
        forget = staticmethod(store.webhooks.forget)

    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new), None)
    loop = deliver(
        Away(), secret=hooks.secret, site=SITE, clock=clock, within=True, every=0.01, away=(StoreError,)
    )  # fmt: skip
    task = asyncio.create_task(loop)
    async with asyncio.timeout(20):
        await arrived.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert len(receiver.got) == 1


async def test_what_is_erased_is_not_delivered(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new), None)
    await erase_message(store.database, Place(*HERE, "chat"), "1", clock.now(), by="me")
    assert await delivering.once() == 0


async def test_what_ended_is_forgotten_after_a_week_and_what_waits_is_not(
    store: SqlStore, hooks: Webhooks, delivering: Delivering, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    for number in range(2):
        await store.claim(alert(new, str(number)), None)
    receiver.answers = ["500 Oh"]
    await delivering.once()
    assert await store.webhooks.forget(clock.now()) == 0
    assert await store.webhooks.forget(clock.forward(days=8)) == 1
    (left,) = await hooks.deliveries(ADMIN, *HERE)
    assert left.delivered_at is None


# --- who, and where to --------------------------------------------------------------------------------------


async def test_only_admins_set_and_see_it(store: SqlStore, hooks: Webhooks, receiver: Receiver) -> None:
    for who in (Actor("m", Role.MODERATOR, *HERE), Actor("o", Role.ADMIN, "discord", "200")):
        for attempt in (hooks.put(who, *HERE, receiver.url), hooks.show(who, *HERE), hooks.remove(who, *HERE)):
            with pytest.raises(Refused):
                await attempt
    for missing in (hooks.show(ADMIN, *HERE), hooks.remove(ADMIN, *HERE), hooks.deliveries(ADMIN, *HERE)):
        with pytest.raises(NoWebhook):
            await missing


async def test_the_secret_is_kept_nowhere_and_changes_each_time(
    store: SqlStore, hooks: Webhooks, receiver: Receiver
) -> None:
    first, secret = await hooks.put(ADMIN, *HERE, receiver.url)
    second, other = await hooks.put(ADMIN, *HERE, receiver.url)
    assert first.id == second.id
    assert secret != other
    async with store.database.reader.connect() as connection:
        kept = repr((await connection.execute(sa.text("SELECT * FROM webhooks"))).all())
        audited = repr((await connection.execute(sa.text("SELECT * FROM audit"))).all())
    assert other.removeprefix("whsec_") not in kept
    assert "secret-of-theirs" not in audited
    assert audited.count("webhook set") == 2


async def test_a_community_that_is_gone_leaves_no_webhook(
    store: SqlStore, hooks: Webhooks, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    await erase_community(store.database, *HERE, clock.now(), by="me")
    with pytest.raises(NoWebhook):
        await hooks.show(ADMIN, *HERE)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://", "https:///x", "https://user:pass@example.org/",
        "https://example.org/#part", "https://localhost/", "https://db.internal/", "https://printer.local./",
        "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1/", "https://169.254.169.254/latest",
        "https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.0.1/", "https://[::1]/", "https://[fe80::1]/",
        "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
        "https://example.org:99999/", "https://ex ample.org/", "https://example.org/\n", "https://[::1", "x" * 3000,
        "https://bücher.example/",
    ],
)  # fmt: skip
def test_addresses_that_cannot_take_a_webhook_are_refused(url: str) -> None:
    with pytest.raises(UnusableAddress):
        check_address(url, within=False)


@pytest.mark.parametrize("url", ["https://example.org/hook", "https://8.8.8.8:8443/", "https://[2606:4700::1111]/?a=b"])
def test_public_addresses_are_fit(url: str) -> None:
    check_address(url, within=False)


@pytest.mark.parametrize(
    "leads_to", [["127.0.0.1"], ["93.184.215.14", "10.0.0.7"], ["::ffff:192.168.1.1"], ["fe80::1%eth0"]]
)
async def test_a_name_that_leads_within_is_not_followed(
    clock: StillClock, monkeypatch: pytest.MonkeyPatch, leads_to: list[str], receiver: Receiver
) -> None:
    async def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in leads_to]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    async with Sender(clock, within=False) as sender:
        with pytest.raises(NotReached, match="its network"):
            await sender.post("https://inside.example/", "whsec_" + "A" * 44, "k", {})


async def test_what_was_allowed_once_is_looked_at_again(
    store: SqlStore, hooks: Webhooks, receiver: Receiver, new: New, clock: StillClock
) -> None:
    await hooks.put(ADMIN, *HERE, receiver.url)
    await store.claim(alert(new), None)
    async with Sender(clock, within=False) as strict:
        await Delivering(store, strict, hooks, clock).once()
    (state,) = await hooks.deliveries(ADMIN, *HERE)
    assert state.error == "it must begin with https://"
    assert receiver.got == []


def test_another_community_has_another_secret(clock: StillClock) -> None:
    hooks = Webhooks(None, clock, key="k" * 32, within=False)  # type: ignore[arg-type]  # no row is touched
    one = Webhook(1, *HERE, "https://example.org", "salt", clock.now(), "me")
    assert hooks.secret(one) != hooks.secret(replace(one, community="200"))
    assert hooks.secret(one) == hooks.secret(replace(one, url="https://example.net"))


async def test_what_a_running_bot_starts_delivers_by_the_settings(
    store: SqlStore, receiver: Receiver, new: New, clock: StillClock
) -> None:
    session = Session()
    web = session.settings.web.model_copy(update={"hooks_within": True, "url": SITE})
    session.settings = session.settings.model_copy(update={"web": web})
    runtime = Runtime(store, Pseudonyms("k" * 32), clock)
    await webhooks(session, runtime).put(ADMIN, *HERE, receiver.url)
    claim = await store.claim(alert(new), None)
    task = asyncio.create_task(keep_webhooks(session, runtime))
    async with asyncio.timeout(20):
        await receiver.asked.wait()
    task.cancel()
    await asyncio.wait({task})
    link = json.loads(receiver.got[0][2])["data"]["link"]
    assert link == f"{SITE}/in/discord/100/interactions/{claim.interaction_id}"
