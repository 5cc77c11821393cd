"""Fetching updates: one process at a time, each batch confirmed only when all of it was seen through (T23, T24).

Lives here: the loop, its lease, what refusals of a fetch mean. Does not live here: what becomes of an update
(`inbox.py`). The library's own loop stops at one odd update and at a refused token; this one tells and goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from safetybot.platforms.telegram.connection import Connection
from safetybot.platforms.telegram.inbox import Full, Inbox

log = structlog.get_logger(__name__)

_STANDBY = "another process polls, or the store is away"
_LAST = 1.5
"""Seconds that a stop gives to the last confirmation; without it, updates come again and are known."""
_QUIET = 600.0
"""Seconds in which the same trouble is not logged again: two pollers take each other's turn every few seconds."""


class Leases(Protocol):
    """What only one process may do; `store.leases.Leases` is one."""

    async def take(self, name: str, length: timedelta) -> bool:
        """Take or renew `name` for `length` from now; False where another holds it."""
        ...

    async def give_back(self, name: str) -> None:
        """Let go of `name`, if it is held."""
        ...


@dataclass(frozen=True, slots=True)
class PollPace:
    """Seconds, all of them; tests are in more of a hurry."""

    poll: float = 25.0
    """How long Telegram may hold a fetch that finds nothing (T23: 50 at most)."""
    lease: float = 30.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    refused_pause: float = 60.0
    """Before a new try where an operator has to act."""


def lease_of(token: str) -> str:
    """The name of the lease under which a token is polled; the token cannot be told from it."""
    return "telegram-poll-" + hashlib.blake2b(token.encode(), digest_size=12, person=b"safetybot.poll").hexdigest()


class Poller:
    """Fetches updates for as long as this process holds the lease."""

    def __init__(self, connection: Connection, inbox: Inbox, leases: Leases, pace: PollPace) -> None:
        """Fetch through `connection` into `inbox`."""
        self._connection, self._inbox, self._leases, self._pace = connection, inbox, leases, pace
        self.away: tuple[type[BaseException], ...] = (OSError,)
        """What the store raises while it is away."""
        self._waiting: asyncio.Task[list[dict[str, Any]]] | None = None
        self._ended = asyncio.Event()
        self._stopping = False
        self._lease = lease_of(connection.token)
        self._until = 0.0
        self._offset = 0
        self._told = ""
        self._told_at: dict[str, float] = {}
        self.last_good: float | None = None
        self.problem = ""
        """What keeps updates from coming, in words; empty while all is well."""

    @property
    def holds_lease(self) -> bool:
        """Whether it is this process that fetches."""
        return time.monotonic() < self._until

    async def run(self) -> None:
        """Fetch until `pause`, or until cancelled."""
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await self._fetch()
        finally:
            self._ended.set()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def pause(self, within: float) -> None:
        """Fetch no more, and see the batch through that is here already, for `within` seconds at most."""
        self._stopping = True
        if self._waiting is not None:
            self._waiting.cancel()
            try:
                async with asyncio.timeout(within):
                    await self._ended.wait()
            except TimeoutError:
                log.warning("batch_left")

    async def stop(self) -> None:
        """Confirm what was seen through, so that it does not come again, and let another process fetch."""
        if self._offset and self.holds_lease:
            try:
                async with asyncio.timeout(_LAST):
                    await self._connection.raw_updates(self._offset, 0)
            except (TelegramError, TimeoutError) as error:
                log.warning("last_updates_not_confirmed", why=type(error).__name__)
        try:
            await self._leases.give_back(self._lease)
        except self.away as error:
            log.warning("lease_not_given_back", why=type(error).__name__)
        self._until = 0.0

    async def _keep_lease(self) -> None:
        length = self._pace.lease
        while True:
            asked = time.monotonic()
            try:
                taken = await self._leases.take(self._lease, timedelta(seconds=length))
            except self.away as error:
                self._tell("warning", "lease_not_renewed", "the store does not answer", why=type(error).__name__)
            else:
                if taken:
                    self._until = asked + length
                else:
                    self._until = 0.0
                    self._tell("info", "another_process_polls", "another process polls")
            await asyncio.sleep(length / 3)

    async def _fetch(self) -> None:
        pause = self._pace.first_pause
        while not self._stopping:
            if not self.holds_lease:
                self.problem = _STANDBY
                await asyncio.sleep(min(self._pace.lease / 10, 1.0))
                continue
            if self.problem == _STANDBY:
                self.problem = ""
            wait = await self._once(pause)
            if wait > 0:
                await asyncio.sleep(wait)
                pause = min(2 * pause, self._pace.longest_pause)
            else:
                pause = self._pace.first_pause

    async def _once(self, pause: float) -> float:
        """Fetch one batch and see it through; how long to wait before the next, usually not at all."""
        before = self._offset
        try:
            batch = await self._ask()
            if batch is None:
                return 0.0
            self.last_good = time.monotonic()
            await self._see_through(batch)
        except InvalidToken:
            self._tell("error", "token_refused", "Telegram refuses the token: set telegram.token to BotFather's")
            return self._pace.refused_pause
        except Conflict:
            self._tell("error", "another_poller", "another bot uses this token, by polling or webhook: stop it")
            return pause
        except RetryAfter as error:
            wait = error.retry_after
            return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        except TelegramError as error:
            self._tell("warning", "poll_failed", "Telegram does not answer", why=type(error).__name__)
            return pause
        except self.away as error:
            self._tell("warning", "batch_not_confirmed", "the store does not answer", why=type(error).__name__)
            return pause
        if batch and self._offset == before:
            return pause  # the same batch is to come again
        if self._told:
            log.info("polling_again")
        self.problem = self._told = ""
        return 0.0

    async def _ask(self) -> list[dict[str, Any]] | None:
        """The next batch; None where `pause` ended the wait for it."""
        waiting = asyncio.create_task(self._connection.raw_updates(self._offset, int(self._pace.poll)))
        self._waiting = waiting
        try:
            await asyncio.wait({waiting})
        finally:
            waiting.cancel()
        return None if waiting.cancelled() else waiting.result()

    async def _see_through(self, batch: list[dict[str, Any]]) -> None:
        """See a batch through and move past it, as far as it need not come again."""
        begun: list[tuple[int, asyncio.Future[bool]]] = []
        for raw in batch:
            number = raw.get("update_id")
            begun.append((number if isinstance(number, int) else 0, await self._accepted(raw)))
        for number, done in begun:
            if not await self._inbox.confirmed(number, done):
                return
            self._offset = max(self._offset, number + 1)

    async def _accepted(self, raw: Mapping[str, Any]) -> asyncio.Future[bool]:
        while True:
            try:
                return await self._inbox.accept(raw)
            except Full:
                await asyncio.sleep(0.1)

    def _tell(self, level: str, event: str, problem: str, **details: object) -> None:
        """Note what keeps updates from coming; the same trouble is logged once, and not soon again."""
        self.problem = problem
        if self._told == event:
            return
        self._told = event
        now = time.monotonic()
        if now - self._told_at.get(event, -_QUIET) >= _QUIET:
            self._told_at[event] = now
            getattr(log, level)(event, problem=problem, **details)
