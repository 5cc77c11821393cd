"""When a reply meets trouble on its way out: it is said once, waited for, or left, and moderators know."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.emulators.discord import Channel, Guild, LoopbackDiscord, Member
from tests.emulators.discord.limits import Limits

from safetybot.communities.access import Actor, Role
from safetybot.model import InteractionState
from safetybot.platforms.discord.platform import Pace

DIY = "I want to inject mesotherapy into my face at home, where do I start?"

Running = Callable[..., Any]


@pytest.fixture
def guild(discord: LoopbackDiscord) -> Guild:
    discord.limits.lift()
    return discord.add_guild("A community")


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_send_whose_answer_is_lost_is_repeated_under_the_same_nonce(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, carried_out: bool
) -> None:
    async with running() as bot:
        discord.drop_rest(2, path="/messages$", method="POST", carried_out=carried_out)
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
        [row] = await bot.log()
    assert row.state is InteractionState.SENT
    assert general.answered == Counter([message.id])


@pytest.mark.parametrize("status", [503, 502])
async def test_errors_of_the_server_are_waited_out(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, status: int
) -> None:
    async with running() as bot:
        discord.rest_fails(status, path="/messages$", method="POST")
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
    assert general.answered == Counter([message.id])


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_rate_limits_are_waited_out_and_counted(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, scope: str
) -> None:
    async with running() as bot:
        discord.rate_limit("/messages$", 2, retry_after=0.1, scope=scope, method="POST")
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
        assert bot.platform.health()["invalid_requests"] == (0 if scope == "shared" else 2)
    assert general.answered == Counter([message.id])


async def test_a_reply_that_gets_no_answer_in_time_is_looked_for(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    # Every send is carried out and none is answered.
    hurried = Pace(send_within=3.0, send_again=0.02, guilds_within=0.05, identify_every=0.0)
    async with running(pace=hurried) as bot:
        discord.drop_rest(1000, path="/messages$", method="POST", carried_out=True)
        message = await member.says(general, DIY)
        reply = await general.reply_to(message)
        async with asyncio.timeout(10):
            while not (rows := await bot.log()) or rows[0].state is not InteractionState.SENT:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert rows[0].reply_id == str(reply.id)
    assert general.answered == Counter([message.id])


async def test_a_channel_without_rights_is_left_alone_and_moderators_are_told_once(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, member: Member
) -> None:
    alerts = guild.add_channel("alerts")
    admin = Actor("admin", Role.ADMIN, "discord", str(guild.id))
    async with running() as bot:
        await bot.services.policy.put(
            admin, "discord", str(guild.id), "alert_channel", str(alerts.id), expected=0
        )  # fmt: skip
        general.deny(guild.bot_role, "send_messages")
        for number in range(5):
            await member.says(general, f"{DIY} {number}")
        await alerts.message(lambda m: str(general.id) in m.content)
        await bot.settled()
        states = {row.state for row in await bot.log()}
        tries = [r for r in discord.requests if r.method == "POST" and str(general.id) in r.path]
        assert bot.platform.health()["channels_left_alone"] == 1
        general.grant(guild.bot_role, "send_messages")
        await asyncio.sleep(0.7)
        message = await member.says(general, f"{DIY} At last?")
        await general.reply_to(message)
        assert bot.platform.health()["channels_left_alone"] == 0
    assert states == {InteractionState.FAILED}
    assert len(tries) == 1
    assert len(alerts.bot_messages) == 1


async def test_a_stop_does_not_wait_for_a_server_that_says_nothing(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safetybot.platforms.discord.platform._DRAIN", 0.2)
    monkeypatch.setattr("safetybot.platforms.discord.platform._GOODBYE", 0.2)
    async with running() as bot:
        discord.delay("/messages$", 2.0, 1, method="POST")
        message = await member.says(general, DIY)
        await discord.until(lambda: bot.intake.waiting)
        async with asyncio.timeout(1.0):
            await bot.platform.stop()
        [row] = await bot.log()
        assert row.state is InteractionState.SENDING
    await general.reply_to(message)
    async with running() as bot:
        await bot.platform.reachable()
        await bot.settled()
        [row] = await bot.log()
    assert row.state is InteractionState.SENT
    assert general.answered == Counter([message.id])


async def test_a_flood_of_replies_stays_below_the_limits_of_discord(
    running: Running, discord: LoopbackDiscord, member: Member, guild: Guild
) -> None:
    channels = [guild.add_channel(f"channel-{n}") for n in range(14)]
    async with running() as bot:
        discord.core.limits = Limits()
        said = [await member.says(channel, f"{DIY} {n}") for n in range(5) for channel in channels]
        await discord.until(lambda: sum(len(c.bot_messages) for c in channels) == len(said), within=20)
        await bot.settled()
        assert bot.platform.health()["invalid_requests"] == 0
    assert discord.limits.hits == 0
