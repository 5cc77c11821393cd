"""Telegram's limits on sending (T20): a turn for every send, the chats taken in turn, shared between replicas.

Lives here: waiting for a turn, bounds on waiting, chats that Telegram told us to leave alone. Does not live here:
sending. Each chat has a queue of its own, and only its head asks for a turn, so a busy chat never holds up a quiet one.
This process keeps its own account of every limit and asks the store's, which all replicas share, only when its own says
yes.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from safetybot.ports import Clock, PlatformError

log = structlog.get_logger(__name__)

MOST_PER_CHAT = 50
"""Sends that may wait in one chat: at 20 a minute, the last of them waits for two minutes and a half."""
MOST = 3_000
"""Sends that may wait in all."""
_CHATS = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most one send every `every` on average, with `burst` more at once; shared by all who use the same name."""

    name: str
    every: timedelta
    burst: int = 0


class Budgets(Protocol):
    """What replicas share; `store.chats.Budgets` is one."""

    async def take(self, limits: Sequence[Limit]) -> timedelta:
        """Take one send from every limit, or none: returns zero, or how long to wait before asking again."""
        ...

    async def hold(self, name: str, until: datetime) -> None:
        """Nothing more under `name` before `until`."""
        ...


class Metrics(Protocol):
    """Counts; `telemetry.Metrics` is one."""

    def dropped(self, why: str) -> None:
        """Something was not done."""
        ...


@dataclass(frozen=True, slots=True)
class Rates:
    """Telegram's limits with a little room: what counts is when a send arrives there, not when it leaves here.

    A burst and what flows in during the window together stay below the limit: 5 + 60 / 4 = 20 a minute in a group.
    """

    chat: Limit = Limit("chat", timedelta(seconds=1.05))
    group: Limit = Limit("group", timedelta(seconds=4), 4)
    overall: Limit = Limit("all", timedelta(seconds=1 / 25), 4)


class TooLate(PlatformError):
    """The limits would let it out only after its time; it was not sent. Carries the seconds it would have waited."""

    def __init__(self, wait: float) -> None:
        """Keep the seconds."""
        held = f"for {wait:.0f} s more" if wait else "behind others"
        super().__init__(f"not sent: Telegram's limits would hold it back {held}, and by then it would be late")
        self.wait = wait


class TooMany(PlatformError):
    """So many sends wait already that one more is refused. Carries whether it is the chat's queue that is full."""

    def __init__(self, *, in_chat: bool) -> None:
        """Keep which queue."""
        where = "in this chat" if in_chat else "in all"
        super().__init__(f"not sent: too many sends wait {where} already", retry=True)
        self.in_chat = in_chat


