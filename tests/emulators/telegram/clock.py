"""The server's clock: real time, optionally sped up or jumped forward.

Every age, window and delay of the emulator is measured here and nowhere else, so that a test of a day's rule
takes no day.
"""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Telegram's time, in seconds since the epoch.

    Args:
        scale: Telegram seconds per real second. 60 makes a minute of the platform's rules last one second.
    """

    def __init__(self, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError(f"the clock's scale must be above 0, not {scale}")
        self.scale = scale
        self._started = time.monotonic()
        self._epoch = time.time()
        self._jumped = 0.0
        self._jump = asyncio.Event()

    def now(self) -> float:
        """Telegram's time now."""
        return self._epoch + self._jumped + (time.monotonic() - self._started) * self.scale

    def stamp(self) -> int:
        """Telegram's time in whole seconds, as it stands in `date` fields."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Jump forward; whoever sleeps past the new time wakes up."""
        self._jumped += seconds
        self._jump.set()
        self._jump = asyncio.Event()

    def real(self, seconds: float) -> float:
        """How many real seconds `seconds` of Telegram's time last."""
        return seconds / self.scale

    async def sleep_until(self, deadline: float) -> None:
        """Return once `now()` has reached `deadline`."""
        while (left := deadline - self.now()) > 0:
            jump = self._jump
            try:
                await asyncio.wait_for(jump.wait(), self.real(left))
            except TimeoutError:
                continue
