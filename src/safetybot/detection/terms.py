"""Terms: what one is, and tens of thousands of them in little memory.

Lives here: `Term`, and `Terms`, which keeps texts in one block of bytes and the rest in flat arrays. Does not live
here: reading them from files (`lexicon.py`), finding them (`matcher.py`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

from safetybot.model import Strength


@dataclass(frozen=True, slots=True)
class Term:
    """One way of writing a concept in one language. `text` is as entered; a `*` at an end stands for any letters."""

    concept: str
    text: str
    language: str
    strength: Strength = Strength.WEAK
    unless: tuple[str, ...] = ()
    """Phrases that make a hit inside or touching them not count."""
    case: bool = False
    fuzzy: bool | None = None
    """Whether one edit is forgiven; None means in strong terms only."""


class Kind(NamedTuple):
    """What many terms have in common."""

    concept: str
    language: str
    strength: Strength
    case: bool
    fuzzy: bool | None


class Terms(Sequence[Term]):
    """A sequence of terms, immutable: some 30 bytes each, a tenth of what as many objects take.

    A `Term` is made anew each time it is asked for; who needs one thing of it asks for that.
    """

    __slots__ = ("_ends", "_kinds", "_numbers", "_texts", "_unless")

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        """Keep `terms`, in their order."""
        texts = bytearray()
        self._ends = array("I", [0])
        self._numbers = array("I")
        self._unless: dict[int, tuple[str, ...]] = {}
        kinds: dict[Kind, int] = {}
        for number, term in enumerate(terms):
            texts += term.text.encode("utf-8", "surrogatepass")
            self._ends.append(len(texts))
            kind = Kind(term.concept, term.language, term.strength, term.case, term.fuzzy)
            self._numbers.append(kinds.setdefault(kind, len(kinds)))
            if term.unless:
                self._unless[number] = term.unless
        self._texts = bytes(texts)
        self._kinds = tuple(kinds)

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Terms:
        """`terms` themselves where they are kept this way already, else so kept."""
        return terms if isinstance(terms, cls) else cls(terms)

    def text(self, number: int) -> str:
        """The text of a term, as entered."""
        return self._texts[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    def kind(self, number: int) -> Kind:
        """What a term has in common with many others."""
        return self._kinds[self._numbers[number]]

    def unless(self, number: int) -> tuple[str, ...]:
        """The look-alike phrases of a term."""
        return self._unless.get(number, ())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._numbers)

    @overload
    def __getitem__(self, number: int) -> Term: ...

    @overload
    def __getitem__(self, number: slice) -> Terms: ...

    def __getitem__(self, number: int | slice) -> Term | Terms:
        """A term by its number, or a part of the terms."""
        if isinstance(number, slice):
            return Terms(self._at(i) for i in range(*number.indices(len(self))))
        # A range knows what a negative number means, and refuses one beyond.
        return self._at(range(len(self))[number])

    def __iter__(self) -> Iterator[Term]:
        """Each term, in order."""
        return map(self._at, range(len(self)))

    def _at(self, number: int) -> Term:
        kind = self.kind(number)
        return Term(
            kind.concept, self.text(number), kind.language, kind.strength, self.unless(number), kind.case, kind.fuzzy
        )