class Stopping(PlatformError):
    """The bot stops, and what still waited for its turn was not sent."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("not sent: the bot was stopped while it waited for its turn")


def shown(chat: int | str) -> str:
    """A chat as logs and errors name it: a private chat's id is a person's, so it is not told."""
    return str(chat) if str(chat).startswith("-") else "a private chat"


@dataclass(eq=False, slots=True)
class _Chat:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Outbox:
    """Gives turns."""

    def __init__(
        self,
        prefix: str,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
        *,
        key: bytes,
        rates: Rates = Rates(),  # frozen
        most_per_chat: int = MOST_PER_CHAT,
    ) -> None:
        """Name limits in the store with `prefix`; a private chat's id is hidden there under `key`."""
        self._prefix, self._budgets, self._clock, self._metrics = prefix, budgets, clock, metrics
        self._rates, self._most_per_chat = rates, most_per_chat
        self.away: tuple[type[BaseException], ...] = (OSError,)
        """What `budgets` raise while the store is away."""
        self._chats: OrderedDict[int, _Chat] = OrderedDict()
        self._free: OrderedDict[str, float] = OrderedDict()
        self._alone = False
        self._key = hashlib.blake2b(key, digest_size=32).digest()
        self._closing = asyncio.Event()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self, chat: int, *, before: datetime) -> AsyncIterator[None]:
        """Wait for a turn to send to `chat`, and keep it: within, the next send to this chat waits.

        Raises:
            TooMany: Too many wait already.
            TooLate: The turn would come after `before`.
            Stopping: The bot stops meanwhile.
        """
        queue = self._queue(chat)
        if queue.waiting >= self._most_per_chat or self.waiting >= MOST:
            self._metrics.dropped("send queue full")
            log.warning("send_dropped", why="send queue full", chat=shown(chat), waiting=self.waiting)
            raise TooMany(in_chat=queue.waiting >= self._most_per_chat)
        queue.waiting += 1
        self.waiting += 1
        try:
            if self._left(before) <= 0:
                raise self._late(chat, 0.0)
            try:
                async with asyncio.timeout(self._left(before)):
                    await queue.turn.acquire()
            except TimeoutError:
                raise self._late(chat, 0.0) from None
            try:
                await self._wait(chat, before)
                yield
            finally:
                queue.turn.release()
        finally:
            queue.waiting -= 1
            self.waiting -= 1

    def close(self) -> None:
        """Whoever waits for a turn gets none any more, and is told that nothing was sent."""
        self._closing.set()

    async def hold(self, chat: int, wait: timedelta) -> None:
        """Telegram said to leave `chat` alone for so long."""
        name = self._name(self._rates.chat, chat)
        self._free[name] = max(time.monotonic() + wait.total_seconds(), self._free.get(name, 0.0))
        try:
            await self._budgets.hold(name, self._clock.now() + wait)
        except self.away as error:
            log.warning("hold_not_shared", why=type(error).__name__)

    async def _wait(self, chat: int, before: datetime) -> None:
        own = [self._named(self._rates.chat, chat)]
        if chat < 0:
            own.append(self._named(self._rates.group, chat))
        every = self._rates.overall
        overall = Limit(f"{self._prefix}:{every.name}", every.every, every.burst)
        while True:
            if self._closing.is_set():
                raise Stopping
            while (wait := max(self._due(limit) for limit in own)) > 0:
                await self._sleep(chat, wait, before)
            # Whoever comes here takes the next place in the row of all chats, so each waits once, not in a scramble.
            place = self._take(overall)
            if place > 0:
                await self._sleep(chat, place, before)
            refused = await self._agreed([*own, overall])
            if refused <= 0:
                for limit in own:
                    self._take(limit)
                return
            await self._sleep(chat, refused, before)

    async def _agreed(self, limits: list[Limit]) -> float:
        """Ask for all replicas; a store that is away leaves this process to its own account."""
        try:
            wait = await self._budgets.take(limits)
        except self.away as error:
            if not self._alone:
                log.warning("limits_not_shared", why=type(error).__name__)
            self._alone = True
            return 0.0
        self._alone = False
        return wait.total_seconds()

    async def _sleep(self, chat: int, wait: float, before: datetime) -> None:
        if wait > self._left(before):
            raise self._late(chat, wait)
        try:
            async with asyncio.timeout(wait):
                await self._closing.wait()
        except TimeoutError:
            return
        raise Stopping

    def _late(self, chat: int, wait: float) -> TooLate:
        self._metrics.dropped("late answer")
        log.warning("send_dropped", why="late answer", chat=shown(chat))
        return TooLate(wait)

    def _left(self, before: datetime) -> float:
        return (before - self._clock.now()).total_seconds()

    def _queue(self, chat: int) -> _Chat:
        found = self._chats.get(chat)
        if found is None:
            found = self._chats[chat] = _Chat()
            if len(self._chats) > _CHATS:
                idle = next((one for one, queue in self._chats.items() if not queue.waiting and one != chat), None)
                if idle is not None:
                    del self._chats[idle]
        self._chats.move_to_end(chat)
        return found

    def _name(self, limit: Limit, chat: int) -> str:
        if chat < 0:
            return f"{self._prefix}:{limit.name}:{chat}"
        # The store keeps nobody's id.
        hidden = hashlib.blake2b(str(chat).encode(), key=self._key, digest_size=12).hexdigest()
        return f"{self._prefix}:{limit.name}:{hidden}"

    def _named(self, limit: Limit, chat: int) -> Limit:
        return Limit(self._name(limit, chat), limit.every, limit.burst)

    def _due(self, limit: Limit) -> float:
        """Seconds until our own account lets one more through."""
        free = self._free.get(limit.name, 0.0)
        return free - time.monotonic() - limit.burst * limit.every.total_seconds()

    def _take(self, limit: Limit) -> float:
        """Note one send in our own account; the seconds until it is due."""
        now = time.monotonic()
        due = max(self._free.get(limit.name, now), now)
        self._free[limit.name] = due + limit.every.total_seconds()
        self._free.move_to_end(limit.name)
        while len(self._free) > 3 * _CHATS:
            self._free.popitem(last=False)
        return due - now - limit.burst * limit.every.total_seconds()
