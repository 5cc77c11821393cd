"""Help: what the bot does, what it keeps, and the commands that the caller may use.

Lives here: these screens. Does not live here: the commands; `help_for` is given them by the registry.
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Choice, Menu
from safetybot.chat.command_words import command_name
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option
from safetybot.chat.refusals import Unfit, role_name
from safetybot.chat.screens import HELP, back, number_in, paged, phrase_line, screen, short, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, bold, bullet, code, line, text
from safetybot.communities.access import may
from safetybot.translation import marked

_ONE = "help.one"
_PER_PAGE = 10


def help_for(others: Sequence[Command]) -> tuple[Command, dict[str, ActionHandler]]:
    """The command `help` over all `others`, and its buttons."""

    async def run(services: Services, caller: Caller, arguments: Arguments) -> Answer:
        name = str(arguments.get("command", "")).strip().lower()
        if not name:
            return _screen(services, caller, every, 0)
        allowed = _allowed(caller, every)
        found = allowed.get(name) or next((one for one in allowed.values() if _name(caller, one) == name), None)
        if found is None:
            raise Unfit("command", name, tuple(_name(caller, one) for one in allowed.values()))
        return _one(caller, found)

    async def complete(_: Services, caller: Caller, __: str, typed: str) -> Sequence[str]:
        names = {name: _name(caller, one) for name, one in _allowed(caller, every).items()}
        return [shown for name, shown in names.items() if typed.lower() in name or typed.lower() in shown]

    async def page(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
        return _screen(services, caller, every, number_in(arguments, 0))

    async def one(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
        found = _allowed(caller, every).get(" ".join(arguments))
        return _screen(services, caller, every, 0) if found is None else _one(caller, found)

    command = Command(
        ("help",), marked("What I do, what I keep, and which commands you may use"), run, None,
        (Option("command", marked("Only about this command"), completes=True),), complete,
    )  # fmt: skip
    every = (*others, command)
    return command, {HELP: page, _ONE: one}


def _name(caller: Caller, command: Command) -> str:
    return command_name(caller.texts, command.path, caller.place.platform)


def _allowed(caller: Caller, every: Sequence[Command]) -> dict[str, Command]:
    return {one.name: one for one in every if one.right is None or may(caller.actor, one.right, *where(caller))}


def _screen(services: Services, caller: Caller, every: Sequence[Command], number: int) -> Answer:
    said, ui = caller.texts, services.library.ui(caller.language)
    allowed = list(_allowed(caller, every).values())
    page = paged(said, allowed, number, _PER_PAGE, HELP)
    lines = [line(" ".join(ui.about.split())), Line(), line(ui.privacy), Line()] if not number else []
    lines.append(line(bold(said.say("Commands"))))
    lines += [bullet(code(_name(caller, one)), " · ", said.say(one.says)) for one in page.items]
    if page.says:
        lines.append(line(page.says))
    choices = tuple(
        Choice(_name(caller, one), Action(_ONE, one.path), short(said.say(one.says), 100)) for one in page.items
    )
    menu = Menu(said.say("More about a command"), choices)
    return screen(text(lines), page.buttons, [back(said)], menu=menu)


def _one(caller: Caller, command: Command) -> Answer:
    said = caller.texts
    lines = [line(bold(_name(caller, command))), line(said.say(command.says))]
    if command.right is not None:
        role = role_name(said, command.right.least.label)
        lines.append(phrase_line(said, marked("For whoever has the role {role} or a higher one."), role=role))
    for option in command.options:
        says = said.say(option.says)
        shown = said.say("{meaning} (needed)", meaning=says) if option.required else says
        lines.append(bullet(code(option.name), " · ", shown))
        if option.choices:
            lines.append(bullet(said.say("It can be: {choices}.", choices=", ".join(option.choices))))
    return screen(text(lines), [back(said, HELP)])
