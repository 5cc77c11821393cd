"""Keywords: their life on both databases, who may, doubts, previews, figures, and that nobody's change is lost."""

from __future__ import annotations

import asyncio
import sys
import uuid
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.keyword import Keyword, KeywordState, Override, change_in_words, compiled, read_keyword
from safetybot.communities.keyword_checks import Doubt, NotInLexicon, UnknownConcept, UnusableTerm
from safetybot.communities.keyword_report import is_jump
from safetybot.communities.keywords import (
    Entered,
    Keywords,
    KnownKeyword,
    NoSuchKeyword,
    NothingToTry,
    TooBroad,
    TooManyKeywords,
)
from safetybot.communities.records import standing
from safetybot.communities.terms_in_force import TermsInForce
from safetybot.detection.assembly import load_detector
from safetybot.detection.detector import Detector
from safetybot.model import Concern, Strength, Verdict, VerdictKind
from safetybot.store.audit import audit_entries
from safetybot.store.errors import NothingToUndo, StaleVersion
from safetybot.store.store import SqlStore

CONFIG = Path(__file__).parent.parent.parent / "config"
PROGRAM = Path(__file__).with_name("keyword_process.py")
WHERE = ("discord", "100")
ANN = Actor("ann", Role.MODERATOR, *WHERE)
VIEWER = Actor("vic", Role.VIEWER, *WHERE)
DRAFT, SHADOW, LIVE, RETIRED = KeywordState


@cache
def detector() -> Detector:
    return load_detector([CONFIG], with_model=False)


@pytest.fixture
def use(store: SqlStore, clock: Any) -> Keywords:
    return Keywords(store.keywords, detector(), clock)


def party(state: KeywordState = DRAFT) -> Keyword:
    return Keyword("glow party", state, concern=Concern.SUPPLY)


async def states(use: Keywords) -> dict[str, KeywordState]:
    return {one.keyword.term: one.keyword.state for one in await use.listed(ANN, *WHERE)}


# --- the life of a keyword ---


async def test_a_keyword_lives_from_draft_to_retired_and_each_step_is_told(use: Keywords, store: SqlStore) -> None:
    await use.add(ANN, *WHERE, party())
    await use.move(ANN, *WHERE, "GLOW-Party", SHADOW)
    await use.edit(ANN, *WHERE, Keyword("glow party", SHADOW, concept="product", strength=Strength.WEAK))
    await use.move(ANN, *WHERE, "glow party", LIVE)
    await use.move(ANN, *WHERE, "glow party", RETIRED)
    await use.undo(ANN, *WHERE, "Glow Party")
    assert await states(use) == {"glow party": LIVE}
    changes = await use.history(VIEWER, *WHERE, "glow party")
    told = [
        change_in_words("glow party", before.value if before else None, change)
        for before, change in zip([None, *changes], changes, strict=False)
    ]
    assert [line.split("by ann: ")[1] for line in told] == [
        "added as draft, concern supply",
        "draft → shadow",
        "concern supply → concept product, weak",
        "shadow → live",
        "live → retired",
        "retired → live, taking back version 5",
    ]
    audited = [entry async for entry in audit_entries(store.database, platform="discord", community="100")]
    assert [entry.action for entry in audited] == ["keyword changed"] * 5 + ["keyword undone"]
    assert {entry.by for entry in audited} == {"ann"}


async def test_a_retired_keyword_is_taken_up_again_and_one_undone_away_begins_anew(use: Keywords) -> None:
    await use.add(ANN, *WHERE, party())
    await use.move(ANN, *WHERE, "glow party", RETIRED)
    again = await use.add(ANN, *WHERE, replace(party(), term="Glow party"))
    assert (again.keyword.term, again.change.version) == ("glow party", 3)
    for _ in range(3):
        await use.undo(ANN, *WHERE, "glow party")
    assert await states(use) == {}
    with pytest.raises(NothingToUndo):
        await use.undo(ANN, *WHERE, "glow party")
    assert (await use.add(ANN, *WHERE, party())).change.version == 7


