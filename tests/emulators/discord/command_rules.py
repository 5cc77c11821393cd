"""What Discord refuses in application commands (D38-D40), by its application-command reference."""

from __future__ import annotations

import unicodedata
from collections import Counter

from .errors import MAX_COMMANDS, ApiError, Form, Json

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
LIMITS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, CHANNEL, NUMBER = 1, 2, 3, 4, 7, 10
# fmt: off
LOCALES = frozenset({
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
    "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
})
# fmt: on
TOTAL = 8000
DAILY_CREATES = 200


def check_commands(commands: list[Json]) -> None:
    """Check the body of a bulk overwrite: each command, the counts, and that names differ.

    Raises:
        ApiError: 400 with 50035 and the list indexes as Discord gives them, or 30032 for too many.
    """
    form = Form()
    for number, command in enumerate(commands):
        check_command(form, str(number), command)
    names = Counter((command.get("type", CHAT_INPUT), command.get("name")) for command in commands)
    for number, command in enumerate(commands):
        if names[command.get("type", CHAT_INPUT), command.get("name")] > 1:
            form.add(
                f"{number}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
    form.check()
    for kind, most in LIMITS.items():
        if sum(command.get("type", CHAT_INPUT) == kind for command in commands) > most:
            raise ApiError(400, MAX_COMMANDS, f"Maximum number of application commands reached ({most})")


def check_command(form: Form, at: str, command: Json) -> None:
    """Record the errors of one command."""
    kind = command.get("type", CHAT_INPUT)
    if kind not in LIMITS:
        form.add(f"{at}.type", "BASE_TYPE_CHOICES", "Value must be one of 1, 2, 3.")
        return
    if kind == CHAT_INPUT:
        _slash_name(form, at, command)
        _description(form, at, command)
        _options(form, at, command.get("options") or [], depth=0)
    else:
        _plain_name(form, at, command)
        if command.get("description"):
            form.add(
                f"{at}.description", "BASE_TYPE_MAX_LENGTH", "Must be 0 in length: context menus have no description."
            )
        if command.get("options"):
            form.add(f"{at}.options", "BASE_TYPE_MAX_LENGTH", "Context menus have no options.")
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.add(f"{at}.default_member_permissions", "BITFIELD_TYPE_CONVERT", "Not a bit set.")
    for number, context in enumerate(command.get("contexts") or []):
        if context not in {0, 1, 2}:
            form.add(f"{at}.contexts.{number}", "BASE_TYPE_CHOICES", "Value must be one of 0, 1, 2.")
    if weight(command) > TOTAL:
        text = f"Command exceeds maximum size ({TOTAL})"
        form.add(at, "APPLICATION_COMMAND_TOO_LARGE", text)


def weight(command: Json) -> int:
    """Characters that count against the 8000: names, descriptions and choice values, each by its longest locale."""
    total = _longest(command, "name") + _longest(command, "description")
    for option in command.get("options") or []:
        total += weight(option)
    for choice in command.get("choices") or []:
        total += _longest(choice, "name") + len(str(choice.get("value", "")))
    return total


def valid_slash_name(name: object) -> bool:
    """Whether it is 1-32 letters, digits, ``-``, ``_`` or ``'`` of any script, in lower case where there is one."""
    if not isinstance(name, str) or not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(char in "-_'" or unicodedata.category(char)[0] in "LN" or _devanagari_or_thai(char) for char in name)


def _devanagari_or_thai(char: str) -> bool:
    # These scripts' vowel signs are marks, not letters; Discord's pattern lets the whole scripts in.
    return "ऀ" <= char <= "ॿ" or "꣠" <= char <= "ꣿ" or "\u0e00" <= char <= "\u0e7f"


def _longest(node: Json, field: str) -> int:
    texts = [node.get(field) or "", *(node.get(f"{field}_localizations") or {}).values()]
    return max(len(text or "") for text in texts)


def _localised(form: Form, at: str, node: Json, field: str) -> list[tuple[str, object]]:
    """The field and its localisations, with their paths; unknown locales are recorded."""
    found: list[tuple[str, object]] = [(f"{at}.{field}", node.get(field))]
    for locale, text in (node.get(f"{field}_localizations") or {}).items():
        path = f"{at}.{field}_localizations.{locale}"
        if locale not in LOCALES:
            form.add(path, "LOCALE_TYPE_INVALID", f"Value must be one of {sorted(LOCALES)}.")
        elif text is not None:
            found.append((path, text))
    return found


def _slash_name(form: Form, at: str, node: Json) -> None:
    for path, name in _localised(form, at, node, "name"):
        if name is None:
            form.required(path)
        elif not valid_slash_name(name):
            form.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _plain_name(form: Form, at: str, node: Json) -> None:
    for path, name in _localised(form, at, node, "name"):
        form.length(path, name, 1, 32)


def _description(form: Form, at: str, node: Json) -> None:
    for path, text in _localised(form, at, node, "description"):
        if text is None:
            form.required(path)
        else:
            form.length(path, text, 1, 100)


def _options(form: Form, at: str, options: list[Json], *, depth: int) -> None:
    if len(options) > 25:
        form.add(f"{at}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
    names = Counter(option.get("name") for option in options)
    nested = [option.get("type") in {SUB_COMMAND, SUB_COMMAND_GROUP} for option in options]
    if any(nested) and not all(nested):
        text = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add(f"{at}.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
    optional_seen = False
    for number, option in enumerate(options):
        inner = f"{at}.options.{number}"
        if names[option.get("name")] > 1:
            form.add(f"{inner}.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique")
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            form.add(inner, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen = optional_seen or not option.get("required")
        _option(form, inner, option, depth=depth)


def _option(form: Form, at: str, option: Json, *, depth: int) -> None:
    kind = option.get("type")
    if not isinstance(kind, int) or not 1 <= kind <= 11:
        form.add(f"{at}.type", "BASE_TYPE_CHOICES", "Value must be one of 1 to 11.")
        return
    _slash_name(form, at, option)
    _description(form, at, option)
    if kind == SUB_COMMAND_GROUP and depth > 0:
        form.add(f"{at}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Groups cannot be nested.")
    if kind == SUB_COMMAND and depth > 1:
        form.add(f"{at}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-commands go two levels deep at most.")
    if kind in {SUB_COMMAND, SUB_COMMAND_GROUP}:
        _options(form, at, option.get("options") or [], depth=depth + 1 if kind == SUB_COMMAND_GROUP else 2)
        return
    if option.get("options"):
        form.add(f"{at}.options", "BASE_TYPE_MAX_LENGTH", "Only sub-commands and groups have options.")
    _choices(form, at, option)
    for name, low, high in (("min_length", 0, 6000), ("max_length", 1, 6000)):
        value = option.get(name)
        if value is not None and (kind != STRING or not low <= value <= high):
            form.add(f"{at}.{name}", "NUMBER_TYPE_MAX", f"Only for strings, between {low} and {high}.")
    for name in ("min_value", "max_value"):
        if option.get(name) is not None and kind not in {INTEGER, NUMBER}:
            form.add(f"{at}.{name}", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only for integers and numbers.")
    if option.get("channel_types") and kind != CHANNEL:
        form.add(f"{at}.channel_types", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only for channels.")


def _choices(form: Form, at: str, option: Json) -> None:
    choices = option.get("choices") or []
    if option.get("autocomplete") and choices:
        form.add(f"{at}.choices", "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", "Not together with autocomplete.")
    if (option.get("autocomplete") or choices) and option.get("type") not in {STRING, INTEGER, NUMBER}:
        form.add(
            f"{at}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Choices are for strings, integers, numbers."
        )
    check_choices(form, f"{at}.choices", choices, kind=option.get("type", STRING))


def check_choices(form: Form, at: str, choices: list[Json], *, kind: int) -> None:
    """Record the errors of an option's choices, or of an autocomplete's answer."""
    if len(choices) > 25:
        form.add(at, "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
    for number, choice in enumerate(choices):
        for path, name in _localised(form, f"{at}.{number}", choice, "name"):
            form.length(path, name, 1, 100)
        value = choice.get("value")
        if kind == STRING:
            form.length(f"{at}.{number}.value", value, 0, 100)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            form.add(f"{at}.{number}.value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
