"""The commands about settings: `policy show`, `set`, `reset`, `undo`, `history`. Each answers with a screen.

Lives here: what a command is given. Does not live here: the screens, and changing a setting (`policy_screens.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.chat.answers import Answer
from safetybot.chat.commands import Arguments, Caller, Command, Option, OptionKind
from safetybot.chat.policy_screens import (
    HERE,
    all_settings,
    history_screen,
    in_force,
    overview,
    read_typed,
    set_value,
    setting_screen,
    take_back,
)
from safetybot.chat.refusals import Missing
from safetybot.chat.screens import where
from safetybot.chat.services import Services
from safetybot.chat.text import line
from safetybot.communities.access import Right, require
from safetybot.communities.setting_list import COMMUNITY, SETTINGS, setting
from safetybot.model import Mode
from safetybot.translation import marked


def channel_given(caller: Caller, arguments: Arguments) -> str:
    """The channel that a command was given, `COMMUNITY` without one; `here` is the one it was written in."""
    channel = str(arguments.get("channel", "")).strip()
    return caller.place.channel if channel == HERE else channel or COMMUNITY


def _key_given(arguments: Arguments) -> str:
    """The setting that a command was given, empty without one. Raises `UnknownSetting`."""
    key = str(arguments.get("key", "")).strip().lower()
    return setting(key).key if key else ""


async def _which(services: Services, caller: Caller) -> Answer:
    asked = caller.texts.say("Which setting do you mean? Choose it here, or write it after the command.")
    return await overview(services, caller, (line(asked),))


async def _show_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    channel = channel_given(caller, arguments)
    if key := _key_given(arguments):
        return await setting_screen(services, caller, key, channel=channel)
    return await (overview(services, caller) if channel == COMMUNITY else all_settings(services, caller, 0, channel))


async def _set_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    key, channel = _key_given(arguments), channel_given(caller, arguments)
    if not key:
        return await _which(services, caller)
    if not str(arguments.get("value", "")).strip():
        if channel == COMMUNITY:
            return await setting_screen(services, caller, key)
        raise Missing("value", f"policy set {key} {setting(key).example}")
    seen = (await in_force(services, caller, channel))[key].version
    return await set_value(services, caller, key, read_typed(caller, key, str(arguments["value"])), seen, channel)


async def _reset_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    key, channel = _key_given(arguments), channel_given(caller, arguments)
    if not key:
        return await _which(services, caller)
    seen = (await in_force(services, caller, channel))[key].version
    return await set_value(services, caller, key, None, seen, channel)


async def _undo_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    key, channel = _key_given(arguments), channel_given(caller, arguments)
    if not key:
        return await _which(services, caller)
    return await take_back(services, caller, key, None, channel)


async def _history_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    key = _key_given(arguments)
    if not key:
        return await _which(services, caller)
    return await history_screen(services, caller, key, 0, channel_given(caller, arguments))


async def _complete(services: Services, caller: Caller, option: str, typed: str) -> Sequence[str]:
    require(caller.actor, Right.SEE_POLICY, *where(caller))
    wanted = typed.strip().lower()
    if option == "value":
        return [mode.value for mode in Mode if wanted in mode.value]
    return [key for key in SETTINGS if wanted in key]


_KEY = Option("key", marked("The setting, such as diy.mode"), completes=True)
_NEEDED_KEY = Option("key", marked("The setting, such as diy.mode"), required=True, completes=True)
_CHANNEL = Option("channel", marked("For this channel alone"), OptionKind.CHANNEL)
_VALUE = Option("value", marked("Its value; lists with commas, on or off"), required=True, completes=True)
COMMANDS = (
    Command(
        ("policy", "show"), marked("What is done about each concern, and every other setting"), _show_command,
        Right.SEE_POLICY, (_KEY, _CHANNEL), _complete,
    ),
    Command(
        ("policy", "set"), marked("Change a setting, for the community or for one channel"), _set_command,
        Right.CHANGE_POLICY, (_NEEDED_KEY, _VALUE, _CHANNEL), _complete,
    ),
    Command(
        ("policy", "reset"), marked("Inherit a setting again"), _reset_command, Right.CHANGE_POLICY,
        (_NEEDED_KEY, _CHANNEL), _complete,
    ),
    Command(
        ("policy", "undo"), marked("Take back the newest change of a setting"), _undo_command, Right.CHANGE_POLICY,
        (_NEEDED_KEY, _CHANNEL), _complete,
    ),
    Command(
        ("policy", "history"), marked("Every change of a setting: who, when, from what to what"), _history_command,
        Right.SEE_POLICY, (_NEEDED_KEY, _CHANNEL), _complete,
    ),
)  # fmt: skip
