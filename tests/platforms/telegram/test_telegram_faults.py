"""Never two replies, whatever dies, floods or lies; what is missed is missed as promised, and known (DESIGN law 6).

The figures of each test are in its report: `pytest -rP`, or the properties of a JUnit file.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.emulators.telegram import FloodLimits, LoopbackTelegram
from tests.emulators.telegram.world import Message
from tests.platforms.telegram.bots import DIY, HARMLESS, HURRY, Bots, Logs, unlimited
from tests.platforms.telegram.test_telegram_limits import FAST
from tests.platforms.telegram.test_telegram_webhook import free_port

from safetybot.cli.runtime import SystemClock
from safetybot.cli.session import Session
from safetybot.model import InteractionState
from safetybot.store.keys import Excerpts, read_or_create_key
from safetybot.store.store import SqlStore, open_store

EDGES = {
    "before claim": (1, InteractionState.SENT),
    "after claim": (1, InteractionState.SENT),
    "before sending": (1, InteractionState.SENT),
    "after sending": (0, InteractionState.UNKNOWN),
    "after the reply": (1, InteractionState.UNKNOWN),
    "before sent": (1, InteractionState.UNKNOWN),
    "after sent": (1, InteractionState.SENT),
}
"""Where a process dies, how many replies stand in the end, and what the log says of it."""
CRASHING = "tests.platforms.telegram.crashing_telegram_bot"
ROOT = Path(__file__).parents[3]

Report = Callable[[str, object], None]


@pytest.fixture
def report(record_property: Report, capsys: pytest.CaptureFixture[str]) -> Report:
    def tell(what: str, figure: object) -> None:
        record_property(what, figure)
        sys.stdout.write(f"{what}: {figure}\n")

    return tell


class Crashing:
    """A bot that dies where it is told to, and is started anew."""

    def __init__(self, telegram: LoopbackTelegram, process: asyncio.subprocess.Process, *, posts: bool) -> None:
        self._telegram, self._process, self._posts = telegram, process, posts

    async def start(self, edge: str, unlucky: str = "") -> None:
        webhooks = len(self._telegram.requests_of("setWebhook"))
        polls = len(self._telegram.requests_of("deleteWebhook"))
        assert self._process.stdin is not None
        self._process.stdin.write(f"{edge}\t{unlucky}\n".encode())
        if self._posts:
            await self._telegram.until(lambda: len(self._telegram.requests_of("setWebhook")) > webhooks, 30, "a start")
        else:
            await self._telegram.until(lambda: len(self._telegram.requests_of("deleteWebhook")) > polls, 30, "a start")

    async def ended(self) -> int:
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            return int(await self._process.stdout.readline())


@asynccontextmanager
async def crashing(telegram: LoopbackTelegram, folder: Path, port: int) -> AsyncIterator[Crashing]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CRASHING, str(folder), telegram.base_url, telegram.token, str(port), cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield Crashing(telegram, process, posts=bool(port))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


@asynccontextmanager
async def store_of(folder: Path) -> AsyncIterator[SqlStore]:
    excerpts = Excerpts(read_or_create_key(folder / "excerpt.key"), folder / "excerpt.key")
    url, defaults = f"sqlite+aiosqlite:///{folder / 'safetybot.sqlite3'}", Session().settings.default_policy()
    async with open_store(url, clock=SystemClock(), defaults=defaults, excerpts=excerpts) as store:
        yield store


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_process_killed_at_any_edge_never_makes_two_replies(
    telegram: LoopbackTelegram, tmp_path: Path, mode: str, report: Report
) -> None:
    port = free_port() if mode == "webhook" else 0
    group = telegram.add_supergroup()
    member = telegram.add_user()
    said: dict[str, Message] = {}
    async with crashing(telegram, tmp_path, port) as bot:
        for edge in EDGES:
            await bot.start(edge, f"I inject, {edge}")
            # What the one before left is mended first, or it would be killed on its way too.
            for earlier, message in said.items():
                if EDGES[earlier][0]:
                    await telegram.answer_to(message, 20)
            said[edge] = await member.says(group, f"I inject, {edge}")
            assert await bot.ended() == -signal.SIGKILL
        await bot.start("none")
        await telegram.answer_to(await member.says(group, "I inject at last"), 20)
        await telegram.until(lambda: not telegram.pending_updates, 20, "all updates to be confirmed")
        await asyncio.sleep(0.3)
    async with store_of(tmp_path) as store:
        rows = {row.message_id: row for row in await store.list_interactions()}
    replies = Counter(one.reply_to.message_id for one in group.from_bot() if one.reply_to is not None)
    for edge, (number, state) in EDGES.items():
        found = replies[said[edge].message_id], rows[str(said[edge].message_id)].state
        report(f"{mode}, killed {edge}", f"{found[0]} replies, {found[1].value}")
        assert found == (number, state), edge


@pytest.mark.parametrize("telegram", [{"limits": FloodLimits(), "clock_scale": 10.0}], indirect=True)
async def test_a_flood_in_sixty_chats_is_answered_once_each_and_fairly(
    bots: Bots, telegram: LoopbackTelegram, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETYBOT_POLICY__DIY__CHANNEL_COOLDOWN", "1h")
    bot = await bots.start(pace=replace(HURRY, rates=FAST))
    groups = [telegram.add_supergroup(f"group {number}") for number in range(60)]
    member = telegram.add_user()
    began = time.monotonic()
    for number in range(84):
        for group in groups:
            await member.says(group, DIY if number % 5 == 0 else HARMLESS)
    await telegram.until(lambda: not telegram.pending_updates, 90, "all updates to be confirmed")
    rows = await bot.log()
    states = Counter(row.state for row in rows)
    took = time.monotonic() - began
    report("messages seen through per second", round(60 * 84 / took))
    report("replies", states[InteractionState.SENT])
    report("refused by Telegram's limits", telegram.floods_refused)
    assert [len(group.from_bot()) for group in groups] == [1] * 60
    assert states[InteractionState.SENT] == 60
    assert states[InteractionState.UNKNOWN] == 0


async def test_a_storm_of_429s_makes_no_second_reply_and_loses_none(
    bots: Bots, telegram: LoopbackTelegram, report: Report
) -> None:
    bot = await bots.start(pace=replace(HURRY, rates=unlimited()))
    groups = [telegram.add_supergroup() for _ in range(12)]
    member = telegram.add_user()
    telegram.flood("sendMessage", 1, times=18)
    for group in groups:
        await member.says(group, DIY)
    for group in groups:
        await telegram.bot_message(group, 1, 20)
    report("429s", sum(request.status == 429 for request in telegram.requests_of("sendMessage")))
    assert [len(group.from_bot()) for group in groups] == [1] * 12
    assert {row.state for row in await bot.log()} == {InteractionState.SENT}


async def test_lost_answers_of_sends_are_known_and_counted(
    bots: Bots, telegram: LoopbackTelegram, report: Report
) -> None:
    bot = await bots.start(pace=replace(HURRY, rates=unlimited()))
    group = telegram.add_supergroup()
    member = telegram.add_user()
    telegram.drop_connections(3, "sendMessage", after_effect=True)
    telegram.fail("sendMessage", 502, 3)
    for number in range(10):
        await member.says(group, f"{DIY}, number {number}")
    await telegram.until(lambda: not telegram.pending_updates, 10, "all updates to be confirmed")
    async with asyncio.timeout(10):
        while len(rows := await bot.log()) < 10:  # noqa: ASYNC110  # it is asked, not told
            await asyncio.sleep(0.05)
    states = Counter(row.state for row in rows)
    report("states", {state.value: number for state, number in states.items()})
    answered = Counter(one.reply_to.message_id for one in group.from_bot() if one.reply_to is not None)
    assert max(answered.values()) == 1
    assert states == {InteractionState.SENT: 4, InteractionState.UNKNOWN: 6}
    assert 'safetybot_interactions_total{platform="telegram",state="unknown"} 6.0' in bot.metrics.exposition().decode()


class Sleepwalker:
    """What no lease prevents: a machine that was asleep, and goes on in the belief that it still holds one."""

    async def take(self, name: str, length: timedelta) -> bool:
        return True

    async def give_back(self, name: str) -> None:
        return None


async def test_two_pollers_that_both_believe_they_may_answer_once(
    bots: Bots, telegram: LoopbackTelegram, logs: Logs, report: Report
) -> None:
    await bots.start()
    await bots.start(leases=Sleepwalker())
    await telegram.until(lambda: logs.count("another_poller") > 0, 20, "the two to meet")
    group = telegram.add_supergroup()
    member = telegram.add_user()
    asked = []
    for number in range(6):
        asked.append(await member.says(group, f"{DIY}, number {number}"))
        await asyncio.sleep(0.1)
    for one in asked:
        await telegram.answer_to(one, 20)
    assert len(group.from_bot()) == 6
    report("conflicts told", logs.count("another_poller"))
    assert logs.count("another_poller") <= 2  # each of the two tells it once
