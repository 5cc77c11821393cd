"""What Discord allows a bot as a whole: requests a second (D20), and refused requests in ten minutes (D22).

Lives here: keeping below both. Does not live here: limits of single routes, which the library reads from headers (D21),
why a request was refused, and what is done about that in one channel (`sending.py`).
"""

from __future__ import annotations

import asyncio
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

A_SECOND, AT_ONCE = 30, 18
"""Requests that we allow ourselves, and how many in one go after a pause: in no second are there more than Discord's 50
(D20). The library has no such limit of its own."""

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


class Rate:
    """Lets some through at once and the others one after the other, in the order in which they came."""

    def __init__(
        self, a_second: int = A_SECOND, at_once: int = AT_ONCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow `a_second` in the long run and `at_once` after a pause; `clock` gives seconds."""
        self._each, self._clock = 1 / a_second, clock
        self._slack = at_once * self._each
        self._due = 0.0

    async def wait(self) -> None:
        """Return when it is one's turn."""
        now = self._clock()
        self._due = max(self._due, now - self._slack) + self._each
        if self._due > now:
            await asyncio.sleep(self._due - now)


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
