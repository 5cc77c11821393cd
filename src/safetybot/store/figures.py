"""Counting the log for the overview. `SqlStore.figures` is one; what the numbers mean says `communities/figures.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from safetybot.communities.figures import By, Count, Reacted
from safetybot.communities.records import Filters
from safetybot.model import Concern, InteractionState
from safetybot.ports import Clock
from safetybot.store.database import Database
from safetybot.store.log import conditions
from safetybot.store.tables import interactions, keywords, reactions, settings, tallied_days, tallies

_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKED_AT = 3
"""Rows looked at for one reply wanted."""
_OPEN = 1
"""Days before today that are counted in the log still: a reply's last state may come after midnight."""
_AT_ONCE = 7
"""Days that somebody who asks may wait for."""
_MOST_COMMUNITIES = 10_000


class FigureLog:
    """Counts interactions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read an open database."""
        self._database, self._clock = database, clock

    async def counted(self, filters: Filters, by: By) -> Sequence[Count]:
        """Interactions counted by something and by concern; whole days from `tallies`, the last two from the log."""
        if filters != Filters(filters.platform, filters.community, since=filters.since) or filters.since is None:
            return await self._log(filters, by)
        live = _day(self._clock.now()) - _OPEN
        days = list(range(_day(filters.since), live))
        if not days or filters.since != _start(days[0]):
            return await self._log(filters, by)
        missing = await self._untallied(days)
        if len(missing) > _AT_ONCE:  # `tally` is at work on them; until then the log says it, more slowly
            return await self._log(filters, by)
        await self._tally(missing)
        recent = await self._log(replace(filters, since=_start(live)), by)
        found: defaultdict[tuple[str, Concern], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for one in (*await self._tallied(filters, by, days), *recent):
            count, replies = found[one.name, one.concern]
            found[one.name, one.concern] = (count + one.interactions, replies + one.replies)
        return [Count(name, concern, *counts) for (name, concern), counts in found.items()]

    async def _log(self, filters: Filters, by: By) -> list[Count]:
        query = (
            sa.select(*_NAMES[by], interactions.c.concern, sa.func.count(), _REPLIED)
            .where(*conditions(filters))
            .group_by(*_NAMES[by], interactions.c.concern)
        )
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Count(_name(by, row[:-3]), Concern(row[-3]), row[-2], int(row[-1])) for row in rows]

    async def _tallied(self, filters: Filters, by: By, days: Sequence[int]) -> list[Count]:
        kept = tallies.c
        here = (kept.platform == (filters.platform or ""), kept.community == (filters.community or ""))
        query = (
            sa.select(kept.name, kept.concern, sa.func.sum(kept.interactions), sa.func.sum(kept.replies))
            .where(kept.day.in_(days), *here, kept.by == by.value)
            .group_by(kept.name, kept.concern)
        )
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Count(row[0], Concern(row[1]), int(row[2]), int(row[3])) for row in rows]

    async def tally(self, days: int) -> int:
        """Count those of the last `days` days that are over and were not counted yet, the newest first; how many."""
        over = _day(self._clock.now()) - _OPEN
        missing = await self._untallied(range(over - days, over))
        await self._tally(missing[::-1])
        return len(missing)

    async def _untallied(self, days: Sequence[int]) -> list[int]:
        known = sa.select(tallied_days.c.day).where(tallied_days.c.day.in_(days))
        async with self._database.reader.connect() as connection:
            counted = set((await connection.execute(known)).scalars())
        return [day for day in days if day not in counted]

    async def _tally(self, days: Sequence[int]) -> None:
        """Each day in a transaction of its own."""
        for day in days:
            await self._database.writer.do(partial(_tally_day, day=day))

    async def reply_seconds(self, filters: Filters, *, limit: int) -> Sequence[float]:
        """From each message to its reply, of the newest `limit` replies or fewer."""
        kept = interactions.c
        # The newest rows first, then which of them were sent: by its index the state alone would choose half the log.
        newest = (
            sa.select(kept.id).where(*conditions(filters)).order_by(kept.id.desc()).limit(_LOOKED_AT * limit).subquery()
        )
        query = (
            sa.select(kept.at, kept.ended_at)
            .where(kept.id.in_(sa.select(newest.c.id)), kept.ended_at.is_not(None))
            .where((kept.state + "") == InteractionState.SENT.value)
            .order_by(kept.id.desc())
            .limit(limit)
        )
        async with self._database.reader.connect() as connection:
            return [(row.ended_at - row.at).total_seconds() for row in await connection.execute(query)]

    async def reacted(self, filters: Filters) -> Mapping[str, Reacted]:
        """How replies were taken, by `platform/community`; those without a reaction left out."""
        of_kind = [
            sa.func.sum(sa.case((column > 0, 1), else_=0)) for column in (reactions.c.welcome, reactions.c.unwelcome)
        ]
        # Only what was sent has a reaction, so no state is looked at. Grouped by plain names, SQLite would read the log
        # in their order instead of the few rows that have a reaction.
        place = _NAMES[By.COMMUNITY]
        query = (
            sa.select(*place, *of_kind)
            .join_from(reactions, interactions, reactions.c.interaction_id == interactions.c.id)
            .where(*conditions(filters))
            .group_by(*place)
        )
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {f"{row[0]}/{row[1]}": Reacted(int(row[2]), int(row[3])) for row in rows}

    async def waiting(self, filters: Filters, *, limit: int) -> int:
        """How many interactions wait for a verdict, counted up to `limit`."""
        waiting = Filters(filters.platform, filters.community, filters.channel, since=filters.since, waiting=True)
        found = sa.select(interactions.c.id).where(*conditions(waiting)).limit(limit).subquery()
        async with self._database.reader.connect() as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(found))).scalar_one())

    async def communities(self) -> Sequence[tuple[str, str]]:
        """Platform and community of all that anything is kept of."""
        async with self._database.reader.connect() as connection:
            if not self._database.is_sqlite:
                return await connection.run_sync(_communities_at_once)
            return await connection.run_sync(_communities)


