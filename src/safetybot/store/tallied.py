"""Reading tallies: how many interactions there were, how often rules fired, as the log would say it, but at once.

Whoever reads adds up what is settled and what changed since (`tallies.py`), as of one moment. Statements are put
together once, since that costs more than running them.

Lives here: adding up. Does not live here: what the numbers mean (`communities/figures.py`, `keyword_report.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from safetybot.communities.figures import By, Count
from safetybot.communities.keyword_report import Fired, RuleTotals
from safetybot.model import Concern
from safetybot.store.database import Database
from safetybot.store.tables import interactions, rule_tallies, tallies, tally_changes
from safetybot.store.tallies import (
    COUNTS,
    DAYS,
    EPOCH,
    HOUR,
    HOURS,
    OF_WEEK,
    RULE_COUNTS,
    Sums,
    add_to,
    counts_by_concern,
    empty_sums,
    hour_of,
    names_of,
    rules_in,
    week_of,
)

T = TypeVar("T")


async def at_one_moment(database: Database, job: Callable[[sa.Connection], T]) -> T:
    """What a job reads that sees one moment of the database, whatever changes meanwhile."""

    def run(connection: sa.Connection) -> T:
        if not database.is_sqlite:  # which does so anyway
            connection.execution_options(isolation_level="REPEATABLE READ")
        return job(connection)

    async with database.reader.connect() as connection:
        return await connection.run_sync(run)


def counted(
    connection: sa.Connection, platform: str, community: str, day: int, bys: Collection[By]
) -> Mapping[By, list[Count]]:
    """Counts from the beginning of a day on, each way that is asked for; of all communities where both are empty."""
    sums: Sums = empty_sums()
    settled, pending = _counting(tuple(bys), everywhere=not platform)
    # The first week that is wanted as a whole, as all after it are: there is nothing after today.
    given = {"platform": platform, "community": community, "day": day, "week": week_of(day + DAYS - 1)}
    for by, name, *counts in connection.execute(settled, given):
        add_to(sums[by.removesuffix(OF_WEEK), name], counts)
    here = {} if not platform else {"platform": platform, "community": community}
    for row in connection.execute(pending, {**here, "hour": day * HOURS}):
        counts = counts_by_concern(row.concern, *row[-4:])
        for place, of, name in names_of(row):
            if place == (platform, community) and of in bys:
                add_to(sums[of.value, name], counts)
    found: dict[By, list[Count]] = {by: [] for by in bys}
    for (by, name), counts in sums.items():
        if any(counts):
            found[By(by)].append(count_of(name, counts))
    return found


@cache
def _counting(bys: tuple[By, ...], *, everywhere: bool) -> tuple[sa.CompoundSelect[Any], sa.Select[Any]]:
    """What is settled, and what is not."""
    kept, changed, given = tallies.c, tally_changes.c, sa.bindparam
    others = [by.value for by in bys if by is not By.DAY]
    parts = [
        (kept.by.in_([by + OF_WEEK for by in others]), kept.day >= given("week")),
        (kept.by.in_(others), kept.day >= given("day"), kept.day < given("week")),
    ]
    if By.DAY in bys:
        parts.append((kept.by == By.DAY.value, kept.day >= given("day")))
    columns = (kept.by, kept.name, *(sa.func.sum(kept[name]) for name in COUNTS))
    here = (kept.platform == given("platform"), kept.community == given("community"))
    settled = sa.union_all(*(sa.select(*columns).where(*here, *part).group_by(kept.by, kept.name) for part in parts))
    facts = (changed.platform, changed.community, changed.hour, changed.channel, changed.language, changed.concern)
    changes = (changed.change * _as_number(column) for column in (changed.sent, changed.welcomed, changed.unwelcomed))
    pending = sa.select(*facts, *(sa.func.sum(one) for one in (changed.change, *changes))).group_by(*facts)
    pending = pending.where(changed.hour >= given("hour"))
    if not everywhere:
        pending = pending.where(changed.platform == given("platform"), changed.community == given("community"))
    return settled, pending


def count_of(name: str, counts: Sequence[int]) -> Count:
    """A count, of numbers in the order of the table's columns."""
    by_concern = {concern: int(number) for concern, number in zip(Concern, counts, strict=False) if number}
    replies, welcome, unwelcome = map(int, counts[-3:])
    return Count(name, by_concern, replies, welcome, unwelcome)


