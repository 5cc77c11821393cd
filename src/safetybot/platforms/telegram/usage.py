"""What is told of a command that could not be read: what is wrong, how it is written, an example.

Lives here: these screens. Does not live here: reading (`arguments.py`), what a command refuses (`chat/refusals.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Choice, Menu
from safetybot.chat.commands import Command, OptionKind, Value
from safetybot.chat.refusals import refusal
from safetybot.chat.screens import HELP, back, phrase_line, screen, short
from safetybot.chat.text import Line, code, line, text
from safetybot.communities.errors import CommunityError
from safetybot.platforms.telegram.arguments import (
    GivenTwice,
    LeftOver,
    UnclosedQuote,
    UnknownOption,
    typed,
    usage_of,
)
from safetybot.translation import Texts, marked

_SHOWN = 60
_EXAMPLES: dict[str, Value] = {
    "term": "glow party", "concern": "diy", "text": "where can I buy a hyaluron pen", "key": "diy.mode",
    "value": "reply", "id": "-1001234567890", "role": "administrator", "state": "live", "form": "csv", "days": 30.0,
    "command": "keyword add", "channel": "-1001234567890", "alerts": "-1001234567890",
}  # fmt: skip
"""Something fitting for each option, by its name."""


def malformed(said: Texts, command: Command, error: CommunityError) -> Answer:
    """Why a command could not be read, and how it is written."""
    lines = [
        *_why(said, error), Line(), line(said.say(marked("Write it like this:"))), line(code(usage_of(command))),
        line(said.say(marked("For example:"))), line(code(example_of(command))),
    ]  # fmt: skip
    return screen(text(lines), [Button(said.say(marked("Help")), Action(HELP)), back(said)])


def example_of(command: Command) -> str:
    """A command written out: with what it needs, or else with the first thing that it takes."""
    given = [one for one in command.options if one.kind is not OptionKind.FILE]
    needed = [one for one in given if one.required] or given[:1]
    return typed(command, {one.name: _EXAMPLES.get(one.name, True) for one in needed})


def unknown(said: Texts, word: str, known: Iterable[str]) -> Answer:
    """That there is no such command, and which it may have been."""
    near = difflib.get_close_matches(word.lower(), list(known), 3)
    lines = [phrase_line(said, marked("There is no command {command}."), command=code("/" + short(word, _SHOWN)))]
    if near:
        meant = ", ".join(f"/{one}" for one in near)
        lines.append(line(said.say(marked("Did you mean: {commands}?"), commands=meant)))
    return screen(text(lines), [Button(said.say(marked("Help")), Action(HELP)), back(said)])


def which_group(said: Texts, choices: tuple[Choice, ...], *, again: bool) -> Answer:
    """Ask which group is meant; `again` where what was typed is lost and has to be sent once more."""
    lines = [line(said.say(marked("You look after several groups.")))]
    if again:
        lines.append(line(said.say(marked("Choose one, then send the command again."))))
    return screen(text(lines), menu=Menu(said.say(marked("Which group is it about?")), choices))


def alerts_here(said: Texts, choices: tuple[Choice, ...]) -> Answer:
    """Ask whose alerts shall come into a chat; without choices, what is missing for that."""
    if choices:
        return screen(text(said.say(marked("Whose alerts shall come into this chat?"))),
                      menu=Menu(said.say(marked("Choose a group")), choices))  # fmt: skip
    sentence = marked(
        "Write this in the chat of your moderators, as somebody who may change the group's information in the group "
        "that the alerts are about; write a command in that group once before."
    )
    return Answer(text(said.say(sentence)))


def no_group(said: Texts) -> Answer:
    """That there is no group which a command could be about."""
    sentence = marked("I know of no group that you look after. Write the command in your group once.")
    return screen(text(said.say(sentence)), [back(said)])


def _why(said: Texts, error: CommunityError) -> tuple[Line, ...]:
    say = said.say
    if isinstance(error, UnclosedQuote):
        return (line(say(marked("The quote that {sign} opens is never closed."), sign=error.sign)),)
    if isinstance(error, UnknownOption):
        head = line(say(marked("There is no option {name} here."), name=error.name))
        if not error.known:
            return (head,)
        return head, line(say(marked("There are: {names}."), names=", ".join(error.known)))
    if isinstance(error, GivenTwice):
        return (line(say(marked("{option} is given twice."), option=error.option)),)
    if isinstance(error, LeftOver):
        words = short(error.words, _SHOWN)
        return (line(say(marked("{words} is more than this command takes. Put quotes around what belongs together."),
                         words=words)),)  # fmt: skip
    return refusal(said, error).lines
