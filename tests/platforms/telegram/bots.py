"""The whole bot on a loopback Telegram: the real library, store, detector and texts; only the people are played."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from io import StringIO
from pathlib import Path

from tests.emulators.telegram import LoopbackTelegram

from safetybot.chat.commands import Commands
from safetybot.chat.registry import commands_for
from safetybot.chat.services import Services
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import Runtime, make_watcher, open_runtime
from safetybot.cli.serving import Serving, SharedLimits
from safetybot.cli.session import Session
from safetybot.config.settings import TelegramSettings
from safetybot.detection.detector import Detector
from safetybot.model import Interaction, InteractionState
from safetybot.platforms.telegram.inbox import WebhookPace
from safetybot.platforms.telegram.limits import Limit, Rates
from safetybot.platforms.telegram.platform import Pace, TelegramPlatform
from safetybot.platforms.telegram.polling import Leases, PollPace
from safetybot.responses import ResponseLibrary
from safetybot.telemetry import Metrics
from safetybot.watcher import RecentMessages

DIY = "I bought a hyaluron pen and injected lip filler myself at home"
HARMLESS = "my cat slept all day"
SECRET = "a-secret-of-enough-letters"

HURRY = Pace(
    poll=PollPace(poll=5.0, lease=1.5, first_pause=0.05, longest_pause=0.2, refused_pause=0.3),
    webhook=WebhookPace(commit_within=3.0, retry_after=1),
    first_pause=0.05,
    longest_pause=0.2,
    send_within=5.0,
)
"""As in earnest, with shorter waits."""


@cache
def packaged() -> tuple[Detector, ResponseLibrary]:
    session = Session()
    return session.detector, session.library


class Logs:
    """What the bot wrote into its logs, as an operator would read it."""

    def __init__(self, stream: StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def count(self, event: str) -> int:
        return sum(event in line.split() for line in self.text.splitlines())


@dataclass
class Running:
    """A bot at work."""

    platform: TelegramPlatform
    services: Services
    runtime: Runtime
    metrics: Metrics
    commands: Commands
    limits: SharedLimits
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        self.stopping.set()
        if self.task is not None:
            await self.task

    async def log(self) -> list[Interaction]:
        """Every interaction, oldest first, once none is on its way any more."""
        on_its_way = (InteractionState.PLANNED, InteractionState.SENDING)
        async with asyncio.timeout(10):
            while any(one.state in on_its_way for one in await self._rows()):  # noqa: ASYNC110  # it is asked, not told
                await asyncio.sleep(0.02)
        return await self._rows()

    async def _rows(self) -> list[Interaction]:
        return sorted(await self.runtime.store.list_interactions(limit=10_000), key=lambda one: one.id)


class Bots:
    """Starts bots; all of one test share the folder of their store unless told otherwise."""

    def __init__(self, telegram: LoopbackTelegram, folder: Path, stack: AsyncExitStack) -> None:
        self.telegram, self.folder, self._stack = telegram, folder, stack
        self.running: list[Running] = []

    async def start(
        self, *, pace: Pace = HURRY, webhook_port: int = 0, late_after: str = "5m", well: bool = True,
        token: str = "", webhook: bool = False, leases: Leases | None = None,
    ) -> Running:  # fmt: skip
        session = Session()
        session.detector, session.library = packaged()
        settings = TelegramSettings.model_validate(
            {
                "token": token or self.telegram.token, "base_url": self.telegram.base_url, "late_after": late_after,
                "webhook_port": webhook_port, "webhook_secret": SECRET if webhook else "",
                "webhook_url": f"http://127.0.0.1:{webhook_port}/telegram" if webhook else "",
            }
        )  # fmt: skip
        runtime = await self._stack.enter_async_context(open_runtime(session))
        recent = RecentMessages()
        services = chat_services(session, runtime, recent)
        metrics = Metrics()
        store = runtime.store
        commands, limits = commands_for(services), SharedLimits(store.budgets)
        platform = TelegramPlatform(
            settings, services, commands, metrics, budgets=limits, moves=store.moves, leases=leases or store.leases,
            clock=runtime.clock, pace=pace,
        )  # fmt: skip
        services.boards["telegram"] = platform
        watcher = make_watcher(session, runtime, {"telegram": platform}, metrics, recent)
        running = Running(platform, services, runtime, metrics, commands, limits)
        running.task = asyncio.create_task(Serving([platform], watcher, metrics).run(running.stopping))
        self.running.append(running)
        if well and webhook:
            await self.telegram.until(lambda: not platform.health()["problem"], 10, "the webhook")
        elif well:
            await self.telegram.until(lambda: self.telegram.is_polled, 10, "the first poll")
        return running

    async def stop(self) -> None:
        for running in self.running:
            await running.stop()


def unlimited() -> Rates:
    """No limits to speak of, for tests of something else."""
    least = timedelta(microseconds=1)
    return Rates(Limit("chat", least), Limit("group", least), Limit("all", least))
