"""Signing in to the web pages: single-use links, sessions, and who may hand them out or end them.

Lives here: who may, tokens and their signatures, expiry, rotation. Does not live here: cookies and forms (`web/`), rows
(the store, which sees hashes of tokens only).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from safetybot.communities.access import Actor, Refused, Right, Role, require
from safetybot.communities.errors import CommunityError
from safetybot.ports import Clock, PlatformError

ROTATED_AFTER = timedelta(minutes=15)
"""A session's token is changed at the first request after this time."""
GRACE = timedelta(minutes=1)
"""So long the token before still holds, for requests that were on their way."""
ASKED_AFTER = timedelta(minutes=1)
"""So long a standing on a platform is taken as it was."""
UNASKED_AT_MOST = timedelta(minutes=15)
"""So long, where the platform does not answer; then nobody is let in by it."""
_REMEMBERED = 5_000
MOST_ASKED = 100
"""Communities in which a platform is asked about somebody who comes in."""
NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class Grant:
    """As what somebody is let in. Platform and community are empty for an operator, whose role holds everywhere."""

    name: str
    role: Role
    platform: str = ""
    community: str = ""
    member: str = ""
    """Their id on the platform, where it let them in: by it their standing there is asked for again and again."""

    @property
    def actor(self) -> Actor:
        """Whom the use cases know."""
        return Actor(self.name, self.role, self.platform, self.community)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in."""

    id: int
    grant: Grant
    opened_at: datetime
    rotated_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a cookie stands for."""

    session: Session
    csrf: str
    """What every form must carry."""
    renewed: str | None = None
    """The cookie to use from now on, where it was changed."""


Standing = Callable[[str, str, str], Awaitable[Role | None]]
"""The role that somebody has in a community now, by platform, community and their id there; None is a plain member.

Raises `PlatformError` where the platform does not answer.
"""


class UnusableGrant(CommunityError):
    """A link was to let somebody in as nothing that can be."""


def check_grant(grant: Grant) -> None:
    """Raise `UnusableGrant` unless it has a name, and a community exactly where its role holds in one."""
    if not 1 <= len(grant.name.strip()) <= NAME_CHARS or not grant.name.isprintable():
        raise UnusableGrant(f"who is let in needs a name of at most {NAME_CHARS} printable characters")
    if grant.role is Role.OPERATOR and (grant.platform or grant.community):
        raise UnusableGrant("an operator's role holds everywhere: leave the community out")
    if grant.role is not Role.OPERATOR and not (grant.platform and grant.community):
        raise UnusableGrant(f"the role {grant.role.label} holds in a community: say in which")


class SignInRows(Protocol):
    """What this file needs of the store; tokens come as hashes. What changes is audited in the same transaction."""

    async def add_link(self, link: str, grant: Grant, *, until: datetime, by: str) -> None:
        """Keep a link."""
        ...

    async def redeem(self, link: str, session: str, *, until: datetime) -> bool:
        """Use a link up and open a session in its place; False where there is none, or it has run out."""
        ...

    async def spend(self, voucher: str, *, until: datetime) -> bool:
        """Keep what a platform vouched with until it is too old; False where it was kept already."""
        ...

    async def find(self, session: str, *, before_since: datetime) -> tuple[Session, bool] | None:
        """An unexpired session, and whether that is its newest token; the one before counts if it was changed since."""
        ...

    async def rotate(self, session: str, to: str) -> bool:
        """Change a session's token; False where somebody else did, or it is gone."""
        ...

    async def end(self, session_id: int, *, by: str, action: str) -> Grant | None:
        """End a session; whose it was, None where there is none."""
        ...

    async def open(self, platform: str | None, community: str | None) -> Sequence[Session]:
        """Sessions of a community, or all, the newest first."""
        ...

    async def session(self, session_id: int) -> Session | None:
        """One session."""
        ...


