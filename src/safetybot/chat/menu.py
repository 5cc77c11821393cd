"""The menu: every screen behind a button, so that nobody has to know how a command is written.

Lives here: which buttons stand in it for whom. Does not live here: any screen that they open.
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.alerts import QUEUE
from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.commands import MENU, ActionHandler, Arguments, Caller, Command
from safetybot.chat.screens import HELP, KEYWORDS, POLICY, PRIVACY, SETUP, STATS, STATUS, TRY, WEB, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import text
from safetybot.communities.access import Right, may
from safetybot.translation import marked

_ROWS: tuple[tuple[tuple[str, str, Right | None], ...], ...] = (
    (
        (marked("Status"), STATUS, Right.SEE_POLICY),
        (marked("Try a message"), TRY, Right.TRY_MESSAGE),
        (marked("Figures"), STATS, Right.SEE_FIGURES),
    ),
    (
        (marked("Review queue"), QUEUE, Right.REVIEW),
        (marked("Keywords"), KEYWORDS, Right.SEE_KEYWORDS),
        (marked("Settings"), POLICY, Right.SEE_POLICY),
    ),
    ((marked("Set up step by step"), SETUP, Right.CHANGE_POLICY),),
    ((marked("Privacy"), PRIVACY, None), (marked("Help"), HELP, None)),
)


async def menu(services: Services, caller: Caller) -> Answer:
    """What the caller may open."""
    said = caller.texts
    policy = await services.store.policy(caller.place)
    fresh = policy.alert_channel is None  # whoever opens the menu first is led to the set-up
    rows = [
        [
            Button(said.say(label), Action(name), Weight.MAIN if name == SETUP and fresh else Weight.NORMAL)
            for label, name, right in row
            if right is None or may(caller.actor, right, *where(caller))
        ]
        for row in _ROWS
    ]
    if services.pages.url and may(caller.actor, Right.SEE_FIGURES, *where(caller)):
        rows.insert(2, [Button(said.say("Web pages"), Action(WEB))])
    return screen(text(said.say("What would you like to see?")), *rows)


async def _menu_command(services: Services, caller: Caller, _: Arguments) -> Answer:
    return await menu(services, caller)


async def _menu(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return await menu(services, caller)


COMMANDS = (Command(("menu",), marked("Open everything there is with buttons"), _menu_command, None),)
HANDLERS: dict[str, ActionHandler] = {MENU: _menu}
