"""The whole bot but for detection, made to be killed: at a given edge of one message's way it ends as SIGKILL ends it.

Run as a program by `test_discord_faults.py`: folder, REST base, gateway, token, edge, the unlucky message's text.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from tests.platforms.edges import Alarmist, Edges, arm

from safetybot.chat.registry import commands_for
from safetybot.chat.services import Services
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import make_watcher, open_runtime
from safetybot.cli.session import Session
from safetybot.config.settings import DiscordSettings
from safetybot.detection.detector import Detector
from safetybot.intake import Intake
from safetybot.model import Message
from safetybot.platforms.discord.platform import DiscordPlatform, Pace
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics
from safetybot.watcher import RecentMessages

PACE = Pace(
    send_within=5, send_again=0.02, first_pause=0.05, longest_pause=0.2, marks_every=0.05, identify_every=0,
    guilds_within=0.05,
)  # fmt: skip


async def main(folder: str, api_base: str, gateway: str, token: str, edge: str, unlucky: str) -> None:
    os.environ["SAFETYBOT_DATA_DIR"] = folder
    session = Session()
    session.detector = cast("Detector", Alarmist())
    settings = DiscordSettings(token=SecretStr(token), api_base=api_base, gateway_url=gateway)
    async with open_runtime(session) as runtime:
        metrics, recent, edges = Metrics(), RecentMessages(), Edges(edge, unlucky)
        platforms: dict[str, Any] = {}
        watcher = make_watcher(session, runtime, platforms, metrics, recent)
        services: Services = chat_services(session, runtime, recent)
        platform = DiscordPlatform(
            settings, services, commands_for(services), metrics, runtime.store.watermarks, pace=PACE
        )
        platforms[platform.name] = services.boards[platform.name] = platform
        arm(runtime, platform, edges)

        async def handle(message: Message) -> None:
            if message.text == edges.unlucky:
                edges.message = message.id
            await watcher.handle(message)

        away = (StoreError, OSError)
        intake = Intake(handle, metrics, away=away)
        platform.connect(watcher, intake, away=away)
        async with asyncio.TaskGroup() as group:
            group.create_task(intake.run())
            group.create_task(platform.run())
            group.create_task(watcher.resume(platform.name))
            group.create_task(_end_with_parent())


async def _end_with_parent() -> None:
    """A test that failed must not leave the bot behind."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.modules["safetybot.cli.chat_services"].words_of = lambda _: None  # type: ignore[attr-defined]
    Path(sys.argv[1]).mkdir(exist_ok=True)
    asyncio.run(main(*sys.argv[1:]))
