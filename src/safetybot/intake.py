"""Between a platform's events and the Watcher: a bounded queue that keeps each place's messages in order.

Lives here: order, bounds, patience with a store that is away, the end of work at a stop. Does not live here: what a
message is or becomes. Neither chat library holds back its events by itself, so this does.

Places take turns, a message a turn, and one whose reply waits for the platform's limits keeps only one worker busy: so
there are many workers, and a flooded place costs no other any time.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from safetybot.model import Message, Place

log = structlog.get_logger(__name__)

_Waiting = tuple[Message, float, asyncio.Future[bool]]
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class IntakeObserver(Protocol):
    """Counts; `telemetry.Metrics` is one."""

    def handled(self, seconds: float) -> None:
        """A message was seen through, this long after it came in."""
        ...

    def dropped(self, why: str) -> None:
        """A message was not handled."""
        ...


class Intake:
    """Hands messages to `handle`, several at a time, those of one place in the order they came."""

    def __init__(
        self,
        handle: Callable[[Message], Awaitable[object]],
        observer: IntakeObserver,
        *,
        away: tuple[type[BaseException], ...],
        limit: int = 5_000,
        workers: int = 128,
        patience: float = 60.0,
    ) -> None:
        """Prepare; `run` does the work.

        Args:
            handle: Sees one message through; may be called again with the same one after it raised one of `away`.
            observer: Counts.
            away: What `handle` raises while the store cannot be reached: worth another try.
            limit: Messages that may wait; more are dropped and counted.
            workers: How many are handled at a time, each of another place; most of them wait for the network.
            patience: Seconds for which one message is tried while the store is away; then it is dropped and counted.
        """
        self._handle, self._observer, self._away = handle, observer, away
        self._limit, self._patience = limit, patience
        self._workers = workers
        self._places: dict[Place, deque[_Waiting]] = {}
        self._turns: asyncio.Queue[Place] = asyncio.Queue()
        """Places with something to do that nobody is at."""
        self._idle = asyncio.Event()
        self._idle.set()
        self.waiting = 0

    def offer(self, message: Message) -> asyncio.Future[bool] | None:
        """Queue a message; the future says at last whether it was handled. None where there is no room (counted)."""
        if self.waiting >= self._limit:
            self._observer.dropped("queue full")
            return None
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.waiting += 1
        self._idle.clear()
        line = self._places.get(message.place)
        if line is None:
            line = self._places[message.place] = deque()
            self._turns.put_nowait(message.place)
        line.append((message, time.monotonic(), done))
        return done

    async def run(self) -> None:
        """Work until cancelled; an error of ours ends one message, never the work."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def drained(self, within: float) -> bool:
        """Wait until nothing is left to do, at most `within` seconds; False where something was left."""
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _work(self) -> None:
        while True:
            place = await self._turns.get()
            message, came, done = self._places[place][0]
            handled = False
            try:
                handled = await self._see_through(message, came)
            finally:
                self._over(place, done, handled=handled)

    def _over(self, place: Place, done: asyncio.Future[bool], *, handled: bool) -> None:
        line = self._places[place]
        line.popleft()
        if line:
            self._turns.put_nowait(place)
        else:
            del self._places[place]
        self.waiting -= 1
        if not self.waiting:
            self._idle.set()
        if not done.done():
            done.set_result(handled)

    async def _see_through(self, message: Message, came: float) -> bool:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._handle(message)
            except self._away as error:
                if time.monotonic() - came + pause > self._patience:
                    self._observer.dropped("store")
                    log.warning("message_dropped", why=type(error).__name__, place=str(message.place))
                    return False
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:  # a fault of ours in one message must not stop the others; it is told in full
                self._observer.dropped("fault")
                log.exception("message_failed", place=str(message.place))
                return False
            else:
                self._observer.handled(time.monotonic() - came)
                return True
