"""Terms in flat arrays are the terms that were put in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.detection.terms import Term, Terms
from safetybot.model import Strength

_terms = st.lists(
    st.builds(
        Term,
        st.sampled_from(["product", "self"]),
        # Whoever calls may hold half a surrogate pair; a file cannot.
        st.text(st.characters(exclude_categories=()), max_size=8),
        st.sampled_from(["en", "ja"]),
        st.sampled_from(Strength),
        st.lists(st.text(max_size=3), max_size=2).map(tuple),
        st.booleans(),
        st.sampled_from([None, True, False]),
    ),
    max_size=8,
)


@given(_terms)
def test_what_was_put_in_comes_out(terms: list[Term]) -> None:
    kept = Terms(terms)
    assert list(kept) == terms
    assert [kept[number] for number in range(len(kept))] == terms
    assert [(kept.kind(n).concept, kept.text(n), kept.unless(n)) for n in range(len(kept))] == [
        (term.concept, term.text, term.unless) for term in terms
    ]


@given(_terms, st.slices(8))
def test_parts_are_those_of_a_list(terms: list[Term], part: slice) -> None:
    assert list(Terms(terms)[part]) == terms[part]


def test_numbers_count_from_the_end_too_and_not_beyond() -> None:
    kept = Terms([Term("product", "botox", "mul"), Term("self", "myself", "en")])
    assert kept[-1].text == "myself"
    for beyond in (2, -3):
        with pytest.raises(IndexError):
            kept[beyond]


def test_terms_that_are_kept_already_are_not_copied() -> None:
    kept = Terms([Term("product", "botox", "mul")])
    assert Terms.of(kept) is kept
    assert list(Terms.of(list(kept))) == list(kept)
