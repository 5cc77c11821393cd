"""Commands as Discord registers them: the group `/safety` and the context menus, in every language we have. Pure.

Lives here: from `chat.commands.Command` to the payload, and whether a registered payload differs from it. Does not live
here: registering (`registering.py`), and what becomes of a call (`interactions.py`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import discord

from safetybot.chat.command_words import word_in
from safetybot.chat.commands import Command, Option, OptionKind
from safetybot.communities.access import Right, Role
from safetybot.translation import SOURCE, Texts, marked, texts

Payload = dict[str, Any]
"""JSON of Discord's API."""

GROUP = "safety"
"""The one slash command of ours; every command is below it."""
CHECK, REPORT = marked("Check this message"), marked("Report to moderators")
"""The context menus of a message, by the names under which they are registered."""

SLASH, MESSAGE_MENU = 1, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
_IN_SERVERS = [0]
"""Contexts and kinds of installation: servers only. There is nothing to command in a direct message."""
_KINDS = {
    OptionKind.TEXT: 3,
    OptionKind.TRUTH: 5,
    OptionKind.MEMBER: 6,
    OptionKind.CHANNEL: 7,
    OptionKind.ROLE: 8,
    OptionKind.NUMBER: 10,
    OptionKind.FILE: 11,
}
_TEXT_CHARS = 2_000
"""A text option takes at most as many characters as a message of Discord has."""
_NAME, _SAYS = 32, 100
_GROUP_SAYS = marked("Safety information about cosmetic injections: settings, keywords, reviews, privacy")
_PAIR = 2


def payload(commands: Sequence[Command]) -> list[Payload]:
    """Everything there is to register, the same for the same commands and catalogs."""
    group: Payload = {
        "type": SLASH,
        "name": GROUP,
        **_described(_GROUP_SAYS),
        "options": list(_children(commands)),
        "default_member_permissions": _permissions(command.right for command in commands),
        "contexts": _IN_SERVERS,
        "integration_types": _IN_SERVERS,
    }
    menus = ((CHECK, Right.REVIEW), (REPORT, None))
    return [group, *(_menu(name, right) for name, right in menus)]


def differs(wanted: Sequence[Payload], registered: Sequence[Payload]) -> bool:
    """Whether what Discord has is other than what is wanted; what Discord adds or leaves out by itself is no matter."""

    def keyed(commands: Iterable[Payload]) -> dict[tuple[int, str], Payload]:
        return {(command.get("type", SLASH), command["name"]): _bare(command) for command in commands}

    return keyed(wanted) != keyed(registered)


def locales() -> Iterator[tuple[str, Texts]]:
    """Discord's languages that there is a catalog for, each with it; English is what everything is named in."""
    for locale in discord.Locale:
        said = texts(locale.value)
        if said.language != SOURCE:
            yield locale.value, said


def is_name(name: str) -> bool:
    """Whether Discord takes it as the name of a slash command: short, lower-case, letters, digits, `-` and `_`."""
    return 1 <= len(name) <= _NAME and name == name.lower() and all(_in_name(char) for char in name)


# --- the group --------------------------------------------------------------------------------------------


def _children(commands: Sequence[Command]) -> Iterator[Payload]:
    """Subcommands, and a group of them where the path has two words, in the order in which help tells them."""
    done: set[str] = set()
    for command in commands:
        first = command.path[0]
        if len(command.path) == 1:
            yield _subcommand(command)
        elif len(command.path) == _PAIR and first not in done:
            done.add(first)
            below = [one for one in commands if one.path[0] == first]
            yield {
                "type": SUBCOMMAND_GROUP,
                **_named(first),
                # What it is for, nobody sees: the client shows the commands below it.
                "description": f"{first}: {', '.join(one.path[-1] for one in below)}"[:_SAYS],
                "options": [_subcommand(one) for one in below],
            }


def _subcommand(command: Command) -> Payload:
    # Discord wants what is needed first.
    options = sorted(command.options, key=lambda option: not option.required)
    return {
        "type": SUBCOMMAND,
        **_named(command.path[-1]),
        **_described(command.says),
        "options": [_option(option) for option in options],
    }


def _option(option: Option) -> Payload:
    made: Payload = {
        "type": _KINDS[option.kind],
        "name": option.name,
        **_described(option.says),
        "required": option.required,
    }
    if option.choices:
        made["choices"] = [_choice(choice) for choice in option.choices]
    elif option.completes:
        made["autocomplete"] = True
    if option.kind is OptionKind.TEXT and not option.choices:
        made["max_length"] = _TEXT_CHARS
    return made


def _choice(choice: str) -> Payload:
    return _with({"name": choice, "value": choice}, "name", lambda said: said.say(choice)[:_SAYS])


def _menu(name: str, right: Right | None) -> Payload:
    shown = _with({"name": name}, "name", lambda said: said.say(name)[:_NAME])
    return {
        "type": MESSAGE_MENU,
        **shown,
        "default_member_permissions": _permissions([right]),
        "contexts": _IN_SERVERS,
        "integration_types": _IN_SERVERS,
    }


def _permissions(rights: Iterable[Right | None]) -> str | None:
    """What members need to be offered a command (D38): as much as its least demanding part; None is nothing.

    Discord knows permissions of whole commands only, and admins may change them. Every use case asks again.
    """
    least = min((Role.VIEWER if right is None else max(right.least, Role.MODERATOR) for right in rights), default=None)
    if least is None or least is Role.VIEWER:
        return None
    needed = discord.Permissions(manage_messages=True) if least is Role.MODERATOR else discord.Permissions(
        manage_guild=True
    )  # fmt: skip
    return str(needed.value)


# --- words ------------------------------------------------------------------------------------------------


def _named(word: str) -> Payload:
    """A word of a command with its translations, as far as they can be names."""

    def name(said: Texts) -> str:
        shown = word_in(said, word)
        return shown if is_name(shown) else word

    return _with({"name": word}, "name", name)


def _described(says: str) -> Payload:
    return _with({"description": says[:_SAYS]}, "description", lambda said: said.say(says)[:_SAYS])


def _with(made: Payload, key: str, words: Callable[[Texts], str]) -> Payload:
    """`made` with `<key>_localizations`, where a language says it in other words."""
    localised = {locale: shown for locale, said in locales() if (shown := words(said)) != made[key]}
    return {**made, f"{key}_localizations": localised} if localised else made


def _in_name(char: str) -> bool:
    # The vowel signs of Devanagari and Thai are marks; Discord takes these scripts as a whole.
    return char in "-_" or unicodedata.category(char)[0] in "LN" or "\u0900" <= char <= "\u097f" or (
        "\u0e00" <= char <= "\u0e7f"
    )  # fmt: skip


# --- comparing --------------------------------------------------------------------------------------------

_COMPARED = (
    "type", "name", "description", "name_localizations", "description_localizations", "required", "autocomplete",
    "choices", "options", "value", "max_length", "default_member_permissions", "contexts", "integration_types",
)  # fmt: skip


def _bare(node: Mapping[str, Any]) -> Payload:
    """A command or option without ids, versions, and everything that says no more than leaving it out would."""
    bare: Payload = {}
    for key in _COMPARED:
        value = node.get(key)
        if value is None or value is False or value in ("", [], {}):
            continue
        bare[key] = [_bare(one) for one in value] if key in ("options", "choices") else value
    bare.setdefault("type", SLASH)
    return bare
