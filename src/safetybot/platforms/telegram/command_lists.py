"""The lists of commands that Telegram shows while somebody types `/`, by who and where they are, in every language.

Lives here: what stands in which list, and setting the lists that differ. Does not live here: what is typed
(`listening.py`). Lists only show: anybody may type anything, and rights are checked at each call (T9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)

from safetybot.chat.alerts_here import SAYS as ALERTS_SAYS
from safetybot.chat.commands import Command
from safetybot.chat.screens import short
from safetybot.platforms.telegram.caller import FALLBACK
from safetybot.platforms.telegram.listening import ALERTS, FIRST_AID, SAFETY, STOP_WORD
from safetybot.platforms.telegram.sending import Sender
from safetybot.ports import PlatformError
from safetybot.responses import ResponseLibrary
from safetybot.translation import texts

log = structlog.get_logger(__name__)

MOST = 100
"""Commands in one list (T31)."""
LONGEST = 256
"""Characters of what is said about a command (T31)."""
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
_MEMBERS = ("privacy", STOP_WORD, "help")
_IN_PRIVATE = (FIRST_AID, SAFETY, "review", *_MEMBERS)

Scope = str
Lists = Mapping[tuple[Scope, str], tuple[tuple[str, str], ...]]
"""Words and what is said about them, by scope and language; the language is empty for everybody else."""

_SCOPES: Mapping[Scope, BotCommandScope] = {
    "default": BotCommandScopeDefault(),
    "all_private_chats": BotCommandScopeAllPrivateChats(),
    "all_group_chats": BotCommandScopeAllGroupChats(),
    "all_chat_administrators": BotCommandScopeAllChatAdministrators(),
}


def lists_of(commands: Sequence[Command], library: ResponseLibrary) -> Lists:
    """Every list there is to be. A language that says all as English does has none of its own."""
    words = {language: _words(commands, library, language) for language in library.languages}
    made: dict[tuple[Scope, str], tuple[tuple[str, str], ...]] = {}
    for scope in _SCOPES:
        made[scope, ""] = english = _list(scope, words[FALLBACK])
        for language, own in words.items():
            listed = _list(scope, own)
            made[scope, language] = listed if listed != english else ()
    return made


async def install(sender: Sender, wanted: Lists, *, first_pause: float = _FIRST_PAUSE) -> None:
    """Make Telegram show these lists; one that is there already is left alone. Tries again until it has come about.

    Nobody waits for it: without lists, commands work all the same.
    """
    pause, changed = first_pause, 0
    for (scope, language), commands in wanted.items():
        while True:
            try:
                changed += await _set(sender, _SCOPES[scope], language, commands)
            except PlatformError as error:
                log.warning("commands_not_listed", scope=scope, language=language, why=str(error), again_in=pause)
                if not error.retry:
                    break  # the other lists may be fine
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                break
    log.info("commands_listed", lists=len(wanted), changed=changed)


async def _set(sender: Sender, scope: BotCommandScope, language: str, commands: tuple[tuple[str, str], ...]) -> bool:
    """Set one list; whether it was another one."""
    there = await sender.ask(lambda connection: connection.get_my_commands(scope, language or None))
    if tuple((one.command, one.description) for one in there) == commands:
        return False
    if not commands:
        await sender.ask(lambda connection: connection.delete_my_commands(scope, language or None))
    else:
        listed = [BotCommand(word, says) for word, says in commands]
        await sender.ask(lambda connection: connection.set_my_commands(listed, scope, language or None))
    return True


def _words(commands: Sequence[Command], library: ResponseLibrary, language: str) -> dict[str, str]:
    """Every word that begins a command, and what is said about it."""
    said, ui = texts(language), library.ui(language)
    says: dict[str, str] = {}
    for command in commands:
        # A group of commands is one word; it stands for its first one that needs nothing more.
        if len(command.path) == 1 or not any(option.required for option in command.options):
            says.setdefault(command.path[0], said.say(command.says))
    own = {ALERTS: said.say(ALERTS_SAYS), STOP_WORD: ui.stop, FIRST_AID: ui.first_aid}
    return {SAFETY: says.pop("menu"), **says, **own}


def _list(scope: Scope, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    chosen: Sequence[str] = _MEMBERS
    if scope == "all_private_chats":
        chosen = _IN_PRIVATE
    elif scope == "all_chat_administrators":
        chosen = [word for word in words if word != FIRST_AID]
    return tuple((word, short(words[word], LONGEST)) for word in chosen[:MOST])
