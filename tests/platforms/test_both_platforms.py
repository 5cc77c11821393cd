"""`safetybot run` on Discord and Telegram at once, as a process: neither hurts the other, and a stop loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.emulators.discord import LoopbackDiscord
from tests.emulators.telegram import LoopbackTelegram

TALK = "I injected lemon bottle into my chin myself at home, batch number {n}"


@asynccontextmanager
async def bot(folder: Path, discord: LoopbackDiscord, telegram: LoopbackTelegram) -> AsyncIterator[Any]:
    """The program, with one configuration for both."""
    cooldowns = {
        f"SAFETYBOT_POLICY__{concern}__{whose}_COOLDOWN": "0s"
        for concern in ("MENTION", "DIY", "SUPPLY", "ADVERSE")
        for whose in ("CHANNEL", "AUTHOR")
    }
    wanted = {
        **os.environ, **cooldowns,
        "SAFETYBOT_DATA_DIR": str(folder),
        "SAFETYBOT_DISCORD__TOKEN": discord.token,
        "SAFETYBOT_DISCORD__API_BASE": discord.api_base,
        "SAFETYBOT_DISCORD__GATEWAY_URL": discord.gateway_url,
        "SAFETYBOT_TELEGRAM__TOKEN": telegram.token,
        "SAFETYBOT_TELEGRAM__BASE_URL": telegram.base_url,
    }  # fmt: skip
    with (folder.parent / "run.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "safetybot", "run",
            env=wanted, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def until(holds: Callable[[], bool], within: float = 40.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never came about"
        await asyncio.sleep(0.05)


@pytest.fixture
async def both() -> AsyncIterator[tuple[LoopbackDiscord, LoopbackTelegram]]:
    async with LoopbackDiscord() as discord, LoopbackTelegram(privacy_mode=False) as telegram:
        discord.limits.lift()
        yield discord, telegram


async def test_either_platform_may_be_down_without_hurting_the_other(
    both: tuple[LoopbackDiscord, LoopbackTelegram], tmp_path: Path
) -> None:
    discord, telegram = both
    guild = discord.add_guild("A server")
    room, member = guild.add_channel("general"), guild.add_member("member")
    group, user = telegram.add_supergroup("A group"), telegram.add_user("user")
    await discord.stop()
    async with bot(tmp_path / "data", discord, telegram):
        await user.says(group, TALK.format(n=1))
        await until(lambda: len(group.from_bot()) == 1)
        await discord.start()
        telegram.refuse(5)
        await discord.connected(within=40)
        await member.says(room, TALK.format(n=2))
        await until(lambda: len(room.bot_messages) == 1)
        await user.says(group, TALK.format(n=3))
        await until(lambda: len(group.from_bot()) == 2)
        health = json.loads((tmp_path / "data" / "health.json").read_text(encoding="utf-8"))
        assert set(health["platforms"]) == {"discord", "telegram"}


async def test_a_stop_under_load_ends_in_time_and_the_next_start_misses_nothing(
    both: tuple[LoopbackDiscord, LoopbackTelegram], tmp_path: Path
) -> None:
    discord, telegram = both
    guild = discord.add_guild("A server")
    rooms = [guild.add_channel(f"room-{number}") for number in range(4)]
    member = guild.add_member("member")
    groups = [telegram.add_supergroup(f"Group {number}") for number in range(4)]
    user = telegram.add_user("user")

    async def talk(first: int, last: int) -> None:
        for number in range(first, last):
            await member.says(rooms[number % 4], TALK.format(n=number))
            await user.says(groups[number % 4], TALK.format(n=number))

    async with bot(tmp_path / "data", discord, telegram) as process:
        await discord.connected(within=40)
        await talk(0, 4)
        await until(lambda: len(rooms[0].bot_messages) == 1 and len(groups[0].from_bot()) == 1)
        talking = asyncio.create_task(talk(4, 12))
        await asyncio.sleep(0.05)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 15)
        took = time.monotonic() - asked
        await talking
        assert process.returncode == 0
        assert took < 10, f"it took {took:.1f} s"
    async with bot(tmp_path / "data", discord, telegram):
        # Each message has one reply: none missing, none twice.
        await until(lambda: sum(len(room.bot_messages) for room in rooms) >= 12)
        await until(lambda: sum(len(group.from_bot()) for group in groups) >= 12)
        await asyncio.sleep(1)
    for room in rooms:
        answered = [message.reply_to for message in room.bot_messages]
        assert len(answered) == len(set(answered)) == 3
    for group in groups:
        answers = [message.reply_to for message in group.from_bot()]
        assert len(answers) == len({id(one) for one in answers}) == 3
