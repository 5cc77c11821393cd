"""What comes back from a command or a press: a text, what may be pressed next, files, or a form to fill in.

Lives here: these as data. Does not live here: how a platform shows them (rows and menus on Discord, keyboards and
questions one by one on Telegram).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from safetybot.chat.actions import Action
from safetybot.chat.text import NOTHING, RichText


class Weight(enum.Enum):
    """How a button stands out."""

    NORMAL = "normal"
    MAIN = "main"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: an action, or a link (then `url`, and no action)."""

    label: str
    action: Action | None = None
    weight: Weight = Weight.NORMAL
    url: str = ""
    vouched: bool = False
    """Whether the platform tells the link's site who pressed, having asked them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu."""

    label: str
    action: Action
    note: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """Up to 25 choices of which one is taken."""

    says: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form."""

    name: str
    label: str
    """At most 45 characters."""
    value: str = ""
    """What stands in it already."""
    hint: str = ""
    long: bool = False
    required: bool = True
    most: int = 1_000
    """Characters."""


@dataclass(frozen=True, slots=True)
class FormToFill:
    """Up to five questions; what is filled in goes to `action`."""

    title: str
    """At most 45 characters."""
    action: Action
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand out."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody gets. Only they see it, where the platform can do that."""

    text: RichText = NOTHING
    rows: tuple[tuple[Button, ...], ...] = ()
    menu: Menu | None = None
    files: tuple[File, ...] = ()
    form: FormToFill | None = None
    """To be filled in first; then the rest of the answer is empty."""
    replaces: bool = False
    """Whether it takes the place of the message whose button was pressed."""
    brief: bool = False
    """One sentence that may be shown in passing (a callback alert) instead of as a message."""
