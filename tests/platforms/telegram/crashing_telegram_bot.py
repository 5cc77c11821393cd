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
from collections.abc import Sequence
from typing import Any, cast

from safetybot.chat.registry import commands_for
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import Runtime, make_watcher, open_runtime
from safetybot.cli.serving import STORE_AWAY, SharedLimits
from safetybot.cli.session import Session
from safetybot.config.settings import TelegramSettings
from safetybot.detection.detector import Detector
from safetybot.intake import Intake
from safetybot.model import Assessment, Concern, InteractionState, Message, NewInteraction, Response, ThreadLine
from safetybot.platforms.telegram.platform import Pace, TelegramPlatform
from safetybot.platforms.telegram.polling import PollPace
from safetybot.platforms.telegram.webhook import WebhookPace
from safetybot.ports import Claim, Cooldowns, Receipt
from safetybot.telemetry import Metrics, set_up_logging
from safetybot.watcher import RecentMessages

PACE = Pace(
    poll=PollPace(poll=5.0, lease=1.5, first_pause=0.05, longest_pause=0.2),
    webhook=WebhookPace(commit_within=3.0, retry_after=1),
    first_pause=0.05,
    longest_pause=0.2,
)


class Alarmist:
    """Finds a concern in every message that speaks of injecting: reading well is not what is tried here."""

    def assess(self, message: Message, thread: Sequence[ThreadLine] = (), own: object = None) -> Assessment:
        return Assessment(Concern.DIY if "inject" in message.text else None, 1.0, "en")


class Edges:
    """Where the process dies: on the way of the message with this text, or of its row."""

    def __init__(self, edge: str, unlucky: str) -> None:
        self.edge, self.unlucky = edge, unlucky
        self.message = ""
        self.row = -1

    def reach(self, edge: str, *, of: bool) -> None:
        if of and edge == self.edge:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(runtime: Runtime, platform: TelegramPlatform, edges: Edges) -> None:
    """Put the edges around what the Watcher calls."""
    store = runtime.store
    claim, advance, reply = store.claim, store.advance, platform.reply

    async def claims(new: NewInteraction, cooldowns: Cooldowns | None) -> Claim:
        mine = new.message_id == edges.message
        edges.reach("before claim", of=mine)
        made = await claim(new, cooldowns)
        if mine:
            edges.row = made.interaction_id
        edges.reach("after claim", of=mine)
        return made

    async def advances(row: int, to: InteractionState, **more: Any) -> bool:
        edges.reach(f"before {to.value}", of=row == edges.row)
        done = await advance(row, to, **more)
        edges.reach(f"after {to.value}", of=row == edges.row)
        return done

    async def replies(to: Message, response: Response, row: int, key: str) -> Receipt:
        receipt = await reply(to, response, row, key)
        edges.reach("after the reply", of=row == edges.row)
        return receipt

    store.claim = claims  # type: ignore[method-assign]
    store.advance = advances  # type: ignore[assignment,method-assign]
    platform.reply = replies  # type: ignore[assignment,method-assign]


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