class SignIn:
    """Links and sessions."""

    def __init__(
        self,
        rows: SignInRows,
        clock: Clock,
        *,
        key: str,
        link_age: timedelta,
        session_age: timedelta,
        standing: Mapping[str, Standing] | None = None,
    ) -> None:
        """Keep hashes in `rows`; `key`, any text, signs cookies: with another one every session is over.

        `standing` asks platforms, by their name, what people are in their communities. Where a platform is not there
        (the pages are served apart from the bot), what somebody was let in as holds until their session ends.
        """
        self._standing = standing or {}
        self._roles: OrderedDict[tuple[str, str, str], tuple[datetime, Role | None]] = OrderedDict()
        self._rows, self._clock, self._key = rows, clock, key.encode()
        self._link_age, self._session_age = link_age, session_age

    async def link(self, actor: Actor, grant: Grant) -> str:
        """The token of a single-use link that lets somebody in.

        Raises:
            Refused: The actor gives more than they have, or lets others in and may not.
            UnusableGrant: Without a name, or a community's role without a community.
        """
        check_grant(grant)
        platform, community = grant.platform or None, grant.community or None
        require(actor, Right.LET_IN, platform, community)
        if actor.role is None or grant.role > actor.role:
            raise Refused(actor, Right.LET_IN, platform, community, f"a {grant.role.label} can be let in by one only")
        return await self._new_link(grant, actor.name)

    async def own_link(self, actor: Actor) -> str:
        """The token of a link for somebody themselves, as what their platform says they are. Raises `Refused`."""
        require(actor, Right.SEE_FIGURES, actor.platform or None, actor.community or None)
        name = "".join(char if char.isprintable() else " " for char in actor.name).strip()[:NAME_CHARS]
        role = actor.role or Role.VIEWER  # `require` refuses whoever has none
        grant = Grant(name, role, actor.platform, actor.community, actor.member or "")
        check_grant(grant)
        return await self._new_link(grant, actor.name)

    async def standings(
        self, member: str, name: str, communities: Sequence[tuple[str, str]]
    ) -> list[tuple[Role, str, Actor]]:
        """What somebody is in each of these communities, as their platform says; those where they are nothing left out.

        A platform that does not answer leaves its community out as well.
        """
        found: list[tuple[Role, str, Actor]] = []
        for platform, community in communities[:MOST_ASKED]:
            ask = self._standing.get(platform)
            try:
                role = await ask(platform, community, member) if ask is not None else None
            except PlatformError:
                continue
            if role is not None:
                found.append((role, community, Actor(name, role, platform, community, member)))
        return found

    async def spend(self, voucher: str, *, until: datetime) -> bool:
        """Use up what a platform vouched with for somebody; False where it was used before.

        It is remembered until `until`, from which on its age alone must refuse it.
        """
        return await self._rows.spend(voucher, until=until)

    def sign(self, text: str) -> str:
        """A text in a form that `unsign` knows as ours; anybody can read it."""
        carried = base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode()
        return f"{carried}.{self._mac(f'text/{carried}')}"

    def unsign(self, signed: str) -> str | None:
        """The text that `sign` was given; None where it was changed, or signed with another key."""
        carried, _, mac = signed.partition(".")
        right = hmac.compare_digest(mac.encode("utf-8", "replace"), self._mac(f"text/{carried}").encode())
        return base64.urlsafe_b64decode(carried).decode() if right else None

    async def redeem(self, token: str) -> str | None:
        """Use a link: the cookie of a new session; None where the link is unknown, used or too old."""
        session = secrets.token_urlsafe(32)
        until = self._clock.now() + self._session_age
        return self._signed(session) if await self._rows.redeem(_hash(token), _hash(session), until=until) else None

    async def who(self, cookie: str) -> SignedIn | None:
        """Whose a cookie is; None where it is nobody's (any more). Changes the token when it is due."""
        token = self._unsigned(cookie)
        if token is None:
            return None
        now = self._clock.now()
        found = await self._rows.find(_hash(token), before_since=now - GRACE)
        if found is None:
            return None
        session, newest = found
        try:
            role = await self._role(session.grant, now)
        except PlatformError:
            return None
        if role is None:
            await self._rows.end(session.id, by="safetybot", action="session ended")
            return None
        session = replace(session, grant=replace(session.grant, role=role))
        renewed: str | None = None
        if newest and now - session.rotated_at >= ROTATED_AFTER:
            fresh = secrets.token_urlsafe(32)
            if await self._rows.rotate(_hash(token), _hash(fresh)):
                renewed = self._signed(fresh)
        return SignedIn(session, self._mac(f"form/{session.id}/{session.opened_at.isoformat()}"), renewed)

    async def out(self, signed_in: SignedIn) -> None:
        """End one's own session."""
        session = signed_in.session
        await self._rows.end(session.id, by=session.grant.name, action="signed out")

    async def sessions(self, actor: Actor, platform: str | None, community: str | None) -> Sequence[Session]:
        """Who is signed in. Raises `Refused` below admin."""
        require(actor, Right.LET_IN, platform, community)
        return await self._rows.open(platform, community)

    async def end(self, actor: Actor, session_id: int) -> bool:
        """End somebody's session; False where it is over. Raises `Refused`."""
        session = await self._rows.session(session_id)
        if session is None:
            return False
        require(actor, Right.LET_IN, session.grant.platform or None, session.grant.community or None)
        return await self._rows.end(session_id, by=actor.name, action="session ended") is not None

    async def _new_link(self, grant: Grant, by: str) -> str:
        token = secrets.token_urlsafe(32)
        await self._rows.add_link(_hash(token), grant, until=self._clock.now() + self._link_age, by=by)
        return token

    async def _role(self, grant: Grant, now: datetime) -> Role | None:
        """What somebody is now, at most what they were let in as; None where they are nothing any more.

        Raises `PlatformError` where their platform has not answered for too long.
        """
        ask = self._standing.get(grant.platform)
        if ask is None or not grant.member:
            return grant.role
        key = (grant.platform, grant.community, grant.member)
        asked_at, role = self._roles.get(key, (None, None))
        if asked_at is None or now - asked_at >= ASKED_AFTER:
            try:
                role = await ask(*key)
            except PlatformError:
                if asked_at is None or now - asked_at >= UNASKED_AT_MOST:
                    raise
            else:
                self._roles[key] = (now, role)
                self._roles.move_to_end(key)
                if len(self._roles) > _REMEMBERED:
                    self._roles.popitem(last=False)
        return None if role is None else min(role, grant.role)

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:40]

    def _signed(self, token: str) -> str:
        return f"{token}.{self._mac(f'session/{token}')}"

    def _unsigned(self, cookie: str) -> str | None:
        token, _, mac = cookie.partition(".")
        right = hmac.compare_digest(mac.encode("utf-8", "replace"), self._mac(f"session/{token}").encode())
        return token if right else None


def _hash(token: str) -> str:
    """Tokens have 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
