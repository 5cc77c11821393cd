"""What a member may press under a reply, and what opens: cards, and the ways to say "leave me alone".

Lives here: the buttons of a reply and their handlers. Does not live here: the texts (`responses/`), and how a platform
keeps the card private. Everything is in the presser's own language, from `responses/`, not from the catalogs.
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.commands import ActionHandler, Caller
from safetybot.chat.forgetting import forget_caller
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import from_markdown, text
from safetybot.model import Concern, Level, Response
from safetybot.responses.library import CardKind

RISKS, FIRST_AID, SOURCES = (f"card.{kind.value}" for kind in (CardKind.RISKS, CardKind.FIRST_AID, CardKind.SOURCES))
NOT_FOR_ME, WRONG, STOP, ERASE = "not_for_me", "wrong", "stop", "erase"


def reply_buttons(services: Services, response: Response, interaction_id: int) -> tuple[tuple[Button, ...], ...]:
    """The buttons under a reply, in the reply's language; an urgent one offers first aid first."""
    ui = services.library.ui(response.language)
    about = _about(response.concern, response.level)
    risks = Button(ui.risks, Action(RISKS, about))
    first_aid = Button(ui.first_aid, Action(FIRST_AID, about), Weight.DANGER)
    urgent = response.concern is Concern.ADVERSE
    rest = Button(ui.sources, Action(SOURCES, about)), Button(ui.not_for_me, Action(NOT_FOR_ME, (str(interaction_id),)))
    return ((first_aid, risks, *rest) if urgent else (risks, first_aid, *rest),)


async def _card(kind: CardKind, services: Services, caller: Caller, arguments: tuple[str, ...]) -> Answer:
    concern, level = _read(arguments)
    policy = await services.store.policy(caller.place)
    card = services.library.card(
        kind, caller.language, concern=concern, level=level, region=policy.region,
        emergency_number=policy.emergency_number,
    )  # fmt: skip
    # First aid is one press away wherever somebody reads on.
    ui = services.library.ui(card.language)
    rows = () if kind is CardKind.FIRST_AID else ((Button(ui.first_aid, Action(FIRST_AID, arguments), Weight.DANGER),),)
    return Answer(from_markdown(card.body), rows)


async def _risks(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _card(CardKind.RISKS, services, caller, arguments)


async def _first_aid(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _card(CardKind.FIRST_AID, services, caller, arguments)


async def _sources(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _card(CardKind.SOURCES, services, caller, arguments)


async def _not_for_me(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    ui = services.library.ui(caller.language)
    buttons = (
        Button(ui.wrong, Action(WRONG, arguments)),
        Button(ui.stop, Action(STOP)),
        Button(ui.erase, Action(ERASE), Weight.DANGER),
    )
    return Answer(text(ui.why, "", ui.privacy), tuple((button,) for button in buttons))


async def _wrong(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    await services.reviews.ask_for_review(caller.actor, int(arguments[0]))
    return Answer(text(services.library.ui(caller.language).noted), replaces=True, brief=True)


async def _stop(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    where = caller.place.platform, caller.place.community
    await services.privacy.opt_out(caller.actor, *where, caller.actor.member or "")
    return Answer(text(services.library.ui(caller.language).stopped), replaces=True, brief=True)


async def _erase(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    await forget_caller(services, caller)
    return Answer(text(services.library.ui(caller.language).erased), replaces=True, brief=True)


HANDLERS: dict[str, ActionHandler] = {
    RISKS: _risks,
    FIRST_AID: _first_aid,
    SOURCES: _sources,
    NOT_FOR_ME: _not_for_me,
    WRONG: _wrong,
    STOP: _stop,
    ERASE: _erase,
}
"""What each button of a member does."""


def _about(concern: Concern, level: Level | None) -> tuple[str, ...]:
    return (concern.label, level.label) if level else (concern.label,)


def _read(arguments: tuple[str, ...]) -> tuple[Concern, Level | None]:
    level = Level[arguments[1].upper()] if len(arguments) > 1 else None
    return Concern[arguments[0].upper()], level
