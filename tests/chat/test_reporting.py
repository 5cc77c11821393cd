"""A member reports a message: once, without their name, answered in their language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from safetybot.chat.command_words import WORDS
from safetybot.chat.commands import Caller
from safetybot.chat.registry import all_commands
from safetybot.chat.reporting import report
from safetybot.chat.reports import MOST
from safetybot.chat.services import Services
from safetybot.communities.access import Role
from safetybot.model import Author, Message, Place, Surface, SurfaceKind

Make = Callable[..., Caller]
HERE = ("discord", "100")
WORDS_OF_A_MEMBER = "selling lemon bottle, I inject you at home"
MESSAGE = Message(
    "55", Place(*HERE, "200"), Author("7"), (Surface(SurfaceKind.TEXT, WORDS_OF_A_MEMBER),),
    datetime(2026, 11, 25, tzinfo=UTC),
)  # fmt: skip


async def _with_alert_channel(services: Services, caller: Make) -> None:
    await services.policy.put(caller(Role.ADMIN).actor, *HERE, "alert_channel", "900", expected=0)


async def test_a_report_reaches_moderators_without_the_reporters_name_or_the_words(
    services: Services, caller: Make, wall: Any
) -> None:
    await _with_alert_channel(services, caller)
    answer = await report(services, caller(language="de"), MESSAGE)
    assert answer.text.plain == services.library.ui("de").reported
    (posted,) = wall.posts.values()
    said = posted.text.plain
    assert "https://chat.example/100/200/55" in said
    assert "mia" not in said
    assert "42" not in said
    assert WORDS_OF_A_MEMBER not in said


async def test_a_message_is_reported_once(services: Services, caller: Make, wall: Any) -> None:
    await _with_alert_channel(services, caller)
    await report(services, caller(), MESSAGE)
    answer = await report(services, caller(member="8", language="fr"), MESSAGE)
    assert answer.text.plain == services.library.ui("fr").report_known
    assert len(wall.posts) == 1


async def test_nobody_floods_the_moderators(services: Services, caller: Make, wall: Any) -> None:
    await _with_alert_channel(services, caller)
    answers = [await report(services, caller(), replace(MESSAGE, id=str(number))) for number in range(MOST + 1)]
    assert answers[-1].text.plain == services.library.ui("en").report_wait
    assert len(wall.posts) == MOST


async def test_without_an_alert_channel_the_member_is_told(services: Services, caller: Make, wall: Any) -> None:
    assert (await report(services, caller(), MESSAGE)).text.plain == services.library.ui("en").report_unavailable


async def test_a_report_that_did_not_arrive_can_be_made_again(services: Services, caller: Make, wall: Any) -> None:
    await _with_alert_channel(services, caller)
    wall.gone = True
    assert (await report(services, caller(), MESSAGE)).text.plain == services.library.ui("en").report_unavailable
    wall.gone = False
    assert (await report(services, caller(), MESSAGE)).text.plain == services.library.ui("en").reported


async def test_what_no_member_wrote_cannot_be_reported(services: Services, caller: Make) -> None:
    answer = await report(services, caller(language="zh"), None)
    assert answer.text.plain == services.library.ui("zh").report_nothing


def test_every_word_of_every_command_can_be_said_in_other_languages() -> None:
    assert {word for command in all_commands() for word in command.path} == set(WORDS)
