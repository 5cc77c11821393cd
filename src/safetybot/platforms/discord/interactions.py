"""Commands and context menus: from an interaction to `Commands.run` and `complete`, and the answer back in time (D30).

Lives here: reading what was typed, proposals while somebody types, the two context menus. Does not live here: what a
command does (`chat/`), how an answer is given (`presses.py`), registering (`slash.py`, `registering.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from safetybot.chat.answers import Answer
from safetybot.chat.commands import Caller, Commands, Upload, Value
from safetybot.chat.reporting import report
from safetybot.chat.text import text
from safetybot.chat.trying import check_message
from safetybot.platforms.discord.caller import caller_of
from safetybot.platforms.discord.presses import commands_of, respond, sent_in
from safetybot.platforms.discord.slash import CHECK, GROUP, MESSAGE_MENU, REPORT, SUBCOMMAND, SUBCOMMAND_GROUP
from safetybot.platforms.discord.surfaces import surfaces_of, to_message
from safetybot.translation import marked

log = structlog.get_logger(__name__)

_ATTACHMENT = 11
_BYTES = 1_000_000
"""The largest file that a command takes; a list of all keywords that a community may have is a tenth of it."""
_PROPOSE_WITHIN = 2.0
"""Seconds; proposals that come later are of no use to whoever types."""
_PROPOSED, _PROPOSAL = 25, 100

Data = Mapping[str, Any]
"""An interaction's data, whose shape differs from one kind to the next."""


def acted(interaction: discord.Interaction[Any]) -> Awaitable[None] | None:
    """What is to be done about an interaction; None for presses, which the library hands out."""
    if interaction.type is discord.InteractionType.application_command:
        return ran(interaction)
    if interaction.type is discord.InteractionType.autocomplete:
        return typing(interaction)
    if interaction.type is discord.InteractionType.modal_submit:
        return sent_in(interaction)
    return None


async def ran(interaction: discord.Interaction[Any]) -> None:
    """Run a command or a context menu, and answer whoever called it."""
    commands, caller, data = commands_of(interaction), caller_of(interaction), _data(interaction)
    if data.get("type") == MESSAGE_MENU:
        await respond(interaction, commands, _on_message(interaction, commands, caller, data))
    else:
        await respond(interaction, commands, _command(interaction, commands, caller, data))


async def typing(interaction: discord.Interaction[Any]) -> None:
    """Propose values for the option in which somebody types; none where it takes too long."""
    commands, data = commands_of(interaction), _data(interaction)
    path, given = _path(data)
    focused = next((option for option in given if option.get("focused")), None)
    found: Sequence[str] = ()
    if focused is not None and path in commands.all:
        try:
            async with asyncio.timeout(_PROPOSE_WITHIN):
                found = await commands.complete(
                    caller_of(interaction), path, str(focused["name"]), str(focused.get("value", ""))
                )
        except TimeoutError:
            log.warning("proposals_too_late", command=" ".join(path))
    # What is longer than Discord takes cannot be proposed; it can still be typed.
    choices = [app_commands.Choice(name=one, value=one) for one in found if 1 <= len(one) <= _PROPOSAL]
    try:
        await interaction.response.autocomplete(choices[:_PROPOSED])
    except discord.NotFound:
        log.warning("interaction_too_late")


async def _command(interaction: discord.Interaction[Any], commands: Commands, caller: Caller, data: Data) -> Answer:
    path, given = _path(data)
    if data.get("name") != GROUP or path not in commands.all:
        return _changed(caller)
    arguments: dict[str, Value] = {}
    attachments = data.get("resolved", {}).get("attachments", {})
    for option in given:
        value = option.get("value")
        if option.get("type") == _ATTACHMENT:
            attachment = discord.Attachment(data=attachments[str(value)], state=interaction._state)
            upload = await _read(attachment)
            if upload is None:
                return _unreadable(caller)
            arguments[option["name"]] = upload
        elif isinstance(value, str | int | float):
            # Channels, roles and members come by their ids.
            arguments[option["name"]] = value
    return await commands.run(caller, path, arguments)


async def _on_message(interaction: discord.Interaction[Any], commands: Commands, caller: Caller, data: Data) -> Answer:
    message = _target(interaction, data)
    if message is None or data.get("name") not in (CHECK, REPORT):
        return _changed(caller)
    ours = to_message(message)
    if data["name"] == CHECK:
        words = "\n".join(surface.text for surface in surfaces_of(message))
        before = commands.services.recent.before(ours) if ours is not None else ()
        return await check_message(commands.services, caller, words, [line.text for line in before])
    return await report(commands.services, caller, ours)


def _path(data: Data) -> tuple[tuple[str, ...], list[Data]]:
    """The words of a command below the group, and the options that were given to it."""
    path: list[str] = []
    options: list[Data] = list(data.get("options") or [])
    while options and options[0].get("type") in (SUBCOMMAND, SUBCOMMAND_GROUP):
        path.append(str(options[0]["name"]))
        options = list(options[0].get("options") or [])
    return tuple(path), options


def _target(interaction: discord.Interaction[Any], data: Data) -> discord.Message | None:
    """The message on which a context menu was used; it comes whole, whatever the intents (D4)."""
    found = data.get("resolved", {}).get("messages", {}).get(str(data.get("target_id")))
    channel = interaction.channel
    if found is None or not isinstance(channel, discord.abc.Messageable):
        return None
    message = discord.Message(state=interaction._state, channel=channel, data=found)
    if message.guild is None:
        message.guild = interaction.guild
    return message


async def _read(attachment: discord.Attachment) -> Upload | None:
    """A file that was handed in; None where it is too large or Discord does not give it out."""
    if attachment.size > _BYTES:
        return None
    try:
        return Upload(attachment.filename, await attachment.read())
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("file_not_read", why=type(error).__name__)
        return None


def _data(interaction: discord.Interaction[Any]) -> Data:
    return dict(interaction.data or {})


def _changed(caller: Caller) -> Answer:
    say = caller.texts.say
    return Answer(
        text(say(marked("That command was changed. Type {command} again in a moment: Discord shows the new ones then."),
                 command=f"/{GROUP}"))
    )  # fmt: skip


def _unreadable(caller: Caller) -> Answer:
    say = caller.texts.say
    return Answer(
        text(say(marked("That file could not be read. It may have {number} kB at most; please try again."),
                 number=_BYTES // 1_000))
    )  # fmt: skip