async def test_only_those_who_may_change_or_see(use: Keywords) -> None:
    await use.add(ANN, *WHERE, party())
    assert await use.listed(VIEWER, *WHERE)
    elsewhere = Actor("eve", Role.ADMIN, "discord", "101")
    for actor in (VIEWER, elsewhere, Actor("nobody", None, *WHERE)):
        for asked in (
            use.add(actor, *WHERE, Keyword("other thing", DRAFT, allowed=True)),
            use.edit(actor, *WHERE, party()),
            use.move(actor, *WHERE, "glow party", LIVE),
            use.undo(actor, *WHERE, "glow party"),
            use.put_all(actor, *WHERE, [party(SHADOW)]),
        ):
            with pytest.raises(Refused):
                await asked
    for seen in (use.listed(elsewhere, *WHERE), use.history(elsewhere, *WHERE, "glow party"),
                  use.report(elsewhere, *WHERE), use.preview(elsewhere, *WHERE, party())):  # fmt: skip
        with pytest.raises(Refused):
            await seen
    assert await states(use) == {"glow party": DRAFT}


async def test_what_cannot_be_is_refused_with_its_reason(use: Keywords) -> None:
    for term in ("a*", "x", "***", "inj*ect", "", "a" * 81, "a\nb"):
        with pytest.raises(UnusableTerm):
            await use.add(ANN, *WHERE, Keyword(term, DRAFT, concern=Concern.DIY))
    with pytest.raises(UnknownConcept, match="nonsense"):
        await use.add(ANN, *WHERE, Keyword("zorblax", DRAFT, concept="nonsense"))
    with pytest.raises(NotInLexicon, match="zorblax"):
        await use.add(ANN, *WHERE, Keyword("zorblax", LIVE, override=Override.OFF))
    with pytest.raises(NoSuchKeyword):
        await use.move(ANN, *WHERE, "zorblax", LIVE)
    with pytest.raises(NoSuchKeyword):
        await use.history(ANN, *WHERE, "zorblax")
    await use.add(ANN, *WHERE, party())
    with pytest.raises(KnownKeyword, match="draft, concern supply"):
        await use.add(ANN, *WHERE, replace(party(), term="GLOW_party"))
    await use.add(ANN, *WHERE, Keyword("lemon bottle spritz", LIVE, allowed=True))
    with pytest.raises(NothingToTry):
        await use.move(ANN, *WHERE, "lemon bottle spritz", SHADOW)


async def test_a_noisy_keyword_goes_live_only_when_forced(use: Keywords) -> None:
    noisy = Keyword("the", DRAFT, concern=Concern.MENTION)
    entered = await use.add(ANN, *WHERE, noisy)
    assert entered.preview.too_broad
    with pytest.raises(TooBroad, match=r"about 1 in \d+ ordinary messages"):
        await use.move(ANN, *WHERE, "the", LIVE)
    with pytest.raises(TooBroad):
        await use.put_all(ANN, *WHERE, [replace(noisy, state=LIVE)])
    await use.move(ANN, *WHERE, "the", SHADOW)
    await use.move(ANN, *WHERE, "the", LIVE, force=True)
    assert await states(use) == {"the": LIVE}