def fired(
    connection: sa.Connection, platform: str, community: str, since: datetime, split: datetime, *, shadow: bool
) -> list[Fired]:
    """How often each rule fired after `since`: until `split`, and after it.

    Whole hours come from the tallies, the two that are cut in two from the log.
    """
    found, edges = _Firing(since, split), (hour_of(since), hour_of(split))
    for (rule, hour), number in _whole_hours(connection, platform, community, edges, shadow=shadow):
        found.add(rule, hour, number)
    for hour in sorted(set(edges)):
        for at, rules in _log_of_hour(connection, platform, community, hour, shadow=shadow):
            for rule in dict.fromkeys(rules):
                found.add_one(rule, at)
    return found.told()


class _Firing:
    """How often each rule fired, as it is added up."""

    def __init__(self, since: datetime, split: datetime) -> None:
        self._since, self._split = since, split
        self._sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._begins: dict[str, int] = {}

    def add(self, rule: str, hour: int, count: int) -> None:
        """Of a whole hour, which may stand for later ones on the same side of `split`."""
        self._add(rule, hour, count, late=hour > hour_of(self._split))

    def add_one(self, rule: str, at: datetime) -> None:
        if at > self._since:
            self._add(rule, hour_of(at), 1, late=at > self._split)

    def _add(self, rule: str, hour: int, count: int, *, late: bool) -> None:
        self._sums[rule][late] += count
        if not late:
            self._begins[rule] = min(hour, self._begins.get(rule, hour))

    def told(self) -> list[Fired]:
        return [Fired(rule, past, late, self._begin(rule)) for rule, (past, late) in self._sums.items()]

    def _begin(self, rule: str) -> datetime | None:
        hour = self._begins.get(rule)
        return None if hour is None else max(self._since, EPOCH + hour * HOUR)


