"""What a command and a button are, for every chat platform: names, options, and what they do.

Lives here: the description of a command, who calls it, and the one place where calls end (`Commands`), so that a
refusal or a fault always becomes a helpful answer. Does not live here: any command (one file a group beside this
one), and how a platform offers them (slash commands, text, menus).
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button
from safetybot.chat.refusals import refusal
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import text
from safetybot.communities.access import Actor, Refused, Right
from safetybot.communities.errors import CommunityError
from safetybot.documents import InvalidDocument
from safetybot.model import Place
from safetybot.translation import Texts, marked, texts

MENU = "menu"
"""The action that opens the menu: the way on from everywhere."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, where, and in which language they read. The adapter vouches for the actor anew at each call."""

    actor: Actor
    place: Place
    language: str

    @property
    def texts(self) -> Texts:
        """What moderators and admins read, in the caller's language."""
        return texts(self.language)


class OptionKind(enum.Enum):
    """What an option takes."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    CHANNEL = "channel"
    """A channel's id."""
    ROLE = "role"
    """A role's id; platforms without roles leave the option out."""
    MEMBER = "member"
    """A member's id."""
    FILE = "file"
    """An `Upload`."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was handed in."""

    name: str
    data: bytes


Value = str | float | bool | Upload
Arguments = Mapping[str, Value]
"""Options that were given, by name."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command. Names are the same in every language; `says` is translated."""

    name: str
    """1 to 32 lower-case letters, digits, `_` or `-`."""
    says: str
    """At most 100 characters, in every language."""
    kind: OptionKind = OptionKind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    """All that it takes, where that is a short list (at most 25)."""
    completes: bool = False
    """Whether the command's `complete` proposes values while somebody types."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the group `/safety`, one or two words long."""

    path: tuple[str, ...]
    says: str
    """At most 100 characters, in every language."""
    run: Callable[[Services, Caller, Arguments], Awaitable[Answer]]
    right: Right | None
    """What the caller needs, for offering it to the right people; None for everybody. The use case checks by itself."""
    options: tuple[Option, ...] = ()
    complete: Callable[[Services, Caller, str, str], Awaitable[Sequence[str]]] | None = None
    """Proposes values: takes the option's name and what was typed so far."""

    @property
    def name(self) -> str:
        """As people write it: `keyword add`."""
        return " ".join(self.path)


ActionHandler = Callable[[Services, Caller, tuple[str, ...], FormValues], Awaitable[Answer]]
"""Does what a button or a filled-in form asks for; a button gives no values."""


class UnknownAction(CommunityError):
    """A button is of another version of the program, or was made up."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        super().__init__(f"the button `{name}` is of another version; run the command again")
        self.name = name


class Commands:
    """All commands and buttons of the chat platforms."""

    def __init__(self, services: Services, commands: Iterable[Command], handlers: Mapping[str, ActionHandler]) -> None:
        """Serve these."""
        self.services = services
        self.all = {command.path: command for command in commands}
        self._handlers = handlers

    async def run(self, caller: Caller, path: tuple[str, ...], arguments: Arguments) -> Answer:
        """Run a command; what was refused or cannot be is told in the answer."""
        return await told(caller, self.all[path].run(self.services, caller, arguments))

    async def act(self, caller: Caller, action: Action | None, values: FormValues | None = None) -> Answer:
        """Do what a button (or a form, with what was filled in) asks for; None is a button that is not ours."""
        if action is None or action.name not in self._handlers:
            return _sorry(caller, UnknownAction(action.name if action else "?"))
        return await told(caller, self._handlers[action.name](self.services, caller, action.arguments, values or {}))

    async def complete(self, caller: Caller, path: tuple[str, ...], option: str, typed: str) -> Sequence[str]:
        """Values to propose for an option, at most 25; none where the caller may not see them."""
        command = self.all[path]
        if command.complete is None:
            return ()
        try:
            return (await command.complete(self.services, caller, option, typed))[:25]
        except Refused:
            return ()


async def told(caller: Caller, work: Awaitable[Answer]) -> Answer:
    """What `work` answers; what it refuses becomes an answer as well."""
    try:
        return await work
    except CommunityError as error:
        return _sorry(caller, error)
    except InvalidDocument as error:
        head = caller.texts.say(marked("That file cannot be used:"))
        return Answer(text(head, *(str(problem) for problem in error.problems[:10])), _way_on(caller))


def _sorry(caller: Caller, error: CommunityError) -> Answer:
    return Answer(refusal(caller.texts, error), _way_on(caller))


def _way_on(caller: Caller) -> tuple[tuple[Button, ...], ...]:
    return ((Button(caller.texts.say("Menu"), Action(MENU)),),)
