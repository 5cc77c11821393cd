"""Counting the log for the overview. `SqlStore.figures` is one; what the numbers mean says `communities/figures.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.communities.figures import By, Count
from safetybot.communities.records import Filters
from safetybot.model import Concern, InteractionState
from safetybot.ports import Clock
from safetybot.store.database import Database
from safetybot.store.log import conditions, page_conditions
from safetybot.store.tables import interactions, keywords, settings
from safetybot.store.tallied import at_one_moment, count_of, counted
from safetybot.store.tallies import EPOCH, day_of, settle_all

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR
_LOOKED_AT = 3
"""Rows looked at for one reply wanted."""
_MOST_COMMUNITIES = 10_000


class FigureLog:
    """Counts interactions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read an open database."""
        self._database, self._clock = database, clock

    async def counted(self, filters: Filters, bys: Collection[By]) -> Mapping[By, Sequence[Count]]:
        """Interactions counted by something: from the tallies where they know, else from the log."""
        if not _tallied(filters, bys):
            return {by: await self.in_log(filters, by) for by in bys}
        day = day_of(filters.since or self._clock.now())
        place = (filters.platform or "", filters.community or "")
        return await at_one_moment(self._database, lambda connection: counted(connection, *place, day, bys))

    async def in_log(self, filters: Filters, by: By) -> Sequence[Count]:
        """The same, counted in the log, whatever is asked for."""
        kept = interactions.c
        wanted = [*(kept.concern == int(concern) for concern in Concern), kept.state == InteractionState.SENT.value]
        sums = (sa.func.sum(sa.case((one, 1), else_=0)) for one in (*wanted, kept.welcomed, kept.unwelcomed))
        query = sa.select(*_NAMES[by], *sums).where(*conditions(filters)).group_by(*_NAMES[by])
        names = len(_NAMES[by])
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [count_of(_name(by, row[:names]), row[names:]) for row in rows]

    async def settle(self) -> int:
        """Move what changed into the tallies; how many changes that were."""
        return await settle_all(self._database, self._clock.now())

    async def reply_seconds(self, filters: Filters, *, limit: int) -> Sequence[float]:
        """From each message to its reply, of the newest `limit` replies or fewer."""
        kept = interactions.c
        taken = _ENDED_AT - _AT
        if filters.community is not None:  # an index has its replies, the newest first
            sent = replace(filters, state=InteractionState.SENT)
            query = sa.select(taken).where(*page_conditions(sent, None)).order_by(kept.id.desc())
        else:
            # The newest rows, then which of them were sent: by its index the state alone would choose half the log.
            rows = sa.select(kept.id).where(*page_conditions(filters, None)).order_by(kept.id.desc())
            newest = rows.limit(_LOOKED_AT * limit).subquery()
            query = (
                sa.select(taken)
                .where(kept.id.in_(sa.select(newest.c.id)), (kept.state + "") == InteractionState.SENT.value)
                .order_by(kept.id.desc())
            )
        async with self._database.reader.connect() as connection:
            found = await connection.execute(query.where(kept.ended_at.is_not(None)).limit(limit))
            return [one / _SECOND for one in found.scalars()]

    async def waiting(self, filters: Filters, *, limit: int) -> int:
        """How many interactions wait for a verdict, counted up to `limit`."""
        waiting = Filters(filters.platform, filters.community, filters.channel, since=filters.since, waiting=True)
        found = sa.select(interactions.c.id).where(*conditions(waiting)).limit(limit).subquery()
        async with self._database.reader.connect() as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(found))).scalar_one())

    async def communities(self) -> Sequence[tuple[str, str]]:
        """Platform and community of all that anything is kept of."""
        async with self._database.reader.connect() as connection:
            return await connection.run_sync(_communities)


_AT, _ENDED_AT = (sa.type_coerce(interactions.c[name], sa.BigInteger) for name in ("at", "ended_at"))
# Integer division, so that both databases name the same day.
_NAMES: dict[By, list[sa.ColumnElement[Any]]] = {
    By.DAY: [_AT // _DAY],
    By.HOUR: [(_AT % _DAY) // _HOUR],
    # Concatenated, so that SQLite finds the rows by their time, and does not read all rows in the order of their names.
    By.CHANNEL: [interactions.c.channel + ""],
    By.LANGUAGE: [interactions.c.language + ""],
    By.COMMUNITY: [interactions.c.platform + "", interactions.c.community + ""],
}


def _tallied(filters: Filters, bys: Collection[By]) -> bool:
    """Whether the tallies can say it: whole days up to now, of one community or of all."""
    since, place = filters.since, (filters.platform, filters.community)
    if filters != Filters(*place, since=since) or since is None or (since - EPOCH) % timedelta(days=1):
        return False
    return all(place) if By.CHANNEL in bys else all(place) or not any(place)


def _name(by: By, key: Sequence[Any]) -> str:
    return (EPOCH + timedelta(days=key[0])).date().isoformat() if by is By.DAY else "/".join(map(str, key))


def _communities(connection: sa.Connection) -> list[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for table in (interactions, settings, keywords):
        for platform in _each(connection, table.c.platform):
            of_it = _each(connection, table.c.community, table.c.platform == platform)
            found.update((platform, community) for community in of_it)
    return sorted(found)


def _each(connection: sa.Connection, column: sa.Column[str], *where: sa.ColumnElement[bool]) -> list[str]:
    """What stands in a column, from one to the next along its index: DISTINCT would read a million rows for a few."""
    least = sa.func.min(column)
    steps = sa.select(least.label("name")).where(*where).cte(recursive=True)
    following = sa.select(least).where(*where, column > steps.c.name).scalar_subquery()
    steps = steps.union_all(sa.select(following).where(steps.c.name.is_not(None)))
    query = sa.select(steps.c.name).where(steps.c.name.is_not(None)).limit(_MOST_COMMUNITIES)
    return list(connection.execute(query).scalars())
