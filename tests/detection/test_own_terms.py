"""A community's own terms in the detector: what they add, what they take away, and what shadow leaves as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.detection.assembly import load_detector
from safetybot.detection.detector import Detector
from safetybot.detection.own_terms import CommunityTerms, OwnTerm, canonical
from safetybot.model import Concern, ThreadLine

CONFIG = Path(__file__).parent.parent.parent / "config"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector([CONFIG])


def to(concern: Concern, text: str = "glow party", *, shadow: bool = False) -> CommunityTerms:
    return CommunityTerms([OwnTerm("k1", text, concern=concern, shadow=shadow)])


def test_a_term_bound_to_a_concern_makes_it_and_is_named(detector: Detector) -> None:
    text = "who comes to the GLOW-party on friday"
    assert detector.assess_text(text).concern is None
    answer = detector.assess_text(text, own=to(Concern.SUPPLY))
    assert (answer.concern, answer.confidence) == (Concern.SUPPLY, 1.0)
    assert [rule.rule for rule in answer.rules] == ["keyword:k1"]
    hit = answer.hits[answer.rules[0].hits[0]]
    assert text[hit.span.start : hit.span.end] == "GLOW-party"


def test_it_never_lowers_a_concern(detector: Detector) -> None:
    text = "I inject lemon bottle into my own chin at home before the glow party"
    plain = detector.assess_text(text)
    answer = detector.assess_text(text, own=to(Concern.MENTION))
    assert (answer.concern, answer.confidence) == (plain.concern, plain.confidence)
    assert answer.rules[-1].rule == "keyword:k1"
    assert {rule.rule for rule in plain.rules} <= {rule.rule for rule in answer.rules}


def test_symptoms_get_a_level(detector: Detector) -> None:
    assert detector.assess_text("glow party", own=to(Concern.ADVERSE)).level is not None


def test_a_wildcard_and_other_scripts_are_found(detector: Detector) -> None:
    for term, text in (
        ("glowpart*", "two glowparties"),
        ("*жиросжиг", "вот липожиросжиг"),
        ("光る会", "明日光る会です"),
    ):
        assert detector.assess_text(text, own=to(Concern.MENTION, term)).concern is Concern.MENTION, term
    assert detector.assess_text("glowparties", own=to(Concern.MENTION, "glowpart")).concern is None


def test_a_term_bound_to_a_concept_is_a_hit_like_any_other(detector: Detector) -> None:
    own = CommunityTerms([OwnTerm("k2", "zorblax", concept="product")])
    text = "I inject zorblax into my own chin at home"
    answer = detector.assess_text(text, own=own)
    assert answer.concern is Concern.DIY
    assert "keyword:k2" in [rule.rule for rule in answer.rules]
    assert ("product", "zorblax") in [(hit.concept, hit.term) for hit in answer.hits]
    asked, before = "my chin is swollen and red since, is this normal?", [ThreadLine("I had zorblax yesterday", True)]
    assert detector.assess_text(asked, before, own=own).confidence != detector.assess_text(asked, before).confidence


def test_what_stands_in_an_allowed_phrase_counts_for_nothing(detector: Detector) -> None:
    text = "the lemon bottle spritz is 9 euros tonight"
    assert detector.hits(text)
    own = CommunityTerms(allowed=["lemon bottle spritz"])
    assert detector.assess_text(text, own=own).concern is None
    inject = "I inject lemon bottle into my own chin at home"
    assert detector.assess_text(inject, own=own) == detector.assess_text(inject)
    both = CommunityTerms([OwnTerm("k", "spritz", concern=Concern.DIY)], allowed=["lemon bottle spritz"])
    assert detector.assess_text(text, own=both).concern is None
    assert detector.assess_text("a spritz", own=both).concern is Concern.DIY


def test_terms_of_the_lexicon_are_switched_off_and_weakened(detector: Detector) -> None:
    text = "is mesotherapy legit?"
    assert detector.assess_text(text).concern is Concern.MENTION
    assert detector.assess_text(text, own=CommunityTerms(off=["Mesotherapy"])).concern is None
    weak = detector.evidence(text)
    assert weak is not None
    assert weak.tier == "named"
    answer = detector.assess_text(text, own=CommunityTerms(weak=["mesotherapy"]))
    assert all(hit.strength.value == "weak" for hit in answer.hits if hit.term == "mesotherapy")


def test_a_term_in_shadow_changes_nothing_and_says_what_it_would_have_done(detector: Detector) -> None:
    alone = detector.assess_text("who comes to the glow party", own=to(Concern.SUPPLY, shadow=True))
    assert (alone.concern, alone.only_shadow) == (Concern.SUPPLY, True)
    assert [rule.rule for rule in alone.rules] == ["shadow-keyword:k1"]
    text = "is mesotherapy legit? ask at the glow party"
    plain = detector.assess_text(text)
    beside = detector.assess_text(text, own=to(Concern.SUPPLY, shadow=True))
    assert (beside.concern, beside.confidence, beside.only_shadow) == (plain.concern, plain.confidence, False)
    assert [rule.rule for rule in beside.rules] == [*(rule.rule for rule in plain.rules), "shadow-keyword:k1"]
    assert beside.rules[-1].concern is Concern.SUPPLY


def test_a_live_term_is_not_hidden_by_a_longer_one_in_shadow(detector: Detector) -> None:
    own = CommunityTerms(
        [
            OwnTerm("a", "glow", concern=Concern.MENTION),
            OwnTerm("b", "glow party", concern=Concern.MENTION, shadow=True),
        ]
    )
    answer = detector.assess_text("the glow party", own=own)
    assert [rule.rule for rule in answer.rules] == ["keyword:a", "shadow-keyword:b"]
    assert not answer.only_shadow


def test_code_is_no_ground(detector: Detector) -> None:
    assert detector.assess_text("`glow party`", own=to(Concern.DIY)).concern is None


@given(st.text(max_size=60), st.sampled_from(["a*", "glow party", "*x", "é'a"]))
def test_any_text_is_taken(detector: Detector, text: str, term: str) -> None:
    own = CommunityTerms([OwnTerm("k", term, concern=Concern.DIY)], allowed=["glow party tonight"])
    answer = detector.assess_text(f"{text} glow party {text}", own=own)
    if term == "glow party" and "`" not in text and not text.strip():
        assert answer.concern is Concern.DIY


def test_one_term_has_one_canonical_form() -> None:
    assert canonical("Lemon-Bottle") == canonical("lemon bottle") != canonical("lemon bottle*")
    assert canonical("*") == "*"
