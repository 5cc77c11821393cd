"""Every community's own terms, ready for the next message: loaded when first asked for, thrown out when too many.

Lives here: the cache, and seeing other processes' changes within two seconds. Does not live here: what a term does
(`detection/own_terms.py`), storing it.

One short query each two seconds asks for the newest changes of all communities, so that the price of staying fresh does
not grow with their number.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from safetybot.communities.keyword import Keyword, compiled
from safetybot.detection.own_terms import CommunityTerms

_LOOK = 2.0
"""Seconds between looks at the newest changes."""
_AGE = 600.0
"""Seconds after which terms are read again in any case: a community's erased rows leave no change behind."""
_NEWEST = 300
"""Changes looked at; a transaction may become visible after one with a higher number."""


@dataclass(frozen=True, slots=True)
class ChangedAt:
    """That a keyword of a community was changed; `row` and `version` tell one change from every other."""

    row: int
    platform: str
    community: str
    term: str
    version: int


class KeywordRows(Protocol):
    """What this file needs of the store."""

    async def in_force(self, platform: str, community: str) -> Sequence[tuple[Keyword, int]]:
        """The community's keywords, each with its version."""
        ...

    async def newest_changes(self, limit: int) -> Sequence[ChangedAt]:
        """The newest changes of all communities."""
        ...


class TermsInForce:
    """The communities' own terms. Bounded; use from one event loop."""

    def __init__(
        self, rows: KeywordRows, *, communities: int = 20_000, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """Read from `rows`; keep the terms of at most `communities`, about 15 KiB each where there are 50."""
        self._rows, self._most, self._seconds = rows, communities, seconds
        self._kept: OrderedDict[tuple[str, str], tuple[float, CommunityTerms | None]] = OrderedDict()
        self._seen: frozenset[ChangedAt] | None = None
        self._looked = float("-inf")
        self._generation = 0

    async def terms(self, platform: str, community: str) -> CommunityTerms | None:
        """The terms of a community, None where it has none of its own. Raises what the store raises."""
        now = self._seconds()
        if now - self._looked > _LOOK:
            self._looked = now  # at once: others that come by meanwhile need not look too
            await self._look()
        key = (platform, community)
        known = self._kept.get(key)
        if known is not None and now - known[0] <= _AGE:
            self._kept.move_to_end(key)
            return known[1]
        generation = self._generation
        terms = compiled([keyword for keyword, _ in await self._rows.in_force(platform, community)])
        if generation == self._generation:  # else something was changed while we read
            self._kept[key] = (now, terms)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return terms

    def forget(self, platform: str, community: str) -> None:
        """Read a community's terms anew when they are next asked for."""
        self._generation += 1
        self._kept.pop((platform, community), None)

    @property
    def communities(self) -> int:
        """How many communities' terms are kept."""
        return len(self._kept)

    async def _look(self) -> None:
        newest = frozenset(await self._rows.newest_changes(_NEWEST))
        known, self._seen = self._seen, newest
        if known is None or newest == known:
            return
        if len(newest) == _NEWEST and newest.isdisjoint(known):
            self._generation += 1
            self._kept.clear()  # more changes than we looked at: any community may be among them
            return
        for change in newest - known:
            self.forget(change.platform, change.community)
