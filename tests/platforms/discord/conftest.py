"""The whole bot against the loopback Discord: real discord.py, real store, real detection; nothing is mocked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.emulators.discord import Channel, Guild, LoopbackDiscord, Member

from safetybot.chat.registry import commands_for
from safetybot.chat.services import Services
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import Runtime, make_watcher, open_runtime
from safetybot.cli.session import Session
from safetybot.config.settings import DiscordSettings
from safetybot.detection.detector import Detector
from safetybot.intake import Intake
from safetybot.model import Interaction
from safetybot.platforms.discord.platform import DiscordPlatform, Pace
from safetybot.responses import ResponseLibrary
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics
from safetybot.watcher import Watcher

QUICK = Pace(
    send_within=20.0, send_again=0.02, first_pause=0.05, longest_pause=0.2, refused_pause=0.3, marks_every=0.2,
    reactions_every=0.05, identify_every=0.0, guilds_within=0.05, circuit=0.6,
)  # fmt: skip


@cache
def packaged() -> tuple[Detector, ResponseLibrary]:
    """Read once: it takes longer than most tests."""
    session = Session()
    return session.detector, session.library


@dataclass
class Bot:
    """A running bot and its parts."""

    platform: DiscordPlatform
    services: Services
    watcher: Watcher
    intake: Intake
    runtime: Runtime
    metrics: Metrics
    task: asyncio.Task[None]

    async def log(self) -> list[Interaction]:
        """The interactions, oldest first."""
        return sorted(await self.runtime.store.list_interactions(limit=10_000), key=lambda row: row.id)

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        async with asyncio.timeout(20):
            while not self.platform.inbox.caught_up or self.intake.waiting:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await self.intake.drained(10)
            await self.platform.inbox.forgotten()


Running = Callable[..., AbstractAsyncContextManager[Bot]]


@pytest.fixture
async def discord() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
def guild(discord: LoopbackDiscord) -> Guild:
    return discord.add_guild("A community")


@pytest.fixture
def general(guild: Guild) -> Channel:
    return guild.add_channel("general")


@pytest.fixture
def alerts(guild: Guild, general: Channel) -> Channel:  # comes after the channel in which people talk
    return guild.add_channel("alerts")


@pytest.fixture
def member(guild: Guild) -> Member:
    return guild.add_member("member one")


@pytest.fixture
def moderator(guild: Guild) -> Member:
    return guild.add_member("moderator", guild.add_role("mods", "manage_messages"))


@pytest.fixture
def admin(guild: Guild) -> Member:
    return guild.add_member("admin", guild.add_role("admins", "manage_guild"))


@pytest.fixture
def running(discord: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Starts the bot: `async with running() as bot`. A second start is a restart: the store is the same file."""
    monkeypatch.setenv("SAFETYBOT_DATA_DIR", str(tmp_path / "data"))
    for concern in ("MENTION", "SUPPLY", "DIY", "ADVERSE"):
        for whose in ("CHANNEL", "AUTHOR"):
            monkeypatch.setenv(f"SAFETYBOT_POLICY__{concern}__{whose}_COOLDOWN", "0s")

    @asynccontextmanager
    async def run(*, wait: bool = True, pace: Pace = QUICK, **settings: Any) -> AsyncIterator[Bot]:
        session = Session()
        session.detector, session.library = packaged()
        wanted = {
            "token": SecretStr(discord.token), "api_base": discord.api_base, "gateway_url": discord.gateway_url,
            "look_back": timedelta(minutes=10), **settings,
        }  # fmt: skip
        async with open_runtime(session) as runtime:
            metrics = Metrics()
            platforms: dict[str, Any] = {}
            watcher = make_watcher(session, runtime, platforms, metrics)
            services = chat_services(session, runtime, watcher.recent)
            commands = commands_for(services)
            platform = DiscordPlatform(
                DiscordSettings(**wanted), services, commands, metrics, runtime.store.watermarks, pace=pace
            )
            platforms[platform.name] = services.boards[platform.name] = platform
            away = (StoreError, OSError)
            intake = Intake(watcher.handle, metrics, away=away)
            platform.connect(watcher, intake, away=away)
            working = asyncio.create_task(intake.run())
            task = asyncio.create_task(platform.run())
            try:
                if wait:
                    await connected(platform)
                await watcher.resume(platform.name)
                yield Bot(platform, services, watcher, intake, runtime, metrics, task)
            finally:
                task.cancel()
                working.cancel()
                await asyncio.gather(task, working, return_exceptions=True)

    return run


async def connected(platform: DiscordPlatform) -> None:
    """Wait until the platform is connected and has looked back."""
    async with asyncio.timeout(10):
        while not (platform.connected and platform.inbox.caught_up):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
