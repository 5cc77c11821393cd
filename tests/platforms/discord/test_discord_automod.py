"""Where a server does not let the bot read: AutoMod's finds drive the same Watcher, its rules follow the keywords."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.emulators.discord import Channel, Guild, InteractionResult, LoopbackDiscord, Member

from safetybot.communities.access import BOT
from safetybot.communities.keyword import Keyword, KeywordState, Override
from safetybot.model import Concern, InteractionState

DIY = "Is mesotherapy something I can inject by myself?"
QUIET = "Has anyone seen the new series with the lighthouse?"
Running = Callable[..., Any]


@pytest.fixture
async def discord() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord(message_content=False) as server:
        yield server


async def decide(bot: Any, guild: Guild, alerts: Channel | None) -> None:
    where = "discord", str(guild.id)
    await bot.services.policy.put(BOT, *where, "mention.mode", "reply", expected=0)
    if alerts is not None:
        await bot.services.policy.put(BOT, *where, "alert_channel", str(alerts.id), expected=0)


async def word_filter(admin: Member, discord: LoopbackDiscord, channel: Channel) -> InteractionResult:
    """The word filter's screen, the way an admin gets there."""
    await discord.until(lambda: discord.commands, what="registering")
    done = await admin.runs("safety setup", channel=channel, options={"language": "en"})
    finished = await admin.taps(done, "Finish")
    return await admin.taps(finished, "Word filter")


async def rules_made(bot: Any, admin: Member, discord: LoopbackDiscord, channel: Channel) -> InteractionResult:
    return await admin.taps(await word_filter(admin, discord, channel), "Make the rules", patience=30)


def looked_for(guild: Guild) -> set[str]:
    return {word for rule in guild.automod_rules for word in rule["trigger_metadata"]["keyword_filter"]}


async def keyword(bot: Any, guild: Guild, one: Keyword) -> None:
    where = "discord", str(guild.id)
    await bot.services.keywords.add(BOT, *where, one)
    if one.watches:
        await bot.services.keywords.move(BOT, *where, one.term, one.state, force=True)


async def test_a_find_of_automod_is_answered_as_a_message_is(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, member: Member,
    admin: Member,
) -> None:  # fmt: skip
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        made = await rules_made(bot, admin, discord, alerts)
        message = await member.says(general, DIY)
        reply = await general.reply_to(message)
        await member.says(general, QUIET)
        await discord.flushed()
        await bot.settled()
        [row] = await bot.log()
    assert "in step" in made.content
    assert row.message_id == str(message.id)
    assert row.reply_id == str(reply.id)
    assert row.state is InteractionState.SENT
    assert row.concern is Concern.MENTION, "the words around the find are not seen"
    assert not message.deleted, "nothing is blocked"


async def test_rules_of_ours_tell_moderators_and_stay_within_what_discord_takes(
    running: Running, discord: LoopbackDiscord, guild: Guild, alerts: Channel, admin: Member
) -> None:
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        await rules_made(bot, admin, discord, alerts)
    assert 1 <= len(guild.automod_rules) <= 6
    assert {"mesotherap*", "*水光针*"} <= looked_for(guild)
    assert len(looked_for(guild)) > 3_000
    for rule in guild.automod_rules:
        assert [action["type"] for action in rule["actions"]] == [2]
        assert rule["actions"][0]["metadata"]["channel_id"] == str(alerts.id)


async def test_two_rules_that_find_something_in_one_message_make_one_answer(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, member: Member,
    admin: Member,
) -> None:  # fmt: skip
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        await bot.services.policy.put(BOT, "discord", str(guild.id), "diy.mode", "reply", expected=0)
        await keyword(bot, guild, Keyword("glow party", KeywordState.LIVE, concern=Concern.DIY))
        await rules_made(bot, admin, discord, alerts)
        message = await member.says(general, "mesotherapy at the glow party")
        await general.reply_to(message)
        await bot.settled()
        await asyncio.sleep(0.6)
        [row] = await bot.log()
        replies = [one for one in general.messages if one.reference]
    assert row.concern is Concern.DIY, "what both found is weighed together"
    assert len(replies) == 1


async def test_rules_follow_the_keywords_and_only_what_differs_is_changed(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, admin: Member
) -> None:
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        await keyword(bot, guild, Keyword("glow party", KeywordState.LIVE, concern=Concern.SUPPLY))
        await rules_made(bot, admin, discord, alerts)
        before = len(discord.requests)
        await keyword(bot, guild, Keyword("needle club", KeywordState.LIVE, concern=Concern.SUPPLY))
        await keyword(bot, guild, Keyword("meso shot of the day", KeywordState.LIVE, allowed=True))
        await discord.until(lambda: "needle club" in looked_for(guild), within=15, what="the new keyword")
        changed = {r.method for r in discord.requests[before:] if "auto-moderation" in r.path} - {"GET"}
        assert changed == {"PATCH"}
        edits = len(discord.requests)
        await keyword(bot, guild, Keyword("mesotherap*", KeywordState.LIVE, override=Override.OFF))
        await discord.until(lambda: "mesotherap*" not in looked_for(guild), within=15, what="the switched-off term")
        assert "glow party" in looked_for(guild)
        await asyncio.sleep(1.5)
        settled = [r for r in discord.requests[edits:] if "auto-moderation" in r.path and r.method != "GET"]
        await asyncio.sleep(1.5)
        later = [r for r in discord.requests[edits:] if "auto-moderation" in r.path and r.method != "GET"]
    assert len(later) == len(settled), "what is in step is left alone"


