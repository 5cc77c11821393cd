"""All commands and buttons there are, from every file of this room. A new screen is one new file and one line here."""

from __future__ import annotations

from safetybot.chat import cards, review
from safetybot.chat.commands import ActionHandler, Command, Commands
from safetybot.chat.services import Services

_COMMANDS: tuple[tuple[Command, ...], ...] = (review.COMMANDS,)
_HANDLERS: tuple[dict[str, ActionHandler], ...] = (cards.HANDLERS, review.HANDLERS)


def all_commands() -> tuple[Command, ...]:
    """Every command, in the order in which help tells them."""
    return tuple(command for group in _COMMANDS for command in group)


def commands_for(services: Services) -> Commands:
    """Every command and button, over `services`."""
    handlers: dict[str, ActionHandler] = {}
    for group in _HANDLERS:
        if both := handlers.keys() & group.keys():
            raise ValueError(f"two handlers for the button {', '.join(sorted(both))}")
        handlers |= group
    return Commands(services, all_commands(), handlers)
