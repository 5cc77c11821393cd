"""What moderators are told, and how it follows what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.chat.actions import Action
from safetybot.chat.alerts import CONFIRM, EXPLAIN, FALSE_ALARM, MUTE, QUEUE, found_words, post_alert, wipe_alerts
from safetybot.chat.answers import Answer
from safetybot.chat.bursts import SINGLE, WINDOW, Bursts
from safetybot.chat.cards import ERASE
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.services import Services
from safetybot.chat.text import Form, Style
from safetybot.communities.access import Role
from safetybot.model import (
    Assessment,
    Author,
    Concern,
    Decision,
    FiredRule,
    Hit,
    Message,
    Place,
    Reason,
    Span,
    Surface,
    SurfaceKind,
)
from safetybot.ports import Alert, PlatformError, Posted

Make = Callable[..., Caller]
Happened = Callable[..., Awaitable[int]]
PLACE = Place("discord", "100", "200")
NOW = datetime(2026, 3, 4, tzinfo=UTC)
HERE = ("discord", "100")


def alert_about(text: str, number: int, *, message_id: str = "1", replied: bool = False, channel: str = "900") -> Alert:
    start = text.find("injected")
    hits = (Hit("inject", "injected", "en", Span(start, start + 8)),) if start >= 0 else ()
    rules = (FiredRule("lay-hands", Concern.DIY, "A friend holds the needle.", (0,) if hits else ()),)
    message = Message(message_id, PLACE, Author("42"), (Surface(SurfaceKind.TEXT, text),), NOW)
    decision = Decision(False, True, shadow=False, reasons=(Reason.ALERT, Reason.CHANNEL_COOLDOWN))
    return Alert(message, number, Assessment(Concern.DIY, 0.92, "en", hits, rules), decision, replied, channel)


def names(answer: Answer) -> list[str]:
    return [button.action.name for row in answer.rows for button in row if button.action]


async def test_an_alert_shows_what_where_why_and_what_was_done(
    services: Services, wall: Any, happened: Happened
) -> None:
    where = await post_alert(services, alert_about("my cousin injected my lips", await happened()))
    answer = wall.posts[where.message_id]
    plain = answer.text.plain
    assert "Do it yourself (92 % sure)" in plain
    assert "https://chat.example/100/200/1" in plain
    assert "> my cousin injected my lips" in plain
    assert "A friend holds the needle." in plain
    assert "No reply was sent: on cooldown in this channel." in plain
    bold = [span.text for one in answer.text.lines for span in one.spans if span.style is Style.BOLD]
    assert "injected" in bold
    assert {CONFIRM, FALSE_ALARM, EXPLAIN, MUTE} <= set(names(answer))


async def test_without_an_alert_channel_the_queue_is_what_is_left(services: Services, wall: Any) -> None:
    alert = alert_about("x", 1)
    with pytest.raises(PlatformError, match="review queue"):
        await post_alert(services, Alert(alert.about, 1, alert.assessment, alert.decision, False, None))
    assert wall.posts == {}


async def test_an_alert_speaks_the_communitys_language(
    services: Services, wall: Any, caller: Make, happened: Happened
) -> None:
    await services.policy.put(caller(Role.ADMIN).actor, *HERE, "language", "de", expected=0)
    where = await post_alert(services, alert_about("x", await happened()))
    assert wall.posts[where.message_id].text.plain  # the catalogs themselves are tested elsewhere


async def test_a_burst_becomes_one_message_with_a_count(services: Services, wall: Any, happened: Happened) -> None:
    for number in range(SINGLE + 4):
        alert = alert_about("injected", await happened(str(number)), message_id=str(number))
        await services.alerts.put(alert.interaction_id, await post_alert(services, alert))
    assert len(wall.posts) == SINGLE + 1
    folded = wall.posts[str(SINGLE + 1)]
    assert "4 more" in folded.text.plain
    assert folded.text.plain.count("https://chat.example") == 4
    assert names(folded) == [QUEUE]
    assert "injected" not in folded.text.plain


async def test_a_verdict_takes_the_words_out_of_the_alert_and_says_who(
    services: Services, wall: Any, commands: Commands, caller: Make, happened: Happened
) -> None:
    number = await happened()
    where = await post_alert(services, alert_about("my cousin injected my lips", number))
    await services.alerts.put(number, where)
    answer = await commands.act(caller(Role.MODERATOR), Action(CONFIRM, (str(number),)))
    assert "confirmed" in answer.text.plain
    edited = wall.posts[where.message_id]
    assert "Confirmed by mia (42)." in edited.text.plain
    assert "cousin" not in edited.text.plain
    assert CONFIRM not in names(edited)


async def test_a_verdict_in_a_burst_leaves_the_burst_as_it_is(
    services: Services, wall: Any, commands: Commands, caller: Make, happened: Happened
) -> None:
    numbers = []
    for number in range(SINGLE + 2):
        numbers.append(await happened(str(number)))
        alert = alert_about("injected", numbers[-1], message_id=str(number))
        await services.alerts.put(numbers[-1], await post_alert(services, alert))
    before = wall.posts[str(SINGLE + 1)]
    await commands.act(caller(Role.MODERATOR), Action(CONFIRM, (str(numbers[-1]),)))
    assert wall.posts[str(SINGLE + 1)] is before


async def test_a_member_may_not_judge(commands: Commands, caller: Make, wall: Any, happened: Happened) -> None:
    number = str(await happened())
    for name in (CONFIRM, FALSE_ALARM, EXPLAIN):
        answer = await commands.act(caller(), Action(name, (number,)))
        assert "may not" in answer.text.plain
        assert answer.form is None
    muted = await commands.act(caller(), Action(MUTE, (number, "77")))
    assert "may not" in muted.text.plain


async def test_a_moderator_mutes_replies_to_a_member(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    number = str(await happened())
    first = await commands.act(caller(Role.MODERATOR), Action(MUTE, (number, "77")))
    again = await commands.act(caller(Role.MODERATOR), Action(MUTE, (number, "77")))
    assert first.text != again.text
    kept = await services.privacy.show(caller(Role.ADMIN).actor, *HERE, "77")
    assert kept.opted_out_at is not None


async def test_whoever_erases_their_data_takes_their_words_out_of_alerts(
    services: Services, wall: Any, commands: Commands, caller: Make, happened: Happened
) -> None:
    number = await happened()
    where = await post_alert(services, alert_about("my cousin injected my lips", number))
    await services.alerts.put(number, where)
    await commands.act(caller(member="42"), Action(ERASE))
    assert wall.posts[where.message_id].text.plain == "What this was about is deleted."
    assert await services.alerts.of(number) is None


async def test_an_alert_channel_that_is_gone_ends_no_verdict(
    services: Services, wall: Any, commands: Commands, caller: Make, happened: Happened
) -> None:
    number = await happened()
    await services.alerts.put(number, await post_alert(services, alert_about("x", number)))
    wall.gone = True
    answer = await commands.act(caller(Role.MODERATOR), Action(CONFIRM, (str(number),)))
    assert "confirmed" in answer.text.plain
    await wipe_alerts(services, "discord", "100", [Posted("900", "1")])


def test_a_burst_ends_with_its_window() -> None:
    bursts, key = Bursts(), ("discord", "100", Concern.DIY)
    single = [bursts.next(key, NOW) for _ in range(SINGLE)]
    assert single == [None] * SINGLE
    assert bursts.next(key, NOW) is not None
    assert bursts.next(key, NOW + WINDOW + timedelta(seconds=1)) is None
    assert bursts.next(("discord", "101", Concern.DIY), NOW) is None


@given(st.text(max_size=300), st.lists(st.tuples(st.integers(0, 299), st.integers(1, 20)), max_size=12))
def test_found_words_stand_in_one_quoted_line_whatever_the_message(text: str, places: list[tuple[int, int]]) -> None:
    spans = [Span(start, min(start + length, len(text))) for start, length in places if start < len(text)]
    hits = tuple(Hit("x", "x", "en", span) for span in spans)
    lines = found_words(text, Assessment(Concern.DIY, 0.9, "en", hits))
    assert all(one.form is Form.QUOTE for one in lines)
    assert all(len(span.text.splitlines()) == 1 for one in lines for span in one.spans)
    if hits:
        assert len(lines) == 1
        bold = [span.text for span in lines[0].spans if span.style is Style.BOLD]
        first = min(spans, key=lambda span: (span.start, span.end))
        assert len(bold[0]) == first.end - first.start
