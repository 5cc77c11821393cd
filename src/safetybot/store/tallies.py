"""Tallies: what the log holds, counted ahead, so that figures of weeks need not read it.

Triggers put every change of the log into `tally_changes`, in the transaction of the change; `settle` moves them into
`tallies` and `rule_tallies`, some at a time. Both together say at any time exactly what the log holds: whoever reads
adds up both, as of one moment.

Lives here: settling, adding up. Does not live here: the triggers (their migration), what the numbers mean
(`communities/figures.py`, `keyword_report.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import add, itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from safetybot.communities.figures import By, Count
from safetybot.communities.keyword_report import Fired, RuleTotals
from safetybot.detection.own_terms import SHADOW_RULE
from safetybot.model import Concern, VerdictKind
from safetybot.store.database import Database, inserter
from safetybot.store.tables import interactions, rule_tallies, tallies, tally_changes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_HOURS = 24
"""Of a day."""
_DAYS = 7
"""Of a week."""
_OF_WEEK = "/week"
"""Behind the `by` of what is counted by weeks as well: figures of months need not add up every day."""
_LATE = 16 * _HOURS
"""Hours of which rules are counted hour by hour: a day more than anybody asks for."""
_BATCH = 500
"""Changes settled in one transaction: claims that come meanwhile wait for it."""
_LOCK = 0x5AFE_7A11
"""Key of PostgreSQL's advisory lock of whoever settles."""
_TRIES = 100
_ALL = ("", "")
_KEY = ("platform", "community", "by", "day", "name")
_CONCERNS = tuple(concern.label for concern in Concern)
_COUNTS = (*_CONCERNS, "replies", "welcome", "unwelcome")
_RULE_KEY = ("platform", "community", "hours", "start", "rule")
_RULE_COUNTS = ("interactions", "live", "alone", "confirmed", "false_alarms")
Sums = defaultdict[tuple[Any, ...], list[int]]
"""Counts by their keys."""


def hour_of(at: datetime) -> int:
    """Whole hours since 1970."""
    return (at - EPOCH) // _HOUR


def day_of(at: datetime) -> int:
    """Whole days since 1970."""
    return hour_of(at) // _HOURS


def _week(day: int) -> int:
    """The day on which a day's week begins; which weekday that is does not matter."""
    return day // _DAYS * _DAYS


def snapshot(connection: sa.Connection) -> None:
    """See one moment of the database in all that follows; before anything is read. SQLite does so anyway."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")


# --- settling ---------------------------------------------------------------------------------------------------------


async def settle_all(database: Database, now: datetime) -> int:
    """Settle what there is, some at a time; how many changes that were. Others who settle just now are waited for."""
    total = tries = 0
    anything = sa.select(tally_changes.c.id).limit(1)
    while tries < _TRIES:
        async with database.reader.connect() as connection:
            if (await connection.execute(anything)).first() is None:
                break
        done = await database.writer.do(lambda connection: settle(connection, now))
        total += done
        if not done:
            tries += 1
            await asyncio.sleep(0.02)
    return total


def settle(connection: sa.Connection, now: datetime, *, most: int = _BATCH) -> int:
    """Move the oldest changes into the tallies; how many. None where somebody else is at it."""
    # Never waits: claims of the same transaction may be what the other one waits for.
    ours = sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))
    if connection.dialect.name == "postgresql" and not connection.execute(ours).scalar_one():
        return 0
    kept = tally_changes.c
    oldest = sa.select(kept.id).order_by(kept.id).limit(most).scalar_subquery()
    rows = connection.execute(sa.delete(tally_changes).where(kept.id.in_(oldest)).returning(*kept)).all()
    sums, of_rules = _sums(), _sums(len(_RULE_COUNTS))
    for row in _netted(rows):
        change = row.change
        counts = _counts(row.concern, change, change * row.sent, change * row.welcomed, change * row.unwelcomed)
        day = row.hour // _HOURS
        for place, by, name in _names(row):
            _add(sums[*place, by.value, day, name], counts)
            if by is not By.DAY:
                _add(sums[*place, by.value + _OF_WEEK, _week(day), name], counts)
        for rule, told in _rules(row):
            where = (row.platform, row.community)
            _add(of_rules[*where, _HOURS, row.hour // _HOURS * _HOURS, rule], told)
            if row.hour > hour_of(now) - _LATE:
                _add(of_rules[*where, 1, row.hour, rule], told)
    _put(connection, tallies, _KEY, _COUNTS, sums, _CONCERNS)
    _put(connection, rule_tallies, _RULE_KEY, _RULE_COUNTS, of_rules, ("interactions",))
    return len(rows)


def too_old(now: datetime) -> sa.ColumnElement[bool]:
    """Which `rule_tallies` nobody reads any more."""
    return sa.and_(rule_tallies.c.hours == 1, rule_tallies.c.start <= hour_of(now) - _LATE)


class _Change(NamedTuple):
    """Interactions of which the same is counted: how many more, or fewer."""

    hour: int
    platform: str
    community: str
    channel: str
    language: str
    concern: int
    rules: tuple[str, ...]
    shadow: bool
    sent: bool
    welcomed: bool
    unwelcomed: bool
    verdict: str | None
    change: int


_FACTS = itemgetter(*(list(tally_changes.c.keys()).index(name) for name in _Change._fields[:-1] if name != "rules"))


def _netted(rows: Iterable[Any]) -> Iterator[_Change]:
    """Changes together that are alike: of one that came and was answered since, two of three come to nothing."""
    place = _Change._fields.index("rules")
    nets = Counter[tuple[Any, ...]]()
    for row in rows:
        facts = _FACTS(row)
        nets[*facts[:place], tuple(row.rules), *facts[place:]] += row.change
    return (_Change._make((*facts, change)) for facts, change in nets.items() if change)


def _names(row: Any) -> Iterator[tuple[tuple[str, str], By, str]]:
    """Under what a row is counted."""
    here = (row.platform, row.community)
    names = {
        By.DAY: _date(row.hour // _HOURS), By.HOUR: str(row.hour % _HOURS), By.CHANNEL: row.channel,
        By.LANGUAGE: row.language,
    }  # fmt: skip
    for by, name in names.items():
        yield here, by, name
        if by is not By.CHANNEL:
            yield _ALL, by, name
    yield _ALL, By.COMMUNITY, "/".join(here)


def _counts(concern: int, count: int, *others: int) -> list[int]:
    """`_COUNTS` of interactions of one concern."""
    return [*(count if one == concern else 0 for one in Concern), *others]


def _rules(row: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each rule of a row, once, with `_RULE_COUNTS`."""
    change, rules = row.change, row.rules
    # The detector names keywords in shadow first where the concern rests on them, and last where it does not.
    alone = row.shadow and bool(rules) and rules[0].startswith(SHADOW_RULE)
    judged = (row.verdict == VerdictKind.CONFIRMED.value, row.verdict == VerdictKind.FALSE_ALARM.value)
    for rule in dict.fromkeys(rules):
        yield rule, (change, change * (not row.shadow), change * alone, *(change * one for one in judged))


