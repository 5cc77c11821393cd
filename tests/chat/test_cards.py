"""What a member may press under a reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from safetybot.chat.actions import Action
from safetybot.chat.cards import ERASE, FIRST_AID, NOT_FOR_ME, RISKS, SOURCES, STOP, WRONG, reply_buttons
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.services import Services
from safetybot.communities.access import A_MEMBER, Role
from safetybot.communities.review import SAID_WRONG
from safetybot.model import Concern, Level, Place

Make = Callable[..., Caller]
Happened = Callable[..., Awaitable[int]]
HERE = ("discord", "100")


@pytest.mark.parametrize("concern", list(Concern))
@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_a_reply_has_four_buttons_that_fit_every_platform(services: Services, concern: Concern, language: str) -> None:
    level = Level.EMERGENCY if concern is Concern.ADVERSE else None
    response = services.library.choose(concern, level, language)
    buttons = [button for row in reply_buttons(services, response, 2**53) for button in row]
    assert len({button.label for button in buttons}) == 4
    for button in buttons:
        assert button.action is not None
        assert len(services.actions.encode(button.action)) <= 64
    first = buttons[0].action
    assert first is not None
    assert (first.name == FIRST_AID) == (concern is Concern.ADVERSE)


@pytest.mark.parametrize("name", [RISKS, FIRST_AID, SOURCES])
async def test_a_card_opens_in_the_pressers_own_language(commands: Commands, caller: Make, name: str) -> None:
    english = await commands.act(caller(), Action(name, ("diy",)))
    german = await commands.act(caller(language="de"), Action(name, ("diy",)))
    assert english.text.plain
    assert english.text.plain != german.text.plain


async def test_first_aid_is_one_press_away_from_every_other_card(commands: Commands, caller: Make) -> None:
    risks = await commands.act(caller(), Action(RISKS, ("adverse", "today")))
    (button,) = risks.rows[0]
    assert button.action is not None
    first_aid = await commands.act(caller(), button.action)
    today = commands.services.library.first_aid("en", Level.TODAY).body
    assert first_aid.text.plain.split()[0] in today


async def test_first_aid_names_the_communitys_own_emergency_line(
    services: Services, commands: Commands, caller: Make
) -> None:
    await services.policy.put(caller(Role.ADMIN).actor, *HERE, "emergency_number", "0123 line", expected=0)
    answer = await commands.act(caller(), Action(FIRST_AID, ("adverse", "emergency")))
    assert "0123 line" in answer.text.plain


async def test_not_for_me_says_what_is_kept_and_offers_three_ways(
    commands: Commands, caller: Make, happened: Happened
) -> None:
    answer = await commands.act(caller(), Action(NOT_FOR_ME, (str(await happened()),)))
    assert commands.services.library.ui("en").privacy in answer.text.plain
    assert [row[0].action.name for row in answer.rows if row[0].action] == [WRONG, STOP, ERASE]


async def test_this_was_wrong_waits_for_a_moderator_and_names_nobody(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    number = await happened()
    for _ in range(2):
        await commands.act(caller(), Action(WRONG, (str(number),)))
    seen = await services.reviews.see(caller(Role.MODERATOR).actor, number)
    assert [(note.by, note.text) for note in seen.details.notes] == [(A_MEMBER, SAID_WRONG)]


async def test_somebody_of_another_community_cannot_call_a_reply_wrong(
    commands: Commands, caller: Make, happened: Happened, services: Services
) -> None:
    number = await happened()
    answer = await commands.act(caller(community="999"), Action(WRONG, (str(number),)))
    assert "may not" in answer.text.plain
    assert not (await services.reviews.see(caller(Role.MODERATOR).actor, number)).details.notes


async def test_stop_is_for_the_presser_and_nobody_else(services: Services, commands: Commands, caller: Make) -> None:
    await commands.act(caller(member="7"), Action(STOP))
    own = await services.privacy.show(caller(member="7").actor, *HERE, "7")
    other = await services.privacy.show(caller(member="42").actor, *HERE, "42")
    assert own.opted_out_at is not None
    assert other.opted_out_at is None


async def test_erase_deletes_what_is_kept_about_the_presser(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    await happened("1")
    await happened("2", member="7")
    answer = await commands.act(caller(language="fr"), Action(ERASE))
    assert answer.text.plain == services.library.ui("fr").erased
    assert (await services.privacy.show(caller().actor, *HERE, "42")).interactions == ()
    assert len((await services.privacy.show(caller(member="7").actor, *HERE, "7")).interactions) == 1


async def test_a_button_of_another_version_is_answered_helpfully(commands: Commands, caller: Make) -> None:
    for action in (None, Action("from.the.future")):
        assert "run the command again" in (await commands.act(caller(), action)).text.plain


async def test_an_interaction_that_was_erased_is_told_not_raised(commands: Commands, caller: Make) -> None:
    answer = await commands.act(caller(), Action(WRONG, ("12345",)))
    assert "no longer there" in answer.text.plain


async def test_a_place_without_a_policy_of_its_own_has_the_defaults(services: Services) -> None:
    assert (await services.store.policy(Place("telegram", "-5", "-5"))).alert_channel is None
