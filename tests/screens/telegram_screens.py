"""`python -m tests.screens.telegram_screens`: plays a group on the loopback Telegram and writes what people see.

The bot is the real one, and the page shows the HTML and the keyboards that it really sent. Writes
`docs/screens-telegram.html`.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.emulators.telegram import Chat, LoopbackTelegram, Request, User
from tests.platforms.telegram.bots import Bots
from tests.platforms.telegram.town import PACE, Town
from tests.screens.page import Chapter, Screen, page

from safetybot.communities.access import BOT

DIY = "I ordered mesotherapy ampoules and want to inject them into my face at home. Where do I start?"
ADVERSE = "I injected meso at home two days ago and now one cheek is hot, red and swollen. Is that normal?"
ABOUT = (
    "Rendered from what the real bot sent to the loopback Bot API of the tests: "
    "<code>python -m tests.screens.telegram_screens</code> makes this page anew. The look is not Telegram's; the "
    "words, the buttons and their order are what people get. All members and messages are invented."
)
_SAID = ("sendmessage", "editmessagetext", "senddocument", "sendphoto")


@dataclass
class Stage:
    """A group, the people in it, and the page so far."""

    town: Town
    chapters: list[Chapter] = field(default_factory=list)

    def chapter(self, title: str, says: str) -> None:
        """Begin a chapter."""
        self.chapters.append(Chapter(title, says))

    async def show(self, title: str, note: str, doing: Awaitable[object], *, typed: str = "", who: str = "") -> None:
        """Add a screen: what was typed, and what the bot sent after it."""
        before = len(self._sent())
        await doing
        await self.settled()
        sent = self._sent()[before:]
        parts = [said(who, html.escape(typed))] if typed else []
        self.chapters[-1].screens.append(Screen(title, note, [*parts, *(bot_said(one) for one in sent)]))

    async def settled(self) -> None:
        """Wait until the bot has said nothing for a while: an alert follows its reply."""
        await self.town.quiet()
        await self.town.bot.log()
        seen = -1
        while seen != len(self._sent()):
            seen = len(self._sent())
            await asyncio.sleep(0.4)

    def _sent(self) -> list[Request]:
        return [one for one in self.town.telegram.requests if one.method.lower() in _SAID and one.status == 200]

    async def press(self, who: User, chat: Chat, label: str) -> None:
        """Press a button of the newest message of ours that has it; follow it where it leads into the private chat."""
        message = next(
            one for one in reversed(chat.from_bot()) if any(button["text"] == label for button in one.buttons)
        )
        tap = await who.taps(message, label)
        answer = await tap.answered()
        if answer.url:
            await who.follows(answer.url)


def said(who: str, shown: str, below: str = "") -> str:
    """One message; `shown` is HTML."""
    face, tag = ("bot", ' <span class="tag">BOT</span>') if who == "safetybot" else ("", "")
    lines = "".join(f"<p>{line}</p>" if line else '<div class="gap"></div>' for line in shown.split("\n"))
    return (
        f'<div class="message"><div class="face {face}">{html.escape(who[:1].upper())}</div><div class="said">'
        f'<div class="who">{html.escape(who)}{tag}</div>{lines}{below}</div></div>'
    )


def bot_said(request: Request) -> str:
    """What the bot sent, with its keyboard."""
    markup = request.params.get("reply_markup") or {}
    rows = (json.loads(markup) if isinstance(markup, str) else markup).get("inline_keyboard", [])
    below = "".join(f'<div class="row">{"".join(map(_button, row))}</div>' for row in rows)
    files = "".join(f'<div class="file">📄 {html.escape(one.name)}</div>' for one in request.files.values())
    # Telegram's HTML is a part of HTML, and it took this: nothing of a member can be markup in it.
    return said("safetybot", str(request.params.get("text") or request.params.get("caption") or ""), files + below)


def _button(button: Mapping[str, Any]) -> str:
    mark = " ↗" if "url" in button else ""
    return f'<span class="button plain">{html.escape(str(button["text"]))}{mark}</span>'


async def for_members(stage: Stage) -> None:
    """What members see."""
    town = stage.town
    member, private = town.member, town.private(town.member)
    stage.chapter("Members", "One short, silent reply; everything longer stands in the private chat, for one person.")
    await stage.show(
        "A reply", "Somebody asks how to inject at home.", member.says(town.group, DIY), typed=DIY, who="Member"
    )
    await stage.show(
        "What are the risks",
        "The button opens the private chat.",
        stage.press(member, town.group, "What are the risks"),
    )
    await stage.show("Not for me", "Why, and the ways out.", stage.press(member, town.group, "Not for me"))
    await stage.show(
        "Start", "Whoever writes to the bot alone.", member.says_privately("/start"), typed="/start", who="Member"
    )
    await stage.show("First aid", "The most urgent signs first.", stage.press(member, private, "Something's wrong now"))
    await stage.show("None of these", "The next question.", stage.press(member, private, "No, none of these"))
    await stage.show(
        "Yes, or not sure", "Not being sure counts as a yes.", stage.press(member, private, "Yes, or I'm not sure")
    )
    await stage.show("Privacy", "What is kept, a copy, deleting it.", member.says(town.group, "/privacy"),
                     typed="/privacy", who="Member")  # fmt: skip
    stranger = town.telegram.add_user("Newcomer", language_code="en")
    await stage.show("Led into the private chat", "Somebody who never started the bot types a command in the group.",
                     stranger.says(town.group, "/privacy"), typed="/privacy", who="Newcomer")  # fmt: skip


async def for_moderators(stage: Stage) -> None:
    """What moderators see, in their own chat."""
    town = stage.town
    moderator, room = town.moderator, town.room
    stage.chapter("Moderators", "Alerts stand in the moderators' chat, and so do the answers to what is typed there.")
    await stage.show("An alert", "Symptoms: the member was answered, and moderators are told.",
                     town.member.says(town.group, ADVERSE))  # fmt: skip
    await stage.show("Explain", "Why this came about.", stage.press(moderator, room, "Explain"))
    await stage.show("Confirmed", "The alert follows.", stage.press(moderator, room, "Confirm"))
    await stage.show("Review queue", "What waits, newest first.", moderator.says(room, "/review"), typed="/review",
                     who="Moderator")  # fmt: skip
    line = "/keyword add glow party diy"
    await stage.show("A keyword", "No syntax to learn: options by place or by name.", moderator.says(room, line),
                     typed=line, who="Moderator")  # fmt: skip
    line = '/keyword add "glow party'
    await stage.show("What cannot be read", "What is wrong, how it is written, an example.",
                     moderator.says(room, line), typed=line, who="Moderator")  # fmt: skip


async def for_admins(stage: Stage) -> None:
    """What admins see in private."""
    town = stage.town
    admin, private = town.admin, town.private(town.admin)
    stage.chapter(
        "Admins", "Everything behind buttons, in the private chat; rights are asked of Telegram at each press."
    )
    await stage.show("The menu", "Typed in the group, answered in private.", admin.says(town.group, "/safety"),
                     typed="/safety", who="Admin")  # fmt: skip
    await stage.show("Status", "What is on, what is missing.", stage.press(admin, private, "Status"))
    await stage.show(
        "Settings", "Each one behind a button.", admin.says_privately("/policy"), typed="/policy", who="Admin"
    )
    await stage.show("Try a message", "Nothing is sent or kept.", admin.says_privately(f"/try {DIY}"),
                     typed=f"/try {DIY}", who="Admin")  # fmt: skip
    admin.language_code = "de"
    await stage.show("The menu in German", "In the language of the reader's own app.", admin.says_privately("/safety"),
                     typed="/safety", who="Admin")  # fmt: skip


def lists(telegram: LoopbackTelegram, town: Town) -> Chapter:
    """The commands as Telegram lists them."""
    chapter = Chapter("Commands", "As Telegram lists them while somebody types a slash, by who and where they are.")
    for title, who, chat in (
        ("In private", town.member, None), ("Members in a group", town.member, town.group),
        ("Administrators in a group", town.moderator, town.group),
    ):  # fmt: skip
        rows = "".join(
            f"<tr><td><code>/{word}</code></td><td>{html.escape(says)}</td></tr>"
            for word, says in telegram.commands_for(who, chat).items()
        )
        chapter.screens.append(Screen(title, "", [f'<table class="commands">{rows}</table>']))
    return chapter


async def play(folder: Path) -> str:
    """The page."""
    os.environ["SAFETYBOT_DATA_DIR"] = str(folder)
    async with LoopbackTelegram(privacy_mode=False) as telegram, AsyncExitStack() as stack:
        bots = Bots(telegram, folder, stack)
        try:
            town = Town(telegram, await bots.start(pace=PACE))
            await town.alerts_go_to_the_room()
            for concern in ("diy", "adverse"):
                await town.bot.services.policy.put(BOT, *town.where, f"{concern}.mode", "reply+alert", expected=0)
            stage = Stage(town)
            for part in (for_members, for_moderators, for_admins):
                await part(stage)
            await telegram.until(lambda: (("all_chat_administrators",), "zh") in telegram.commands, 20, "the lists")
            return page([*stage.chapters, lists(telegram, town)], ABOUT, "Telegram")
        finally:
            await bots.stop()


def main() -> None:
    """Write the page; the first argument may name another file."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens-telegram.html")
    with tempfile.TemporaryDirectory() as folder:
        target.write_text(asyncio.run(play(Path(folder))), encoding="utf-8")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
