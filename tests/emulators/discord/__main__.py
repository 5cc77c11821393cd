"""``python -m tests.emulators.discord``: serves a loopback Discord with one guild for a person to try a bot in.

A typed line is a member's message in #general; what the bot writes is printed. A line that starts with ``/`` is a
command instead: ``/help`` lists them.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from collections.abc import Iterable

from .acting import CannotDo
from .channels import Channel
from .command_options import BadOption
from .errors import Json
from .members import Member
from .results import InteractionResult
from .server import TOKEN, LoopbackDiscord
from .state import MessageRecord

HELP = """a line            the member writes it in the current channel
/mod LINE         the moderator writes it
/run CMD k=v ...  the moderator runs a slash command, e.g. /run safety keyword add term=word
/tap LABEL        the member taps a button of the bot's newest message; /modtap for the moderator
/edit LINE        the member edits their newest message
/delete           the member deletes their newest message
/channel NAME     go to another channel (general, alerts)
/cut, /lose       cut the gateway; cut it and forget the session
/quit             stop"""


class Prompt:
    """The conversation between the person at the keyboard and the emulator."""

    def __init__(self, discord: LoopbackDiscord, further_guilds: int = 0) -> None:
        self._discord = discord
        guild = discord.add_guild("Loopback community")
        self._channels = {name: guild.add_channel(name) for name in ("general", "alerts")}
        self._member = guild.add_member("member")
        self._moderator = guild.add_member("moderator", guild.add_role("moderators", "administrator"))
        self._here = self._channels["general"]
        for number in range(further_guilds):
            further = discord.add_guild(f"Community {number + 1}")
            for channel in range(5):
                further.add_channel(f"channel-{channel + 1}")
        self._said: MessageRecord | None = None
        self._result: InteractionResult | None = None

    async def watch(self) -> None:
        """Print what the bot writes and changes, until cancelled."""
        shown: dict[int, int] = {}
        while True:
            for channel in self._channels.values():
                for message in channel.bot_messages:
                    if shown.get(message.id) != message.edits:
                        shown[message.id] = message.edits
                        _show(f"#{channel.record.name}", message.content, message.embeds, message.interactive)
            await asyncio.sleep(0.1)

    async def take(self, line: str) -> bool:
        """Carry one typed line out; False when it was the last."""
        word, _, rest = line.partition(" ")
        if not line.startswith("/"):
            self._said = await self._member.says(self._here, line)
        elif word == "/mod":
            await self._moderator.says(self._here, rest)
        elif word == "/run":
            await self._run(rest)
        elif word in {"/tap", "/modtap"}:
            await self._tap(self._moderator if word == "/modtap" else self._member, rest)
        elif word == "/edit" and self._said is not None:
            await self._member.edits(self._said, rest)
        elif word == "/delete" and self._said is not None:
            await self._member.deletes(self._said)
        elif word == "/channel" and rest in self._channels:
            self._here = self._channels[rest]
        elif word == "/cut":
            await self._discord.cut_gateway()
        elif word == "/lose":
            await self._discord.lose_session()
        elif word == "/quit":
            return False
        else:
            _print(HELP)
        return True

    async def _run(self, rest: str) -> None:
        words = shlex.split(rest)
        values = dict(word.split("=", 1) for word in words if "=" in word)
        command = " ".join(word for word in words if "=" not in word)
        self._outcome(await self._moderator.runs(command, channel=self._here, options=values))

    async def _tap(self, who: Member, label: str) -> None:
        newest: list[MessageRecord | InteractionResult] = list(_tappable(self._channels.values()))
        if self._result is not None and self._result.components:
            newest.append(self._result)
        if not newest:
            _print("  there is no message with buttons yet")
            return
        self._outcome(await who.taps(newest[-1], label))

    def _outcome(self, result: InteractionResult) -> None:
        self._result = result
        if result.failed:
            _print("  This interaction failed: no answer within three seconds")
        elif result.modal is not None:
            _print(f"  modal: {result.modal['title']}")
        elif result.message is not None and result.ephemeral:
            _show("only you see", result.content, result.embeds, result.message.interactive)


def _tappable(channels: Iterable[Channel]) -> list[MessageRecord]:
    found = [message for channel in channels for message in channel.bot_messages if message.interactive]
    return sorted(found, key=lambda message: message.id)


def _show(where: str, content: str, embeds: list[Json], buttons: list[Json]) -> None:
    _print(f"  [{where}] {content}")
    for embed in embeds:
        _print(f"    {embed.get('title') or ''} {embed.get('description') or ''}".rstrip())
        for field in embed.get("fields") or []:
            _print(f"    {field['name']}: {field['value']}")
    if buttons:
        _print("    " + "  ".join(f"({button.get('label') or button.get('custom_id')})" for button in buttons))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until the input ends or says so."""
    discord = LoopbackDiscord(
        token=arguments.token, port=arguments.port, message_content=not arguments.without_message_content
    )
    async with discord:
        _print(f"REST     {discord.api_base}\ngateway  {discord.gateway_url}\ntoken    {discord.token}\n")
        _print("Type a line to write as a member; /help for more.")
        prompt = Prompt(discord, arguments.guilds)
        watcher = asyncio.create_task(prompt.watch())
        try:
            while True:
                line = await asyncio.to_thread(sys.stdin.readline)
                if not line:
                    if arguments.stay:
                        await asyncio.Event().wait()
                    return
                try:
                    if line.strip() and not await prompt.take(line.strip()):
                        return
                except (CannotDo, BadOption) as refused:
                    _print(f"  {refused}")
        finally:
            watcher.cancel()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.discord", description="Serve a loopback Discord.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes any free one (default)")
    parser.add_argument("--token", default=TOKEN, help="bot token to accept (default: %(default)s)")
    parser.add_argument(
        "--without-message-content",
        action="store_true",
        help="do not grant the message-content intent (close code 4014)",
    )
    parser.add_argument(
        "--guilds", type=int, default=0, help="further guilds of five channels, to see the bot's memory"
    )
    parser.add_argument("--stay", action="store_true", help="go on serving after the input has ended")
    try:
        asyncio.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
