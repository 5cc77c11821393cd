"""Commands, context menus, proposals and files, through real interaction payloads of the loopback Discord."""

from __future__ import annotations

import asyncio
import io
import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.emulators.discord import CannotDo, Channel, File, Guild, LoopbackDiscord, Member

from safetybot.chat.answers import Answer
from safetybot.chat.commands import Arguments, Caller
from safetybot.chat.registry import all_commands
from safetybot.chat.services import Services
from safetybot.communities.access import BOT
from safetybot.platforms.discord import slash
from safetybot.platforms.discord.slash import payload
from safetybot.telemetry import set_up_logging

DIY = "I want to inject mesotherapy into my face at home, where do I start?"
QUIET = "Has anyone seen the new series with the lighthouse?"

Running = Callable[..., Any]


@pytest.fixture
def real_logs() -> Iterator[io.StringIO]:
    """The logs as the bot writes them in earnest."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    set_up_logging("debug", "json", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def registered(discord: LoopbackDiscord) -> None:
    await discord.until(lambda: discord.commands, what="registering")


async def alerts_go_to(bot: Any, channel: Channel) -> None:
    await bot.services.policy.put(
        BOT, "discord", str(channel.guild.id), "alert_channel", str(channel.id), expected=0
    )  # fmt: skip


def puts(discord: LoopbackDiscord) -> int:
    return sum(r.method == "PUT" and r.path.endswith("/commands") for r in discord.requests)


# --- registering ------------------------------------------------------------------------------------------


async def test_commands_are_registered_once_and_not_again_at_the_next_start(
    running: Running, discord: LoopbackDiscord, guild: Guild
) -> None:
    async with running():
        await registered(discord)
    assert puts(discord) == 1
    gets = sum(r.method == "GET" and r.path.endswith("/commands") for r in discord.requests)
    async with running():
        await discord.until(
            lambda: sum(r.method == "GET" and r.path.endswith("/commands") for r in discord.requests) > gets
        )
        await asyncio.sleep(0.1)
    assert puts(discord) == 1
    assert not slash.differs(payload(all_commands()), discord.commands)


async def test_commands_of_another_version_are_replaced(
    running: Running, discord: LoopbackDiscord, guild: Guild
) -> None:
    async with running():
        await registered(discord)
    discord.commands[0]["description"] = "As it was in an older version"
    async with running():
        await discord.until(lambda: puts(discord) == 2, what="a second overwrite")
    assert discord.commands[0]["description"] == payload(all_commands())[0]["description"]


async def test_registering_waits_for_discord_to_come_back(
    running: Running, discord: LoopbackDiscord, guild: Guild
) -> None:
    discord.rest_fails(503, times=3, path="/commands")
    async with running() as bot:
        await registered(discord)
        assert bot.platform.connected


async def test_a_refused_registration_is_told_and_the_bot_goes_on(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    discord.rest_fails(400, times=1, path="/commands", method="PUT")
    async with running() as bot:
        await discord.until(lambda: bot.platform.health()["commands"] != "registered")
        message = await member.says(general, DIY)
        await general.reply_to(message)
        assert "refuses" in str(bot.platform.health()["commands"])


# --- running ----------------------------------------------------------------------------------------------


async def test_a_command_is_answered_to_the_caller_alone_and_pings_nobody(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running():
        await registered(discord)
        answer = await member.runs("safety help", channel=general)
    assert not answer.failed
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message.allowed_mentions is not None
    assert answer.message.allowed_mentions["parse"] == []
    assert "I'm a bot" in answer.content
    assert not answer.problems


async def test_what_a_member_may_not_do_is_refused_to_them_whatever_discord_lets_through(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, moderator: Member
) -> None:
    async with running():
        await registered(discord)
        refused = await member.runs("safety keyword add", by_override=True, term="glow party", concern="supply")
        allowed = await moderator.runs("safety keyword add", term="glow party", concern="supply")
        listed = await moderator.runs("safety keyword list")
    assert "may not" in refused.content
    assert "moderator" in refused.content
    assert "glow party" in allowed.content
    assert "glow party" in listed.content


async def test_the_answer_is_in_the_language_of_whoever_asks(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        await registered(discord)
        answer = await member.runs("safety help", channel=general, locale="de")
        about = bot.services.library.ui("de").privacy
    assert about.split(".")[0] in answer.content


@pytest.mark.parametrize("language", ["en", "de", "ja"])
async def test_help_names_commands_as_the_reader_finds_them(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, language: str
) -> None:
    locale = next((locale for locale, said in slash.locales() if said.language == language), "en-US")
    async with running():
        await registered(discord)
        proposed = await member.autocompletes("safety help", "command", "", channel=general, locale=locale)
        chosen = proposed.choices[-1]["value"]
        answer = await member.runs("safety help", channel=general, locale=locale, options={"command": chosen})
    words = {
        (option.get("name_localizations") or {}).get(locale, option["name"])
        for option in discord.commands[0]["options"]
        if option["name"] in {"help", "privacy", "menu"}
    }
    assert {choice["value"] for choice in proposed.choices} == words
    assert answer.content.startswith(f"**{chosen}**")


async def test_values_are_proposed_while_somebody_types_and_only_to_those_who_may_see_them(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, moderator: Member
) -> None:
    async with running():
        await registered(discord)
        for term in ("glow party", "needle club"):
            await moderator.runs("safety keyword add", term=term, concern="supply")
        found = await moderator.autocompletes("safety keyword history", "term", "gl")
        hidden = await member.autocompletes("safety keyword history", "term", "gl", by_override=True)
    assert [choice["value"] for choice in found.choices] == ["glow party"]
    assert hidden.choices == []
    assert not hidden.failed


async def test_a_file_that_is_handed_in_is_read_and_one_that_is_too_large_is_not(
    running: Running, discord: LoopbackDiscord, general: Channel, moderator: Member
) -> None:
    async with running():
        await registered(discord)
        small = File("words.csv", data=b"term,concern,state\nglow party,supply,draft\n")
        read = await moderator.runs("safety keyword import", file=small)
        large = await moderator.runs("safety keyword import", file=File("words.csv", data=b"x" * 1_000_001))
    assert not read.failed
    assert "could not be read" not in read.content
    assert "could not be read" in large.content
    assert large.ephemeral


async def test_a_command_of_another_version_is_answered_with_what_to_do(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running():
        await registered(discord)
        group = discord.commands[0]
        group["options"].append({"type": 1, "name": "bygone", "description": "Was there once", "options": []})
        answer = await member.runs("safety bygone", channel=general)
    assert "changed" in answer.content
    assert answer.ephemeral


async def test_outside_of_a_community_nothing_is_registered(
    running: Running, discord: LoopbackDiscord, guild: Guild
) -> None:
    async with running():
        await registered(discord)
    assert {tuple(command["contexts"]) for command in discord.commands} == {(0,)}


# --- slow and broken --------------------------------------------------------------------------------------


def slow(bot: Any, path: tuple[str, ...], seconds: float) -> None:
    """Let a command take its time, as on a store that is far away."""
    known = bot.platform._commands.all[path]

    async def late(services: Services, caller: Caller, arguments: Arguments) -> Answer:
        await asyncio.sleep(seconds)
        return await known.run(services, caller, arguments)  # type: ignore[no-any-return]

    bot.platform._commands.all[path] = replace(known, run=late)


async def test_a_slow_answer_is_announced_in_time_and_then_given(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        await registered(discord)
        slow(bot, ("help",), 3.5)
        answer = await member.runs("safety help", channel=general, patience=10.0)
    assert not answer.failed
    assert answer.deferred
    assert answer.answered_after is not None
    assert answer.answered_after < 2.5
    assert not answer.thinking
    assert answer.ephemeral
    assert "I'm a bot" in answer.content


async def test_a_press_that_has_to_wait_for_the_store_is_announced_and_done_once(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, tmp_path: Path
) -> None:
    async with running() as bot:
        reply = await general.reply_to(await member.says(general, DIY))
        await bot.settled()
        wish = await member.taps(reply, "Not for me")
        # Somebody else writes, for longer than Discord waits.
        held = sqlite3.connect(tmp_path / "data" / "safetybot.sqlite3", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(3.5, held.execute, "ROLLBACK")
        answer = await member.taps(wish, "Stop replying to me", patience=15.0)
        held.close()
        stopped = bot.services.library.ui("en").stopped
    assert not answer.failed
    assert answer.deferred
    assert answer.answered_after is not None
    assert answer.answered_after < 2.5
    assert answer.content == stopped
    assert not answer.problems


async def test_a_fault_of_ours_is_admitted_to_the_caller_and_logged_without_their_words(
    running: Running, discord: LoopbackDiscord, general: Channel, moderator: Member, real_logs: io.StringIO
) -> None:
    async with running() as bot:
        await registered(discord)

        async def broken(*_: object) -> Answer:
            raise ZeroDivisionError("of ours")

        known = bot.platform._commands.all["try",]
        bot.platform._commands.all["try",] = replace(known, run=broken)
        answer = await moderator.runs("safety try", text="a secret of a member")
    logged = real_logs.getvalue()
    assert "went wrong on our side" in answer.content
    assert answer.ephemeral
    assert "ZeroDivisionError" in logged
    assert "a secret of a member" not in logged


# --- context menus ----------------------------------------------------------------------------------------


async def test_a_moderator_checks_a_message_and_only_they_see_the_explanation(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member, moderator: Member
) -> None:
    async with running() as bot:
        await registered(discord)
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
        seen = len(await bot.log())
        answer = await moderator.runs_on_message("Check this message", message)
        quiet = await moderator.runs_on_message("Check this message", await member.says(general, QUIET))
        await bot.settled()
        assert len(await bot.log()) == seen
    assert answer.ephemeral
    assert "Do it yourself" in answer.content
    assert "Nothing of concern" in quiet.content


async def test_members_are_not_offered_the_check_and_refused_where_an_admin_offers_it_to_them(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running():
        await registered(discord)
        message = await member.says(general, DIY)
        with pytest.raises(CannotDo, match="hidden"):
            await member.runs_on_message("Check this message", message)
        answer = await member.runs_on_message("Check this message", message, by_override=True)
    assert "may not" in answer.content


async def test_a_member_reports_a_message_and_moderators_hear_of_it_once(
    running: Running, discord: LoopbackDiscord, general: Channel, alerts: Channel, guild: Guild, member: Member
) -> None:
    other = guild.add_member("member two")
    async with running() as bot:
        await registered(discord)
        await alerts_go_to(bot, alerts)
        message = await other.says(general, "what a lovely lighthouse")
        told = await member.runs_on_message("Report to moderators", message)
        again = await other.runs_on_message("Report to moderators", message)
        posted = list(alerts.messages)
        ui = bot.services.library.ui("en")
    assert told.ephemeral
    assert told.content == ui.reported
    assert again.content == ui.report_known
    [report] = posted
    assert f"{general.id}/{message.id}" in report.content
    assert "lighthouse" not in report.content
    assert "member one" not in report.content


async def test_a_report_without_a_place_for_it_says_whom_to_ask(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        await registered(discord)
        message = await member.says(general, QUIET)
        answer = await member.runs_on_message("Report to moderators", message, locale="de")
        assert answer.content == bot.services.library.ui("de").report_unavailable
