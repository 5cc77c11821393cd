"""What happened, in numbers: by day, hour, channel, language and community; how fast replies were, what waits.

Lives here: who may see them, how counts become a picture's rows. Does not live here: drawing (`charts.py`), counting
(the store), how right the bot was (`review.py`).
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from safetybot.communities.access import Actor, Right, Role, require
from safetybot.communities.records import Filters
from safetybot.model import Concern
from safetybot.ports import Clock

TOP = 8
"""Rows of a picture that ranks; the rest is added up as `OTHERS`."""
OTHERS = "…"
_TIMED = 500
"""Replies whose time is looked at: more would say the same, more slowly."""
MOST_WAITING = 1_000
"""Beyond it "more than 1,000 wait" says enough."""


class By(enum.StrEnum):
    """What interactions are counted by."""

    DAY = "day"
    HOUR = "hour"
    """Of the day, in UTC."""
    CHANNEL = "channel"
    LANGUAGE = "language"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Count:
    """How many interactions there were under one name, by concern, and how many of them were answered."""

    name: str
    """An ISO date for days, `0` to `23` for hours, `platform/community` for communities."""
    counts: Mapping[Concern, int]
    """Those of which there are any."""
    replies: int
    welcome: int
    """Replies that at least one member welcomed by a reaction."""
    unwelcome: int


@dataclass(frozen=True, slots=True)
class Row:
    """One name with its counts by concern."""

    name: str
    counts: Mapping[Concern, int]

    @property
    def total(self) -> int:
        """All concerns together."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Speed:
    """From a message to its reply, over the newest replies; in seconds."""

    replies: int
    median: float
    slow: float
    """Nineteen of twenty were faster."""


@dataclass(frozen=True, slots=True)
class Reacted:
    """Of how many replies at least one member said by a reaction that it was welcome, or unwelcome."""

    welcome: int = 0
    unwelcome: int = 0
    """A reply may be both."""


@dataclass(frozen=True, slots=True)
class Reception:
    """How replies were taken."""

    name: str
    """`platform/community`; empty for all that was asked for."""
    replies: int
    reacted: Reacted

    @property
    def welcome(self) -> float | None:
        """Share of the replies with a welcoming reaction; None without a reply."""
        return min(1.0, self.reacted.welcome / self.replies) if self.replies else None

    @property
    def unwelcome(self) -> float | None:
        """Share of the replies with an unwelcoming reaction; None without a reply."""
        return min(1.0, self.reacted.unwelcome / self.replies) if self.replies else None


@dataclass(frozen=True, slots=True)
class Overview:
    """All numbers of one time."""

    since: datetime
    until: datetime
    by: Mapping[By, Sequence[Row]]
    interactions: int
    replies: int
    waiting: int
    """Up to `MOST_WAITING`, of the whole log."""
    speed: Speed | None
    """None where nothing was answered."""
    reception: Reception
    receptions: Sequence[Reception]
    """The same by community, the most answered first; none where one was asked for."""


class FigureRows(Protocol):
    """What this file needs of the store."""

    async def counted(self, filters: Filters, bys: Collection[By]) -> Mapping[By, Sequence[Count]]:
        """Interactions counted by something, each way that is asked for."""
        ...

    async def reply_seconds(self, filters: Filters, *, limit: int) -> Sequence[float]:
        """From each message to its reply, of the newest `limit` replies."""
        ...

    async def waiting(self, filters: Filters, *, limit: int) -> int:
        """How many interactions wait for a verdict, counted up to `limit`."""
        ...

    async def communities(self) -> Sequence[tuple[str, str]]:
        """Platform and community of all that anything is kept of."""
        ...


class Figures:
    """Numbers, for those who may see them."""

    def __init__(self, rows: FigureRows, clock: Clock) -> None:
        """Count in `rows`."""
        self._rows, self._clock = rows, clock

    async def communities(self, actor: Actor) -> Sequence[tuple[str, str]]:
        """The communities that somebody may see anything of: an operator all, anybody else their own."""
        if actor.role is Role.OPERATOR:
            return await self._rows.communities()
        require(actor, Right.SEE_POLICY, actor.platform, actor.community)
        return [(actor.platform, actor.community)]

    async def overview(self, actor: Actor, platform: str | None, community: str | None, *, days: int) -> Overview:
        """The last `days` days, today among them.

        Raises:
            Refused: The actor is no viewer of the one community asked for, nor an operator.
        """
        require(actor, Right.SEE_FIGURES, platform, community)
        until = self._clock.now()
        filters = _last(platform, community, until, days)
        # A channel's number says nothing without its community: of all of them, the communities themselves are ranked.
        ranked = By.CHANNEL if community else By.COMMUNITY
        bys = [by for by in By if by is ranked or by not in (By.CHANNEL, By.COMMUNITY)]
        counted = await self._rows.counted(filters, bys)
        seconds = sorted(await self._rows.reply_seconds(filters, limit=_TIMED))
        replies = sum(one.replies for one in counted[By.DAY])
        return Overview(
            filters.since or until,
            until,
            {by: _rows(by, counted[by], until.date(), days) for by in bys},
            sum(sum(one.counts.values()) for one in counted[By.DAY]),
            replies,
            await self._rows.waiting(replace(filters, since=None), limit=MOST_WAITING),
            Speed(len(seconds), _at(seconds, 0.5), _at(seconds, 0.95)) if seconds else None,
            Reception("", replies, _added(Reacted(one.welcome, one.unwelcome) for one in counted[By.DAY])),
            _receptions(counted.get(By.COMMUNITY, ())),
        )

    async def rows(
        self, actor: Actor, platform: str | None, community: str | None, by: By, *, days: int
    ) -> Sequence[Row]:
        """One picture's rows over the last `days` days. Raises as `overview`."""
        require(actor, Right.SEE_FIGURES, platform, community)
        now = self._clock.now()
        counted = await self._rows.counted(_last(platform, community, now, days), [by])
        return _rows(by, counted[by], now.date(), days)


def _last(platform: str | None, community: str | None, now: datetime, days: int) -> Filters:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Filters(platform, community, since=midnight - timedelta(days=days - 1))


def _rows(by: By, counts: Sequence[Count], today: date, days: int) -> list[Row]:
    grouped = {one.name: one.counts for one in counts}
    if by is By.DAY:  # with the days on which nothing happened
        names = [(today - timedelta(days=back)).isoformat() for back in range(days - 1, -1, -1)]
        return [Row(name, grouped.get(name, {})) for name in names]
    if by is By.HOUR:
        return [Row(str(hour), grouped.get(str(hour), {})) for hour in range(24)]
    rows = sorted((Row(name, found) for name, found in grouped.items()), key=lambda row: (-row.total, row.name))
    rest = rows[TOP:]
    if not rest:
        return rows
    added: defaultdict[Concern, int] = defaultdict(int)
    for row in rest:
        for concern, count in row.counts.items():
            added[concern] += count
    return [*rows[:TOP], Row(OTHERS, dict(added))]


def _receptions(counts: Sequence[Count]) -> list[Reception]:
    rows = [Reception(one.name, one.replies, Reacted(one.welcome, one.unwelcome)) for one in counts if one.replies]
    rows.sort(key=lambda row: (-row.replies, row.name))
    rest = rows[TOP:]
    if not rest:
        return rows
    return [*rows[:TOP], Reception(OTHERS, sum(row.replies for row in rest), _added(row.reacted for row in rest))]


def _added(all_of_them: Iterable[Reacted]) -> Reacted:
    found = list(all_of_them)
    return Reacted(sum(one.welcome for one in found), sum(one.unwelcome for one in found))


def _at(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
