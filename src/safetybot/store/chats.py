"""What chat platforms need beside the log: where alerts stand, how far channels were seen, budgets, moved chats.

Lives here: the store's part of it, a class each. Does not live here: what is sent, and when it is too much (platforms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from safetybot.model import Place
from safetybot.ports import Clock, Posted
from safetybot.store.claims import this_message
from safetybot.store.database import Database, inserter
from safetybot.store.tables import alerts, budgets, interactions, moves, watermarks


class Alerts:
    """Where alerts stand."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database
        insert = inserter(is_sqlite=database.is_sqlite)
        new = insert(alerts)
        self._put = new.on_conflict_do_update(
            index_elements=[alerts.c.interaction_id],
            set_={"channel": new.excluded.channel, "message_id": new.excluded.message_id},
        )

    async def put(self, interaction_id: int, where: Posted) -> None:
        """Remember where the alert about an interaction stands; the latest counts."""
        row = {"interaction_id": interaction_id, "channel": where.channel, "message_id": where.message_id}

        def job(connection: sa.Connection) -> None:
            known = sa.select(interactions.c.id).where(interactions.c.id == interaction_id)
            if connection.execute(known).first() is not None:  # else it was erased while its alert was on the way
                connection.execute(self._put, row)

        await self._database.writer.do(job)

    async def of(self, interaction_id: int) -> Posted | None:
        """Where the alert about an interaction stands, None where there is none."""
        found = await self._find(alerts.c.interaction_id == interaction_id)
        return found[0] if found else None

    async def about_message(self, place: Place, message_id: str) -> Posted | None:
        """Where the alert about a message stands; to be asked before the message's row is erased."""
        found = await self._find(*this_message(place, message_id))
        return found[0] if found else None

    async def about_author(self, pseudonym: str) -> list[Posted]:
        """Where the alerts about somebody stand; to be asked before their rows are erased."""
        return await self._find(interactions.c.author == pseudonym)

    async def sharing(self, where: Posted) -> list[int]:
        """The interactions whose alert is this message, oldest first."""
        query = sa.select(alerts.c.interaction_id).where(
            alerts.c.channel == where.channel, alerts.c.message_id == where.message_id
        )
        async with self._database.reader.connect() as connection:
            return list((await connection.execute(query.order_by(alerts.c.interaction_id))).scalars())

    async def _find(self, *which: sa.ColumnElement[bool]) -> list[Posted]:
        query = sa.select(alerts.c.channel, alerts.c.message_id).join_from(alerts, interactions).where(*which)
        async with self._database.reader.connect() as connection:
            return [Posted(*row) for row in (await connection.execute(query.distinct())).all()]


class Watermarks:
    """Until when each channel's messages were seen."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database
        insert = inserter(is_sqlite=database.is_sqlite)
        new = insert(watermarks)
        later = sa.case((new.excluded.at > watermarks.c.at, new.excluded.at), else_=watermarks.c.at)
        self._put = new.on_conflict_do_update(
            index_elements=[watermarks.c.platform, watermarks.c.community, watermarks.c.channel], set_={"at": later}
        )

    async def put(self, platform: str, seen: Mapping[tuple[str, str], datetime]) -> None:
        """Raise the marks of channels, by community and channel; a mark never goes back."""
        rows = [
            {"platform": platform, "community": community, "channel": channel, "at": at}
            for (community, channel), at in sorted(seen.items())
        ]
        if rows:
            await self._database.writer.do(lambda connection: _run(connection, self._put, rows))

    async def all(self, platform: str, *, since: datetime) -> dict[tuple[str, str], datetime]:
        """The marks not older than `since`, by community and channel."""
        query = sa.select(watermarks.c.community, watermarks.c.channel, watermarks.c.at).where(
            watermarks.c.platform == platform, watermarks.c.at >= since
        )
        async with self._database.reader.connect() as connection:
            return {(row.community, row.channel): row.at for row in await connection.execute(query)}

    async def forget(self, *, before: datetime) -> None:
        """Drop marks that no look back would use any more."""
        gone = sa.delete(watermarks).where(watermarks.c.at < before)
        await self._database.writer.do(lambda connection: _run(connection, gone, None))


@dataclass(frozen=True, slots=True)
class Limit:
    """At most one send every `every` on average, with `burst` more at once; shared by all who use the same name."""

    name: str
    every: timedelta
    burst: int = 0


class Budgets:
    """How much may still be sent, agreed between replicas."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock
        insert = inserter(is_sqlite=database.is_sqlite)
        new = insert(budgets)
        self._put = new.on_conflict_do_update(index_elements=[budgets.c.name], set_={"free_at": new.excluded.free_at})
        self._add_row = new.on_conflict_do_nothing()

    async def take(self, limits: Sequence[Limit]) -> timedelta:
        """Take one send from every limit, or none: returns zero, or how long to wait before asking again."""
        names = sorted({limit.name for limit in limits})
        query = sa.select(budgets.c.name, budgets.c.free_at).where(budgets.c.name.in_(names))
        if not self._database.is_sqlite:
            query = query.order_by(budgets.c.name).with_for_update()

        def job(connection: sa.Connection) -> timedelta:
            now = self._clock.now()
            if not self._database.is_sqlite:
                # A row has to be there to be locked.
                start = [{"name": name, "free_at": now} for name in names]
                connection.execute(self._add_row, start)
            known = {row.name: row.free_at for row in connection.execute(query)}
            wait = timedelta()
            rows: list[dict[str, object]] = []
            for limit in limits:
                due = max(known.get(limit.name, now), now)
                wait = max(wait, due - now - limit.burst * limit.every)
                rows.append({"name": limit.name, "free_at": due + limit.every})
            if wait <= timedelta():
                connection.execute(self._put, rows)
                return timedelta()
            return wait

        return await self._database.writer.do(job)

    async def hold(self, name: str, until: datetime) -> None:
        """Nothing more under `name` before `until`: the platform said so."""
        row = {"name": name, "free_at": until}
        await self._database.writer.do(lambda connection: _run(connection, self._put, [row]))


class Moves:
    """Chats that changed their id; a community's data stays under the id it had first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock
        insert = inserter(is_sqlite=database.is_sqlite)
        self._put = insert(moves).on_conflict_do_nothing()

    async def put(self, platform: str, old: str, new: str) -> str:
        """From now on `new` is the chat that was `old`; returns the id under which its data stays."""

        def job(connection: sa.Connection) -> str:
            first = _community(connection, platform, old)
            row = {"platform": platform, "chat": new, "community": first, "at": self._clock.now()}
            connection.execute(self._put, row)
            return first

        return await self._database.writer.do(job)

    async def all(self, platform: str) -> dict[str, str]:
        """For each moved chat the id under which its data stays, the oldest move first."""
        query = sa.select(moves.c.chat, moves.c.community).where(moves.c.platform == platform).order_by(moves.c.at)
        async with self._database.reader.connect() as connection:
            return {row.chat: row.community for row in await connection.execute(query)}


def _community(connection: sa.Connection, platform: str, chat: str) -> str:
    query = sa.select(moves.c.community).where(moves.c.platform == platform, moves.c.chat == chat)
    return connection.execute(query).scalar() or chat


def _run(connection: sa.Connection, statement: sa.Executable, rows: list[dict[str, object]] | None) -> None:
    connection.execute(statement, rows)
