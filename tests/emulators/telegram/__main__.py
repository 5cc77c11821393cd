"""`python -m tests.emulators.telegram`: serve the emulator and talk to a bot from the terminal.

One supergroup, one member, one private chat. A line is something the member says; lines with `!` do more (`!help`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from contextlib import suppress

from .loopback import LoopbackTelegram
from .people import Tap, User
from .world import Chat, Message

HELP = """\
text            the member says it in the group
!private text   the member writes to the bot in private
!tap label      the member presses that button on the bot's last message that has it
!edit text      the member changes their last message in the group
!admin          the member becomes administrator; !bot-admin makes the bot one
!migrate        the group becomes a supergroup with a new id (with --group)
!quit           the end
"""


class Terminal:
    """A conversation with the bot, line by line."""

    def __init__(self, telegram: LoopbackTelegram, group: Chat, member: User) -> None:
        self._telegram = telegram
        self._group = group
        self._member = member
        self._private = telegram.private_chat(member)
        self._last: Message | None = None
        self._shown: dict[tuple[int, int], str] = {}
        self._taps: list[Tap] = []

    async def obey(self, line: str) -> bool:
        """Do what a line says. Answers whether to go on."""
        word, _, rest = line.partition(" ")
        if word == "!quit":
            return False
        if word == "!help":
            show(HELP)
        elif word == "!private":
            await self._member.says_privately(rest)
        elif word == "!tap":
            await self._tap(rest)
        elif word == "!edit" and self._last is not None:
            await self._member.edits(self._last, rest)
        elif word == "!admin":
            self._telegram.make_admin(self._member, self._group)
        elif word == "!bot-admin":
            self._telegram.bot_is_admin(self._group)
        elif word == "!migrate" and self._group.kind == "group":
            self._group = self._telegram.migrate(self._group)
        elif line.startswith("!"):
            show(f"unknown or impossible now: {word} (!help lists all)\n")
        elif line:
            self._last = await self._member.says(self._group, line)
        return True

    async def watch(self) -> None:
        """Print what the bot says, edits and answers, for as long as the task lives."""
        while True:
            with suppress(TimeoutError):
                await self._telegram.until(self._news, within=60.0)

    def _news(self) -> bool:
        """Print what is new. Answers False, so that whoever waits goes on waiting."""
        for chat in (self._group, self._private):
            for message in chat.from_bot():
                key, text = (chat.id, message.message_id), rendered(message)
                if self._shown.get(key) != text:
                    verb = "edits" if key in self._shown else "says"
                    self._shown[key] = text
                    show(f"bot {verb} in {chat.title or 'private'}: {text}\n")
        for tap in [tap for tap in self._taps if tap.answer is not None]:
            self._taps.remove(tap)
            show(f"bot answers the button: {tap.answer}\n")
        return False

    async def _tap(self, label: str) -> None:
        for message in reversed(self._private.from_bot() + self._group.from_bot()):
            if any(button["text"] == label for button in message.buttons):
                tap = await self._member.taps(message, label)
                if tap.query is None:
                    show(f"leads to {tap.url}\n")
                self._taps.append(tap)
                return
        show(f"no button {label!r} on any message of the bot\n")


def rendered(message: Message) -> str:
    """A message of the bot on one or two lines: text, file, buttons."""
    parts = [message.text or ""]
    if message.upload is not None:
        parts.append(f"({message.upload.name}, {message.upload.size} bytes)")
    buttons = " ".join(f"[{button['text']}]" for button in message.buttons)
    return " ".join(part for part in (*parts, buttons) if part)


def show(text: str) -> None:
    """Write to the terminal at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def read_lines(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]) -> None:
    """Pass lines of the standard input on, `None` at its end; runs in a thread of its own."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\n"))
    loop.call_soon_threadsafe(lines.put_nowait, None)


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until `!quit`, the end of the input, or an interrupt."""
    async with LoopbackTelegram(port=arguments.port, token=arguments.token) as telegram:
        make = telegram.add_group if arguments.group else telegram.add_supergroup
        group = make("Community", bot="member" if arguments.privacy else "administrator")
        member = telegram.add_user("Member", language_code=arguments.language)
        show(f"base URL  {telegram.base_url}\ntoken     {telegram.token}\n")
        show(f"group     {group.id}\nmember    {member.id}\n!help lists what can be done\n")
        if arguments.no_prompt:
            await asyncio.Event().wait()
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=read_lines, args=(loop, lines), daemon=True).start()
        terminal = Terminal(telegram, group, member)
        watcher = asyncio.create_task(terminal.watch())
        try:
            while (line := await lines.get()) is not None and await terminal.obey(line):
                pass
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--token", help="the bot's token (default: a new one)")
    parser.add_argument("--language", default="en", help="the member's language_code (default: en)")
    parser.add_argument("--group", action="store_true", help="a basic group instead of a supergroup")
    parser.add_argument("--privacy", action="store_true", help="the bot is an ordinary member in privacy mode")
    parser.add_argument("--no-prompt", action="store_true", help="only serve, until interrupted")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
