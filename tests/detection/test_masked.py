"""Letters hidden behind signs, words spelt out with wider gaps between them, words written backwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.detection.masked import Masks
from safetybot.detection.matcher import Matcher
from safetybot.detection.terms import Term
from safetybot.model import HitPath

TERMS = (
    Term("filler_toxin", "botox*", "en"),
    Term("filler_toxin", "filler", "en"),
    Term("inject", "inject*", "en"),
    Term("needle", "needle", "en"),
    Term("procedure", "mesotherap*", "en"),
    Term("area", "cheek", "en"),
    Term("home", "at home", "en"),
)
MATCHER = Matcher(TERMS)


def found(text: str) -> set[str]:
    return {hit.term for hit in MATCHER.find(text)}


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("b*tox party", "botox*"),
        ("B•TOX", "botox*"),
        ("my f*ller", "filler"),
        ("f💉ller in both", "filler"),
        ("inj#cting tonight", "inject*"),
        ("m*s*therapy", "mesotherap*"),
        ("eldeen tips", "needle"),
        ("rellif, read it backwards", "filler"),
        ("yparehtosem", "mesotherap*"),
    ],
)
def test_a_word_with_hidden_or_turned_letters_is_found_in_place(text: str, term: str) -> None:
    (hit,) = MATCHER.find(text)
    assert hit.term == term
    assert hit.path is HitPath.FOLDED
    assert text[hit.span.start : hit.span.end].strip(" ,") in text.split(",")[0].split()


@pytest.mark.parametrize(
    "text",
    ["what the f*ck", "f***ing", "f**ling", "b*tch", "ch**k", "fi*er", "b*****x", "a*b*c*d", "file_name", "2*filter"],
)
def test_swearing_and_formulas_are_left_alone(text: str) -> None:
    assert not found(text)


def test_only_the_words_of_some_concepts_are_unmasked() -> None:
    assert not found("ch*ek")


def test_spelt_out_words_end_at_wider_gaps() -> None:
    assert found("b o t o x  i n j e c t i o n  a t  h o m e") >= {"botox*", "inject*", "at home"}
    assert found("b o t o x") == {"botox*"}


@given(st.text(alphabet="botxflersn*•#_ \ufe0f💉", max_size=40))
def test_every_place_is_inside_the_text(text: str) -> None:
    masks = Masks(["botox*", "filler"].__getitem__, range(2))
    for _, start, end in masks.find(text):
        assert 0 <= start < end <= len(text)
        assert any(sign in text[start:end] for sign in "*•#_💉")
