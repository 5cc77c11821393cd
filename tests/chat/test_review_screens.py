"""Going through what waits, and what may be done about a false alarm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from safetybot.chat.actions import Action
from safetybot.chat.alerts import AGAIN, CONFIRM, FALSE_ALARM, HANDLED, QUEUE
from safetybot.chat.answers import Answer, Button
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.services import Services
from safetybot.communities.access import Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.detection.own_terms import LIVE_RULE
from safetybot.model import (
    Assessment,
    Concern,
    Decision,
    FiredRule,
    Hit,
    NewInteraction,
    Place,
    Reason,
    Span,
    VerdictKind,
)

Make = Callable[..., Caller]
Happened = Callable[..., Awaitable[int]]
HERE = ("discord", "100")
PLACE = Place("discord", "100", "200")


def buttons(answer: Answer) -> dict[str, Button]:
    return {button.action.name: button for row in answer.rows for button in row if button.action}


async def press(commands: Commands, caller: Caller, button: Button) -> Answer:
    assert button.action is not None
    return await commands.act(caller, button.action)


async def fill(commands: Commands, caller: Caller, asked: Answer, **values: str) -> Answer:
    assert asked.form is not None
    assert {field.name for field in asked.form.fields} == set(values)
    return await commands.act(caller, asked.form.action, values)


async def test_the_queue_goes_from_one_to_the_next_and_ends(
    commands: Commands, caller: Make, wall: Any, happened: Happened
) -> None:
    moderator = caller(Role.MODERATOR)
    for number in "123":
        await happened(number)
    seen = []
    answer = await commands.run(moderator, ("review",), {})
    while QUEUE in buttons(answer):
        seen.append(answer.text.plain)
        answer = await press(commands, moderator, buttons(answer)[QUEUE])
    assert len(seen) == 2
    assert HANDLED in buttons(answer)
    for _ in range(3):
        answer = await commands.run(moderator, ("review",), {})
        await press(commands, moderator, buttons(answer)[CONFIRM])
    answer = await commands.run(moderator, ("review",), {})
    assert "Nothing waits" in answer.text.plain


async def test_a_member_sees_no_queue(commands: Commands, caller: Make, happened: Happened) -> None:
    await happened()
    answer = await commands.run(caller(), ("review",), {})
    assert answer.text.plain == "You may not do that here. It needs the role: moderator."


async def test_another_communitys_interaction_cannot_be_judged(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    number = await happened()
    answer = await commands.act(caller(Role.ADMIN, community="999"), Action(CONFIRM, (str(number),)))
    assert "may not" in answer.text.plain
    assert (await services.store.interaction(number)).verdict is None


async def test_a_false_alarm_asks_why_and_keeps_the_reason(
    services: Services, commands: Commands, caller: Make, wall: Any, happened: Happened
) -> None:
    moderator, number = caller(Role.MODERATOR), await happened()
    asked = await commands.act(moderator, Action(FALSE_ALARM, (str(number),)))
    empty = await fill(commands, moderator, asked, reason=" ")
    assert "needs a reason" in empty.text.plain
    answer = await fill(commands, moderator, asked, reason="about a cat's vaccine")
    verdict = (await services.store.interaction(number)).verdict
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == (VerdictKind.FALSE_ALARM, "about a cat's vaccine")
    assert "repair.raise" in buttons(answer)


async def test_judging_again_offers_the_three_words_anew(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    moderator, number = caller(Role.MODERATOR), await happened()
    await commands.act(moderator, Action(CONFIRM, (str(number),)))
    again = await commands.act(moderator, Action(AGAIN, (str(number),)))
    await press(commands, moderator, buttons(again)[HANDLED])
    verdict = (await services.store.interaction(number)).verdict
    assert verdict is not None
    assert verdict.kind is VerdictKind.HANDLED


@pytest.fixture
async def by_keyword(runtime: Any, services: Services, caller: Make) -> int:
    """An interaction that rests on the community's own keyword and on a term of the lexicon."""
    moderator = caller(Role.MODERATOR).actor
    entered = await services.keywords.add(
        moderator, *HERE, Keyword("glow plan", KeywordState.DRAFT, concern=Concern.DIY)
    )
    await services.keywords.move(moderator, *HERE, "glow plan", KeywordState.LIVE)
    _, opened = runtime
    known = next(term for term in services.detector.terms if term.language == "en" and term.concept == "procedure")
    hit = Hit("procedure", known.text, "en", Span(0, 11))
    rules = (FiredRule(LIVE_RULE + entered.keyword.id, Concern.DIY, "Your keyword.", (0,)),)
    new = NewInteraction(
        PLACE, "5", "p" * 32, opened.clock.now(), Assessment(Concern.DIY, 0.9, "en", (hit,), rules),
        Decision(True, False, shadow=False, reasons=(Reason.REPLY,)),
    )  # fmt: skip
    claim = await opened.store.claim(new, None)
    return int(claim.interaction_id)


async def test_each_repair_of_a_false_alarm_can_be_made_with_a_tap(
    services: Services, commands: Commands, caller: Make, wall: Any, by_keyword: int
) -> None:
    admin = caller(Role.ADMIN)
    asked = await commands.act(admin, Action(FALSE_ALARM, (str(by_keyword),)))
    offered = buttons(await fill(commands, admin, asked, reason="a gym's name"))
    shadow = await press(commands, admin, offered["repair.shadow"])
    assert "glow plan" in shadow.text.plain
    assert (await services.keywords.get(admin.actor, *HERE, "glow plan")).keyword.state is KeywordState.SHADOW

    raised = await press(commands, admin, offered["repair.raise"])
    assert "diy.min_confidence is 0.91 now." in raised.text.plain
    policy = await services.store.policy(PLACE)
    assert policy.concerns[Concern.DIY].min_confidence == 0.91

    phrase = await press(commands, admin, offered["repair.allow"])
    allowed = await fill(commands, admin, phrase, phrase="mesotherapy cat food")
    assert "mesotherapy cat food" in allowed.text.plain
    assert (await services.keywords.get(admin.actor, *HERE, "mesotherapy cat food")).keyword.allowed


async def test_a_moderator_is_told_that_raising_the_certainty_is_an_admins(
    commands: Commands, caller: Make, by_keyword: int
) -> None:
    answer = await commands.act(caller(Role.MODERATOR), Action("repair.raise", (str(by_keyword),)))
    assert answer.text.plain == "You may not do that here. It needs the role: admin."


async def test_the_words_are_shown_where_they_are_kept_and_the_look_is_audited(
    services: Services, commands: Commands, caller: Make, wall: Any, happened: Happened
) -> None:
    moderator = caller(Role.MODERATOR)
    await happened("1", excerpt="my cousin injected my lips")
    answer = await commands.run(moderator, ("review",), {})
    assert "cousin" not in answer.text.plain
    words = await press(commands, moderator, buttons(answer)["review.words"])
    assert "> my cousin injected my lips" in words.text.plain


async def test_a_note_reaches_the_next_moderator(
    commands: Commands, caller: Make, wall: Any, happened: Happened
) -> None:
    moderator = caller(Role.MODERATOR)
    await happened()
    queue = await commands.run(moderator, ("review",), {})
    asked = await press(commands, moderator, buttons(queue)["review.note"])
    await fill(commands, moderator, asked, note="I wrote to them.")
    again = await commands.run(moderator, ("review",), {})
    assert "I wrote to them." in again.text.plain
