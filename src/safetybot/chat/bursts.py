"""Telling a burst of alerts from single ones, so that moderators get one message instead of thirty.

In memory only: after a restart the next alert stands alone again. Pure but for what it remembers.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from safetybot.model import Concern
from safetybot.ports import Posted

WINDOW = timedelta(minutes=10)
SINGLE = 3
"""Alerts about one concern in one community that stand alone within `WINDOW`; more are folded into one."""
_REMEMBERED = 1_000
"""Communities and concerns."""

Key = tuple[str, str, Concern]
"""Platform, community, concern."""


@dataclass(slots=True)
class Folded:
    """The one message that stands for many."""

    where: Posted | None = None
    """None until it is posted."""
    interactions: list[int] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class Bursts:
    """Remembers when alerts went out."""

    def __init__(self) -> None:
        """Begin with none."""
        self._times: OrderedDict[Key, deque[datetime]] = OrderedDict()
        self._folded: dict[Key, Folded] = {}

    def next(self, key: Key, now: datetime) -> Folded | None:
        """None where the next alert stands alone; else what it is to be folded into."""
        times = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        while times and now - times[0] > WINDOW:
            times.popleft()
        if len(self._times) > _REMEMBERED:
            gone, _ = self._times.popitem(last=False)
            self._folded.pop(gone, None)
        times.append(now)
        if len(times) <= SINGLE:
            self._folded.pop(key, None)
            return None
        return self._folded.setdefault(key, Folded())

    def holding(self, interaction_id: int) -> Sequence[Folded]:
        """The bursts that an interaction is part of, at most one."""
        return [folded for folded in self._folded.values() if interaction_id in folded.interactions]
