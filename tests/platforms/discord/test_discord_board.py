"""What moderators get: alerts, notices, findings about rights, and the roles that Discord's permissions give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.emulators.discord import Channel, Guild, LoopbackDiscord, Member

from safetybot.chat.answers import Answer, Button
from safetybot.chat.text import text
from safetybot.communities.access import Actor, Role
from safetybot.model import Place
from safetybot.platforms.discord.sending import Gone, LeftAlone, NotAllowed
from safetybot.ports import PlatformError, Posted

SUPPLY = "Selling a mesotherapy kit with needles, send me a message, I ship anywhere"
DIY = "I want to inject mesotherapy into my face at home, where do I start?"

Running = Callable[..., Any]


@pytest.fixture
def guild(discord: LoopbackDiscord) -> Guild:
    discord.limits.lift()
    return discord.add_guild("A community")


async def alert_in(bot: Any, guild: Guild, channel: Channel) -> None:
    admin = Actor("admin", Role.ADMIN, "discord", str(guild.id))
    await bot.services.policy.put(
        admin, "discord", str(guild.id), "alert_channel", str(channel.id), expected=0
    )  # fmt: skip


async def test_an_alert_shows_the_words_and_the_way_and_pings_nobody(
    running: Running, guild: Guild, general: Channel, alerts: Channel, member: Member
) -> None:
    async with running() as bot:
        await alert_in(bot, guild, alerts)
        message = await member.says(general, SUPPLY + " @everyone https://shop.example")
        alert = await alerts.message(lambda m: m.author.bot)
        await bot.settled()
        [row] = await bot.log()
        assert await bot.services.alerts.of(row.id) == Posted(str(alerts.id), str(alert.id))
    assert f"discord.com/channels/{guild.id}/{general.id}/{message.id}" in alert.content
    assert "mesotherapy" in alert.content
    assert "https://shop.example" not in alert.content, "no address of a seller can be pressed"
    assert not alert.mention_everyone
    assert alert.components


async def test_the_alert_about_a_deleted_message_loses_its_words(
    running: Running, guild: Guild, general: Channel, alerts: Channel, member: Member
) -> None:
    async with running() as bot:
        await alert_in(bot, guild, alerts)
        message = await member.says(general, SUPPLY)
        alert = await alerts.message(lambda m: m.author.bot)
        await bot.settled()
        await member.deletes(message)
        await alerts.message(lambda m: m.edits)
        await bot.settled()
        assert await bot.log() == []
    assert "mesotherapy" not in alert.content
    assert alert.components == []


async def test_no_alert_about_a_message_that_was_deleted_first(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel, member: Member
) -> None:
    adverse = "I injected mesotherapy yesterday at home and now my face is swollen and very hot"
    async with running() as bot:
        await alert_in(bot, guild, alerts)
        discord.delay(f"{general.id}/messages$", 0.3, method="POST")
        message = await member.says(general, adverse)
        await discord.until(lambda: bot.intake.waiting)
        await member.deletes(message)
        await asyncio.sleep(0.5)
        await bot.settled()
    assert alerts.bot_messages == []
    assert general.bot_messages == []


async def test_posting_editing_and_what_is_gone(running: Running, guild: Guild, alerts: Channel) -> None:
    async with running() as bot:
        button = Button("a page", url="https://example.org")
        where = await bot.platform.post(str(guild.id), str(alerts.id), Answer(text("one"), ((button,),)))
        await bot.platform.edit(where, Answer(text("two")))
        [posted] = alerts.bot_messages
        assert (posted.content, posted.components) == ("two", [])
        posted.deleted = True
        with pytest.raises(Gone):
            await bot.platform.edit(where, Answer(text("three")))
        with pytest.raises(Gone):
            await bot.platform.post(str(guild.id), "123456789", Answer(text("one")))
        with pytest.raises(PlatformError, match="is no id of Discord"):
            await bot.platform.post(str(guild.id), "#alerts", Answer(text("one")))


async def test_posts_without_rights_are_refused_once_and_tried_again_when_rights_change(
    running: Running, discord: LoopbackDiscord, guild: Guild, alerts: Channel
) -> None:
    async with running() as bot:
        alerts.deny(guild.bot_role, "send_messages")
        with pytest.raises(NotAllowed):
            await bot.platform.post(str(guild.id), str(alerts.id), Answer(text("one")))
        with pytest.raises(LeftAlone):
            await bot.platform.post(str(guild.id), str(alerts.id), Answer(text("one")))
        alerts.grant(guild.bot_role, "send_messages")
        await discord.until(lambda: bot.platform.health()["channels_left_alone"] == 0)
        await bot.platform.post(str(guild.id), str(alerts.id), Answer(text("two")))
    assert [m.content for m in alerts.bot_messages] == ["two"]


async def test_a_notice_goes_to_the_alert_channel(running: Running, guild: Guild, alerts: Channel) -> None:
    async with running() as bot:
        with pytest.raises(PlatformError, match="no alert channel"):
            await bot.platform.notice(str(guild.id), None, "hello")
        await alert_in(bot, guild, alerts)
        await bot.platform.notice(str(guild.id), None, "one *line*\nand another")
    assert [m.content for m in alerts.bot_messages] == ["one \\*line\\*\nand another"]


async def test_findings_name_each_missing_right_and_what_it_costs(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, alerts: Channel
) -> None:
    hidden, silent, short = (guild.add_channel(name) for name in ("hidden", "silent", "short"))
    hidden.deny(guild.bot_role, "view_channel")
    silent.deny(guild.bot_role, "send_messages")
    short.deny(guild.bot_role, "read_message_history")
    async with running() as bot:
        before = [f.says for f in await bot.platform.findings(str(guild.id), "en") if not f.well]
        await alert_in(bot, guild, hidden)
        blind = [f.says for f in await bot.platform.findings(str(guild.id), "en") if not f.well]
        for channel in (hidden, silent, short):
            channel.clear(guild.bot_role)
        await discord.flushed()
        await asyncio.sleep(0.05)
        after = await bot.platform.findings(str(guild.id), "en")
        elsewhere = await bot.platform.findings("1", "en")
    assert len(before) == 4
    assert "#hidden" in before[0]
    assert "#silent" in before[1]
    assert "#short" in before[2]
    assert "No alert channel" in before[3]
    assert "View Channel" in blind[-1]
    assert all(f.well for f in after), [f.says for f in after if not f.well]
    assert [f.well for f in elsewhere] == [True, True, False]


async def test_without_message_content_findings_say_what_is_left(
    running: Running, discord: LoopbackDiscord, guild: Guild, general: Channel, member: Member
) -> None:
    discord.granted_intents(message_content=False)
    async with running(message_content=False) as bot:
        await member.says(general, DIY)
        await asyncio.sleep(0.1)
        said = [f.says for f in await bot.platform.findings(str(guild.id), "en") if not f.well]
        assert await bot.log() == []
    assert "AutoMod" in said[0]


async def test_exempt_channels_need_no_rights(running: Running, guild: Guild, general: Channel) -> None:
    hidden = guild.add_channel("hidden")
    hidden.deny(guild.bot_role, "view_channel")
    admin = Actor("admin", Role.ADMIN, "discord", str(guild.id))
    async with running() as bot:
        await bot.services.policy.put(
            admin, "discord", str(guild.id), "exempt_channels", [str(hidden.id)], expected=0
        )  # fmt: skip
        found = await bot.platform.findings(str(guild.id), "en")
    assert not any("#hidden" in f.says for f in found)


@pytest.mark.parametrize(
    ("permissions", "role"),
    [
        ((), None),
        (("manage_messages",), Role.MODERATOR),
        (("moderate_members",), Role.MODERATOR),
        (("manage_guild",), Role.ADMIN),
        (("administrator",), Role.ADMIN),
        (("kick_members", "manage_channels"), None),
    ],
)
async def test_permissions_make_roles_at_the_moment_of_the_press(
    running: Running, guild: Guild, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch,
    permissions: tuple[str, ...], role: Role | None,
) -> None:  # fmt: skip
    someone = guild.add_member("someone", guild.add_role("a role", *permissions))
    async with running() as bot:
        callers = await pressed_by(bot, someone, general, member, monkeypatch)
    [caller] = callers
    assert caller.actor.role is role
    assert caller.actor.member == str(someone.id)
    assert caller.actor.name == f"someone ({someone.id})"
    assert (caller.actor.platform, caller.actor.community) == ("discord", str(guild.id))
    assert caller.place == Place("discord", str(guild.id), str(general.id))
    assert caller.language == "en-US"


async def test_a_right_in_one_channel_makes_no_moderator_of_the_server(
    running: Running, guild: Guild, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = guild.add_member("someone")
    general.grant(someone, "manage_messages")
    async with running() as bot:
        [caller] = await pressed_by(bot, someone, general, member, monkeypatch)
    assert caller.actor.role is None


async def test_the_owner_is_an_admin(
    running: Running, guild: Guild, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as bot:
        [caller] = await pressed_by(bot, guild.owner, general, member, monkeypatch)
    assert caller.actor.role is Role.ADMIN


async def pressed_by(
    bot: Any, who: Member, channel: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """Who a press is said to come from."""
    reply = await channel.reply_to(await member.says(channel, DIY))
    callers: list[Any] = []
    act = bot.platform._commands.act

    async def heard(caller: Any, *more: Any) -> Answer:
        callers.append(caller)
        answer: Answer = await act(caller, *more)
        return answer

    monkeypatch.setattr(bot.platform._commands, "act", heard)
    await who.taps(reply, reply.components[0]["components"][0]["label"])
    return callers
