"""What the log's marks and ids stand for: the log keeps marks of terms and ids of rules, people read words.

Does not live here: the marks themselves (`records.py`), putting words into another language (`chat/finding_words.py`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cached_property

from safetybot.communities.records import term_mark
from safetybot.detection.own_terms import LANGUAGE, LIVE_RULE, OWN_FOUND, OWN_IN_SHADOW, SHADOW_RULE
from safetybot.detection.terms import Term, Terms


class TermsByMark(Mapping[str, str]):
    """The texts of terms by their marks: sorted numbers, made when somebody first asks, 12 bytes a term.

    Most processes show no log, and a dictionary of the lexicon's marks would be larger than the lexicon.
    """

    def __init__(self, terms: Terms) -> None:
        """Give the texts of `terms`."""
        self._terms = terms

    @cached_property
    def _sorted(self) -> tuple[array[int], array[int]]:
        """The marks as numbers, ascending, and the number of the term that each is of."""
        kinds, text = self._terms.kind, self._terms.text
        marks = {int(term_mark(kinds(n).language, text(n)), 16): n for n in range(len(self._terms))}
        return array("Q", sorted(marks)), array("I", (marks[mark] for mark in sorted(marks)))

    def __getitem__(self, mark: str) -> str:
        """The text of the term with this mark. Raises `KeyError`."""
        marks, numbers = self._sorted
        try:
            wanted = int(mark, 16)
        except ValueError:
            raise KeyError(mark) from None  # a mark that nobody made
        place = bisect_left(marks, wanted)
        if place == len(marks) or marks[place] != wanted:
            raise KeyError(mark)
        return self._terms.text(numbers[place])

    def __iter__(self) -> Iterator[str]:
        """Every mark."""
        return (f"{mark:012x}" for mark in self._sorted[0])

    def __len__(self) -> int:
        """How many marks there are; a term of two concepts has one."""
        return len(self._sorted[0])


@dataclass(frozen=True, slots=True)
class Words:
    """What the lexicon and the rules in force know: the log keeps marks of terms and ids of rules only."""

    terms: Mapping[str, str]
    """A term by its mark."""
    rules: MutableMapping[str, str]
    """The sentence that a rule reads as, by its id."""

    @classmethod
    def of(cls, terms: Iterable[Term], rules: MutableMapping[str, str]) -> Words:
        """The words of these terms and rules."""
        return cls(TermsByMark(Terms.of(terms)), rules)

    def with_own(self, own: Iterable[str]) -> Words:
        """These words and a community's own terms."""
        marks = {term_mark(LANGUAGE, text): text for text in own}
        says = {LIVE_RULE + mark: OWN_FOUND.replace("{term}", text) for mark, text in marks.items()}
        shadow = {SHADOW_RULE + mark: OWN_IN_SHADOW.replace("{term}", text) for mark, text in marks.items()}
        # Tens of thousands of words are not copied for a handful of own ones.
        terms: Mapping[str, str] = ChainMap(marks, self.terms)  # type: ignore[arg-type]  # only the first is written to
        return Words(terms, ChainMap({**says, **shadow}, self.rules))

    def rule_name(self, rule: str) -> str:
        """A rule's id; that of a keyword with its text instead of its mark."""
        prefix, colon, mark = rule.partition(":")
        return prefix + colon + self.terms.get(mark, mark)