def _put(
    connection: sa.Connection,
    table: sa.Table,
    key: tuple[str, ...],
    counts: tuple[str, ...],
    sums: Sums,
    total: tuple[str, ...],
) -> None:
    """Add to what a table holds; where `total` comes to nothing, nothing is kept that would tell of what was erased."""
    rows = [dict(zip((*key, *counts), (*at, *said), strict=True)) for at, said in sums.items() if any(said)]
    if not rows:
        return
    connection.execute(_adding(table, key, counts, is_sqlite=connection.dialect.name == "sqlite"), rows)
    fewer = [{f"{name}_": row[name] for name in key} for row in rows if any(row[name] < 0 for name in total)]
    if fewer:
        here = (table.c[name] == sa.bindparam(f"{name}_") for name in key)
        connection.execute(sa.delete(table).where(*here, *(table.c[name] == 0 for name in total)), fewer)


@cache
def _adding(table: sa.Table, key: tuple[str, ...], counts: tuple[str, ...], *, is_sqlite: bool) -> Any:
    new = inserter(is_sqlite=is_sqlite)(table)
    added = {name: table.c[name] + new.excluded[name] for name in counts}
    return new.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=added)


def _sums(length: int = len(_COUNTS)) -> Sums:
    return defaultdict(lambda: [0] * length)


def _add(sums: list[int], more: Sequence[int]) -> None:
    sums[:] = map(add, sums, more)


@cache
def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()


# --- reading ----------------------------------------------------------------------------------------------------------