_AT = sa.type_coerce(interactions.c.at, sa.BigInteger)
# Integer division, so that both databases name the same day.
_NAMES: dict[By, list[sa.ColumnElement[Any]]] = {
    By.DAY: [_AT // _DAY],
    By.HOUR: [(_AT % _DAY) // _HOUR],
    # Concatenated, so that SQLite finds the rows by their time, and does not read all rows in the order of their names.
    By.CHANNEL: [interactions.c.channel + ""],
    By.LANGUAGE: [interactions.c.language + ""],
    By.COMMUNITY: [interactions.c.platform + "", interactions.c.community + ""],
}
_REPLIED = sa.func.sum(sa.case((interactions.c.state == InteractionState.SENT.value, 1), else_=0))


def _tally_day(connection: sa.Connection, day: int) -> None:
    """Count one day, for each community and for all; nothing where somebody else has counted it."""
    if connection.execute(sa.select(tallied_days.c.day).where(tallied_days.c.day == day)).first() is not None:
        return
    connection.execute(sa.insert(tallied_days), {"day": day})
    kept = interactions.c
    columns = [kept.platform, kept.community, (_AT % _DAY) // _HOUR, kept.channel, kept.language, kept.concern]
    query = sa.select(*columns, sa.func.count(), _REPLIED).where(kept.at >= _start(day), kept.at < _start(day + 1))
    counts: defaultdict[tuple[str, str, str, str, int], list[int]] = defaultdict(lambda: [0, 0])
    # One look at the day's rows serves every way of counting them.
    for row in connection.execute(query.group_by(*columns)):
        platform, community, hour, channel, language, concern, found, replies = tuple(row)
        names = {By.DAY: _start(day).date().isoformat(), By.HOUR: str(hour), By.CHANNEL: channel, By.LANGUAGE: language}
        for by, name in names.items():
            for place in ((platform, community), ("", "")):
                _add(counts[place[0], place[1], by.value, name, concern], found, replies)
        _add(counts["", "", By.COMMUNITY.value, f"{platform}/{community}", concern], found, replies)
    if counts:
        names_of = ("platform", "community", "by", "name", "concern")
        rows = [
            {"day": day, **dict(zip(names_of, key, strict=True)), "interactions": found, "replies": replies}
            for key, (found, replies) in counts.items()
        ]
        connection.execute(sa.insert(tallies), rows)


def _add(count: list[int], found: int, replies: int) -> None:
    count[0] += found
    count[1] += int(replies)


def _day(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(days=1)


def _start(day: int) -> datetime:
    return _EPOCH + timedelta(days=day)


def _name(by: By, key: Sequence[Any]) -> str:
    return _start(key[0]).date().isoformat() if by is By.DAY else "/".join(map(str, key))


def _communities_at_once(connection: sa.Connection) -> list[tuple[str, str]]:
    """The same steps as below, all within PostgreSQL: there each one would be a journey."""
    found: set[tuple[str, str]] = set()
    for table in (interactions, settings, keywords):
        columns = (table.c.platform, table.c.community)
        first = sa.select(*columns).order_by(*columns).limit(1).subquery()
        steps = sa.select(first).cte(recursive=True)
        after = sa.tuple_(*columns) > sa.tuple_(steps.c.platform, steps.c.community)
        following = sa.select(*columns).where(after).order_by(*columns).limit(1).lateral()
        steps = steps.union_all(sa.select(following).select_from(steps.join(following, sa.true())))
        query = sa.select(steps).limit(_MOST_COMMUNITIES)
        found.update((platform, community) for platform, community in connection.execute(query))
    return sorted(found)


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
