"""Tokens for programs that use the JSON API: made, listed, revoked, and who one stands for.

Lives here: who may hand them out, their shape, expiry. Does not live here: HTTP (`web/api/`), rows (the store, which
sees hashes of tokens only).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from safetybot.communities.access import Actor, Refused, Right, require
from safetybot.communities.errors import CommunityError, NotThere
from safetybot.communities.sign_in import Grant, check_grant
from safetybot.ports import Clock

PREFIX = "sbot_"
"""By it, scanners of repositories and logs know a token that was published by mistake."""
LONGEST = timedelta(days=366)
USUAL = timedelta(days=90)
_USE_NOTED_EVERY = timedelta(minutes=5)
"""So exact is `last_used_at`: not every request is worth a write."""
_CHARS = 200


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept: its scope (a role in a community), and its life."""

    id: int
    grant: Grant
    made_at: datetime
    made_by: str
    expires_at: datetime
    last_used_at: datetime | None
    """None where it never was; exact to five minutes."""

    @property
    def actor(self) -> Actor:
        """Whom the use cases and the audit know."""
        grant = self.grant
        return Actor(f"api token {self.id} ({grant.name})", grant.role, grant.platform, grant.community)


class UnusableAge(CommunityError):
    """A token was to last for no time, or for too long."""

    def __init__(self, age: timedelta) -> None:
        """Keep how long it was to last."""
        super().__init__(f"a token lasts from an hour to {LONGEST.days} days, not {age}")
        self.age = age


class NoSuchToken(NotThere):
    """There is no token of that number (any more)."""

    def __init__(self, token_id: int) -> None:
        """Keep the number."""
        super().__init__(f"there is no API token {token_id}; `safetybot web token list` shows them")
        self.token_id = token_id


class ApiTokenRows(Protocol):
    """What this file needs of the store; tokens come as hashes. What changes is audited in the same transaction."""

    async def add(self, token: str, grant: Grant, *, until: datetime, by: str) -> ApiToken:
        """Keep a token; drop what has run out."""
        ...

    async def find(self, token: str) -> ApiToken | None:
        """An unexpired token."""
        ...

    async def used(self, token_id: int, at: datetime) -> None:
        """Note that it was used. Not audited."""
        ...

    async def listed(self, platform: str | None, community: str | None) -> Sequence[ApiToken]:
        """Unexpired tokens of a community, or all, the newest first."""
        ...

    async def one(self, token_id: int) -> ApiToken | None:
        """One token."""
        ...

    async def revoke(self, token_id: int, *, by: str) -> bool:
        """Delete it; False where it is gone."""
        ...


class ApiTokens:
    """Tokens, for those who may let others in."""

    def __init__(self, rows: ApiTokenRows, clock: Clock) -> None:
        """Keep hashes in `rows`."""
        self._rows, self._clock = rows, clock

    async def create(self, actor: Actor, grant: Grant, *, age: timedelta = USUAL) -> tuple[str, ApiToken]:
        """A new token and what is kept of it; the token itself is never to be had again.

        Raises:
            Refused: The actor is no admin of the grant's community, or gives more than they have.
            UnusableGrant: Without a name, or a community's role without a community.
            UnusableAge: Less than an hour, or more than a year.
        """
        check_grant(grant)
        place = grant.platform or None, grant.community or None
        require(actor, Right.LET_IN, *place)
        if actor.role is None or grant.role > actor.role:
            raise Refused(actor, Right.LET_IN, *place, f"a token as {grant.role.label} can be made by one only")
        if not timedelta(hours=1) <= age <= LONGEST:
            raise UnusableAge(age)
        token = PREFIX + secrets.token_urlsafe(32)
        until = self._clock.now() + age
        return token, await self._rows.add(_hash(token), grant, until=until, by=actor.name)

    async def who(self, token: str) -> ApiToken | None:
        """What a token stands for; None where it is nobody's, was revoked or has run out."""
        if not token.startswith(PREFIX) or len(token) > _CHARS:
            return None
        found = await self._rows.find(_hash(token))
        if found is None:
            return None
        now = self._clock.now()
        if found.last_used_at is None or now - found.last_used_at >= _USE_NOTED_EVERY:
            await self._rows.used(found.id, now)
        return found

    async def listed(self, actor: Actor, platform: str | None, community: str | None) -> Sequence[ApiToken]:
        """Tokens that still hold. Raises `Refused` below admin; for all communities below operator."""
        require(actor, Right.LET_IN, platform, community)
        return await self._rows.listed(platform, community)

    async def revoke(self, actor: Actor, token_id: int) -> None:
        """End a token at once.

        Raises:
            NoSuchToken: There is none of that number.
            Refused: The actor is no admin where it holds.
        """
        found = await self._rows.one(token_id)
        if found is None:
            raise NoSuchToken(token_id)
        require(actor, Right.LET_IN, found.grant.platform or None, found.grant.community or None)
        if not await self._rows.revoke(token_id, by=actor.name):
            raise NoSuchToken(token_id)


def _hash(token: str) -> str:
    """Tokens have 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
