"""When Discord, the network or a right goes away: what is missed is found once, and nothing is said twice."""

from __future__ import annotations

import asyncio
import io
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.emulators.discord import Channel, Guild, LoopbackDiscord, Member

from safetybot.communities.access import Actor, Role
from safetybot.telemetry import set_up_logging

DIY = "I want to inject mesotherapy into my face at home, where do I start?"

Running = Callable[..., Any]


@pytest.fixture
def guild(discord: LoopbackDiscord) -> Guild:
    discord.limits.lift()
    return discord.add_guild("A community")


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


async def test_a_cut_connection_is_resumed_and_nothing_is_read_back(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        await discord.cut_gateway()
        message = await member.says(general, DIY)
        await general.reply_to(message)
        assert discord.resumes == 1
        assert bot.platform.health()["restarts"] == 0
    assert not [r for r in discord.requests if r.method == "GET" and r.path.endswith("/messages")]


async def test_what_a_lost_session_swallowed_is_found_exactly_once(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, member: Member
) -> None:
    thread = guild.add_thread(general, "a thread", member)
    async with running() as bot:
        before = await member.says(general, DIY)
        await general.reply_to(before)
        discord.refuse_gateway(0.3)
        await discord.lose_session()
        missed = [await member.says(where, f"{DIY} {n}") for n, where in enumerate((general, thread, general))]
        await thread.reply_to(missed[1], within=10)
        await general.reply_to(missed[2], within=10)
        await bot.settled()
        after = await member.says(general, f"{DIY} And now?")
        await general.reply_to(after)
        await bot.settled()
        assert bot.platform.health()["looked_back_messages"] >= 3
    assert set((general.answered + thread.answered).values()) == {1}
    assert set(general.answered) == {before.id, missed[0].id, missed[2].id, after.id}


async def test_what_was_said_while_the_bot_was_away_is_answered_at_the_next_start(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    quiet = guild.add_channel("quiet")
    guild.bot.record.joined_at = datetime.now(UTC) - timedelta(days=1)
    async with running() as bot:
        first = await member.says(general, DIY)
        await general.reply_to(first)
        await bot.platform.stop()
    old = await member.says(quiet, DIY, at=datetime.now(UTC) - timedelta(minutes=30))
    missed = await member.says(general, f"{DIY} Two.")
    elsewhere = await member.says(quiet, f"{DIY} Three.")
    async with running() as bot:
        await general.reply_to(missed)
        await quiet.reply_to(elsewhere)
        await bot.settled()
        rows = {row.message_id for row in await bot.log()}
    assert general.answered == Counter([first.id, missed.id])
    assert quiet.answered == Counter([elsewhere.id]), "what is older than the window is left alone"
    assert str(old.id) not in rows


async def test_nothing_from_before_the_invitation_is_read(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    guild.bot.record.joined_at = datetime.now(UTC) - timedelta(minutes=1)
    await member.says(general, DIY, at=datetime.now(UTC) - timedelta(minutes=3))
    async with running() as bot:
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
    assert general.answered == Counter([message.id])


async def test_looking_back_knows_exempt_roles(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    staff = guild.add_role("clinic staff")
    nurse = guild.add_member("nurse", staff)
    guild.bot.record.joined_at = datetime.now(UTC) - timedelta(days=1)
    admin = Actor("admin", Role.ADMIN, "discord", str(guild.id))
    async with running() as bot:
        await bot.services.policy.put(
            admin, "discord", str(guild.id), "exempt_roles", [str(staff.id)], expected=0
        )  # fmt: skip
    await nurse.says(general, DIY)
    message = await member.says(general, DIY)
    async with running() as bot:
        await general.reply_to(message)
        await bot.settled()
    assert general.answered == Counter([message.id])


async def test_an_odd_payload_costs_a_client_and_no_message(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        with capture_logs() as logs:
            discord.send_raw("MESSAGE_CREATE", {"id": "1", "channel_id": str(general.id)})
            missed = await member.says(general, DIY)
            await general.reply_to(missed, within=10)
        await bot.settled()
        assert bot.platform.health()["restarts"] == 1
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["discord_client_failed"]
    assert general.answered == Counter([missed.id])


async def test_rest_being_down_at_the_start_is_waited_out(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    await discord.stop()
    async with running(wait=False) as bot:
        await asyncio.sleep(0.3)
        assert not bot.platform.connected
        assert bot.platform.health()["restarts"]
        await discord.start()
        await discord.connected()
        message = await member.says(general, DIY)
        await general.reply_to(message)


async def test_a_wrong_token_is_told_once_and_tried_again_slowly(running: Running, discord: LoopbackDiscord) -> None:
    with capture_logs() as logs:
        async with running(wait=False, token=SecretStr("a.wrong.token")) as bot:
            await discord.until(lambda: bot.platform.health()["restarts"] == 3)
            assert "SAFETYBOT_DISCORD__TOKEN" in str(bot.platform.health()["refused"])
    told = [line for line in logs if line["event"] == "discord_refuses"]
    assert len(told) == 1
    assert "a.wrong.token" not in str(logs)


async def test_a_missing_content_intent_is_told_once_and_mends_itself(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    discord.granted_intents(message_content=False)
    with capture_logs() as logs:
        async with running(wait=False) as bot:
            await discord.until(lambda: bot.platform.health()["restarts"] == 2)
            assert "Message Content Intent" in str(bot.platform.health()["refused"])
            discord.granted_intents(message_content=True)
            await discord.until(lambda: bot.platform.connected)
            assert bot.platform.health()["refused"] is None
            await general.reply_to(await member.says(general, DIY))
    assert len([line for line in logs if line["event"] == "discord_refuses"]) == 1


async def test_a_stop_sees_through_what_is_on_its_way(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        discord.delay("/messages$", 0.2, 1, method="POST")
        message = await member.says(general, DIY)
        await discord.until(lambda: bot.intake.waiting)
        await bot.platform.stop()
        await asyncio.wait_for(bot.task, 5)
        marks = await bot.runtime.store.watermarks.all("discord", since=message.created_at - timedelta(minutes=1))
    assert general.answered == Counter([message.id])
    assert marks == {(str(general.guild.id), str(general.id)): message.created_at}


async def test_shards_share_the_guilds(running: Running, discord: LoopbackDiscord, general: Channel) -> None:
    discord.limits.lift()
    guilds = [discord.add_guild(f"Community {n}") for n in range(6)]
    channels = [guild.add_channel("general") for guild in guilds]
    async with running(shards="0-2/3") as bot:
        assert set(bot.platform.health()["shards"]) == {"0", "1", "2"}
        for guild, channel in zip(guilds, channels, strict=True):
            message = await guild.add_member("somebody").says(channel, DIY)
            await channel.reply_to(message)
    assert all(len(channel.bot_messages) == 1 for channel in channels)


async def test_a_process_serves_its_own_shards_only(running: Running, discord: LoopbackDiscord) -> None:
    discord.limits.lift()
    guilds = [discord.add_guild(f"Community {n}") for n in range(6)]
    async with running(shards="1/2") as bot:
        assert set(bot.platform.health()["shards"]) == {"1"}
        for guild in guilds:
            await guild.add_member("somebody").says(guild.add_channel("general"), DIY)
        await asyncio.sleep(0.3)
        await bot.settled()
        mine = {str(guild.id) for guild in guilds if (guild.id >> 22) % 2 == 1}
        assert {row.place.community for row in await bot.log()} == mine


async def test_addresses_are_those_of_one_client(running: Running) -> None:
    from discord.gateway import DiscordWebSocket
    from discord.http import Route
    from discord.webhook.async_ import async_context

    async with running():
        assert Route.BASE == "https://discord.com/api/v10"
        assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "wss://gateway.discord.gg/"
        assert type(async_context.get()).__module__ == "discord.webhook.async_"


async def test_the_gateway_is_asked_of_the_rest_api_where_none_is_set(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running(gateway_url="", shards="0/1"):
        await general.reply_to(await member.says(general, DIY))
        await discord.lose_session()
        await general.reply_to(await member.says(general, f"{DIY} Two."), within=10)


async def test_a_guild_that_comes_back_from_an_outage_is_read_back(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    async with running() as bot:
        guild.goes_unavailable()
        missed = await member.says(general, DIY)
        await asyncio.sleep(0.1)
        assert general.bot_messages == []
        guild.comes_back()
        await general.reply_to(missed)
        await bot.settled()
    assert general.answered == Counter([missed.id])


async def test_messages_that_found_no_room_are_read_again(
    running: Running, guild: Guild, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as bot:
        monkeypatch.setattr(bot.intake, "_limit", 1)
        said = [await member.says(general, f"{DIY} {n}") for n in range(20)]
        for message in said:
            await general.reply_to(message, within=10)
            monkeypatch.setattr(bot.intake, "_limit", 5_000)
        await bot.settled()
    assert general.answered == Counter(message.id for message in said)


async def test_a_mark_stays_where_it_is_while_older_messages_are_read(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, member: Member
) -> None:
    async with running() as bot:
        first = await member.says(general, DIY)
        await general.reply_to(first)
        discord.delay("/messages$", 0.6, 100, method="GET")
        await discord.lose_session()
        missed = await member.says(general, f"{DIY} Missed.")
        await discord.until(lambda: not bot.platform.inbox.caught_up)
        await discord.connected()
        later = await member.says(general, f"{DIY} Later.")
        await general.reply_to(later)
        await bot.platform.inbox.write_marks()
        key = (str(guild.id), str(general.id))
        marks = await bot.runtime.store.watermarks.all("discord", since=first.created_at - timedelta(minutes=1))
        assert marks == {key: first.created_at}, "a crash now must not lose what is not read yet"
        await general.reply_to(missed)
        await bot.settled()
        await bot.platform.inbox.write_marks()
        marks = await bot.runtime.store.watermarks.all("discord", since=first.created_at - timedelta(minutes=1))
        assert marks == {key: later.created_at}


async def test_no_line_of_the_log_holds_a_members_words_or_name_or_the_token(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, restored_logging: None
) -> None:
    written = io.StringIO()
    set_up_logging("debug", "json", written)
    member = guild.add_member("Zerafina")
    async with running() as bot:
        discord.rest_fails(503, path="/messages$", method="POST")
        message = await member.says(general, DIY)
        await general.reply_to(message)
        general.deny(guild.bot_role, "send_messages")
        await member.says(general, f"{DIY} Two.")
        await discord.until(lambda: bot.platform.health()["channels_left_alone"])
        discord.send_raw("MESSAGE_CREATE", {"id": "1", "channel_id": str(general.id), "content": DIY})
        general.grant(guild.bot_role, "send_messages")
        await discord.until(lambda: bot.platform.health()["restarts"] == 1)
        await general.reply_to(await member.says(general, f"{DIY} Three."), within=10)
        await member.deletes(message)
        await bot.settled()
    log = written.getvalue()
    assert "discord_client_failed" in log
    assert "reply_failed" in log
    for secret in ("inject", "Zerafina", str(member.id), discord.token):
        assert secret not in log