def counted(
    connection: sa.Connection, platform: str, community: str, day: int, bys: Collection[By]
) -> Mapping[By, list[Count]]:
    """Counts from the beginning of a day on, each way that is asked for; of all communities where both are empty."""
    sums: Sums = _sums()
    kept, changed = tallies.c, tally_changes.c
    others = [by.value for by in bys if by is not By.DAY]
    # The first week that is wanted as a whole, as all after it are: there is nothing after today.
    week = _week(day + _DAYS - 1)
    parts = [
        (kept.by.in_([by + _OF_WEEK for by in others]), kept.day >= week),
        (kept.by.in_(others), kept.day >= day, kept.day < week),
    ]
    if By.DAY in bys:
        parts.append((kept.by == By.DAY.value, kept.day >= day))
    columns = (kept.by, kept.name, *(sa.func.sum(kept[name]) for name in _COUNTS))
    here = (kept.platform == platform, kept.community == community)
    settled = sa.union_all(*(sa.select(*columns).where(*here, *part).group_by(kept.by, kept.name) for part in parts))
    for by, name, *counts in connection.execute(settled):
        _add(sums[by.removesuffix(_OF_WEEK), name], counts)
    facts = (changed.platform, changed.community, changed.hour, changed.channel, changed.language, changed.concern)
    changes = (changed.change * _as_number(column) for column in (changed.sent, changed.welcomed, changed.unwelcomed))
    pending = (
        sa.select(*facts, *(sa.func.sum(one) for one in (changed.change, *changes)))
        .where(changed.hour >= day * _HOURS, *_in(tally_changes, platform, community))
        .group_by(*facts)
    )
    for row in connection.execute(pending):
        counts = _counts(row.concern, *row[-4:])
        for place, of, name in _names(row):
            if place == (platform, community) and of in bys:
                _add(sums[of.value, name], counts)
    found: dict[By, list[Count]] = {by: [] for by in bys}
    for (by, name), counts in sums.items():
        if any(counts):
            found[By(by)].append(count_of(name, counts))
    return found


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
        return None if hour is None else max(self._since, EPOCH + hour * _HOUR)


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
    days = (first // _HOURS + 1) * _HOURS, middle // _HOURS * _HOURS
    parts = (
        (kept.hours == 1, kept.start > first, kept.start < min(days[0], middle)),
        (kept.hours == _HOURS, kept.start >= days[0], kept.start < days[1]),
        (kept.hours == 1, kept.start >= max(days), kept.start < middle),
        (kept.hours == 1, kept.start > middle),
    )
    columns = (kept.rule, sa.func.min(kept.start), sa.func.sum(count), kept.hours)
    found = connection.execute(
        sa.union_all(*(sa.select(*columns).where(*here, *part).group_by(kept.rule, kept.hours) for part in parts))
    ).all()
    known = {rule for rule, start, _, _ in found if start < days[0]}
    begins = _first_hours(
        connection, here, {start for rule, start, _, hours in found if hours == _HOURS and rule not in known}
    )
    for rule, start, number, hours in found:
        sums[rule, begins.get((rule, start), start) if hours == _HOURS else start] += int(number)
    return list(sums.items())


def _first_hours(
    connection: sa.Connection, here: Sequence[sa.ColumnElement[bool]], days: Collection[int]
) -> Mapping[tuple[str, int], int]:
    """The first hour of each rule on some days, by rule and day."""
    if not days:
        return {}
    kept = rule_tallies.c
    of_days = sa.or_(*(sa.and_(kept.start >= day, kept.start < day + _HOURS) for day in sorted(days)))
    query = sa.select(kept.rule, kept.start).where(
        *here, kept.hours == 1, kept.start >= min(days), kept.start < max(days) + _HOURS, of_days
    )  # fmt: skip
    found: dict[tuple[str, int], int] = {}
    for rule, start in connection.execute(query):
        key = (rule, start // _HOURS * _HOURS)
        found[key] = min(start, found.get(key, start))
    return found


def rule_totals(
    connection: sa.Connection, platform: str, community: str, day: int, rules: Iterable[str]
) -> Mapping[str, RuleTotals]:
    """What some rules did from the beginning of a day on; those that did nothing are left out."""
    sums: Sums = _sums(len(_RULE_COUNTS) - 1)
    kept, wanted = rule_tallies.c, set(rules)
    columns = ("interactions", "alone", "confirmed", "false_alarms")
    settled = (
        sa.select(kept.rule, *(sa.func.sum(kept[name]) for name in columns))
        .where(kept.platform == platform, kept.community == community, kept.hours == _HOURS)
        .where(kept.start >= day * _HOURS)
        .group_by(kept.rule)
    )
    for row in connection.execute(settled):
        if row.rule in wanted:
            _add(sums[row.rule,], row[1:])
    changed = tally_changes.c
    pending = sa.select(tally_changes).where(
        changed.hour >= day * _HOURS, *_in(tally_changes, platform, community)
    )  # fmt: skip
    for row in connection.execute(pending):
        for rule, (count, _, *others) in _rules(row):
            if rule in wanted:
                _add(sums[rule,], (count, *others))
    return {rule: RuleTotals(*map(int, said)) for (rule,), said in sums.items() if said[0]}


def _pending_rules(
    connection: sa.Connection, platform: str, community: str, hour: int, *, shadow: bool
) -> dict[tuple[str, int], int]:
    """Changes from an hour on that are not settled, by rule and hour."""
    kept = tally_changes.c
    query = sa.select(tally_changes).where(kept.hour >= hour, *_in(tally_changes, platform, community))
    found: defaultdict[tuple[str, int], int] = defaultdict(int)
    for row in connection.execute(query):
        for rule, (count, live, *_) in _rules(row):
            found[rule, row.hour] += count if shadow else live
    return {key: count for key, count in found.items() if count}


def _log_of_hour(
    connection: sa.Connection, platform: str, community: str, hour: int, *, shadow: bool
) -> Iterable[tuple[datetime, list[str]]]:
    kept, begins = interactions.c, EPOCH + hour * _HOUR
    query = sa.select(kept.at, kept.rules).where(
        *_in(interactions, platform, community), kept.at >= begins, kept.at < begins + _HOUR
    )  # fmt: skip
    rows = connection.execute(query if shadow else query.where(kept.shadow.is_(False)))
    return [(row.at, row.rules) for row in rows]


def _in(table: sa.Table, platform: str, community: str) -> list[sa.ColumnElement[bool]]:
    return [table.c.platform == platform, table.c.community == community] if platform else []


def _as_number(column: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((column, 1), else_=0)
