"""Faults by the dozen, under load: never two replies to one message, and none missing within the look-back window.

The figures are printed with `-s`, or where a test fails.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.emulators.discord import Channel, Guild, LoopbackDiscord, Member

from safetybot.model import InteractionState

PROGRAM = "tests.platforms.discord.crashing_discord_bot"
ROOT = Path(__file__).parents[3]
CONCERN = "I want to inject mesotherapy into my face at home, where do I start? Number {}"
QUIET = "my cat slept {} hours today"
CUTS = 50

Running = Callable[..., Any]


@dataclass
class Crowd:
    """Members who write in several channels, and what each of them is owed."""

    channels: list[Channel]
    members: list[Member]
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    owed: dict[int, Channel] = field(default_factory=dict)
    written: int = 0

    async def writes(self, count: int = 1, *, share: float = 0.4) -> None:
        for _ in range(count):
            channel, member = self.dice.choice(self.channels), self.dice.choice(self.members)
            concern = self.dice.random() < share
            self.written += 1
            message = await member.says(channel, (CONCERN if concern else QUIET).format(self.written))
            if concern:
                self.owed[message.id] = channel

    @property
    def answers(self) -> Counter[int | None]:
        return Counter(message.reply_to for channel in self.channels for message in channel.bot_messages)

    async def served(self, discord: LoopbackDiscord, *, within: float = 30.0) -> None:
        """Wait until everybody who is owed an answer has one."""
        await discord.until(lambda: self.answers.keys() >= self.owed.keys(), within=within, what="an answer to all")

    def figures(self, **more: object) -> str:
        answers = self.answers
        twice = sum(count > 1 for count in answers.values())
        missing = len(self.owed.keys() - answers.keys())
        extra = len(answers.keys() - self.owed.keys())
        told = {"messages": self.written, "owed": len(self.owed), "answered": len(answers), "twice": twice}
        return ", ".join(f"{k} {v}" for k, v in {**told, "missing": missing, "unasked": extra, **more}.items())

    def check(self) -> None:
        """Each who is owed an answer has one, nobody has two, and nobody else has any."""
        assert self.answers == Counter(self.owed.keys()), self.figures()


@pytest.fixture
def guild(discord: LoopbackDiscord) -> Guild:
    discord.limits.lift()
    guild = discord.add_guild("A community")
    guild.bot.record.joined_at = datetime.now(UTC) - timedelta(days=1)
    return guild


@pytest.fixture
def crowd(guild: Guild) -> Crowd:
    channels = [guild.add_channel(f"channel-{n}") for n in range(5)]
    channels.append(guild.add_thread(channels[0], "a thread"))
    return Crowd(channels, [guild.add_member(f"member {n}") for n in range(8)])


async def test_a_gateway_cut_at_fifty_points_under_load(
    running: Running, discord: LoopbackDiscord, crowd: Crowd
) -> None:
    """Resumed, begun anew, ended by a payload; while answers to sends and to reading back are lost as well."""
    kinds: Counter[str] = Counter()
    began = time.monotonic()
    # Else every client's end is drawn with its whole traceback, which takes longer than the test.
    with capture_logs():
        async with running() as bot:
            for _ in range(CUTS):
                # A cut counts only where there is a connection; what is written meanwhile comes while it is away.
                await crowd.writes(crowd.dice.randint(0, 4))
                if crowd.dice.random() < 0.2:
                    discord.drop_rest(1, path="/messages$", carried_out=crowd.dice.random() < 0.5)
                await discord.connected(within=20)
                await crowd.writes(crowd.dice.randint(1, 6))
                await asyncio.sleep(crowd.dice.choice((0.0, 0.0, 0.01, 0.05)))
                kind = crowd.dice.choice(("reset", "reset", "close", "reconnect", "lost", "invalid", "odd"))
                kinds[kind] += 1
                if kind == "reset":
                    await discord.cut_gateway()
                elif kind == "odd":
                    # discord.py cannot read it, and its client ends.
                    discord.send_raw("MESSAGE_CREATE", {"id": "1", "channel_id": str(crowd.channels[0].id)})
                elif kind == "close":
                    await discord.cut_gateway(crowd.dice.choice((4000, 4009, 1001)))
                elif kind == "reconnect":
                    discord.ask_reconnect()
                elif kind == "lost":
                    await discord.lose_session()
                else:
                    discord.invalidate_session(resumable=crowd.dice.random() < 0.5)
            await crowd.served(discord, within=60)
            await bot.settled()
            rows = Counter(row.state for row in await bot.log())
            health = bot.platform.health()
    sys.stdout.write(
        crowd.figures(
            cuts=CUTS, kinds=dict(kinds), resumed=discord.resumes, identified=discord.identifies,
            clients=health["restarts"], read_back=health["looked_back_messages"],
            seconds=round(time.monotonic() - began, 1),
        ) + "\n"
    )  # fmt: skip
    crowd.check()
    assert rows == Counter({InteractionState.SENT: len(crowd.owed)})


async def test_duplicated_and_reordered_events(running: Running, discord: LoopbackDiscord, crowd: Crowd) -> None:
    async with running() as bot:
        for _ in range(20):
            discord.duplicate_events(5)
            discord.reorder_events(8)
            await crowd.writes(10)
            await asyncio.sleep(0.01)
        discord.heal()
        await crowd.served(discord)
        await bot.settled()
    sys.stdout.write(crowd.figures() + "\n")
    crowd.check()


async def test_a_storm_of_refusals_and_lost_answers(running: Running, discord: LoopbackDiscord, crowd: Crowd) -> None:
    async with running() as bot:
        for number in range(32):
            # One after the other, and not all upon the same request.
            if number % 4 == 0:
                scope = crowd.dice.choice(("user", "shared", "global"))
                discord.rate_limit("/messages$", 2, retry_after=0.05, scope=scope, method="POST")
            elif number % 4 == 1:
                discord.drop_rest(1, path="/messages$", method="POST")
            elif number % 4 == 2:
                discord.drop_rest(1, path="/messages$", method="POST", carried_out=True)
            else:
                discord.rest_fails(503, 1, path="/messages$", method="POST", carried_out=crowd.dice.random() < 0.5)
            await crowd.writes(3, share=0.7)
            await discord.until(lambda: not discord.core.faults.left, within=5)
        await crowd.served(discord)
        await bot.settled()
        refused = bot.platform.health()["invalid_requests"]
    statuses = Counter(r.status or "cut" for r in discord.requests if r.method == "POST")
    sys.stdout.write(crowd.figures(statuses=dict(statuses), invalid=refused, allowed=10_000) + "\n")
    crowd.check()


async def test_rights_lost_and_regained_under_load(
    running: Running, discord: LoopbackDiscord, guild: Guild, crowd: Crowd
) -> None:
    shut = crowd.channels[1]
    async with running() as bot:
        await crowd.writes(20)
        await crowd.served(discord)
        shut.deny(guild.bot_role, "send_messages")
        before = set(crowd.owed)
        await crowd.writes(60)
        unanswered = {id_ for id_, channel in crowd.owed.items() if channel.id == shut.id and id_ not in before}
        for id_ in unanswered:
            del crowd.owed[id_]
        await crowd.served(discord)
        await bot.settled()
        tries = [r for r in discord.requests if r.method == "POST" and r.status == 403]
        shut.grant(guild.bot_role, "send_messages")
        await discord.flushed()
        await asyncio.sleep(0.1)
        await crowd.writes(20)
        await crowd.served(discord)
        await bot.settled()
        failed = {row.message_id for row in await bot.log() if row.state is InteractionState.FAILED}
    sys.stdout.write(crowd.figures(in_the_shut_channel=len(unanswered), requests_refused=len(tries)) + "\n")
    crowd.check()
    assert len(unanswered) > 3
    assert failed == {str(id_) for id_ in unanswered}
    assert len(tries) <= 8, "at most as many as were on their way at once"


@pytest.mark.parametrize(
    "edge",
    [
        "before claim", "after claim", "before sending", "after sending", "after the reply", "before sent",
        "after sent", "any moment",
    ],
)  # fmt: skip
async def test_a_bot_that_is_killed_owes_nobody_an_answer_after_its_restart(
    edge: str, running: Running, discord: LoopbackDiscord, crowd: Crowd, tmp_path: Path
) -> None:
    unlucky = CONCERN.format(7)
    crowd.dice = random.Random(sum(map(ord, edge)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", PROGRAM, str(tmp_path / "data"), discord.api_base, discord.gateway_url, discord.token,
        edge, unlucky, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        ended = asyncio.ensure_future(process.wait())
        up = asyncio.ensure_future(discord.connected(within=60))
        await asyncio.wait({ended, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        assert not ended.done(), (await process.communicate())[1].decode()
        await crowd.writes(6, share=0.5)
        await crowd.writes(1, share=1.0)
        await crowd.writes(6, share=0.5)
        if edge == "any moment":
            await asyncio.sleep(crowd.dice.random() * 0.3)
            process.kill()
        _, said = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == -signal.SIGKILL, said.decode()
    await crowd.writes(6, share=0.5)

    async with running() as bot:
        await crowd.writes(3, share=1.0)
        await crowd.served(discord)
        await bot.settled()
        rows = Counter(row.state for row in await bot.log())
        assert await bot.runtime.store.unfinished("discord") == []
    sys.stdout.write(f"killed {edge}: {crowd.figures(states={k.value: n for k, n in rows.items()})}\n")
    crowd.check()
    assert rows == Counter({InteractionState.SENT: len(crowd.owed)})
