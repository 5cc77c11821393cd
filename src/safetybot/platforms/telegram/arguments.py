"""Commands as they are typed: from a line of text to a command's options, and back. Pure.

Lives here: where a command begins, quotes, `name=value`, values by position. Does not live here: what a command does
(`chat/`), and who may call it. Telephones put typographic quotes where somebody types plain ones, so those count too.

By position, values stand in the order of the options. Words that follow a free text belong to it, up to a word that is
one of the next option's choices: `/keyword add glow party diy` needs no quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from safetybot.chat.commands import Arguments, Command, Option, OptionKind, Value
from safetybot.chat.refusals import Unfit
from safetybot.communities.errors import CommunityError

_HEAD = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,32}))?(?!\S)")
_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,31})([=:])")
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,6})?")
_QUOTES = {'"': '"', "“": "”", "”": "”", "„": "“”", "«": "»"}
"""Each opening sign and what closes it."""
_ESCAPE = "\\"
_TRUE, _FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
_BY_ID = frozenset({OptionKind.CHANNEL, OptionKind.ROLE, OptionKind.MEMBER})


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a command."""

    word: str
    """In lower case, without the slash."""
    to: str
    """The bot it is addressed to, in lower case; empty where it names none."""
    rest: str


class UnclosedQuote(CommunityError):
    """A quote was opened and never closed."""

    def __init__(self, sign: str) -> None:
        """Keep the sign that opened it."""
        super().__init__(f"the quote that {sign} opens is never closed")
        self.sign = sign


class UnknownOption(CommunityError):
    """A command has no option of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the name, and those there are."""
        super().__init__(f"there is no option `{name}`; there are: {', '.join(known) or 'none'}")
        self.name, self.known = name, tuple(known)


class GivenTwice(CommunityError):
    """An option was given more than once."""

    def __init__(self, option: str) -> None:
        """Keep its name."""
        super().__init__(f"`{option}` is given twice")
        self.option = option


class LeftOver(CommunityError):
    """There is more than the command takes."""

    def __init__(self, words: str) -> None:
        """Keep the first of what is left."""
        super().__init__(f"{words!r} is more than this command takes")
        self.words = words


def head_of(text: str) -> Head | None:
    """The beginning of a command, None where the text is none."""
    found = _HEAD.match(text)
    if found is None:
        return None
    return Head(found[1].lower(), (found[2] or "").lower(), text[found.end() :].strip())


def arguments_of(command: Command, typed: str) -> dict[str, Value]:
    """What was typed after a command, as its options. Options that are missing are for the command to ask for.

    Raises:
        UnclosedQuote: A quote is never closed.
        UnknownOption: `name=value` names no option of the command.
        GivenTwice: An option is given twice.
        Unfit: A value is none that its option can take.
        LeftOver: There are more values than options.
    """
    options = [one for one in command.options if one.kind is not OptionKind.FILE]
    if len(options) == 1 and _is_free(options[0]):
        whole = _whole(options[0], typed.strip())
        return {options[0].name: whole} if whole else {}
    reading = _Reading(options)
    for token in _tokens(typed, {one.name for one in options}):
        reading.take(token)
    return reading.values


def typed(command: Command, arguments: Arguments) -> str:
    """`command` with `arguments` as `arguments_of` reads it; files have no place in a line."""
    names = {one.name for one in command.options if one.kind is not OptionKind.FILE}
    given = [f"{name}={_quoted(value)}" for name, value in arguments.items() if name in names]
    return " ".join([f"/{command.name}", *given])


def usage_of(command: Command) -> str:
    """How a command is written: `/keyword add <term> [concern=…]`."""
    parts = [f"/{command.name}"]
    for option in command.options:
        if option.kind is OptionKind.FILE:
            continue
        values = "|".join(option.choices) if option.choices else "yes" if option.kind is OptionKind.TRUTH else "…"
        parts.append(f"<{option.name}>" if option.required else f"[{option.name}={values}]")
    return " ".join(parts)


# --- words ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    """One value, and the option that it is given to by name."""

    name: str
    value: str
    quoted: bool


def _tokens(typed: str, names: set[str]) -> Iterator[_Token]:
    at, end = 0, len(typed)
    while at < end:
        if typed[at].isspace():
            at += 1
            continue
        name = ""
        found = _NAMED.match(typed, at)
        # `name:value` is how other platforms write it; only a known name makes it one, as times and addresses have `:`.
        if found is not None and (found[2] == "=" or found[1].lower() in names):
            name, at = found[1].lower(), found.end()
        if at < end and typed[at] in _QUOTES:
            value, at = _in_quotes(typed, at)
            yield _Token(name, value, quoted=True)
            continue
        word = _WORD.match(typed, at)
        value = word[0] if word is not None else ""
        at += len(value)
        yield _Token(name, value, quoted=False)