async def test_rules_are_kept_in_step_after_a_restart_and_not_made_again_where_admins_deleted_them(
    running: Running, discord: LoopbackDiscord, guild: Guild, alerts: Channel, admin: Member
) -> None:
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        await rules_made(bot, admin, discord, alerts)
    async with running(message_content=False) as bot:
        await keyword(bot, guild, Keyword("glow party", KeywordState.LIVE, concern=Concern.SUPPLY))
        await discord.until(lambda: "glow party" in looked_for(guild), within=20, what="the keyword after a restart")
        while not (await bot.services.filters["discord"].look(str(guild.id))).in_step:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        guild.record.automod.clear()
        await keyword(bot, guild, Keyword("needle club", KeywordState.LIVE, concern=Concern.SUPPLY))
        await asyncio.sleep(2.5)
    assert guild.automod_rules == []


async def test_the_status_leads_to_the_word_filter(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, admin: Member
) -> None:
    async with running(message_content=False):
        await discord.until(lambda: discord.commands, what="registering")
        screen = await admin.taps(await admin.runs("safety status", channel=general), "Word filter")
    assert "AutoMod" in screen.content
    assert "nothing is found" in screen.content


async def test_deleting_our_rules_leaves_the_servers_own(
    running: Running, discord: LoopbackDiscord, guild: Guild, alerts: Channel, admin: Member
) -> None:
    theirs = {
        "id": "5", "guild_id": str(guild.id), "name": "house rule", "creator_id": str(admin.id), "event_type": 1,
        "trigger_type": 1, "trigger_metadata": {"keyword_filter": ["spoiler"]}, "actions": [{"type": 1}],
        "enabled": True, "exempt_roles": [], "exempt_channels": [],
    }  # fmt: skip
    guild.record.automod[5] = theirs
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        made = await rules_made(bot, admin, discord, alerts)
        assert 2 <= len(guild.automod_rules) <= 6
        gone = await admin.taps(made, "Delete my rules")
    assert guild.automod_rules == [theirs]
    assert "yours stand" in gone.content


async def test_without_an_alert_channel_or_the_right_the_admin_is_told_what_to_do(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, admin: Member
) -> None:
    async with running(message_content=False) as bot:
        screen = await word_filter(admin, discord, general)
        told = await admin.taps(screen, "Make the rules")
        assert "choose an alert channel" in told.content
        where = "discord", str(guild.id)
        await bot.services.policy.put(BOT, *where, "alert_channel", str(alerts.id), expected=0)
        guild.bot_role.revoke("manage_guild")
        refused = await admin.taps(told, "Make the rules", patience=30)
    assert "Manage Server" in refused.content
    assert guild.automod_rules == []


async def test_a_find_by_somebody_with_an_exempt_role_is_left_alone(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, admin: Member
) -> None:
    helpers = guild.add_role("helpers")
    helper = guild.add_member("helper", helpers)
    guild.record.automod[5] = {
        "id": "5", "guild_id": str(guild.id), "name": "house rule", "creator_id": str(admin.id), "event_type": 1,
        "trigger_type": 1, "trigger_metadata": {"keyword_filter": ["mesotherapy"]},
        "actions": [{"type": 2, "metadata": {"channel_id": str(alerts.id)}}],
        "enabled": True, "exempt_roles": [], "exempt_channels": [],
    }  # fmt: skip
    other = guild.add_member("member two")
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        await bot.services.policy.put(BOT, "discord", str(guild.id), "exempt_roles", [str(helpers.id)], expected=0)
        await helper.says(general, DIY)
        message = await other.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
        [row] = await bot.log()
    assert row.message_id == str(message.id)


async def test_what_a_rule_of_the_server_blocked_is_not_answered(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, member: Member,
    admin: Member,
) -> None:  # fmt: skip
    guild.record.automod[5] = {
        "id": "5", "guild_id": str(guild.id), "name": "house rule", "creator_id": str(admin.id), "event_type": 1,
        "trigger_type": 1, "trigger_metadata": {"keyword_filter": ["mesotherapy"]},
        "actions": [{"type": 1, "metadata": {}}],
        "enabled": True, "exempt_roles": [], "exempt_channels": [],
    }  # fmt: skip
    async with running(message_content=False) as bot:
        await decide(bot, guild, alerts)
        message = await member.says(general, DIY)
        await discord.flushed()
        await asyncio.sleep(0.8)
        await bot.settled()
        assert await bot.log() == []
    assert message.deleted


async def test_where_messages_can_be_read_finds_change_nothing(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel,
    member: Member, admin: Member,
) -> None:  # fmt: skip
    discord.granted_intents(message_content=True)
    async with running() as bot:
        await decide(bot, guild, alerts)
        await discord.until(lambda: discord.commands, what="registering")
        done = await admin.runs("safety setup", channel=alerts, options={"language": "en"})
        finished = await admin.taps(done, "Finish")
        labels = [c["label"] for row in finished.components for c in row["components"]]
        assert bot.services.filters == {}
    assert "Word filter" not in labels
