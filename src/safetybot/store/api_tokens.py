"""Tokens of the JSON API, as `communities/api_tokens.py` asks for them. Tokens come as hashes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safetybot.communities.access import Role
from safetybot.communities.api_tokens import ApiToken
from safetybot.communities.sign_in import Grant
from safetybot.ports import Clock
from safetybot.store.audit import write_audit
from safetybot.store.database import Database
from safetybot.store.tables import api_tokens


class ApiTokenLog:
    """Keeps tokens. `SqlStore.api_tokens` is one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock

    async def add(self, token: str, grant: Grant, *, until: datetime, by: str) -> ApiToken:
        """Keep a token; drop what has run out. Audited."""
        now = self._clock.now()
        values = {
            "token": token, "name": grant.name, "role": int(grant.role), "platform": grant.platform,
            "community": grant.community, "made_at": now, "made_by": by, "expires_at": until,
        }  # fmt: skip

        def job(connection: sa.Connection) -> ApiToken:
            connection.execute(sa.delete(api_tokens).where(api_tokens.c.expires_at <= now))
            row = connection.execute(sa.insert(api_tokens).values(values).returning(*api_tokens.c)).one()
            made = _token(row)
            _audit(connection, now, by, "api token made", made)
            return made

        return await self._database.writer.do(job)

    async def find(self, token: str) -> ApiToken | None:
        """An unexpired token."""
        return await self._first(api_tokens.c.token == token, api_tokens.c.expires_at > self._clock.now())

    async def used(self, token_id: int, at: datetime) -> None:
        """Note that it was used."""
        statement = sa.update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=at)
        await self._database.writer.do(lambda connection: connection.execute(statement).rowcount)

    async def listed(self, platform: str | None, community: str | None) -> Sequence[ApiToken]:
        """Unexpired tokens of a community, or all, the newest first."""
        kept = api_tokens.c
        query = sa.select(api_tokens).where(kept.expires_at > self._clock.now()).order_by(kept.id.desc())
        if platform is not None and community is not None:
            query = query.where(kept.platform == platform, kept.community == community)
        async with self._database.reader.connect() as connection:
            return [_token(row) for row in await connection.execute(query)]

    async def one(self, token_id: int) -> ApiToken | None:
        """One token."""
        return await self._first(api_tokens.c.id == token_id)

    async def revoke(self, token_id: int, *, by: str) -> bool:
        """Delete it; False where it is gone. Audited."""
        gone = sa.delete(api_tokens).where(api_tokens.c.id == token_id).returning(*api_tokens.c)

        def job(connection: sa.Connection) -> bool:
            row = connection.execute(gone).first()
            if row is not None:
                _audit(connection, self._clock.now(), by, "api token revoked", _token(row))
            return row is not None

        return await self._database.writer.do(job)

    async def _first(self, *which: sa.ColumnElement[bool]) -> ApiToken | None:
        query = sa.select(api_tokens).where(*which)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else _token(row)


def _token(row: sa.Row[Any]) -> ApiToken:
    grant = Grant(row.name, Role(row.role), row.platform, row.community)
    return ApiToken(row.id, grant, row.made_at, row.made_by, row.expires_at, row.last_used_at)


def _audit(connection: sa.Connection, now: datetime, by: str, action: str, token: ApiToken) -> None:
    write_audit(
        connection, now, by, action, {"token": token.id, "who": token.grant.name, "role": token.grant.role.label},
        platform=token.grant.platform or None, community=token.grant.community or None,
    )  # fmt: skip
