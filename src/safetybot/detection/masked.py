"""Words with a letter or two hidden behind a sign: b*tox, f•ller, inj#ct.

Lives here: finding such words and the terms that they may stand for. Does not live here: signs that stand for a letter
by their looks (`lookalikes.py`). A word matches a term letter by letter, so no candidate is ever spelt out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from safetybot.detection.text import base_view

T = TypeVar("T")

_SIGNS = "*•●∙·#_?~°×" + "\u2190-\u2bff\U0001f000-\U0001faff"
_MASKED = re.compile(rf"[^\W\d_]+(?:[{_SIGNS}]\ufe0f?){{1,2}}[^\W\d_][^\W\d_{_SIGNS}]*(?:[{_SIGNS}]\ufe0f?[^\W\d_]+)?")
# A sign is sought first, since most texts hold none.
_HAS_MASK = re.compile(rf"[{_SIGNS}](?<=[^\W\d_].)(?=\ufe0f?[{_SIGNS}]?\ufe0f?[^\W\d_])").search
_LEAST = 5
_MOST_HIDDEN = 2
_MOST_WORDS = 20
"""A message with more masked words than this is read up to here."""
_HIDDEN = frozenset("aeiouyаеиоуыэюяіїєё")
"""What people hide is a vowel; letting a sign stand for any letter would find terms in swearing."""


@dataclass(frozen=True, slots=True)
class Maskable(Generic[T]):
    """A word that may be written masked, and what it is the writing of."""

    folded: str
    is_stem: bool
    of: T


class Masks(Generic[T]):
    """Looks masked words up among the words given."""

    def __init__(self, words: Iterable[Maskable[T]]) -> None:
        """Keep `words`; those under five letters are left out."""
        self._by_letter: dict[str, list[Maskable[T]]] = {}
        for word in words:
            if len(word.folded) >= _LEAST and word.folded.isalpha():
                self._by_letter.setdefault(word.folded[0], []).append(word)

    def find(self, text: str) -> Iterator[tuple[T, int, int]]:
        """What each masked word of the original `text` may stand for, with its place."""
        if not self._by_letter or not _HAS_MASK(text):
            return
        for number, match in enumerate(_MASKED.finditer(text)):
            if number >= _MOST_WORDS:
                return
            written = [_letter(char) for char in match[0] if char != "\ufe0f"]
            if len(written) > 40 or written.count("") > _MOST_HIDDEN:
                continue
            for word in self._by_letter.get(written[0], ()):
                if _fits(written, word):
                    yield word.of, match.start(), match.end()


def maskable(items: Iterable[tuple[str, T]], fold: Callable[[str], str]) -> Iterator[Maskable[T]]:
    """The single words among terms as entered (a `*` at the end stands for any letters), each with what it is of."""
    for text, of in items:
        if not text.startswith("*"):
            yield Maskable(fold(text.strip("*")), text.endswith("*"), of)


def _letter(char: str) -> str:
    """A letter as folded; "" for a sign that hides one."""
    return base_view(char).text if char.isalpha() else ""


def _fits(written: list[str], word: Maskable[T]) -> bool:
    folded = word.folded
    if len(written) != len(folded) and not (word.is_stem and len(folded) < len(written) <= len(folded) + 4):
        return False
    hidden = 0
    for own, shown in zip(folded, written, strict=False):
        if not shown:
            if own not in _HIDDEN:
                return False
            hidden += 1
        elif own != shown:
            return False
    return hidden > 0
