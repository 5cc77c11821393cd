"""Delivery by webhook: per lane in order, lanes side by side, retried until accepted.

Rules T25–T27: at most `max_connections` posts at once, one in flight per chat, a refusal delays only its own
chat, with a growing pause or the `Retry-After` that the bot's server named; 410 for 23 hours ends the webhook.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from .clock import Clock
from .updates import Update, UpdateQueue
from .world import Json

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_LONGEST_RETRY_AFTER = 3600
_GONE_AFTER = 23 * 3600
_POST_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What setWebhook asked for."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    ip_address: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try at one update: where, what came back (`status` 0: no answer), when it ended."""

    url: str
    update_id: int
    lane: tuple[str, int]
    status: int
    at: float


@dataclass(eq=False, slots=True)
class _Lane:
    waiting: deque[Update] = field(default_factory=deque)
    pause: float = 0.0


class WebhookSender:
    """Posts queued updates to the bot's server while a webhook is set.

    Attributes:
        settings: The active webhook, or `None`.
        mirrors: Further URLs that get every update too, as two replicas behind one address would after a lost
            answer.
        deliveries: All tries, oldest first.
        on_reply: Called with a method that the bot's server put into its answer.
    """

    def __init__(self, clock: Clock, queue: UpdateQueue) -> None:
        self._clock = clock
        self._queue = queue
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(1)
        self._session: aiohttp.ClientSession | None = None
        self._first_gone: float | None = None
        self.settings: WebhookSettings | None = None
        self.mirrors: list[str] = []
        self.deliveries: list[Delivery] = []
        self.last_error: tuple[int, str] | None = None
        self.on_reply: Callable[[Json], Awaitable[None]] | None = None
        queue.on_new = self._enqueue

    async def set(self, settings: WebhookSettings) -> None:
        """Start delivering to a URL, beginning with what waits."""
        await self.stop()
        self.settings = settings
        self.last_error = None
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=_POST_TIMEOUT)
        )
        for update in self._queue.waiting:
            self._enqueue(update)

    async def stop(self) -> None:
        """End delivery; what was not accepted stays queued."""
        self.settings = None
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _enqueue(self, update: Update) -> None:
        if self.settings is None:
            return
        lane = self._lanes.get(update.lane)
        if lane is None:
            lane = self._lanes[update.lane] = _Lane()
            task = asyncio.get_running_loop().create_task(self._run(update.lane, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        lane.waiting.append(update)

    async def _run(self, key: tuple[str, int], lane: _Lane) -> None:
        """Empty one lane, one post at a time."""
        while lane.waiting:
            update = lane.waiting[0]
            if update.gone:
                lane.waiting.popleft()  # aged out, or dropped
                continue
            async with self._slots:
                accepted = await self._deliver(update, lane)
            if self.settings is None:
                return
            if accepted:
                lane.pause = 0.0
                if self._queue.take_repeat():
                    continue
                lane.waiting.popleft()
                self._queue.remove(update)
            else:
                await self._clock.sleep_until(self._clock.now() + lane.pause)
        del self._lanes[key]

    async def _deliver(self, update: Update, lane: _Lane) -> bool:
        settings = self.settings
        if settings is None:
            return False
        urls = [settings.url, *self.mirrors]
        outcomes = await asyncio.gather(*(self._post(url, settings.secret_token, update) for url in urls))
        accepted = True
        for status, retry_after in outcomes:
            if not 200 <= status < 300:
                accepted = False
                lane.pause = self._pause_after(lane.pause, retry_after)
        return accepted

    def _pause_after(self, pause: float, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(retry_after, _LONGEST_RETRY_AFTER)
        return min(max(1.0, pause * 2), random.uniform(60, 120))

    async def _post(self, url: str, secret: str, update: Update) -> tuple[int, float | None]:
        """One POST: its status (0 without an answer) and the `Retry-After` of a refusal."""
        if self._session is None:
            return 0, None
        headers = {"Content-Type": "application/json"}
        if secret:
            headers[SECRET_HEADER] = secret
        status, retry_after, reply = 0, None, b""
        try:
            async with self._session.post(url, data=json.dumps(update.body), headers=headers) as response:
                status = response.status
                reply = await response.read()
                retry_after = _seconds(response.headers.get("Retry-After"))
            error = f"Wrong response from the webhook: {status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as problem:
            error = f"Connection failed: {type(problem).__name__}"
        self.deliveries.append(Delivery(url, update.id, update.lane, status, self._clock.now()))
        if not 200 <= status < 300:
            self.last_error = (self._clock.stamp(), error)
        await self._after(status, reply)
        return status, retry_after

    async def _after(self, status: int, reply: bytes) -> None:
        now = self._clock.now()
        if status != 410:
            self._first_gone = None
        elif self._first_gone is None:
            self._first_gone = now
        elif now - self._first_gone >= _GONE_AFTER:
            self.settings = None
        if 200 <= status < 300 and reply.startswith(b"{") and self.on_reply is not None:
            try:
                method = json.loads(reply)
            except ValueError:
                return
            if "method" in method:
                await self.on_reply(method)


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdigit() else None