def _whole_hours(
    connection: sa.Connection, platform: str, community: str, edges: tuple[int, int], *, shadow: bool
) -> Iterable[tuple[tuple[str, int], int]]:
    """Rule, hour and how often, after the first edge and but for the second; the hour may stand for later ones."""
    first, middle = edges
    sums: defaultdict[tuple[str, int], int] = defaultdict(int)
    pending = _pending_rules(connection, platform, community, first + 1, shadow=shadow)
    for (rule, hour), number in pending.items():
        if hour != middle:
            sums[rule, hour] += number
    kept = rule_tallies.c
    count = kept.interactions if shadow else kept.live
    here = (kept.platform == platform, kept.community == community, count > 0)
    if any(number < 0 for number in pending.values()):
        # Something was erased that may have been the first of its rule: each hour has to be known.
        of_hours = sa.select(kept.rule, kept.start, count).where(*here, kept.hours == 1, kept.start > first)
        for rule, start, number in connection.execute(of_hours.where(kept.start != middle)):
            sums[rule, start] += number
        return [(at, number) for at, number in sums.items() if number]
    days = (first // HOURS + 1) * HOURS, middle // HOURS * HOURS
    given = {
        "platform": platform, "community": community, "first": first, "until": min(days[0], middle),
        "day": days[0], "last_day": days[1], "since": max(days), "middle": middle,
    }  # fmt: skip
    found = connection.execute(_firing(shadow=shadow), given).all()
    known = {rule for rule, start, _, _ in found if start < days[0]}
    begins = _first_hours(
        connection, here, {start for rule, start, _, hours in found if hours == HOURS and rule not in known}
    )
    for rule, start, number, hours in found:
        sums[rule, begins.get((rule, start), start) if hours == HOURS else start] += int(number)
    return list(sums.items())


@cache
def _firing(*, shadow: bool) -> sa.CompoundSelect[Any]:
    """Rule, first hour or day, how often, hours: by days where whole ones are wanted, by hours before and after."""
    kept, given = rule_tallies.c, sa.bindparam
    count = kept.interactions if shadow else kept.live
    here = (kept.platform == given("platform"), kept.community == given("community"), count > 0)
    parts = (
        (kept.hours == 1, kept.start > given("first"), kept.start < given("until")),
        (kept.hours == HOURS, kept.start >= given("day"), kept.start < given("last_day")),
        (kept.hours == 1, kept.start >= given("since"), kept.start < given("middle")),
        (kept.hours == 1, kept.start > given("middle")),
    )
    columns = (kept.rule, sa.func.min(kept.start), sa.func.sum(count), kept.hours)
    return sa.union_all(*(sa.select(*columns).where(*here, *part).group_by(kept.rule, kept.hours) for part in parts))


def _first_hours(
    connection: sa.Connection, here: Sequence[sa.ColumnElement[bool]], days: Collection[int]
) -> Mapping[tuple[str, int], int]:
    """The first hour of each rule on some days, by rule and day."""
    if not days:
        return {}
    kept = rule_tallies.c
    of_days = sa.or_(*(sa.and_(kept.start >= day, kept.start < day + HOURS) for day in sorted(days)))
    query = sa.select(kept.rule, kept.start).where(
        *here, kept.hours == 1, kept.start >= min(days), kept.start < max(days) + HOURS, of_days
    )  # fmt: skip
    found: dict[tuple[str, int], int] = {}
    for rule, start in connection.execute(query):
        key = (rule, start // HOURS * HOURS)
        found[key] = min(start, found.get(key, start))
    return found


def rule_totals(
    connection: sa.Connection, platform: str, community: str, day: int, rules: Iterable[str]
) -> Mapping[str, RuleTotals]:
    """What some rules did from the beginning of a day on; those that did nothing are left out."""
    sums: Sums = empty_sums(len(RULE_COUNTS) - 1)
    kept, wanted = rule_tallies.c, set(rules)
    columns = ("interactions", "alone", "confirmed", "false_alarms")
    settled = (
        sa.select(kept.rule, *(sa.func.sum(kept[name]) for name in columns))
        .where(kept.platform == platform, kept.community == community, kept.hours == HOURS)
        .where(kept.start >= day * HOURS)
        .group_by(kept.rule)
    )
    for row in connection.execute(settled):
        if row.rule in wanted:
            add_to(sums[row.rule,], row[1:])
    changed = tally_changes.c
    pending = sa.select(tally_changes).where(
        changed.hour >= day * HOURS, *_in(tally_changes, platform, community)
    )  # fmt: skip
    for row in connection.execute(pending):
        for rule, (count, _, *others) in rules_in(row):
            if rule in wanted:
                add_to(sums[rule,], (count, *others))
    return {rule: RuleTotals(*map(int, said)) for (rule,), said in sums.items() if said[0]}


def _pending_rules(
    connection: sa.Connection, platform: str, community: str, hour: int, *, shadow: bool
) -> dict[tuple[str, int], int]:
    """Changes from an hour on that are not settled, by rule and hour."""
    kept = tally_changes.c
    query = sa.select(tally_changes).where(kept.hour >= hour, *_in(tally_changes, platform, community))
    found: defaultdict[tuple[str, int], int] = defaultdict(int)
    for row in connection.execute(query):
        for rule, (count, live, *_) in rules_in(row):
            found[rule, row.hour] += count if shadow else live
    return {key: count for key, count in found.items() if count}


def _log_of_hour(
    connection: sa.Connection, platform: str, community: str, hour: int, *, shadow: bool
) -> Iterable[tuple[datetime, list[str]]]:
    kept, begins = interactions.c, EPOCH + hour * HOUR
    query = sa.select(kept.at, kept.rules).where(
        *_in(interactions, platform, community), kept.at >= begins, kept.at < begins + HOUR
    )  # fmt: skip
    rows = connection.execute(query if shadow else query.where(kept.shadow.is_(False)))
    return [(row.at, row.rules) for row in rows]


def _in(table: sa.Table, platform: str, community: str) -> list[sa.ColumnElement[bool]]:
    return [table.c.platform == platform, table.c.community == community] if platform else []


def _as_number(column: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((column, 1), else_=0)
