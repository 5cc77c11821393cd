"""Links and sessions of the web pages, as `communities/sign_in.py` asks for them. Tokens come as hashes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safetybot.communities.access import Role
from safetybot.communities.sign_in import Grant, Session
from safetybot.ports import Clock
from safetybot.store.audit import write_audit
from safetybot.store.database import Database, inserter
from safetybot.store.tables import web_links, web_sessions, web_vouchers


class WebSessions:
    """Keeps links and sessions. `SqlStore.web` is one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock

    async def add_link(self, link: str, grant: Grant, *, until: datetime, by: str) -> None:
        """Keep a link; drop what has run out. Audited."""
        now = self._clock.now()

        def job(connection: sa.Connection) -> None:
            for table in (web_links, web_sessions):
                connection.execute(sa.delete(table).where(table.c.expires_at <= now))
            connection.execute(sa.insert(web_links).values(token=link, **_columns(grant), expires_at=until))
            _audit(connection, now, by, "web link made", grant)

        await self._database.writer.do(job)

    async def redeem(self, link: str, session: str, *, until: datetime) -> bool:
        """Use a link up and open a session in its place; False where there is none, or it has run out. Audited."""
        now = self._clock.now()
        used = sa.delete(web_links).where(web_links.c.token == link, web_links.c.expires_at > now)

        def job(connection: sa.Connection) -> bool:
            row = connection.execute(used.returning(*web_links.c)).first()
            if row is None:
                return False
            grant = _grant(row)
            values = {"token": session, **_columns(grant), "opened_at": now, "rotated_at": now, "expires_at": until}
            connection.execute(sa.insert(web_sessions).values(values))
            _audit(connection, now, grant.name, "signed in", grant)
            return True

        return await self._database.writer.do(job)

    async def spend(self, voucher: str, *, until: datetime) -> bool:
        """Keep what a platform vouched with until it is too old; False where it was kept already."""
        now, kept = self._clock.now(), web_vouchers
        new = inserter(is_sqlite=self._database.is_sqlite)(kept).on_conflict_do_nothing()

        def job(connection: sa.Connection) -> bool:
            connection.execute(sa.delete(kept).where(kept.c.expires_at <= now))
            return connection.execute(new, {"voucher": voucher, "expires_at": until}).rowcount > 0

        return await self._database.writer.do(job)

    async def find(self, session: str, *, before_since: datetime) -> tuple[Session, bool] | None:
        """An unexpired session, and whether that is its newest token; the one before counts if it was changed since."""
        kept = web_sessions.c
        query = sa.select(web_sessions).where(
            kept.expires_at > self._clock.now(),
            sa.or_(kept.token == session, sa.and_(kept.token_before == session, kept.rotated_at > before_since)),
        )
        # Asked with every page and every call of the API.
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else (_session(row), row.token == session)

    async def rotate(self, session: str, to: str) -> bool:
        """Change a session's token; False where somebody else did, or it is gone."""
        statement = (
            sa.update(web_sessions)
            .where(web_sessions.c.token == session)
            .values(token=to, token_before=session, rotated_at=self._clock.now())
        )
        return await self._database.writer.do(lambda connection: connection.execute(statement).rowcount > 0)

    async def end(self, session_id: int, *, by: str, action: str) -> Grant | None:
        """End a session; whose it was, None where there is none. Audited."""
        gone = sa.delete(web_sessions).where(web_sessions.c.id == session_id).returning(*web_sessions.c)

        def job(connection: sa.Connection) -> Grant | None:
            row = connection.execute(gone).first()
            if row is None:
                return None
            _audit(connection, self._clock.now(), by, action, _grant(row))
            return _grant(row)

        return await self._database.writer.do(job)

    async def open(self, platform: str | None, community: str | None) -> Sequence[Session]:
        """Sessions of a community, or all, the newest first."""
        kept = web_sessions.c
        query = sa.select(web_sessions).where(kept.expires_at > self._clock.now()).order_by(kept.id.desc())
        if platform is not None and community is not None:
            query = query.where(kept.platform == platform, kept.community == community)
        async with self._database.reader.connect() as connection:
            return [_session(row) for row in await connection.execute(query)]

    async def session(self, session_id: int) -> Session | None:
        """One session."""
        async with self._database.reader.connect() as connection:
            row = (await connection.execute(sa.select(web_sessions).where(web_sessions.c.id == session_id))).first()
        return None if row is None else _session(row)


def _columns(grant: Grant) -> dict[str, Any]:
    return {
        "name": grant.name,
        "role": int(grant.role),
        "platform": grant.platform,
        "community": grant.community,
        "member": grant.member,
    }


def _grant(row: sa.Row[Any]) -> Grant:
    return Grant(row.name, Role(row.role), row.platform, row.community, row.member)


def _session(row: sa.Row[Any]) -> Session:
    return Session(row.id, _grant(row), row.opened_at, row.rotated_at, row.expires_at)


def _audit(connection: sa.Connection, now: datetime, by: str, action: str, grant: Grant) -> None:
    write_audit(
        connection, now, by, action, {"who": grant.name, "role": grant.role.label},
        platform=grant.platform or None, community=grant.community or None,
    )  # fmt: skip
