"""First aid, asked step by step: the most urgent signs first, and at the first "yes" the card for them.

Lives here: the steps, and the screen that greets somebody in private. Does not live here: a word about medicine. Signs
and cards are the curated texts of `responses/`; not being sure counts as a yes.
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.cards import FIRST_AID
from safetybot.chat.commands import MENU, ActionHandler, Caller
from safetybot.chat.screens import screen
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Form, Line, RichText, from_markdown, line, text
from safetybot.model import Concern, Level

AID, WELCOME, STOP_WHERE = "aid", "welcome", "stop.where"
_STEPS = (Level.EMERGENCY, Level.TODAY, Level.DAYS)


async def first_aid(services: Services, caller: Caller, level: Level) -> Answer:
    """Ask whether one of this level's signs is there."""
    policy = await services.store.policy(caller.place)
    card = services.library.first_aid(
        caller.language, level, region=policy.region, emergency_number=policy.emergency_number
    )
    ui = services.library.ui(card.language)
    yes = Button(ui.yes_or_unsure, Action(FIRST_AID, (Concern.ADVERSE.label, level.label)), Weight.DANGER)
    later = _STEPS[_STEPS.index(level) + 1 :]
    # After the last step, the card that knows of every level.
    no = Action(AID, (later[0].label,)) if later else Action(FIRST_AID, (Concern.ADVERSE.label,))
    signs = text(_signs(from_markdown(card.body)))
    return screen(signs + text(line(ui.any_of_these)), [yes], [Button(ui.none_of_these, no)])


async def welcome(services: Services, caller: Caller) -> Answer:
    """Who this is, for somebody who writes to the bot alone: help first, then all the rest."""
    ui = services.library.ui(caller.language)
    about = text(" ".join(ui.about.split()), "", " ".join(ui.privacy.split()))
    return screen(about, [Button(ui.first_aid, Action(AID), Weight.DANGER)], [Button(ui.menu, Action(MENU))])


def _signs(card: RichText) -> list[Line]:
    """The head of a card and its first list: which signs mean its level."""
    kept: list[Line] = []
    for one in card.lines:
        if one.form is not Form.BULLET and kept and kept[-1].form is Form.BULLET:
            break
        kept.append(one)
    return kept


async def _aid(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    level = Level[arguments[0].upper()] if arguments else Level.EMERGENCY
    return await first_aid(services, caller, level)


async def _welcome(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return await welcome(services, caller)


async def _stop_where(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    ui = services.library.ui(caller.language)
    return screen(text(ui.stop_where), [Button(ui.menu, Action(MENU))])


HANDLERS: dict[str, ActionHandler] = {AID: _aid, WELCOME: _welcome, STOP_WHERE: _stop_where}
