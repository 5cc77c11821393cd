"""What the log knows of a community's keywords: what each did or would have done, and whether it does more than ever.

Lives here: counting, the alarm's arithmetic. Does not live here: reading the log (the store), telling anybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.detection.own_terms import LIVE_RULE, SHADOW_RULE

PAST = timedelta(days=14)
"""A keyword's own past, which its last day is held against."""
_DAY = timedelta(days=1)
_LEAST = 10
"""Fewer messages a day are never a jump."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an interaction may rest on, for asking the log how many do."""

    rules: frozenset[str]
    marks: frozenset[str]
    """Of terms, as `term_mark` makes them."""
    concept: str | None


@dataclass(frozen=True, slots=True)
class LoggedEffect:
    """What the log, which keeps no words, says of a keyword."""

    interactions: int
    with_term: int
    """In how many it was found, in shadow or live, or as a term of the lexicon."""
    with_concept: int
    """How many rest on its concept in any words."""


@dataclass(frozen=True, slots=True)
class Fired:
    """How often one rule fired in the last day and in its past."""

    rule: str
    past: int
    last_day: int
    begins: datetime | None
    """The hour of its first interaction in the past; None where it has no past."""


@dataclass(frozen=True, slots=True)
class RuleTotals:
    """What the log knows of the interactions in which one rule fired."""

    interactions: int = 0
    alone: int = 0
    """Those that exist only because of keywords in shadow."""
    confirmed: int = 0
    false_alarms: int = 0


@dataclass(frozen=True, slots=True)
class KeywordFigures:
    """What the log knows of one keyword."""

    keyword: Keyword
    live: int
    """Interactions in which it took part while live."""
    alone: int
    """Interactions that exist only because it is in shadow: with it live the bot would have acted."""
    beside: int
    """Interactions of other grounds in which it was found while in shadow."""
    confirmed: int
    false_alarms: int
    last_day: int
    per_day: float
    """Interactions a day in the two weeks before the last day."""
    jumped: bool
    """The last day has far more than its own past would lead one to expect."""


def rules_of(keywords: Iterable[Keyword]) -> list[str]:
    """The rules by which the log knows those keywords that watch."""
    return [prefix + one.id for one in keywords if one.watches for prefix in (LIVE_RULE, SHADOW_RULE)]


def figures_of(
    keywords: Iterable[Keyword], totals: Mapping[str, RuleTotals], fired: Iterable[Fired], now: datetime
) -> list[KeywordFigures]:
    """The figures of each keyword that watches, those with the most interactions first."""
    of_late = {one.rule: one for one in fired}
    found = [_figures(keyword, totals, of_late, now) for keyword in keywords if keyword.watches]
    return sorted(found, key=lambda one: -(one.live + one.alone + one.beside))


def _figures(
    keyword: Keyword, totals: Mapping[str, RuleTotals], of_late: Mapping[str, Fired], now: datetime
) -> KeywordFigures:
    rule, nothing = LIVE_RULE + keyword.id, RuleTotals()
    as_live, in_shadow = totals.get(rule, nothing), totals.get(SHADOW_RULE + keyword.id, nothing)
    fired = of_late.get(rule, Fired(rule, 0, 0, None))
    return KeywordFigures(
        keyword,
        as_live.interactions,
        in_shadow.alone,
        in_shadow.interactions - in_shadow.alone,
        as_live.confirmed + in_shadow.confirmed,
        as_live.false_alarms + in_shadow.false_alarms,
        fired.last_day,
        per_day(fired, now),
        keyword.state is KeywordState.LIVE and has_jumped(fired, now),
    )


def per_day(fired: Fired, now: datetime) -> float:
    """How often a rule fired a day in its past, which is shorter than `PAST` where it began later."""
    begins = now if fired.begins is None else fired.begins
    days = min(PAST / _DAY, max(1.0, (now - begins) / _DAY - 1))
    return fired.past / days


def has_jumped(fired: Fired, now: datetime) -> bool:
    """Whether the last day has far more than the rule's own past would lead one to expect; never without a past."""
    return bool(fired.past) and is_jump(fired.last_day, per_day(fired, now))


def is_jump(count: int, per_day: float) -> bool:
    """Whether `count` in a day is far beyond `per_day`: three times as many, and more than chance would bring.

    Counts of rare events scatter by their square root (Poisson); four of those are met by chance once in 30,000 days.
    """
    return count >= _LEAST and count > 3 * per_day and count > per_day + 4 * math.sqrt(per_day)
