"""Folding of member text, with the way back: what the eye reads, in one alphabet, and where each letter came from.

Lives here: the fold that every message and every term goes through (`base_view`, `fold_term`), the further views that
undo disguises (`disguise_views`). Does not live here: zones (`zones.py`), terms, matching, meaning.

Two laws shape this file. Cleaning never joins words: a newline or a hyphen becomes a space; only runs of single
letters, and signs *inside* one word, are closed up, and only in a view of their own. Everything is linear: the only
regular expressions are fixed-length or single-class, so nothing can backtrack. Tables follow Unicode's NFKD and case
folding; the look-alikes are a hand-kept selection of Unicode's confusables (UTS 39), used in mixed-script words only.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

from safetybot.detection import lookalikes
from safetybot.model import Span


class View:
    """One reading of a text, and the way from its positions back to the original's.

    The index is built when the first hit asks for it: most texts have none, so most never pay.
    """

    __slots__ = ("_build", "_index", "folded", "text")

    def __init__(self, text: str, build: Callable[[], Sequence[int]] | None = None, *, folded: bool = False) -> None:
        """Keep the reading; `build` makes the original position of each character, None where positions are equal."""
        self.text = text
        self.folded = folded
        """Whether a disguise had to be undone for this reading."""
        self._build = build
        self._index: Sequence[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """The original span behind `text[start:end]`; both ends inside the text, `start < end`."""
        if self._build is None:
            return Span(start, end)
        if self._index is None:
            self._index = self._build()
        first, last = self._index[start], self._index[end - 1]
        return Span(first, last + 1) if first <= last else Span(last, first + 1)


def base_view(text: str) -> View:
    """`text` as the eye reads it: compatibility forms, case, decoration and invisible characters undone.

    Spaces, hyphens, underscores and line ends become one space each; runs of spaces become one.
    Any string is accepted, lone surrogates included.
    """
    if text.isascii() and not _HAS_BREAK(text):
        return View(text.lower())
    folded = text.translate(_FOLD)
    even = len(folded) == len(text) and not _FOLD.uneven(text)
    if even and "  " not in folded:
        return View(folded)
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return View(folded, lambda: _collapsed_index(text))


def fold_term(term: str) -> str:
    """A term of the lexicon in the alphabet of `base_view`, without outer spaces."""
    return base_view(term).text.strip()


def disguise_views(text: str, base: View) -> list[View]:
    """Further readings of `text` in which disguises are undone, at most seven; empty for plain text.

    Covers camel-case hashtags, leet, separated and stacked letters, look-alikes in mixed-script words, a capital I for
    an l, markdown inside words, HTML entities, percent-encoding, and mirrored, upside-down or right-to-left-overridden
    writing.
    """
    views: list[View] = []
    if _SUSPICIOUS(text) or _SPACED(base.text) or (not text.isascii() and _mixed(base.text)):
        views += _word_views(text)
    if "#" in text and _CAMEL(text):
        views += _camel_view(text)
    if "I" in text and _CAPITAL_I(text):
        views += _capital_i_view(text)
    if "&" in text and ";" in text:
        views += _entity_view(text)
    if "%" in text and _PERCENT(text):
        views += _percent_view(text)
    if not text.isascii():
        views += _turned_views(text)
    return views


# --- the fold ---------------------------------------------------------------------------------------------

_HAS_BREAK = re.compile(r"[-_\x00-\x1f\x7f]|  ").search


class _FoldTable(dict[int, str]):
    """Code point to its folded text, computed at first sight: start-up pays for no character that nobody sends."""

    def __missing__(self, code: int) -> str:
        folded = _fold_char(code)
        self[code] = folded
        if len(folded) != 1:
            self._uneven.add(chr(code))
        return folded

    def __init__(self) -> None:
        super().__init__()
        self._uneven: set[str] = set()

    def uneven(self, text: str) -> bool:
        """Whether any character of `text` (already folded once) does not fold to exactly one."""
        return not self._uneven.isdisjoint(text)


def _fold_char(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        return " "
    char = chr(code)
    special = lookalikes.ALWAYS.get(char)
    if special is not None:
        return special
    category = unicodedata.category(char)
    if category == "Cc":
        return " " if char.isspace() else ""
    if category == "Cf" or code in lookalikes.INVISIBLE or _is_decoration(code):
        return ""
    if category[0] == "Z" or category == "Pd":
        return " "
    form: Literal["NFKC", "NFKD"] = "NFKC" if _keeps_marks(code) else "NFKD"
    decomposed = unicodedata.normalize(form, unicodedata.normalize("NFKC", char).casefold())
    kept = "".join(lookalikes.ALWAYS.get(c, c) for c in decomposed if not _is_decoration(ord(c)))
    return kept if kept.strip() or kept == "" else " "


def _is_decoration(code: int) -> bool:
    """Marks that sit on a letter without making it another: accents, Arabic and Hebrew vowel signs, enclosures."""
    return any(low <= code <= high for low, high in lookalikes.DECORATION)


def _keeps_marks(code: int) -> bool:
    """Kana and Hangul, where decomposing would take the syllable apart."""
    return 0x3040 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xAC00 <= code <= 0xD7FF or 0xFF65 <= code <= 0xFFDC


_FOLD = _FoldTable()


def _collapsed_index(text: str) -> list[int]:
    """The original position of each character of the fold of `text` with runs of spaces made one."""
    index: list[int] = []
    after_space = False
    for position, char in enumerate(text):
        for letter in _FOLD[ord(char)]:
            is_space = letter == " "
            if not (is_space and after_space):
                index.append(position)
            after_space = is_space
    return index


# --- disguises --------------------------------------------------------------------------------------------

# Bounded looks at the neighbours of a rare sign, or a single class: each search is linear in the text, and quick,
# because the first character decides nearly everywhere.
_SUSPICIOUS = re.compile(
    r"[0-9@$€£!|+*_~^=#.\-/\\`·•°¡×]"
    r"(?:(?<=[^\W\d_].)(?=[^\W_])|(?<=[0-9$€£!|+×])(?=[^\W\d_]{3})|(?<=[^\W\d_][*_~|`])[*_~|`](?=[^\W_]))"
).search
_SPACED = re.compile(r" [^ ][.,·*_]? [^ ][.,·*_]?(?: |$)").search
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}").search
_CAMEL = re.compile(r"[a-z][A-Z]").search
_CAPITAL_I = re.compile(r"(?<=[a-z])I{1,2}(?=[a-z])").search
_CHUNK = re.compile(r"\S+").finditer
_INNER = frozenset("*_~|`.-·•°/\\'’,:;+^=#\"()[]{}<>\u200b")
_EDGE_SIGNS = "*_~|`.-·•/\\'’\",:;()[]{}<>?!…“”„«»#"
_JOINERS = frozenset(".-_*·•|/~+,:;")

_Letters = list[tuple[str, int]]


def _word_views(text: str) -> list[View]:
    """Up to three readings of the whole text, with each disguised word replaced by what it may stand for."""
    chunks = [(match.start(), match[0]) for match in _CHUNK(text)]
    parts: list[tuple[list[str], Callable[[], list[int]]]] = []
    most = 0
    i = 0
    while i < len(chunks):
        start, chunk = chunks[i]
        run = _letter_run(chunks, i) if len(chunk) <= 2 else 0
        if run >= 3:
            for group in _spelt_words(chunks[i : i + run]):
                pairs = (pair for at, word in group for pair in _letters(at, word))
                letters = [pair for pair in pairs if pair[0] not in _JOINERS]
                plain = "".join(c for c, _ in letters)
                options = [reading for reading, _ in _variants(letters)] or [plain]
                parts.append((options, lambda kept=letters: [p for _, p in kept]))  # type: ignore[misc]
                most = max(most, len(options))
            i += run
            continue
        i += 1
        variants = [] if _is_plain(chunk) else _variants(_letters(start, chunk))
        if variants:
            most = max(most, len(variants))
            parts.append(([reading for reading, _ in variants], lambda kept=variants[0][1]: kept))  # type: ignore[misc]
        else:
            folded = chunk.translate(_FOLD)
            parts.append(([folded], lambda at=start, word=chunk: _positions(at, word)))  # type: ignore[misc]
    return [_assembled(parts, number) for number in range(min(3, most))]


def _is_plain(chunk: str) -> bool:
    """Whether a chunk is a word of one alphabet, with signs around it at most: nothing can be hidden in it."""
    core = chunk if chunk.isalpha() else chunk.strip(_EDGE_SIGNS)
    return (core.isascii() and core.isalpha()) or len(core) < 3


def _positions(start: int, word: str) -> list[int]:
    return [start + i for i, char in enumerate(word) for _ in _FOLD[ord(char)]]


def _letters(start: int, chunk: str) -> _Letters:
    """The folded letters of a chunk with their positions; signs that fold to a space stay visible here."""
    letters: _Letters = []
    for i, char in enumerate(chunk):
        piece = _FOLD[ord(char)]
        # A lone surrogate is no sign, and the automaton takes none.
        hidden = "" if "\ud800" <= char <= "\udfff" else char
        letters.extend((hidden or letter if letter == " " else letter, start + i) for letter in piece)
    return letters


def _letter_run(chunks: Sequence[tuple[int, str]], start: int) -> int:
    """How many chunks from `start` on are single letters (with a joiner at most): m e s o, m. e. s. o."""
    count = 0
    for i in range(start, len(chunks)):
        word = chunks[i][1]
        letters = [c for c in word if c not in _JOINERS and _FOLD[ord(c)]]
        if len(letters) != 1 or len(word) > 2 or not (letters[0].isalnum() or letters[0] in lookalikes.LEET):
            break
        count += 1
    return count


def _spelt_words(run: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """A run of single letters as words: one ends at each wider gap, and where a longer number begins or ends.

    A single digit stands for a letter (b 0 t o x); several in a row are a number (b o t o x 1 0 0).
    """
    digit = [chunk[1].isdigit() for chunk in run]
    number = [
        here and ((i > 0 and digit[i - 1]) or (i + 1 < len(run) and digit[i + 1])) for i, here in enumerate(digit)
    ]
    words: list[list[tuple[int, str]]] = [[run[0]]]
    for i, (before, chunk) in enumerate(pairwise(run), start=1):
        if chunk[0] - before[0] - len(before[1]) > 1 or number[i] != number[i - 1]:
            words.append([])
        words[-1].append(chunk)
    return words


def _variants(word: _Letters) -> list[tuple[str, list[int]]]:
    """What a disguised word may stand for, the likeliest first; empty for a plain word."""
    start, end = 0, len(word)
    while start < end and word[start][0] in _EDGE_SIGNS:
        start += 1
    while end > start and word[end - 1][0] in _EDGE_SIGNS:
        end -= 1
    core = word[start:end]
    letters = "".join(c for c, _ in core)
    if len(core) < 3 or (letters.isalpha() and not _is_mixed_word(letters)) or "://" in letters:
        return []
    squeezed = [(c, p) for c, p in core if c not in _INNER]
    plain = "".join(c for c, _ in squeezed)
    if sum(c.isalpha() for c in plain) < 2:
        return []
    positions = [p for _, p in squeezed]
    return [(reading, positions) for reading in lookalikes.readings(plain) if reading != letters]


def _assembled(parts: Sequence[tuple[list[str], Callable[[], list[int]]]], number: int) -> View:
    words = [options[min(number, len(options) - 1)] for options, _ in parts]

    def build() -> list[int]:
        index: list[int] = []
        for number, (_, positions) in enumerate(parts):
            here = positions()
            if number:  # the space between two chunks, either of which may fold to nothing
                index.append(here[0] if here else index[-1] if index else 0)
            index.extend(here)
        return index

    return View(" ".join(words), build, folded=True)


def _mixed(folded: str) -> bool:
    return any(_is_mixed_word(word) for word in folded.split() if not word.isascii())


def _is_mixed_word(word: str) -> bool:
    """Whether letters of Latin, Cyrillic, Greek and their look-alikes stand in one word."""
    scripts = {lookalikes.script(c) for c in word if c.isalpha()}
    return len(scripts & lookalikes.CONFUSED_SCRIPTS) > 1


def _camel_view(text: str) -> list[View]:
    """Hashtags in camel case as separate words: #LemonBottleAtHome."""
    out: list[str] = []
    index: list[int] = []
    inside = False
    for position, char in enumerate(text):
        inside = char == "#" or (inside and char.isalnum())
        if inside and char.isupper() and position and text[position - 1].islower():
            out.append(" ")
            index.append(position)
        for letter in _FOLD[ord(char)]:
            out.append(letter)
            index.append(position)
    return [View("".join(out), lambda: index, folded=True)]


