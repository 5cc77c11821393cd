"""A button that runs a command, for platforms on which a link opens a private chat: the command goes on there.

Lives here: that button. Does not live here: any command; `running` is given them by the registry.
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer
from safetybot.chat.commands import ActionHandler, Caller, Command, UnknownAction
from safetybot.chat.services import FormValues, Services

RUN = "run"


def to_run(command: Command) -> Action:
    """The action that runs `command` without any option; what it needs it asks for."""
    return Action(RUN, command.path)


def running(commands: Sequence[Command]) -> dict[str, ActionHandler]:
    """The button over all `commands`."""
    every = {one.path: one for one in commands}

    async def run(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
        command = every.get(arguments)
        if command is None:
            raise UnknownAction(" ".join((RUN, *arguments)))
        return await command.run(services, caller, {})

    return {RUN: run}
