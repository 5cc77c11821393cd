"""Tallies: what the log holds, counted ahead, so that figures of weeks need not read it.

Triggers put every change of the log into `tally_changes`, in the transaction of the change; `settle` moves them into
`tallies` and `rule_tallies`, some at a time. Both together say at any time exactly what the log holds.

Lives here: under what a change counts, settling. Does not live here: the triggers (their migration), adding up for
whoever looks (`tallied.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import add, itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from safetybot.communities.figures import By
from safetybot.detection.own_terms import SHADOW_RULE
from safetybot.model import Concern, VerdictKind
from safetybot.store.database import Database, inserter
from safetybot.store.tables import rule_tallies, tallies, tally_changes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 24
"""Of a day."""
DAYS = 7
"""Of a week."""
OF_WEEK = "/week"
"""Behind the `by` of what is counted by weeks as well: figures of months need not add up every day."""
_LATE = 16 * HOURS
"""Hours of which rules are counted hour by hour: a day more than anybody asks for."""
_BATCH = 500
"""Changes settled in one transaction: claims that come meanwhile wait for it."""
_LOCK = 0x5AFE_7A11
"""Key of PostgreSQL's advisory lock of whoever settles."""
_TRIES = 100
_ALL = ("", "")
_KEY = ("platform", "community", "by", "day", "name")
_CONCERNS = tuple(concern.label for concern in Concern)
COUNTS = (*_CONCERNS, "replies", "welcome", "unwelcome")
"""Columns of `tallies`, in the order in which counts are added up."""
_RULE_KEY = ("platform", "community", "hours", "start", "rule")
RULE_COUNTS = ("interactions", "live", "alone", "confirmed", "false_alarms")
"""Columns of `rule_tallies`, likewise."""
Sums = defaultdict[tuple[Any, ...], list[int]]
"""Counts by their keys."""


def hour_of(at: datetime) -> int:
    """Whole hours since 1970."""
    return (at - EPOCH) // HOUR


def day_of(at: datetime) -> int:
    """Whole days since 1970."""
    return hour_of(at) // HOURS


def week_of(day: int) -> int:
    """The day on which a day's week begins; which weekday that is does not matter."""
    return day // DAYS * DAYS


async def settle_all(database: Database, now: datetime) -> int:
    """Settle what there is by now, some at a time; how many changes. Others who settle just now are waited for."""
    total = tries = 0
    newest = await _number(database, sa.func.max(tally_changes.c.id))
    while newest is not None and tries < _TRIES:
        oldest = await _number(database, sa.func.min(tally_changes.c.id))
        if oldest is None or oldest > newest:
            break
        done = await database.writer.do(lambda connection: settle(connection, now))
        total += done
        if not done:
            tries += 1
            await asyncio.sleep(0.02)
    return total


async def _number(database: Database, which: sa.ColumnElement[int]) -> int | None:
    async with database.reader.connect() as connection:
        return (await connection.execute(sa.select(which))).scalar()


def settle(connection: sa.Connection, now: datetime, *, most: int = _BATCH) -> int:
    """Move the oldest changes into the tallies; how many. None where somebody else is at it."""
    # Never waits: claims of the same transaction may be what the other one waits for.
    ours = sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))
    if connection.dialect.name == "postgresql" and not connection.execute(ours).scalar_one():
        return 0
    kept = tally_changes.c
    oldest = sa.select(kept.id).order_by(kept.id).limit(most).scalar_subquery()
    rows = connection.execute(sa.delete(tally_changes).where(kept.id.in_(oldest)).returning(*kept)).all()
    sums, of_rules = empty_sums(), empty_sums(len(RULE_COUNTS))
    for row in _netted(rows):
        change = row.change
        counts = counts_by_concern(
            row.concern, change, change * row.sent, change * row.welcomed, change * row.unwelcomed
        )
        day = row.hour // HOURS
        for place, by, name in names_of(row):
            add_to(sums[*place, by.value, day, name], counts)
            if by is not By.DAY:
                add_to(sums[*place, by.value + OF_WEEK, week_of(day), name], counts)
        for rule, told in rules_in(row):
            where = (row.platform, row.community)
            add_to(of_rules[*where, HOURS, row.hour // HOURS * HOURS, rule], told)
            if row.hour > hour_of(now) - _LATE:
                add_to(of_rules[*where, 1, row.hour, rule], told)
    _put(connection, tallies, _KEY, COUNTS, sums, _CONCERNS)
    _put(connection, rule_tallies, _RULE_KEY, RULE_COUNTS, of_rules, ("interactions",))
    return len(rows)


def too_old(now: datetime) -> sa.ColumnElement[bool]:
    """Which `rule_tallies` nobody reads any more."""
    return sa.and_(rule_tallies.c.hours == 1, rule_tallies.c.start <= hour_of(now) - _LATE)


class Change(NamedTuple):
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


_FACTS = itemgetter(*(list(tally_changes.c.keys()).index(name) for name in Change._fields[:-1] if name != "rules"))


def _netted(rows: Iterable[Any]) -> Iterator[Change]:
    """Changes together that are alike: of one that came and was answered since, two of three come to nothing."""
    place = Change._fields.index("rules")
    nets = Counter[tuple[Any, ...]]()
    for row in rows:
        facts = _FACTS(row)
        nets[*facts[:place], tuple(row.rules), *facts[place:]] += row.change
    return (Change._make((*facts, change)) for facts, change in nets.items() if change)


def names_of(row: Any) -> Iterator[tuple[tuple[str, str], By, str]]:
    """Under what a row is counted."""
    here = (row.platform, row.community)
    names = {
        By.DAY: _date(row.hour // HOURS), By.HOUR: str(row.hour % HOURS), By.CHANNEL: row.channel,
        By.LANGUAGE: row.language,
    }  # fmt: skip
    for by, name in names.items():
        yield here, by, name
        if by is not By.CHANNEL:
            yield _ALL, by, name
    yield _ALL, By.COMMUNITY, "/".join(here)


def counts_by_concern(concern: int, count: int, *others: int) -> list[int]:
    """`COUNTS` of interactions of one concern."""
    return [*(count if one == concern else 0 for one in Concern), *others]


def rules_in(row: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each rule of a row, once, with `RULE_COUNTS`."""
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


def empty_sums(length: int = len(COUNTS)) -> Sums:
    """Nothing counted yet."""
    return defaultdict(lambda: [0] * length)


def add_to(sums: list[int], more: Sequence[int]) -> None:
    """Add counts of the same order."""
    sums[:] = map(add, sums, more)


@cache
def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()
