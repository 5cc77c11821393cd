"""Webhooks of communities: where alerts go beside the chat, with which secret they are signed, what became of each.

Lives here: who may set one, which addresses are fit for one, the secret, when a delivery is tried again. Does not live
here: HTTP (`web/webhooks.py`), the outbox (the store fills it in the transaction of the interaction itself).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from safetybot.communities.access import Actor, Right, require
from safetybot.communities.errors import CommunityError, NotThere
from safetybot.model import Interaction
from safetybot.ports import Clock

AGAIN_AFTER = tuple(timedelta(seconds=s) for s in (30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400))
"""Between the tries of one delivery; after the last of them, two days in all, it is given up."""
_URL_CHARS = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UnusableAddress(CommunityError):
    """A webhook was to go where none may go; carries why."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(f"this address cannot take a webhook: {reason}")
        self.reason = reason


class NoWebhook(NotThere):
    """The community has no webhook."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("there is no webhook here; `safetybot web webhook set` makes one")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a community's alerts go. The address may hold a secret of the receiver's: it belongs in no log."""

    id: int
    platform: str
    community: str
    url: str
    salt: str
    """Makes its secret another one than that of the webhook before."""
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way to a webhook."""

    id: int
    webhook: Webhook
    interaction: Interaction
    tries: int
    """So far."""

    @property
    def key(self) -> str:
        """The same for each try, and for no other delivery ever: by it a receiver knows what it has already."""
        return f"msg_{self.webhook.id}_{self.interaction.id}"


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """What became of a delivery so far."""

    interaction_id: int
    tries: int
    next_at: datetime | None
    """None where it has ended."""
    delivered_at: datetime | None
    error: str
    """Of the last try; empty where that went well."""


class WebhookRows(Protocol):
    """What the use cases need of the store. Changes are audited in the same transaction, without the address."""

    async def of(self, platform: str, community: str) -> Webhook | None:
        """A community's webhook."""
        ...

    async def put(self, platform: str, community: str, url: str, salt: str, *, at: datetime, by: str) -> Webhook:
        """Set it; deliveries that wait go to the new address."""
        ...

    async def remove(self, platform: str, community: str, *, by: str) -> bool:
        """Remove it with all its deliveries; False where there is none."""
        ...

    async def newest(self, platform: str, community: str, *, limit: int) -> Sequence[DeliveryState]:
        """The newest deliveries."""
        ...


class Webhooks:
    """A community's webhook, for its admins."""

    def __init__(self, rows: WebhookRows, clock: Clock, *, key: str, within: bool) -> None:
        """Keep them in `rows`.

        Args:
            rows: The store's.
            clock: For the audit.
            key: Secrets are led from it, so that none is kept.
            within: Whether they may go to this machine and its network.
        """
        self._rows, self._clock, self._key, self._within = rows, clock, key.encode(), within

    async def put(self, actor: Actor, platform: str, community: str, url: str) -> tuple[Webhook, str]:
        """Set a community's webhook; gives the secret that its deliveries will be signed with, another each time.

        Raises:
            Refused: The actor may not change the settings.
            UnusableAddress: It is no address for this.
        """
        require(actor, Right.CHANGE_POLICY, platform, community)
        check_address(url, within=self._within)
        salt = secrets.token_hex(16)
        kept = await self._rows.put(platform, community, url, salt, at=self._clock.now(), by=actor.name)
        return kept, self.secret(kept)

    async def show(self, actor: Actor, platform: str, community: str) -> Webhook:
        """A community's webhook. Raises `NoWebhook`; `Refused` below admin: its address may be a secret."""
        require(actor, Right.CHANGE_POLICY, platform, community)
        found = await self._rows.of(platform, community)
        if found is None:
            raise NoWebhook
        return found

    async def remove(self, actor: Actor, platform: str, community: str) -> None:
        """Send nothing any more. Raises `NoWebhook`, `Refused`."""
        require(actor, Right.CHANGE_POLICY, platform, community)
        if not await self._rows.remove(platform, community, by=actor.name):
            raise NoWebhook

    async def deliveries(self, actor: Actor, platform: str, community: str) -> Sequence[DeliveryState]:
        """The newest fifty deliveries. Raises `NoWebhook`, `Refused`."""
        await self.show(actor, platform, community)
        return await self._rows.newest(platform, community, limit=50)

    def secret(self, webhook: Webhook) -> str:
        """What its deliveries are signed with, as the Standard Webhooks specification writes it."""
        about = f"webhook/{webhook.platform}/{webhook.community}/{webhook.salt}"
        raw = hmac.new(self._key, about.encode("utf-8", "replace"), hashlib.sha256).digest()
        return "whsec_" + base64.b64encode(raw).decode()


def check_address(url: str, *, within: bool) -> None:
    """Raise `UnusableAddress` unless a webhook may go there, as far as the address itself tells.

    A name may lead anywhere: what it leads to is looked at anew for each delivery.
    """
    try:
        parts = urlsplit(url)
        port_known = parts.port is None or parts.port > 0
    except ValueError as error:
        raise UnusableAddress("it is malformed") from error
    if len(url) > _URL_CHARS or not url.isascii() or not url.isprintable() or " " in url or not port_known:
        raise UnusableAddress(f"write it in at most {_URL_CHARS} ASCII characters, without spaces")
    if parts.scheme != "https" and not (within and parts.scheme == "http"):
        raise UnusableAddress("it must begin with https://")
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise UnusableAddress("it needs a host, and neither a user nor a fragment")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        if not within and parts.hostname.rstrip(".").rpartition(".")[2] in ("localhost", "local", "internal", ""):
            raise UnusableAddress("it is of this machine or its network") from None
        return
    if not within and not is_public(address):
        raise UnusableAddress("it is of this machine or its network")


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the open Internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast
