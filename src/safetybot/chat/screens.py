"""The names of screens, so that each can lead to any other; what all of them share: the way back, pages, phrases.

Lives here: names and small parts. Does not live here: any screen (one file each).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, FormToFill, Menu
from safetybot.chat.commands import MENU, Caller
from safetybot.chat.text import Form, Line, RichText, Span
from safetybot.translation import Texts

HELP, STATUS, SETUP, TRY = "help", "status", "setup", "try"
KEYWORDS, POLICY, EXEMPT, PRIVACY, STATS, WEB = "kw", "set", "exempt", "privacy", "stats", "web"

Item = TypeVar("Item")
_NAME = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Paged(Generic[Item]):
    """One page of a list, and the buttons to the others."""

    items: Sequence[Item]
    buttons: tuple[Button, ...]
    says: str
    """Which page it is; empty where there is one only."""


def where(caller: Caller) -> tuple[str, str]:
    """The caller's platform and community, as the use cases take them."""
    return caller.place.platform, caller.place.community


def phrase(said: Texts, message: str, **values: str | Span) -> tuple[Span, ...]:
    """`message` in this language, each `{name}` filled in with a text or a span with style."""
    spans: list[Span] = []
    for number, part in enumerate(_NAME.split(said.say(message))):
        value = values.get(part, part) if number % 2 else part
        spans.append(value if isinstance(value, Span) else Span(value))
    return tuple(span for span in spans if span.text)


def phrase_line(said: Texts, message: str, *, form: Form = Form.TEXT, **values: str | Span) -> Line:
    """`phrase` as a line."""
    return Line(
        tuple(Span(" ".join(s.text.split("\n")), s.style, s.url) for s in phrase(said, message, **values)), form
    )


def back(said: Texts, to: str = MENU, *arguments: str) -> Button:
    """The button to the screen before."""
    label = said.say("Menu") if to == MENU else said.say("Back")
    return Button(label, Action(to, arguments))


def screen(text: RichText, *rows: Sequence[Button], menu: Menu | None = None) -> Answer:
    """An answer that takes the place of the screen whose button was pressed; rows without a button fall away."""
    return Answer(text, tuple(tuple(row) for row in rows if row), menu, replaces=True)


def form(asked: FormToFill) -> Answer:
    """A form to fill in."""
    return Answer(form=asked)


def paged(said: Texts, items: Sequence[Item], number: int, per_page: int, name: str, *arguments: str) -> Paged[Item]:
    """Page `number` (from 0 on; one beyond the last is the last); its buttons do `name` with the page's number last."""
    pages = max(1, -(-len(items) // per_page))
    number = min(max(0, number), pages - 1)
    buttons: list[Button] = []
    if number:
        buttons.append(Button(said.say("Previous page"), Action(name, (*arguments, str(number - 1)))))
    if number < pages - 1:
        buttons.append(Button(said.say("Next page"), Action(name, (*arguments, str(number + 1)))))
    says = said.say("Page {page} of {pages}", page=number + 1, pages=pages) if pages > 1 else ""
    return Paged(items[number * per_page : (number + 1) * per_page], tuple(buttons), says)


def number_in(arguments: Sequence[str], at: int) -> int:
    """The number at a place of an action's arguments, 0 where there is none."""
    return int(arguments[at]) if len(arguments) > at and arguments[at] else 0


def short(text: str, most: int) -> str:
    """`text`, cut to `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
