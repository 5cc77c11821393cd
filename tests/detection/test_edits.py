"""One slip between two words, held against every word that one slip makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.detection.edits import within_one_edit

LETTERS = "abc"
_words = st.text(LETTERS, min_size=3, max_size=7)


def slips(word: str) -> set[str]:
    """Everything that one slip makes of `word`, and the word."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    fewer = {a + b[1:] for a, b in cuts}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    more = {a + letter + b for a, b in cuts for letter in LETTERS}
    other = {a + letter + b[1:] for a, b in cuts if b for letter in LETTERS}
    return fewer | swapped | more | other


@given(_words, _words)
def test_a_word_is_within_one_edit_where_one_slip_makes_it(word: str, folded: str) -> None:
    assert within_one_edit(word, folded, stem=False) is (word in slips(folded))


@given(_words)
def test_whatever_one_slip_makes_is_found(folded: str) -> None:
    assert all(within_one_edit(word, folded, stem=False) for word in slips(folded))


@given(_words, st.text(LETTERS, max_size=10))
def test_behind_a_stem_any_letters_may_follow(folded: str, word: str) -> None:
    begins = {word[:size] for size in range(len(folded) - 1, len(folded) + 2) if size <= len(word)}
    assert within_one_edit(word, folded, stem=True) is bool(begins & slips(folded))


@pytest.mark.parametrize(
    ("word", "within"),
    [("mesotherapy", True), ("mesotherpay", True), ("mesothrapy", True), ("mesotheraapy", True),
     ("mesothxrapy", True), ("mesothrpay", False), ("esotherapyy", False), ("mesotherapist", False)],
)  # fmt: skip
def test_two_slips_are_too_many(word: str, within: bool) -> None:
    assert within_one_edit(word, "mesotherapy", stem=False) is within
