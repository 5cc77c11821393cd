"""Counting the log for the overview. `SqlStore.figures` is one; what the numbers mean says `communities/figures.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.communities.figures import By, Count
from safetybot.communities.records import Filters
from safetybot.model import Concern, InteractionState
from safetybot.store.database import Database
from safetybot.store.log import conditions
from safetybot.store.tables import interactions, keywords, settings

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR
_MOST_COMMUNITIES = 10_000


class FigureLog:
    """Counts interactions."""

    def __init__(self, database: Database) -> None:
        """Read an open database."""
        self._database = database

    async def counted(self, filters: Filters, by: By) -> Sequence[Count]:
        """Interactions counted by something and by concern."""
        kept = interactions.c
        at = sa.type_coerce(kept.at, sa.BigInteger)
        # Integer division, so that both databases name the same day.
        names: dict[By, list[sa.ColumnElement[Any]]] = {
            By.DAY: [at // _DAY],
            By.HOUR: [(at % _DAY) // _HOUR],
            By.CHANNEL: [kept.channel],
            By.LANGUAGE: [kept.language],
            By.COMMUNITY: [kept.platform, kept.community],
        }
        replied = sa.func.sum(sa.case((kept.state == InteractionState.SENT.value, 1), else_=0))
        query = (
            sa.select(*names[by], kept.concern, sa.func.count(), replied)
            .where(*conditions(filters))
            .group_by(*names[by], kept.concern)
        )
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Count(_name(by, row[:-3]), Concern(row[-3]), row[-2], int(row[-1])) for row in rows]

    async def reply_seconds(self, filters: Filters, *, limit: int) -> Sequence[float]:
        """From each message to its reply, of the newest `limit` replies."""
        kept = interactions.c
        query = (
            sa.select(kept.at, kept.ended_at)
            .where(*conditions(filters), kept.state == InteractionState.SENT.value, kept.ended_at.is_not(None))
            .order_by(kept.at.desc(), kept.id.desc())
            .limit(limit)
        )
        async with self._database.reader.connect() as connection:
            return [(row.ended_at - row.at).total_seconds() for row in await connection.execute(query)]

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


def _name(by: By, key: Sequence[Any]) -> str:
    if by is By.DAY:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=key[0])).date().isoformat()
    return "/".join(map(str, key))


def _communities(connection: sa.Connection) -> list[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for table in (interactions, settings, keywords):
        last: tuple[str, str] = ("", "")
        # From one to the next along the index: DISTINCT would read a million rows for a handful of names.
        while len(found) < _MOST_COMMUNITIES:
            place = sa.tuple_(table.c.platform, table.c.community)
            query = sa.select(table.c.platform, table.c.community).where(place > sa.tuple_(*map(sa.literal, last)))
            row = connection.execute(query.order_by(table.c.platform, table.c.community).limit(1)).first()
            if row is None:
                break
            last = (row[0], row[1])
            found.add(last)
    return sorted(found)