async def test_a_community_has_room_for_so_many(use: Keywords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safetybot.communities.keywords.MOST_KEYWORDS", 2)
    await use.put_all(ANN, *WHERE, [Keyword(f"zorblax {i}{i}", DRAFT, concern=Concern.DIY) for i in range(2)])
    with pytest.raises(TooManyKeywords):
        await use.add(ANN, *WHERE, party())
    with pytest.raises(TooManyKeywords):
        await use.put_all(ANN, *WHERE, [party()])


async def test_several_come_all_or_none(use: Keywords) -> None:
    await use.add(ANN, *WHERE, party())
    wanted = [party(), Keyword("zorblax kit", SHADOW, concern=Concern.SUPPLY)]
    assert len(await use.put_all(ANN, *WHERE, wanted)) == 1, "what is so already stays untouched"
    with pytest.raises(UnusableTerm):
        await use.put_all(ANN, *WHERE, [Keyword("plim party", DRAFT, concern=Concern.DIY), replace(party(), term="x")])
    assert await states(use) == {"glow party": DRAFT, "zorblax kit": SHADOW}


# --- doubts and previews ---


async def doubts(use: Keywords, keyword: Keyword) -> set[Doubt]:
    return {warn.doubt for warn in await use.warnings(ANN, *WHERE, keyword)}


async def test_doubts_are_told_at_entry(use: Keywords) -> None:
    assert await doubts(use, party()) == set()
    assert await doubts(use, Keyword("mesotherapy", DRAFT, concept="procedure")) == {Doubt.COVERED}
    assert Doubt.CONFLICT in await doubts(use, Keyword("mesotherapy", DRAFT, concept="topical"))
    assert Doubt.SHORT in await doubts(use, Keyword("zqx", DRAFT, concern=Concern.DIY))
    assert Doubt.WIDE in await doubts(use, Keyword("zqx*", DRAFT, concern=Concern.DIY))
    assert Doubt.COMMON in await doubts(use, Keyword("the", DRAFT, concern=Concern.DIY))
    assert await doubts(use, Keyword("zorblax phrase", LIVE, allowed=True)) == {Doubt.NO_EFFECT}
    assert await doubts(use, Keyword("lemon bottle spritz", LIVE, allowed=True)) == set()
    await use.add(ANN, *WHERE, Keyword("glow*", DRAFT, concern=Concern.DIY))
    assert Doubt.OVERLAP in await doubts(use, Keyword("glowing", DRAFT, concern=Concern.DIY))


async def test_an_allowed_phrase_and_a_term_within_it_are_a_conflict(use: Keywords) -> None:
    await use.add(ANN, *WHERE, Keyword("zorblax*", LIVE, allowed=True))
    assert Doubt.CONFLICT in await doubts(use, Keyword("zorblaxes", DRAFT, concern=Concern.DIY))


async def test_a_preview_shows_what_would_change_and_changes_nothing(use: Keywords, store: SqlStore) -> None:
    recent = ["who comes to the glow party", "glow party!", "hello"]
    found = await use.preview(VIEWER, *WHERE, party(), recent)
    assert found.recent is not None
    assert (found.recent.messages, found.recent.found, found.recent.added) == (3, 2, 2)
    assert found.recent.examples == tuple(recent[:2])
    assert found.ordinary.messages > 900
    assert not found.too_broad
    allowed = await use.preview(
        ANN,
        *WHERE,
        Keyword("lemon bottle spritz", DRAFT, allowed=True),
        ["I inject a lemon bottle spritz into my chin"],
    )
    assert allowed.recent is not None
    assert allowed.recent.taken == 1
    assert await store.keywords.in_force(*WHERE) == []


async def test_the_log_says_what_a_keyword_did_and_would_have_done(
    use: Keywords, store: SqlStore, new: Any, clock: Any
) -> None:
    await use.add(ANN, *WHERE, party())
    await use.move(ANN, *WHERE, "glow party", SHADOW)
    terms = compiled([party(SHADOW)])
    for number, text in enumerate(("the glow party", "is mesotherapy legit? see the glow party")):
        assessment = detector().assess_text(text, own=terms)
        decision = replace(new().decision, reply=False, shadow=assessment.only_shadow)
        await store.claim(new(str(number), assessment=assessment, decision=decision), None)
    rows = await store.list_interactions()
    await store.add_verdict(rows[-1].id, Verdict(VerdictKind.FALSE_ALARM, "ann", clock.now(), "a lamp shop"))
    (figures,) = await use.report(VIEWER, *WHERE)
    assert (figures.live, figures.alone, figures.beside, figures.false_alarms) == (0, 1, 1, 1)
    found = await use.preview(ANN, *WHERE, party())
    assert (found.logged.interactions, found.logged.with_term) == (2, 2)
    off = await use.preview(ANN, *WHERE, Keyword("mesotherapy", LIVE, override=Override.OFF))
    assert off.logged.with_term <= 1
    by_concept = await use.preview(ANN, *WHERE, Keyword("glow water", DRAFT, concept="procedure"))
    assert (by_concept.logged.with_term, by_concept.logged.with_concept) == (0, 1)


async def test_a_live_keyword_that_jumps_is_told(use: Keywords, store: SqlStore, new: Any, clock: Any) -> None:
    await use.add(ANN, *WHERE, party())
    await use.move(ANN, *WHERE, "glow party", LIVE)
    assessment = detector().assess_text("the glow party", own=compiled([party(LIVE)]))
    for day in range(5):
        await store.claim(new(f"d{day}", assessment=assessment), None)
        clock.forward(days=1)
    assert not (await use.report(ANN, *WHERE))[0].jumped
    clock.forward(hours=1)
    for number in range(15):
        await store.claim(new(f"n{number}", assessment=assessment), None)
    (figures,) = await use.report(ANN, *WHERE)
    assert (figures.last_day, figures.jumped) == (15, True)


def test_a_jump_is_more_than_chance() -> None:
    assert not is_jump(9, 0.1)
    assert is_jump(12, 1)
    assert not is_jump(29, 10)
    assert is_jump(31, 10)


# --- versions ---

TERMS = ("glow party", "zorblax kit")
STEPS = st.lists(
    st.tuples(st.sampled_from(TERMS), st.sampled_from([*KeywordState, "undo", "allow"])), min_size=1, max_size=10
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_changes_and_undos_leave_what_their_replay_gives(
    store: SqlStore, clock: Any, steps: list[tuple[str, Any]]
) -> None:
    where = ("discord", uuid.uuid4().hex)  # each example has a community of its own
    use, mod = Keywords(store.keywords, detector(), clock), Actor("ann", Role.MODERATOR, *where)
    model: dict[str, list[Keyword]] = {term: [] for term in TERMS}
    for term, step in steps:
        stack = model[term]
        if step == "undo":
            if stack:
                await use.undo(mod, *where, term)
                stack.pop()
            else:
                with pytest.raises(NothingToUndo):
                    await use.undo(mod, *where, term)
            continue
        wanted = Keyword(term, LIVE, allowed=True) if step == "allow" else Keyword(term, step, concern=Concern.SUPPLY)
        entered: Entered
        if not stack or stack[-1].state is RETIRED:
            entered = await use.add(mod, *where, wanted)
        else:
            entered = await use.edit(mod, *where, wanted)
        assert entered.keyword == wanted
        stack.append(wanted)
    in_force = {one.keyword.term: one.keyword for one in await use.listed(mod, *where)}
    assert in_force == {term: stack[-1] for term, stack in model.items() if stack}
    for term in TERMS:
        replayed = standing(await store.keywords.history(*where, term))
        assert [read_keyword(term, change.value) for change in replayed] == model[term]


async def test_the_second_of_two_sees_the_firsts_change(use: Keywords) -> None:
    entered = await use.add(ANN, *WHERE, party())
    seen = entered.change.version
    await use.move(ANN, *WHERE, "glow party", SHADOW, expected=seen)
    bob = replace(ANN, name="bob")
    with pytest.raises(StaleVersion) as stale:
        await use.move(bob, *WHERE, "glow party", RETIRED, expected=seen)
    assert stale.value.newer is not None
    assert (stale.value.newer.by, stale.value.newer.value["state"]) == ("ann", "shadow")
    with pytest.raises(StaleVersion):
        await use.undo(bob, *WHERE, "glow party", expected=seen)


async def test_two_processes_lose_no_change(postgres_url: str, tmp_path: Path) -> None:
    rounds, start = 12, tmp_path / "start"
    processes = []
    for name in ("ann", "bob"):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), postgres_url, str(rounds), str(start), name,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        processes.append(process)
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", (await process.communicate())[1].decode()
    start.touch()
    said: list[list[str]] = []
    for process in processes:
        out, errors = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0, errors.decode()
        said.append(out.decode().splitlines())
    made = sorted(int(line.split()[1]) for lines in said for line in lines if line.startswith("made"))
    assert made == list(range(1, 2 * rounds + 1)), "every change of both is a version of its own"
    for other, lines in zip(("bob", "ann"), said, strict=True):
        seen = [line for line in lines if line.startswith("saw")]
        assert all(line.split()[3] == other for line in seen)


# --- the terms in force ---


async def test_a_change_of_another_process_is_in_force_within_seconds(store: SqlStore, open_it: Any) -> None:
    now = 0.0
    terms = TermsInForce(store.keywords, seconds=lambda: now)
    assert await terms.terms(*WHERE) is None
    async with open_it() as other:
        await other.keywords.put(*WHERE, party(LIVE), by="bob", at=other._clock.now(), expected=0)
    now = 1.0
    assert await terms.terms(*WHERE) is None
    now = 2.1
    found = await terms.terms(*WHERE)
    assert found is not None
    assert await terms.terms(*WHERE) is found, "compiled once"
    assert await terms.terms("discord", "101") is None
    await store.keywords.undo(*WHERE, "glow party", by="ann", at=store._clock.now())
    now = 4.3
    assert await terms.terms(*WHERE) is None


async def test_terms_in_force_are_bounded_and_grow_old(store: SqlStore) -> None:
    now = 0.0
    terms = TermsInForce(store.keywords, communities=3, seconds=lambda: now)
    for number in range(10):
        await terms.terms("discord", str(number))
    assert terms.communities == 3
    await store.keywords.put("discord", "9", party(LIVE), by="a", at=store._clock.now(), expected=0)
    terms.forget("discord", "9")
    assert await terms.terms("discord", "9") is not None
    now = timedelta(hours=1).total_seconds()
    assert await terms.terms("discord", "9") is not None


def test_only_live_and_shadow_keywords_reach_the_detector() -> None:
    assert compiled([party(DRAFT), party(RETIRED)]) is None
    assert compiled([party(LIVE)]) is not None
