"""Which messages members reported, so that moderators hear of each once and nobody can flood them.

In memory only: after a restart a message can be reported once more. Pure but for what it remembers.
"""

from __future__ import annotations

import enum
from collections import OrderedDict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
MOST = 5
"""Reports of one member within `WINDOW`."""
_REMEMBERED = 5_000


class Taken(enum.Enum):
    """What becomes of a report."""

    NEW = "new"
    KNOWN = "known"
    """Somebody reported this message before."""
    TOO_MANY = "too many"
    """This member reported enough for now."""


class Reports:
    """Remembers reported messages and who reported how often. Bounded."""

    def __init__(self) -> None:
        """Begin with none."""
        self._messages: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._times: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def take(self, community: str, message_id: str, member: str, now: datetime) -> Taken:
        """Note a report, unless it is known or one too many. `community` names the platform as well."""
        if (community, message_id) in self._messages:
            return Taken.KNOWN
        times = self._times.setdefault((community, member), deque())
        self._times.move_to_end((community, member))
        while times and now - times[0] > WINDOW:
            times.popleft()
        if len(times) >= MOST:
            return Taken.TOO_MANY
        times.append(now)
        self._messages[community, message_id] = None
        for kept in (self._messages, self._times):
            if len(kept) > _REMEMBERED:
                kept.popitem(last=False)
        return Taken.NEW

    def drop(self, community: str, message_id: str) -> None:
        """A report did not reach anybody: it may be made again."""
        self._messages.pop((community, message_id), None)
