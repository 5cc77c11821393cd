"""How far each channel was seen, so that what was missed can be read from there. In memory, written now and then.

Lives here: the marks, and when one may move. Does not live here: reading what was missed (`looking_back.py`). Of a
message without concern nothing stays but this time of its channel (DESIGN law 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

Channel = tuple[str, str]
"""A community and a channel or thread of it."""


class Watermarks(Protocol):
    """Where marks are kept."""

    async def put(self, platform: str, seen: Mapping[Channel, datetime]) -> None:
        """Raise the marks of channels; a mark never goes back."""
        ...

    async def all(self, platform: str, *, since: datetime) -> dict[Channel, datetime]:
        """The marks not older than `since`."""
        ...

    async def forget(self, *, before: datetime) -> None:
        """Drop older marks."""
        ...


class Seen:
    """Marks of one platform.

    While a channel is read back, newer messages of it may be handled before older ones. Its mark stays where it is
    until that is over (`hold`, `release`); else a crash in between would lose the older ones for good.
    """

    def __init__(self, platform: str, watermarks: Watermarks) -> None:
        """Write to `watermarks`."""
        self._platform, self._watermarks = platform, watermarks
        self._marks: dict[Channel, datetime] = {}
        self._changed: set[Channel] = set()
        self._held: dict[object, set[Channel]] = {}
        self._ahead: dict[Channel, datetime] = {}

    def handled(self, channel: Channel, at: datetime, *, by: object) -> None:
        """A message of that time was seen through. `by` is what might be held as a whole: the channel's shard."""
        if by in self._held:
            self._held[by].add(channel)
            self._ahead[channel] = max(at, self._ahead.get(channel, at))
        else:
            self._raise(channel, at)

    def hold(self, by: object) -> None:
        """Let no mark of this shard move."""
        self._held.setdefault(by, set())

    def release(self, by: object) -> None:
        """Nothing older is to come: let its marks move to where they would be."""
        for channel in self._held.pop(by, ()):
            if at := self._ahead.pop(channel, None):
                self._raise(channel, at)

    def of(self, channel: Channel) -> datetime | None:
        """A channel's mark, as far as this process knows."""
        return self._marks.get(channel)

    def forget(self, community: str) -> None:
        """A community is gone, and so are its marks."""
        for known in (self._marks, self._ahead):
            for channel in [channel for channel in known if channel[0] == community]:
                del known[channel]
        self._changed = {channel for channel in self._changed if channel[0] != community}

    async def write(self) -> None:
        """Write what changed, in one go. Raises what the store raises; then it is written next time."""
        changed, self._changed = self._changed, set()
        try:
            await self._watermarks.put(self._platform, {channel: self._marks[channel] for channel in changed})
        except BaseException:
            self._changed |= {channel for channel in changed if channel in self._marks}
            raise

    async def known(self, since: datetime) -> dict[Channel, datetime]:
        """All marks not older than `since`, those of earlier runs and of other processes too."""
        kept = await self._watermarks.all(self._platform, since=since)
        for channel, at in self._marks.items():
            if at >= since and at > kept.get(channel, since):
                kept[channel] = at
        return kept

    async def prune(self, before: datetime) -> None:
        """Drop marks that no look back would use, here and where they are kept. Raises what the store raises."""
        await self._watermarks.forget(before=before)
        for channel in [c for c, at in self._marks.items() if at < before and c not in self._changed]:
            del self._marks[channel]

    def _raise(self, channel: Channel, at: datetime) -> None:
        if at > self._marks.get(channel, at) or channel not in self._marks:
            self._marks[channel] = at
            self._changed.add(channel)