def _capital_i_view(text: str) -> list[View]:
    """A capital I inside small letters as the l that it is drawn like: fiIIer, jaIupro."""
    out: list[str] = []
    index: list[int] = []
    before = ""
    for position, char in enumerate(text):
        # What a capital I stands after decides, so that a run of them is read as one.
        is_l = char == "I" and before.islower()
        for letter in "l" if is_l else _FOLD[ord(char)]:
            out.append(letter)
            index.append(position)
        before = before if is_l else char
    return [View("".join(out), lambda: index, folded=True)]


def _entity_view(text: str) -> list[View]:
    out: list[str] = []
    index: list[int] = []
    i = 0
    while i < len(text):
        end = text.find(";", i, i + 12) if text[i] == "&" else -1
        piece = html.unescape(text[i : end + 1]) if end > 0 else text[i]
        if end > 0 and piece == text[i : end + 1]:
            piece, end = text[i], -1
        for char in piece:
            for letter in _FOLD[ord(char)]:
                out.append(letter)
                index.append(i)
        i = end + 1 if end > 0 else i + 1
    return [View("".join(out), lambda: index, folded=True)]


def _percent_view(text: str) -> list[View]:
    """Percent-encoded ASCII, as in links; other encoded bytes are left as they are."""
    out: list[str] = []
    index: list[int] = []
    i = 0
    while i < len(text):
        step = 1
        char = text[i]
        if char == "%" and _PERCENT(text[i : i + 3]):
            code = int(text[i + 1 : i + 3], 16)
            if code < 128:
                char, step = chr(code), 3
        elif char == "+":
            char = " "
        for letter in _FOLD[ord(char)]:
            out.append(letter)
            index.append(i)
        i += step
    return [View("".join(out), lambda: index, folded=True)]


def _turned_views(text: str) -> list[View]:
    """Upside-down and mirrored letters, and text under a right-to-left override, read from the other end."""
    views: list[View] = []
    tables: list[dict[str, str]] = []
    if sum(c in lookalikes.FLIPPED_MARKERS for c in text) >= 2:
        tables.append(lookalikes.FLIPPED)
    if sum(c in lookalikes.MIRRORED_MARKERS for c in text) >= 2:
        tables.append(lookalikes.MIRRORED)
    if "\u202e" in text:
        tables.append({})
    for table in tables:
        out: list[str] = []
        index: list[int] = []
        for position in range(len(text) - 1, -1, -1):
            char = text[position]
            for letter in table.get(char) or _FOLD[ord(char)]:
                out.append(letter)
                index.append(position)
        views.append(View("".join(out), lambda kept=index: kept, folded=True))  # type: ignore[misc]
    return views
