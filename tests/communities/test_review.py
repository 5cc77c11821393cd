"""Reviewing: pages, explanations, verdicts, notes, what verdicts say about rules and terms, repairs that fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safetybot.communities import review
from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.naming import Words
from safetybot.communities.records import Filters, term_mark
from safetybot.communities.review import (
    NOTE_CHARS,
    Precision,
    ReasonNeeded,
    Repair,
    RepairKind,
    Reviews,
    Tally,
    UnusableNote,
)
from safetybot.detection.own_terms import LANGUAGE, LIVE_RULE
from safetybot.detection.terms import Term
from safetybot.model import (
    Concern,
    FiredRule,
    Hit,
    Interaction,
    InteractionState,
    NewInteraction,
    Place,
    Span,
    VerdictKind,
)
from safetybot.store.audit import audit_entries
from safetybot.store.errors import NoSuchInteraction
from safetybot.store.store import SqlStore

HERE = ("discord", "100")
OWN = Filters(*HERE)
MODERATOR = Actor("mo", Role.MODERATOR, *HERE)
VIEWER = Actor("vic", Role.VIEWER, *HERE)
ELSEWHERE = Actor("el", Role.ADMIN, "discord", "101")
WORDS = Words.of([Term("procedure", "mesotherapy", "en")], {"diy.self": "Somebody injects themselves."})
New = Callable[..., NewInteraction]


def test_a_term_is_known_by_its_mark_and_nothing_else_is() -> None:
    terms = [Term("procedure", "mesotherapy", "en"), Term("tool", "mesotherapy", "en"), Term("area", "губы", "ru")]
    words = Words.of(terms, {}).terms
    assert dict(words) == {term_mark(term.language, term.text): term.text for term in terms}
    assert len(words) == 2
    for nothing in ("0" * 12, "f" * 12, "no mark", ""):
        assert nothing not in words


@pytest.fixture
def reviews(store: SqlStore, clock: Any) -> Reviews:
    return Reviews(store, WORDS, clock)


async def _logged(store: SqlStore, new: NewInteraction) -> int:
    return (await store.claim(new, None)).interaction_id


async def test_pages_show_one_community_to_its_moderators(store: SqlStore, reviews: Reviews, new: New) -> None:
    numbers = [await _logged(store, new(str(n))) for n in range(5)]
    await _logged(store, new("x", place=Place("discord", "101", "1")))
    first = await reviews.page(MODERATOR, OWN, limit=3)
    rest = await reviews.page(MODERATOR, OWN, before=first[-1].id, limit=3)
    assert [one.id for one in (*first, *rest)] == numbers[::-1]
    for actor, filters in ((VIEWER, OWN), (MODERATOR, Filters()), (MODERATOR, Filters("discord", "101"))):
        with pytest.raises(Refused, match="see the interactions"):
            await reviews.page(actor, filters)


async def test_one_is_explained_and_only_a_look_at_its_excerpt_is_audited(
    store: SqlStore, reviews: Reviews, new: New
) -> None:
    number = await _logged(store, new(excerpt="my words"))
    seen = await reviews.see(MODERATOR, number)
    assert seen.rules == ("Somebody injects themselves.",)
    assert seen.terms == (("procedure", "mesotherapy"),)
    assert (seen.excerpt, seen.details.has_excerpt) == (None, True)
    assert [entry async for entry in audit_entries(store.database)] == []
    seen = await reviews.see(MODERATOR, number, excerpt=True)
    assert seen.excerpt == "my words"
    assert "my words" not in repr(seen)
    (entry,) = [entry async for entry in audit_entries(store.database)]
    assert (entry.by, entry.action, dict(entry.detail)) == ("mo", "excerpt read", {"interaction": number})


@pytest.mark.parametrize("actor", [VIEWER, ELSEWHERE, Actor("", None, *HERE)])
async def test_only_moderators_of_the_place_see_or_judge(
    store: SqlStore, reviews: Reviews, new: New, actor: Actor
) -> None:
    number = await _logged(store, new(excerpt="my words"))
    for attempt in (
        reviews.see(actor, number, excerpt=True),
        reviews.judge(actor, number, VerdictKind.CONFIRMED),
        reviews.note(actor, number, "seen"),
    ):
        with pytest.raises(Refused, match="this needs the role moderator"):
            await attempt
    assert [entry async for entry in audit_entries(store.database)] == []


async def test_a_number_that_is_none_is_told(reviews: Reviews) -> None:
    with pytest.raises(NoSuchInteraction):
        await reviews.see(MODERATOR, 7)


async def test_the_latest_verdict_counts_and_all_stay(store: SqlStore, reviews: Reviews, new: New) -> None:
    number = await _logged(store, new())
    assert await reviews.judge(MODERATOR, number, VerdictKind.CONFIRMED) == ()
    await reviews.judge(MODERATOR, number, VerdictKind.FALSE_ALARM, reason=" a clinic's ad ")
    await reviews.note(MODERATOR, number, " told the author ")
    details = (await reviews.see(MODERATOR, number)).details
    assert [(v.kind, v.by, v.reason) for v in details.verdicts] == [
        (VerdictKind.CONFIRMED, "mo", ""), (VerdictKind.FALSE_ALARM, "mo", "a clinic's ad"),
    ]  # fmt: skip
    assert [note.text for note in details.notes] == ["told the author"]
    assert (await reviews.precision(VIEWER, OWN)).overall == Tally(false_alarms=1)
    assert [entry.action async for entry in audit_entries(store.database)] == ["verdict", "verdict", "note"]


async def test_what_says_nothing_or_too_much_is_refused(store: SqlStore, reviews: Reviews, new: New) -> None:
    number = await _logged(store, new())
    with pytest.raises(ReasonNeeded):
        await reviews.judge(MODERATOR, number, VerdictKind.FALSE_ALARM, reason="  ")
    for text in ("  ", "x" * (NOTE_CHARS + 1)):
        with pytest.raises(UnusableNote):
            await reviews.note(MODERATOR, number, text)
    with pytest.raises(UnusableNote):
        await reviews.judge(MODERATOR, number, VerdictKind.HANDLED, reason="x" * (NOTE_CHARS + 1))
    assert (await reviews.see(MODERATOR, number)).details.verdicts == ()


async def _false_alarm(store: SqlStore, reviews: Reviews, new: NewInteraction, *own: str) -> dict[RepairKind, Repair]:
    number = await _logged(store, new)
    found = await reviews.judge(MODERATOR, number, VerdictKind.FALSE_ALARM, reason="no", own=own)
    assert len({repair.kind for repair in found}) == len(found)
    return {repair.kind: repair for repair in found}


async def test_a_false_alarm_offers_repairs_that_would_have_helped(store: SqlStore, reviews: Reviews, new: New) -> None:
    found = await _false_alarm(store, reviews, new("1"))
    assert set(found) == {RepairKind.ALLOW, RepairKind.RAISE}
    assert found[RepairKind.ALLOW].terms == ("mesotherapy",)
    assert (found[RepairKind.RAISE].key, found[RepairKind.RAISE].value) == ("diy.min_confidence", 0.88)

    base = new("2")
    keyword = replace(
        base.assessment,
        hits=(Hit("product", "fat kit", LANGUAGE, Span(0, 7)),),
        rules=(FiredRule(LIVE_RULE + term_mark(LANGUAGE, "fat kit"), Concern.DIY, "Your keyword."),),
    )
    found = await _false_alarm(store, reviews, replace(base, assessment=keyword), "fat kit", "other")
    assert set(found) == {RepairKind.SHADOW, RepairKind.RAISE}
    assert found[RepairKind.SHADOW].terms == ("fat kit",)

    certain = replace(base, message_id="3", assessment=replace(keyword, confidence=1.0))
    assert set(await _false_alarm(store, reviews, certain)) == set(), "a retired keyword, and nothing above certain"


async def test_nobody_is_led_to_silence_help_for_symptoms(store: SqlStore, reviews: Reviews, new: New) -> None:
    assert set(await _false_alarm(store, reviews, new("1", concern=Concern.ADVERSE))) == {RepairKind.ALLOW}


@given(confidence=st.floats(0, 1))
def test_a_raised_threshold_is_just_above_the_false_alarm(confidence: float) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    one = Interaction(
        1, Place(*HERE, "1"), "1", "a" * 32, at, Concern.DIY, None, confidence, "en", (), (), (),
        InteractionState.SENT, alerted=False, shadow=False, response_id=None, reply_id=None,
    )  # fmt: skip
    repair = review._raised(one)
    if repair is None:
        assert confidence >= 1 - 1e-9
    else:
        assert repair.value is not None
        assert confidence < repair.value <= min(1.0, confidence + 0.0101)


NUMBERS = count()
VERDICTS = st.lists(st.sampled_from(VerdictKind), min_size=1, max_size=8)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=VERDICTS)
async def test_precision_counts_what_was_judged(
    store: SqlStore, reviews: Reviews, new: New, said: list[VerdictKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safetybot.communities.review._PAGE", 3)
    community = f"c{next(NUMBERS)}"  # each example has a community of its own
    place = Place("discord", community, "1")
    actor = Actor("mo", Role.MODERATOR, "discord", community)
    for number, kind in enumerate(said):
        row = await _logged(store, new(str(number), place=place))
        await reviews.judge(actor, row, kind, reason="because")
    await _logged(store, new("unjudged", place=place))
    wanted = Tally(*(said.count(kind) for kind in VerdictKind))
    found = await reviews.precision(actor, Filters("discord", community))
    assert found == Precision(wanted, {"diy.self": wanted}, {"procedure": wanted}, {"mesotherapy": wanted})
    judged = wanted.confirmed + wanted.false_alarms
    assert found.overall.precision == (wanted.confirmed / judged if judged else None)


@pytest.mark.parametrize(("most", "judged"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (9, 5), (None, 5)])
async def test_precision_can_keep_to_the_newest_verdicts(
    store: SqlStore, reviews: Reviews, new: New, most: int | None, judged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safetybot.communities.review._PAGE", 2)
    for number in range(5):
        kind = VerdictKind.CONFIRMED if number else VerdictKind.FALSE_ALARM  # the oldest was false
        await reviews.judge(MODERATOR, await _logged(store, new(str(number))), kind, reason="because")
    found = (await reviews.precision(VIEWER, OWN, most=most)).overall
    assert found == Tally(confirmed=min(judged, 4), false_alarms=judged // 5)


async def test_the_repairs_of_an_interaction_can_be_asked_for_again(
    store: SqlStore, reviews: Reviews, new: New
) -> None:
    number = await _logged(store, new())
    told = await reviews.judge(MODERATOR, number, VerdictKind.FALSE_ALARM, reason="because")
    assert told
    assert await reviews.repairs(MODERATOR, number) == told
    with pytest.raises(Refused):
        await reviews.repairs(VIEWER, number)


async def test_a_term_that_is_no_longer_known_is_told_by_its_mark(store: SqlStore, new: New, clock: Any) -> None:
    reviews = Reviews(store, Words({}, {}), clock)
    number = await _logged(store, new())
    await reviews.judge(MODERATOR, number, VerdictKind.CONFIRMED)
    assert set((await reviews.precision(VIEWER, OWN)).terms) == {"#" + term_mark("en", "mesotherapy")}
    seen = await reviews.see(MODERATOR, number)
    assert (seen.rules, seen.terms) == (("diy.self",), (("procedure", ""),))
    with pytest.raises(Refused, match="see the figures"):
        await reviews.precision(VIEWER, Filters())
