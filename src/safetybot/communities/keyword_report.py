"""What the log knows of a community's keywords: what each did or would have done, and whether it does more than ever.

Lives here: counting, the alarm's arithmetic. Does not live here: reading the log (the store), telling anybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.detection.own_terms import LIVE_RULE, SHADOW_RULE
from safetybot.model import VerdictKind

PAST = timedelta(days=14)
"""A keyword's own past, which its last day is held against."""
_LEAST = 10
"""Fewer messages a day are never a jump."""


@dataclass(frozen=True, slots=True)
class LoggedTerms:
    """What one interaction rests on, for figures about terms."""

    id: int
    at: datetime
    rules: tuple[str, ...]
    concepts: frozenset[str]
    marks: frozenset[str]
    """`term_mark` of each term found."""
    shadow: bool
    verdict: VerdictKind | None


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


def figures_of(keywords: Iterable[Keyword], logged: Sequence[LoggedTerms], now: datetime) -> list[KeywordFigures]:
    """The figures of each keyword that watches, those with the most interactions first."""
    found = [_figures(keyword, logged, now) for keyword in keywords if keyword.watches]
    return sorted(found, key=lambda one: -(one.live + one.alone + one.beside))


def _figures(keyword: Keyword, logged: Sequence[LoggedTerms], now: datetime) -> KeywordFigures:
    live_rule, shadow_rule = LIVE_RULE + keyword.id, SHADOW_RULE + keyword.id
    as_live = [row for row in logged if live_rule in row.rules]
    in_shadow = [row for row in logged if shadow_rule in row.rules]
    alone = [row for row in in_shadow if _only_shadow(row)]
    rows = [*as_live, *in_shadow]
    last_day = sum(row.at > now - timedelta(days=1) for row in as_live)
    past = [row for row in as_live if now - timedelta(days=1) - PAST < row.at <= now - timedelta(days=1)]
    # A keyword that went live a few days ago has a shorter past than two weeks.
    oldest = min((row.at for row in past), default=now)
    days = min(PAST / timedelta(days=1), max(1.0, (now - oldest) / timedelta(days=1) - 1))
    per_day = len(past) / days
    jumped = keyword.state is KeywordState.LIVE and bool(past) and is_jump(last_day, per_day)
    return KeywordFigures(
        keyword,
        len(as_live),
        len(alone),
        len(in_shadow) - len(alone),
        sum(row.verdict is VerdictKind.CONFIRMED for row in rows),
        sum(row.verdict is VerdictKind.FALSE_ALARM for row in rows),
        last_day,
        per_day,
        jumped,
    )


def is_jump(count: int, per_day: float) -> bool:
    """Whether `count` in a day is far beyond `per_day`: three times as many, and more than chance would bring.

    Counts of rare events scatter by their square root (Poisson); four of those are met by chance once in 30,000 days.
    """
    return count >= _LEAST and count > 3 * per_day and count > per_day + 4 * math.sqrt(per_day)


def _only_shadow(row: LoggedTerms) -> bool:
    """The detector names keywords in shadow first where the concern rests on them, and last where it does not."""
    return row.shadow and row.rules[0].startswith(SHADOW_RULE)
