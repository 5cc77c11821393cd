"""First aid step by step: the most urgent signs first, never talked down, in every language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.first_aid import AID, STOP_WHERE, WELCOME
from safetybot.chat.running import RUN, to_run
from safetybot.chat.services import Services
from safetybot.chat.text import Form, RichText, from_markdown
from safetybot.communities.access import BOT, Role
from safetybot.model import Level
from safetybot.responses.library import ResponseLibrary

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh")


def labels(answer: Answer) -> list[str]:
    return [button.label for row in answer.rows for button in row]


def action(answer: Answer, label: str) -> Action:
    found = next(button.action for row in answer.rows for button in row if button.label == label)
    assert found is not None
    return found


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_yes_opens_the_card_of_its_level_and_the_last_no_the_card_of_all(
    language: str, commands: Commands, services: Services, caller: Callable[..., Caller]
) -> None:
    who, library = caller(language=language), services.library
    ui = library.ui(language)
    step = await commands.act(who, action(await commands.act(who, Action(WELCOME)), ui.first_aid))
    for level in (Level.EMERGENCY, Level.TODAY, Level.DAYS):
        assert labels(step) == [ui.yes_or_unsure, ui.none_of_these]
        assert sum(line.form is Form.BULLET for line in step.text.lines) >= 2
        assert step.text.plain.endswith(ui.any_of_these)
        card = await commands.act(who, action(step, ui.yes_or_unsure))
        assert card.text == first_aid_card(library, language, level)
        step = await commands.act(who, action(step, ui.none_of_these))
    assert step.text == first_aid_card(library, language, None)


def first_aid_card(library: ResponseLibrary, language: str, level: Level | None) -> RichText:
    return from_markdown(library.first_aid(language, level).body)


async def test_the_first_question_names_the_communitys_own_emergency_number(
    commands: Commands, services: Services, caller: Callable[..., Caller]
) -> None:
    await services.policy.put(BOT, "discord", "100", "emergency_number", "4711", expected=0)
    step = await commands.act(caller(), Action(AID))
    assert "Call 4711 now" in step.text.plain


async def test_who_stops_replies_outside_of_any_group_is_told_where(
    commands: Commands, services: Services, caller: Callable[..., Caller]
) -> None:
    told = await commands.act(caller(language="de"), Action(STOP_WHERE))
    assert told.text.plain == services.library.ui("de").stop_where


async def test_a_link_that_runs_a_command_runs_it_with_the_callers_own_rights(
    commands: Commands, caller: Callable[..., Caller]
) -> None:
    status = commands.all["status",]
    assert await commands.act(caller(Role.ADMIN), to_run(status)) == await commands.run(
        caller(Role.ADMIN), status.path, {}
    )
    refused = await commands.act(caller(None), to_run(status))
    assert "You may not do that here" in refused.text.plain
    unknown = await commands.act(caller(Role.ADMIN), Action(RUN, ("bygone",)))
    assert "another version" in unknown.text.plain
