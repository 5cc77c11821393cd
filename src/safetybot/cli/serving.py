"""The chat platforms of one process, side by side: started together, each restarted alone, stopped without loss.

Lives here: which platforms the settings ask for, their queues, the order of a stop. Does not live here: any platform,
and what else a running bot does (`run.py`). A platform's library is loaded only where the platform is wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from safetybot.chat.commands import Commands
from safetybot.chat.services import Board, Services
from safetybot.cli.lean import without
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.intake import Intake
from safetybot.platforms.telegram.limits import Limit as TelegramLimit
from safetybot.ports import Platform
from safetybot.store.chats import Budgets, Limit
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics
from safetybot.watcher import Watcher

log = structlog.get_logger(__name__)

STORE_AWAY = (StoreError, SQLAlchemyError, OSError)
"""What handling a message raises while the store cannot be reached."""
_RESUME = 60.0
_RESTART = 30.0


class ChatPlatform(Platform, Board, Protocol):
    """A platform that serves people, as far as running it goes."""

    @property
    def name(self) -> str:
        """The `platform` of its places."""
        ...

    def connect(self, watcher: Watcher, intake: Intake, *, away: tuple[type[BaseException], ...]) -> None:
        """Hand over what takes messages; called once, before `run`. `away` is what the store raises while it is."""
        ...

    async def run(self) -> None:
        """Serve until cancelled; whatever the network does is mended inside."""
        ...

    async def reachable(self) -> None:
        """Wait until the platform let the bot in: before that nothing can be sent or looked for."""
        ...

    async def stop(self) -> None:
        """Take nothing in any more, see through what was taken in, for 8 seconds at most, then disconnect.

        Orchestrators kill after ten.
        """
        ...

    def health(self) -> Mapping[str, object]:
        """How it fares, for `doctor` and the status page."""
        ...


@dataclass(frozen=True, slots=True)
class Around:
    """What a platform is built from."""

    session: Session
    runtime: Runtime
    services: Services
    commands: Commands
    metrics: Metrics


Builder = Callable[[Around], ChatPlatform]


def wanted_platforms(session: Session) -> dict[str, Builder]:
    """A builder for each platform that the settings have a token for."""
    return {name: build for name, (asked, build) in _BUILDERS.items() if asked(session)}


class Serving:
    """Runs platforms until told to stop."""

    def __init__(self, platforms: Sequence[ChatPlatform], watcher: Watcher, metrics: Metrics) -> None:
        """Give each platform its own queue, so that a flood on one never holds up another."""
        self._platforms, self._watcher = platforms, watcher
        self._intakes = {one.name: Intake(watcher.handle, metrics, away=STORE_AWAY) for one in platforms}
        for platform in platforms:
            platform.connect(watcher, self._intakes[platform.name], away=STORE_AWAY)

    def health(self) -> dict[str, Mapping[str, object]]:
        """How each platform fares, and how many of its messages wait."""
        return {one.name: {**one.health(), "waiting": self._intakes[one.name].waiting} for one in self._platforms}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then see through what was taken in."""
        work = [asyncio.create_task(intake.run(), name=f"{name}-intake") for name, intake in self._intakes.items()]
        serving = [asyncio.create_task(self._serve(one), name=one.name) for one in self._platforms]
        resuming = [asyncio.create_task(self._resume(one), name=f"{one.name}-resume") for one in self._platforms]
        try:
            await stop.wait()
            await asyncio.gather(*(one.stop() for one in self._platforms))
        finally:
            for task in (*serving, *resuming, *work):
                task.cancel()
            await asyncio.gather(*serving, *resuming, *work, return_exceptions=True)

    async def _serve(self, platform: ChatPlatform) -> None:
        """A fault of ours ends a platform's run; it begins anew, and the other platform never notices."""
        while True:
            try:
                await platform.run()
            except Exception:  # told in full; the alternative is a silent bot
                log.exception("platform_failed", platform=platform.name, again_in=_RESTART)
            await asyncio.sleep(_RESTART)

    async def _resume(self, platform: ChatPlatform) -> None:
        """Finish what a dead process left: at the start, and again for replicas on other machines that went silent."""
        while True:
            await platform.reachable()
            try:
                resumed = await self._watcher.resume(platform.name)
            except STORE_AWAY as error:
                log.warning("resume_failed", platform=platform.name, why=type(error).__name__)
            else:
                if resumed:
                    log.info("resumed", platform=platform.name, replies=resumed)
            await asyncio.sleep(_RESUME)


def _discord(around: Around) -> ChatPlatform:
    from safetybot.platforms.discord.platform import DiscordPlatform  # loading it takes time and memory

    settings, watermarks = around.session.settings.discord, around.runtime.store.watermarks
    return DiscordPlatform(settings, around.services, around.commands, around.metrics, watermarks)


class SharedLimits:
    """The store's budgets as Telegram's limits ask for them; neither room may know the other."""

    def __init__(self, budgets: Budgets) -> None:
        """Use the store's."""
        self._budgets = budgets

    async def take(self, limits: Sequence[TelegramLimit]) -> timedelta:
        """Take one send from every limit, or none: zero, or how long to wait."""
        return await self._budgets.take([Limit(limit.name, limit.every, limit.burst) for limit in limits])

    async def hold(self, name: str, until: datetime) -> None:
        """Nothing more under `name` before `until`."""
        await self._budgets.hold(name, until)


def _telegram(around: Around) -> ChatPlatform:
    with without("cryptography", "httpx._main"):  # for passports and for a command line: 9 MiB
        from safetybot.platforms.telegram.platform import TelegramPlatform  # as above

    store = around.runtime.store
    return TelegramPlatform(
        around.session.settings.telegram, around.services, around.commands, around.metrics,
        budgets=SharedLimits(store.budgets), moves=store.moves, leases=store.leases, clock=around.runtime.clock,
    )  # fmt: skip


_BUILDERS: dict[str, tuple[Callable[[Session], bool], Builder]] = {
    "discord": (lambda session: bool(session.settings.discord.token.get_secret_value()), _discord),
    "telegram": (lambda session: bool(session.settings.telegram.token.get_secret_value()), _telegram),
}
