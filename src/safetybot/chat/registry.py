"""All commands and buttons there are, from every file of this room. A new screen is one new file and one line here."""

from __future__ import annotations

from safetybot.chat import (
    alerts_here,
    cards,
    exempt,
    filters,
    first_aid,
    keyword_changes,
    keyword_exchange,
    keyword_screens,
    menu,
    policy_commands,
    policy_screens,
    privacy,
    review,
    setup,
    stats,
    status,
    trying,
    web_pages,
)
from safetybot.chat.commands import ActionHandler, Command, Commands
from safetybot.chat.help import help_for
from safetybot.chat.running import running
from safetybot.chat.services import Services

_COMMANDS: tuple[tuple[Command, ...], ...] = (
    menu.COMMANDS,
    setup.COMMANDS,
    status.COMMANDS,
    trying.COMMANDS,
    review.COMMANDS,
    keyword_screens.COMMANDS,
    keyword_changes.COMMANDS,
    keyword_exchange.COMMANDS,
    policy_commands.COMMANDS,
    exempt.COMMANDS,
    stats.COMMANDS,
    web_pages.COMMANDS,
    privacy.COMMANDS,
)
_HELP, _HELP_HANDLERS = help_for(tuple(command for group in _COMMANDS for command in group))
_HANDLERS: tuple[dict[str, ActionHandler], ...] = (
    menu.HANDLERS,
    setup.HANDLERS,
    status.HANDLERS,
    trying.HANDLERS,
    cards.HANDLERS,
    first_aid.HANDLERS,
    alerts_here.HANDLERS,
    review.HANDLERS,
    keyword_screens.HANDLERS,
    keyword_changes.HANDLERS,
    keyword_exchange.HANDLERS,
    policy_screens.HANDLERS,
    exempt.HANDLERS,
    filters.HANDLERS,
    stats.HANDLERS,
    web_pages.HANDLERS,
    privacy.HANDLERS,
    _HELP_HANDLERS,
    running((*(command for group in _COMMANDS for command in group), _HELP)),
)


def all_commands() -> tuple[Command, ...]:
    """Every command, in the order in which help tells them."""
    return (*(command for group in _COMMANDS for command in group), _HELP)


def commands_for(services: Services) -> Commands:
    """Every command and button, over `services`."""
    handlers: dict[str, ActionHandler] = {}
    for group in _HANDLERS:
        if both := handlers.keys() & group.keys():
            raise ValueError(f"two handlers for the button {', '.join(sorted(both))}")
        handlers |= group
    return Commands(services, all_commands(), handlers)
