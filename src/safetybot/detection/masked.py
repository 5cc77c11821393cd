"""Words with a letter or two hidden behind a sign: b*tox, f•ller, inj#ct.

Lives here: finding such words and the terms that they may stand for. Does not live here: signs that stand for a letter
by their looks (`lookalikes.py`). A word matches a term letter by letter, so no candidate is ever spelt out.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator

from safetybot.detection.text import base_view, fold_term

_SIGNS = "*•●∙·#_?~°×" + "\u2190-\u2bff\U0001f000-\U0001faff"
_MASKED = re.compile(rf"[^\W\d_]+(?:[{_SIGNS}]\ufe0f?){{1,2}}[^\W\d_][^\W\d_{_SIGNS}]*(?:[{_SIGNS}]\ufe0f?[^\W\d_]+)?")
# A sign is sought first, since most texts hold none.
_HAS_MASK = re.compile(rf"[{_SIGNS}](?<=[^\W\d_].)(?=\ufe0f?[{_SIGNS}]?\ufe0f?[^\W\d_])").search
_LEAST = 5
_MOST_HIDDEN = 2
_LONGEST_WRITTEN = 40
_LONGEST = 127
"""Longer words are kept as so long: no masked word is."""
_MOST_ENDING = 4
"""Letters that may follow a stem."""
_MOST_WORDS = 20
"""A message with more masked words than this is read up to here."""
_HIDDEN = frozenset("aeiouyаеиоуыэюяіїєё")
"""What people hide is a vowel; letting a sign stand for any letter would find terms in swearing."""


class Masks:
    """Looks masked words up among the single words among terms; keeps five bytes a word."""

    def __init__(self, text_of: Callable[[int], str], numbers: Iterable[int]) -> None:
        """Take the numbers of terms that may be written masked, and what gives their texts as entered, `*` and all.

        Phrases, words under five letters and those that begin with `*` are left out.
        """
        self._text_of = text_of
        self._by_letter: dict[str, tuple[array[int], bytearray]] = {}
        """By first letter: the numbers of its words, and how long each is as folded, with a bit for stems."""
        for number in numbers:
            text = text_of(number)
            folded = _word(text)
            if not text.startswith("*") and len(folded) >= _LEAST and folded.isalpha():
                same = self._by_letter.setdefault(folded[0], (array("I"), bytearray()))
                same[0].append(number)
                same[1].append(min(len(folded), _LONGEST) << 1 | text.endswith("*"))

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """The number of each term that a masked word of the original `text` may stand for, with the word's place."""
        if not self._by_letter or not _HAS_MASK(text):
            return
        for count, match in enumerate(_MASKED.finditer(text)):
            if count >= _MOST_WORDS:
                return
            written = [_letter(char) for char in match[0] if char != "\ufe0f"]
            if len(written) > _LONGEST_WRITTEN or written.count("") > _MOST_HIDDEN:
                continue
            size = len(written)
            for number, form in zip(*self._by_letter.get(written[0], ((), b"")), strict=True):
                length = form >> 1
                if length != size and not (form & 1 and length < size <= length + _MOST_ENDING):
                    continue
                if _fits(written, _word(self._text_of(number))):
                    yield number, match.start(), match.end()


def _word(text: str) -> str:
    return fold_term(text.strip("*"))


def _letter(char: str) -> str:
    """A letter as folded; "" for a sign that hides one."""
    return base_view(char).text if char.isalpha() else ""


def _fits(written: list[str], folded: str) -> bool:
    """Whether `folded`, no longer than `written`, has its letters where they are shown, and vowels where not."""
    hidden = 0
    for own, shown in zip(folded, written, strict=False):
        if not shown:
            if own not in _HIDDEN:
                return False
            hidden += 1
        elif own != shown:
            return False
    return hidden > 0
