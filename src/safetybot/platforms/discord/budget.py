"""Counting requests that Discord calls invalid (D22): too many, and it shuts the whole address out for a while.

Lives here: the count, and the refusal to ask on when it grows. Does not live here: why a request was invalid, and what
is done about it in one channel (`sending.py`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import discord

WINDOW = 600.0
"""Seconds over which Discord counts."""
DISCORD_LIMIT = 10_000
"""Invalid requests in that time after which it shuts the address out."""
OURS = 2_000
"""The same for us. Whatever else runs behind the same address has the rest."""

_INVALID = frozenset({401, 403, 429})


class TooManyInvalidRequests(discord.DiscordException):
    """So many requests were refused that Discord is asked nothing more for a while; carries how many."""

    def __init__(self, count: int) -> None:
        """Keep the count."""
        super().__init__(
            f"{count} requests were refused within {WINDOW / 60:.0f} minutes; Discord is asked nothing more until "
            "there are fewer. Look for rights that were taken from the bot"
        )
        self.count = count


class InvalidRequests:
    """The refused requests of the last minutes, all clients of this process together."""

    def __init__(self, limit: int = OURS, clock: Callable[[], float] = time.monotonic) -> None:
        """Refuse to go on from `limit` refusals on; `clock` gives seconds."""
        self._limit, self._clock = limit, clock
        self._at: deque[float] = deque(maxlen=limit)
        self.total = 0

    @property
    def count(self) -> int:
        """Refusals within the window."""
        since = self._clock() - WINDOW
        while self._at and self._at[0] < since:
            self._at.popleft()
        return len(self._at)

    def add(self) -> None:
        """One more request was refused."""
        self._at.append(self._clock())
        self.total += 1

    def check(self) -> None:
        """Raise `TooManyInvalidRequests` where no more may be asked now."""
        if (count := self.count) >= self._limit:
            raise TooManyInvalidRequests(count)

    def trace(self) -> aiohttp.TraceConfig:
        """Watches every request of a session, those that the library repeats by itself too."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._ended)
        return trace

    async def _ended(self, _: aiohttp.ClientSession, __: SimpleNamespace, done: aiohttp.TraceRequestEndParams) -> None:
        response = done.response
        if response.status in _INVALID and response.headers.get("X-RateLimit-Scope") != "shared":
            self.add()
