"""`python -m tests.screens.discord_screens`: plays a community on the loopback Discord and writes what people see.

The bot is the real one, and the page shows the payloads that it really sent. Writes `docs/screens-discord.html`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    from safetybot.platforms.discord.platform import DiscordPlatform, Pace

from tests.emulators.discord import Channel, Guild, InteractionResult, LoopbackDiscord, Member
from tests.screens.page import (
    Chapter,
    Screen,
    command_list,
    message,
    names,
    outcome,
    page,
    proposals,
    typed,
)

from safetybot.chat.registry import commands_for
from safetybot.chat.services import Services
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import make_watcher, open_runtime
from safetybot.cli.session import Session
from safetybot.communities.access import BOT
from safetybot.config.settings import DiscordSettings
from safetybot.intake import Intake
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics

DIY = "I ordered mesotherapy ampoules and want to inject them into my face at home. Where do I start?"
ADVERSE = "I injected meso at home two days ago and now one cheek is hot, red and swollen. Is that normal?"
SUPPLY = "Selling meso kits with needles, cheap, send me a message"
MENTION = "Had my second mesotherapy appointment at the dermatologist today"
QUIET = "Has anyone seen the new series with the lighthouse?"
ABOUT = (
    "Rendered from the payloads that the real bot sent to the loopback Discord of the tests: "
    "<code>python -m tests.screens.discord_screens</code> makes this page anew. The look is not Discord's; the words, "
    "the buttons and their order are what people get. All members and messages are invented."
)


@dataclass
class Stage:
    """A community and the people in it."""

    services: Services
    guild: Guild
    general: Channel
    mods: Channel
    member: Member
    other: Member
    moderator: Member
    admin: Member
    chapters: list[Chapter] = field(default_factory=list)

    def chapter(self, title: str, says: str) -> None:
        """Begin a chapter."""
        self.chapters.append(Chapter(title, says))

    def show(self, title: str, note: str, *parts: str) -> None:
        """Add a screen."""
        self.chapters[-1].screens.append(Screen(title, note, list(parts)))


@asynccontextmanager
async def running(discord: LoopbackDiscord, folder: Path, **settings: Any) -> AsyncIterator[Services]:
    """The bot, connected."""
    os.environ["SAFETYBOT_DATA_DIR"] = str(folder)
    for concern in ("MENTION", "SUPPLY", "DIY", "ADVERSE"):
        for whose in ("CHANNEL", "AUTHOR"):
            os.environ[f"SAFETYBOT_POLICY__{concern}__{whose}_COOLDOWN"] = "0s"
    session = Session()
    async with open_runtime(session) as runtime:
        metrics, platforms = Metrics(), dict[str, Any]()
        watcher = make_watcher(session, runtime, platforms, metrics)
        services = chat_services(session, runtime, watcher.recent)
        wanted = DiscordSettings(
            token=SecretStr(discord.token), api_base=discord.api_base, gateway_url=discord.gateway_url, **settings
        )
        pace = Pace(identify_every=0.0, guilds_within=0.05, marks_every=1.0)
        platform = DiscordPlatform(
            wanted, services, commands_for(services), metrics, runtime.store.watermarks, pace=pace
        )
        platforms[platform.name] = services.boards[platform.name] = platform
        away = (StoreError, OSError)
        intake = Intake(watcher.handle, metrics, away=away)
        platform.connect(watcher, intake, away=away)
        tasks = [asyncio.create_task(intake.run()), asyncio.create_task(platform.run())]
        try:
            await discord.until(lambda: platform.connected and discord.commands, within=20, what="a connection")
            yield services
        finally:
            await platform.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def ran(
    who: Member, name: str, command: str, channel: Channel, **options: object
) -> tuple[str, InteractionResult]:
    """A command as it was typed, and what came of it."""
    result = await who.runs(command, channel=channel, options=options, patience=30)
    given = "".join(f" {key}: {getattr(value, 'name', value)}" for key, value in options.items())
    return typed(f"/{command}{given}", name), result


async def for_members(stage: Stage) -> None:
    """What a member sees."""
    s = stage
    s.chapter("Members", "One short reply that pings nobody; everything longer opens for whoever presses, alone.")
    asked = await s.member.says(s.general, DIY)
    reply = await s.general.reply_to(asked, within=20)
    s.show(
        "A reply", "Somebody asks how to inject at home. The channel sees one short line with buttons.",
        message(asked, "member one"), message(reply, "safetybot", answers=f"member one: {DIY[:60]}…"),
    )  # fmt: skip
    for label in ("What are the risks", "Something's wrong now", "Sources"):
        card = await s.other.taps(reply, label, patience=20)
        s.show(label, f"Another member presses “{label}”.", outcome(card, "member two"))
    german = await s.other.taps(reply, "What are the risks", locale="de", patience=20)
    s.show("The same in German", "The card is in the language of whoever presses.", outcome(german, "member two"))
    not_for_me = await s.member.taps(reply, "Not for me", patience=20)
    s.show("Not for me", "The way to say no, for whoever the reply was meant for.", outcome(not_for_me, "member one"))
    wrong = await s.member.taps(not_for_me, "This reply was wrong", patience=20)
    s.show("This reply was wrong", "It goes to the moderators' review queue.", outcome(wrong, "member one"))
    symptoms = await s.other.says(s.general, ADVERSE)
    urgent = await s.general.reply_to(symptoms, within=20)
    s.show(
        "Symptoms", "Somebody has symptoms: first aid comes first.",
        message(symptoms, "member two"), message(urgent, "safetybot", answers=f"member two: {ADVERSE[:60]}…"),
    )  # fmt: skip
    aid = await s.other.taps(urgent, "Something's wrong now", patience=20)
    s.show("First aid", "Opened from the urgent reply.", outcome(aid, "member two"))
    for command in ("safety help", "safety privacy"):
        line, result = await ran(s.member, "member one", command, s.general)
        s.show(f"/{command}", "As a member without any role sees it.", line, outcome(result, "member one"))
    stop = await s.other.taps(await s.other.taps(urgent, "Not for me", patience=20), "Stop replying to me", patience=20)
    s.show(
        "Stop replying to me", "From now on this member is neither answered nor logged.", outcome(stop, "member two")
    )
    quiet = await s.other.says(s.general, QUIET)
    report = await s.member.runs_on_message("Report to moderators", quiet, patience=20)
    s.show(
        "Report to moderators", "From a message's menu, for every member. Moderators get the link, not the reporter.",
        message(quiet, "member two"), outcome(report, "member one"), message(s.mods.messages[-1], "safetybot"),
    )  # fmt: skip


async def for_moderators(stage: Stage) -> None:
    """What a moderator sees."""
    s = stage
    s.chapter("Moderators", "Alerts stand in the alert channel and follow what becomes of them; the rest is private.")
    first = await s.member.says(s.general, "Is it fine to inject meso under the eyes at home with a pen?")
    await s.general.reply_to(first, within=20)
    alert = await s.mods.message(lambda one: str(first.id) in one.content, within=20)
    s.show("An alert", "The words that were found, in place, and why.", message(alert, "safetybot"))
    why = await s.moderator.taps(alert, "Explain", patience=20)
    s.show("Explain", "From the log: rules and words.", outcome(why, "moderator"))
    asked = await s.moderator.taps(alert, "False alarm", patience=20)
    s.show("False alarm: why?", "A reason is what the next moderator goes by.", outcome(asked, "moderator"))
    told = await s.moderator.submits_modal(asked, {"reason": "A quote from a film"}, patience=20)
    s.show("After the verdict", "What can be done so that it does not come again.", outcome(told, "moderator"))
    await settle()
    s.show("The alert after it", "The member's words are gone from it.", message(alert, "safetybot"))
    for number in range(5):
        await s.member.says(s.general, f"{SUPPLY} ({number + 1})")
    burst = await s.mods.message(lambda one: "more in the last minutes" in one.content, within=20)
    await settle()
    s.show(
        "A burst",
        "More than three of a kind within ten minutes are one message that counts.",
        message(burst, "safetybot"),
    )
    line, queue = await ran(s.moderator, "moderator", "safety review", s.mods)
    s.show("The review queue", "One at a time, newest first.", line, outcome(queue, "moderator"))
    confirmed = await s.moderator.taps(queue, "Confirm", patience=20)
    s.show("Confirmed", "And on to the next.", outcome(confirmed, "moderator"))
    checked = await s.moderator.runs_on_message("Check this message", first, patience=20)
    s.show(
        "Check this message",
        "From the menu of a message, for moderators.",
        message(first, "member one"),
        outcome(checked, "moderator"),
    )


async def for_keywords(stage: Stage) -> None:
    """Keywords of the community."""
    s = stage
    s.chapter("Keywords", "The community's own words, beside the packaged list: draft, shadow, live, and back.")
    line, added = await ran(s.moderator, "moderator", "safety keyword add", s.mods, term="glow party", concern="supply")
    s.show("A new keyword", "It begins as a draft, with what it would do.", line, outcome(added, "moderator"))
    line, broad = await ran(s.moderator, "moderator", "safety keyword add", s.mods, term="skin*", concern="mention")
    s.show("One that is too broad", "It says so before anything is on.", line, outcome(broad, "moderator"))
    line, live = await ran(s.moderator, "moderator", "safety keyword live", s.mods, term="glow party")
    s.show("Switching it on", "The same screen, one press from live.", line, outcome(live, "moderator"))
    found = await s.moderator.autocompletes("safety keyword history", "term", "gl", channel=s.mods)
    s.show(
        "While typing",
        "Terms are proposed to those who may see them.",
        typed("/safety keyword history term: gl", "moderator"),
        proposals(found.choices),
    )
    line, listed = await ran(s.moderator, "moderator", "safety keyword list", s.mods)
    s.show("The list", "What is in use comes first.", line, outcome(listed, "moderator"))
    line, past = await ran(s.moderator, "moderator", "safety keyword history", s.mods, term="glow party")
    s.show("History", "Who changed what, and when.", line, outcome(past, "moderator"))
    refused = await s.member.runs(
        "safety keyword add", channel=s.general, by_override=True, options={"term": "x y z", "concern": "supply"}
    )
    s.show(
        "Refused",
        "A member who runs a moderator's command.",
        typed("/safety keyword add term: x y z", "member one"),
        outcome(refused, "member one"),
    )


async def for_admins(stage: Stage) -> None:
    """What an admin sees."""
    s = stage
    s.chapter("Admins", "Set-up, status, settings, figures.")
    line, one = await ran(s.admin, "admin", "safety setup", s.mods)
    s.show("/safety setup", "Four steps, every one of which can be skipped.", line, outcome(one, "admin"))
    one = await s.admin.taps(one, "Begin", patience=20)
    s.show("Step 1", "The language of replies.", outcome(one, "admin"))
    one = await s.admin.chooses(one, menu_of(one), "The message's own", patience=20)
    s.show("Step 2", "Where moderators are told.", outcome(one, "admin"))
    one = await s.admin.taps(one, "Here", patience=20)
    s.show("Step 3", "Whose emergency number is named.", outcome(one, "admin"))
    one = await s.admin.taps(one, "Leave it as it is", patience=20)
    s.show("Step 4", "What is done about each concern.", outcome(one, "admin"))
    one = await s.admin.taps(one, "Finish", patience=20)
    s.show("Set up", "And what is missing, with what does not work without it.", outcome(one, "admin"))
    for command, note, options in (
        ("safety status", "How the bot stands here.", {}),
        ("safety menu", "Everything there is, with buttons.", {}),
        ("safety policy show", "All settings.", {}),
        ("safety exempt list", "Channels and roles that are left alone.", {}),
        ("safety try", "What would become of a message; nothing is sent or kept.", {"text": DIY}),
        ("safety stats", "Figures with a chart.", {}),
        ("safety help", "As an admin sees it.", {}),
    ):
        line, result = await ran(s.admin, "admin", command, s.mods, **options)
        s.show(f"/{command}" + (" for admins" if "help" in command else ""), note, line, outcome(result, "admin"))
    german = await s.admin.runs("safety status", channel=s.mods, locale="de", patience=20)
    s.show("Status in German", "Moderators and admins read their own language, too.", outcome(german, "admin"))


async def for_automod(folder: Path) -> Chapter:
    """The word filter of a server that does not let the bot read."""
    async with LoopbackDiscord(message_content=False) as discord:
        guild = discord.add_guild("A community")
        mods = guild.add_channel("mods")
        admin = guild.add_member("admin", guild.add_role("admins", "manage_guild"))
        async with running(discord, folder, message_content=False):
            chapter = Chapter(
                "Without reading", "Where messages may not be read: AutoMod looks for words (docs/discord.md)."
            )
            one = await admin.runs("safety setup", channel=mods, options={"alerts": mods}, patience=20)
            one = await admin.taps(one, "Finish", patience=20)
            one = await admin.taps(one, "Word filter", patience=20)
            chapter.screens.append(Screen("The word filter", "Opened from the set-up.", [outcome(one, "admin")]))
            one = await admin.taps(one, "Make the rules", patience=40)
            chapter.screens.append(Screen("Its rules", "Made, and kept in step from now on.", [outcome(one, "admin")]))
        return chapter


def menu_of(result: InteractionResult) -> str:
    """The id of the menu of an answer."""
    return str(next(one["custom_id"] for row in result.components for one in row["components"] if one["type"] == 3))


async def settle(seconds: float = 1.0) -> None:
    """Let what is on its way arrive."""
    await asyncio.sleep(seconds)


async def play(folder: Path) -> str:
    """The page."""
    async with LoopbackDiscord() as discord:
        guild = discord.add_guild("A community")
        general, mods = guild.add_channel("general"), guild.add_channel("mods")
        stage_of: Callable[[Services], Stage] = lambda services: Stage(  # noqa: E731
            services, guild, general, mods, guild.add_member("member one"), guild.add_member("member two"),
            guild.add_member("moderator", guild.add_role("mods", "manage_messages")),
            guild.add_member("admin", guild.add_role("admins", "manage_guild")),
        )  # fmt: skip
        async with running(discord, folder / "reading") as services:
            stage = stage_of(services)
            names.update({str(channel.id): channel.record.name for channel in guild.channels})
            await stage.admin.runs("safety setup", channel=mods, options={"alerts": mods}, patience=20)
            for concern in ("supply", "diy", "adverse", "mention"):
                wanted = {"mention": "shadow", "supply": "alert"}.get(concern, "reply+alert")
                await services.policy.put(BOT, "discord", str(guild.id), f"{concern}.mode", wanted, expected=1)
            parts: tuple[Callable[[Stage], Awaitable[None]], ...] = (
                for_members,
                for_moderators,
                for_keywords,
                for_admins,
            )
            for part in parts:
                await part(stage)
            listed = Chapter(
                "Commands",
                "As Discord lists them; in the reader's language where there is a catalog of it.",
            )
            for language, locale in (("English", None), ("German", "de")):
                screen = Screen(f"Commands in {language}", "", [command_list(discord.commands, locale)])
                listed.screens.append(screen)
            stage.chapters.append(listed)
    stage.chapters.append(await for_automod(folder / "automod"))
    return page(stage.chapters, ABOUT)


def main() -> None:
    """Write the page; the first argument may name another file."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens-discord.html")
    with tempfile.TemporaryDirectory() as folder:
        target.write_text(asyncio.run(play(Path(folder))), encoding="utf-8")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
