"""The whole bot but for detection, made to be killed: at a given edge of one message's way it ends as SIGKILL ends it.

Run as a program by `test_telegram_faults.py`: folder, base URL, token, webhook port (0: polling). For every line that
it reads, an edge and the unlucky message's text with a tab between, it forks a bot, and says how that ended: so the
libraries are loaded once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any, cast

from tests.platforms.edges import Alarmist, Edges, arm

from safetybot.chat.registry import commands_for
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import make_watcher, open_runtime
from safetybot.cli.serving import STORE_AWAY, SharedLimits
from safetybot.cli.session import Session
from safetybot.config.settings import TelegramSettings
from safetybot.detection.detector import Detector
from safetybot.intake import Intake
from safetybot.model import Message
from safetybot.platforms.telegram.inbox import WebhookPace
from safetybot.platforms.telegram.platform import Pace, TelegramPlatform
from safetybot.platforms.telegram.polling import PollPace
from safetybot.telemetry import Metrics, set_up_logging
from safetybot.watcher import RecentMessages

PACE = Pace(
    poll=PollPace(poll=5.0, lease=1.5, first_pause=0.05, longest_pause=0.2),
    webhook=WebhookPace(commit_within=3.0, retry_after=1),
    first_pause=0.05,
    longest_pause=0.2,
)


async def main(session: Session, base_url: str, token: str, port: str, edge: str, unlucky: str) -> None:
    webhook = port != "0"
    settings = TelegramSettings.model_validate(
        {
            "token": token, "base_url": base_url, "webhook_port": int(port),
            "webhook_url": f"http://127.0.0.1:{port}/telegram" if webhook else "",
            "webhook_secret": "a-secret-of-enough-letters" if webhook else "",
        }
    )  # fmt: skip
    async with open_runtime(session) as runtime:
        metrics, recent, edges = Metrics(), RecentMessages(), Edges(edge, unlucky)
        platforms: dict[str, Any] = {}
        watcher = make_watcher(session, runtime, platforms, metrics, recent)
        services = chat_services(session, runtime, recent)
        store = runtime.store
        platform = TelegramPlatform(
            settings, services, commands_for(services), metrics, budgets=SharedLimits(store.budgets),
            moves=store.moves, leases=store.leases, clock=runtime.clock, pace=PACE,
        )  # fmt: skip
        platforms[platform.name] = services.boards[platform.name] = platform
        arm(runtime, platform, edges)

        async def handle(message: Message) -> None:
            if message.text == edges.unlucky:
                edges.message = message.id
            await watcher.handle(message)

        intake = Intake(handle, metrics, away=STORE_AWAY)
        platform.connect(watcher, intake, away=STORE_AWAY)
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


def launch(folder: str, base_url: str, token: str, port: str) -> None:
    set_up_logging("error")  # to standard error: standard output says how bots ended
    sys.modules["safetybot.cli.chat_services"].words_of = lambda _: None  # type: ignore[attr-defined]
    os.environ["SAFETYBOT_DATA_DIR"] = folder
    for cooldown in ("CHANNEL_COOLDOWN", "AUTHOR_COOLDOWN"):
        os.environ[f"SAFETYBOT_POLICY__DIY__{cooldown}"] = "0s"
    session = Session()
    session.detector = cast("Detector", Alarmist())
    assert session.library.languages  # read before the first fork
    for line in sys.stdin:
        edge, unlucky = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            asyncio.run(main(session, base_url, token, port, edge, unlucky))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    launch(*sys.argv[1:])