def _in_quotes(typed: str, at: int) -> tuple[str, int]:
    """What stands in the quotes that open at `at`, and where what follows begins."""
    opened, closing = typed[at], _QUOTES[typed[at]]
    made: list[str] = []
    at += 1
    while at < len(typed):
        sign = typed[at]
        if sign == _ESCAPE and typed[at + 1 : at + 2] and typed[at + 1] in closing + _ESCAPE:
            made.append(typed[at + 1])
            at += 2
            continue
        if sign in closing:
            return "".join(made), at + 1
        made.append(sign)
        at += 1
    raise UnclosedQuote(opened)


def _whole(option: Option, typed: str) -> str:
    """The value of a command's only option: all that was typed, whatever stands in it."""
    found = _NAMED.match(typed)
    if found is not None and found[1].lower() == option.name:
        typed = typed[found.end() :].strip()
    if typed[:1] in _QUOTES:
        try:
            value, end = _in_quotes(typed, 0)
        except UnclosedQuote:
            return typed
        if end == len(typed):
            return value
    return typed


# --- values -----------------------------------------------------------------------------------------------


class _Reading:
    """Gives values to options, one after the other."""

    def __init__(self, options: Sequence[Option]) -> None:
        self._options = {one.name: one for one in options}
        # What is chosen by an id or by yes and no is given by name, except where it is the first thing that is meant.
        self._in_order = [
            one
            for number, one in enumerate(options)
            if one.kind is not OptionKind.TRUTH and (one.kind not in _BY_ID or number == 0)
        ]
        self.values: dict[str, Value] = {}
        self._growing: Option | None = None

    def take(self, token: _Token) -> None:
        if token.name:
            self._give(self._named(token.name), token)
            return
        following = next((one for one in self._in_order if one.name not in self.values), None)
        growing = self._growing
        if growing is not None and not token.quoted and not _ends(growing, following, token.value):
            self.values[growing.name] = f"{self.values[growing.name]} {token.value}".strip()
            return
        if following is None:
            raise LeftOver(token.value)
        self._give(following, token)

    def _named(self, name: str) -> Option:
        option = self._options.get(name)
        if option is None:
            raise UnknownOption(name, list(self._options))
        if name in self.values:
            raise GivenTwice(name)
        return option

    def _give(self, option: Option, token: _Token) -> None:
        self.values[option.name] = _value(option, token.value)
        self._growing = option if _is_free(option) and not token.quoted else None


def _ends(growing: Option, following: Option | None, word: str) -> bool:
    """Whether a word is the next option's value and no more of the text before it."""
    if following is None:
        return False
    if _is_free(following):
        return following.required or not growing.required
    try:
        _value(following, word)
    except Unfit:
        return False
    return True


def _is_free(option: Option) -> bool:
    return option.kind is OptionKind.TEXT and not option.choices


def _value(option: Option, given: str) -> Value:
    """A word as the value of an option. Raises `Unfit`."""
    word = given.strip().lower()
    if option.kind is OptionKind.TRUTH:
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise Unfit(option.name, given, ("yes", "no"))
    if option.kind is OptionKind.NUMBER:
        if _NUMBER.fullmatch(word):
            return float(word)
        raise Unfit(option.name, given, ("7", "30"))
    if option.choices:
        if word in option.choices:
            return word
        raise Unfit(option.name, given, option.choices)
    return given


def _quoted(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    escaped = str(value).replace(_ESCAPE, _ESCAPE * 2).replace('"', _ESCAPE + '"')
    return f'"{escaped}"'


Lookup = Mapping[tuple[str, ...], Command]
"""Commands by their words."""


def command_in(commands: Lookup, words: str) -> tuple[Command, str] | None:
    """The command that some text begins with, and what follows; None where it begins with none.

    The first word of a group (`keyword`) stands for the first of its commands that needs nothing more.
    """
    first = _WORD.match(words)
    if first is None:
        return None
    word = first[0].lower()
    rest = words[first.end() :].strip()
    second = _WORD.match(rest)
    if second is not None and (found := commands.get((word, second[0].lower()))) is not None:
        return found, rest[second.end() :].strip()
    if (found := commands.get((word,))) is not None:
        return found, rest
    group = [one for path, one in commands.items() if path[0] == word]
    if not rest and group:
        return next((one for one in group if not any(option.required for option in one.options)), group[0]), ""
    return None
