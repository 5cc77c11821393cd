"""Finds every term of the lexicon in a text in one linear pass, with word edges of our own, per script.

Lives here: the automaton, word edges, wildcards, fuzzy matching, look-alike phrases. Does not live here: what a hit
means. The Aho-Corasick library stands behind `_Automaton`; no regular expression sees member text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from rapidfuzz.distance import OSA

from safetybot.detection.masked import Masks, maskable
from safetybot.detection.text import View, base_view, disguise_views, fold_term
from safetybot.detection.zones import Zones
from safetybot.model import Hit, HitPath, Span, Strength, Zone

FUZZY_LENGTH = 8
"""Strong single-word terms of at least this many letters (stems: two more) are also found within one edit."""
MASKABLE = frozenset({"procedure", "product", "ingredient", "filler_toxin", "tool", "inject", "needle"})
"""Concepts whose words people hide letters of, and may be written backwards."""
_BACKWARDS_IN = frozenset({"en", "mul"})
MAX_HITS = 400
"""A message with more hits than this is cut there: no person writes one, and what follows must stay bounded."""


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


class _Automaton(Protocol):
    def find_matches_as_indexes(
        self,
        haystack: str,
        overlapping: bool = ...,  # noqa: FBT001  # the library's own signature
    ) -> list[tuple[int, int, int]]: ...


@dataclass(slots=True)
class _Pattern:
    terms: list[Term] = field(default_factory=list)
    left_free: bool = False
    right_free: bool = False
    backwards: bool = False
    fuzzy_of: list[tuple[Term, str]] = field(default_factory=list)
    """Strong terms that contain this pattern as a half, with their folded text."""
    blocks: set[int] = field(default_factory=set)
    """Ids of the terms that this look-alike phrase takes back."""


class Matcher:
    """All terms, compiled. Immutable, safe to share between threads; about 1 MiB per 3,000 terms."""

    def __init__(self, terms: Iterable[Term]) -> None:
        """Compile `terms`. Terms that fold to nothing are an error of the lexicon, so they raise `ValueError`."""
        self.terms: tuple[Term, ...] = tuple(terms)
        patterns: dict[tuple[str, bool, bool], _Pattern] = {}
        for number, term in enumerate(self.terms):
            _compile(term, number, patterns)
        self._masks = Masks(maskable(((t.text, t) for t in self.terms if t.concept in MASKABLE), fold_term))
        self._ids = {id(term): number for number, term in enumerate(self.terms)}
        self._keys = list(patterns)
        self._patterns = [patterns[key] for key in self._keys]
        # One automaton entry per distinct text; several patterns (with other edges) may share it.
        texts: dict[str, list[_Pattern]] = {}
        for key, pattern in patterns.items():
            pattern.left_free, pattern.right_free = key[1], key[2]
            texts.setdefault(key[0], []).append(pattern)
        self._by_text = list(texts.values())
        self._blocks = any(pattern.blocks for pattern in self._patterns)
        self._automaton: _Automaton = AhoCorasick(
            list(texts) or ["\0"], matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )

    def find(self, text: str, views: Sequence[View] | None = None) -> tuple[Hit, ...]:
        """Every term in `text`, by position; empty for most messages. Linear in the length of `text`.

        `views` are the readings of `text` where several matchers look through the same one.
        """
        found: dict[tuple[int, int, int], Hit] = {}
        blocked: list[tuple[int, int, set[int]]] = []
        for view in readings(text) if views is None else views:
            self._scan(view, text, found, blocked)
        for term, start, end in self._masks.find(text):
            hit = Hit(term.concept, term.text, term.language, Span(start, end), HitPath.FOLDED, term.strength)
            found.setdefault((self._ids[id(term)], start, end), hit)
        if not found:
            return ()
        return self._settled(text, found, blocked)

    def _scan(
        self,
        view: View,
        original: str,
        found: dict[tuple[int, int, int], Hit],
        blocked: list[tuple[int, int, set[int]]],
    ) -> None:
        text = view.text
        size = len(text)
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            left = start == 0 or not joined(text[start - 1], text[start])
            right = end == size or not joined(text[end - 1], text[end])
            for pattern in self._by_text[number]:
                if pattern.fuzzy_of:
                    self._fuzzy(pattern, view, start, end, found)
                if not ((left or pattern.left_free) and (right or pattern.right_free)):
                    continue
                first = start if left or not pattern.left_free else _word_start(text, start)
                last = end if right or not pattern.right_free else _word_end(text, end)
                if pattern.blocks:
                    span = view.span(first, last)
                    blocked.append((span.start, span.end, pattern.blocks))
                path = HitPath.FOLDED if view.folded or pattern.backwards else HitPath.EXACT
                for term in pattern.terms:
                    self._add(term, view, first, last, path, original, found)
            if len(found) > MAX_HITS:
                return

    def _add(
        self,
        term: Term,
        view: View,
        start: int,
        end: int,
        path: HitPath,
        original: str,
        found: dict[tuple[int, int, int], Hit],
    ) -> None:
        span = view.span(start, end)
        if term.case and path is HitPath.EXACT and term.text.strip("*") not in original[span.start : span.end]:
            return
        if term.case and path is not HitPath.EXACT:
            return
        key = (self._ids[id(term)], span.start, span.end)
        if key not in found:
            found[key] = Hit(term.concept, term.text, term.language, span, path, term.strength)

    def _fuzzy(
        self, pattern: _Pattern, view: View, start: int, end: int, found: dict[tuple[int, int, int], Hit]
    ) -> None:
        text = view.text
        first, last = _word_start(text, start), _word_end(text, end)
        word = text[first:last]
        if len(word) < FUZZY_LENGTH - 1 or len(word) > 40:
            return
        for term, folded in pattern.fuzzy_of:
            if word == folded or not _within_one_edit(word, folded, stem=term.text.endswith("*")):
                continue
            if any(fold_term(phrase) == word for phrase in term.unless):
                continue
            span = view.span(first, last)
            key = (self._ids[id(term)], span.start, span.end)
            found.setdefault(key, Hit(term.concept, term.text, term.language, span, HitPath.FUZZY, term.strength))

    def _settled(
        self, text: str, found: dict[tuple[int, int, int], Hit], blocked: list[tuple[int, int, set[int]]]
    ) -> tuple[Hit, ...]:
        """The hits that no look-alike phrase takes back, each concept's longest at a place, with their zones."""
        kept: list[Hit] = []
        for (number, start, end), hit in found.items():
            if any(number in ids and first <= end and start <= last for first, last, ids in blocked):
                continue
            kept.append(hit)
        kept.sort(key=lambda hit: (hit.span.start, -hit.span.end))
        zones = Zones(text)
        result: list[Hit] = []
        reach: dict[tuple[str, Strength], int] = {}
        for hit in kept:
            # A shorter term inside a longer one of the same concept says nothing new.
            if hit.span.end <= reach.get((hit.concept, hit.strength), -1):
                continue
            reach[hit.concept, hit.strength] = hit.span.end
            zone = zones.at(hit.span.start)
            if zone is not Zone.PLAIN:
                hit = Hit(hit.concept, hit.term, hit.language, hit.span, hit.path, hit.strength, zone)
            result.append(hit)
        return tuple(result)


def readings(text: str) -> list[View]:
    """`text` as the eye reads it, and the other readings that something suspicious in it allows."""
    base = base_view(text)
    return [base, *disguise_views(text, base)]


def spellings_of(text: str) -> list[str]:
    """The folded spellings of which one at least is in every reading of a text that an unfuzzy term is found in.

    Raises `ValueError` where `text` holds nothing to look for.
    """
    folded = fold_term(text.strip("*"))
    if not folded:
        raise ValueError(f"the term {text!r} holds no letter or sign to look for")
    return _spellings(folded)


# --- word edges -------------------------------------------------------------------------------------------


def joined(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word, so that no term may begin or end between them.

    Letters join letters of their own kind of script, digits join digits; Han, Kana and Thai join nothing, since
    they are written without spaces.
    """
    if left.isalpha() and right.isalpha():
        if left < "\u0250" and right < "\u0250":
            return True
        kind = _kind(left)
        return kind != _UNSPACED and kind == _kind(right)
    return left.isdigit() and right.isdigit()


_UNSPACED, _HANGUL, _SPACED_SCRIPT = 0, 1, 2


def _kind(letter: str) -> int:
    code = ord(letter)
    if code < 0x0E00:
        return _SPACED_SCRIPT
    if 0xAC00 <= code <= 0xD7A3 or 0x3130 <= code <= 0x318F:
        return _HANGUL
    if code <= 0x0EFF or 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or code >= 0x20000:
        return _UNSPACED
    return _SPACED_SCRIPT


def _word_start(text: str, position: int) -> int:
    stop = max(0, position - 40)
    while position > stop and joined(text[position - 1], text[position]):
        position -= 1
    return position


def _word_end(text: str, position: int) -> int:
    stop = min(len(text), position + 40)
    while position < stop and joined(text[position - 1], text[position]):
        position += 1
    return position


# --- compiling --------------------------------------------------------------------------------------------

_APOSTROPHE = re.compile("'")


def _compile(term: Term, number: int, patterns: dict[tuple[str, bool, bool], _Pattern]) -> None:
    left_free, right_free = term.text.startswith("*"), term.text.endswith("*")
    folded = fold_term(term.text.strip("*"))
    if not folded:
        raise ValueError(f"the term {term.text!r} holds no letter or sign to look for")
    if _kind(folded[-1]) == _HANGUL:
        right_free = True  # particles follow without a space
        left_free = left_free or len(folded) > 2
    for spelling in _spellings(folded):
        patterns.setdefault((spelling, left_free, right_free), _Pattern()).terms.append(term)
    if _is_worth_turning(term, folded):
        turned = patterns.setdefault((folded[::-1], right_free, left_free), _Pattern(backwards=True))
        if turned.backwards:
            turned.terms.append(term)
    for phrase in term.unless:
        key = (fold_term(phrase.strip("*")), phrase.startswith("*"), phrase.endswith("*"))
        patterns.setdefault(key, _Pattern()).blocks.add(number)
    fuzzy = term.strength is Strength.STRONG if term.fuzzy is None else term.fuzzy
    least = FUZZY_LENGTH + 2 if right_free else FUZZY_LENGTH
    if (
        fuzzy
        and not (term.case or left_free)
        and folded.isalpha()
        and len(folded) >= least
        and all(_kind(letter) == _SPACED_SCRIPT for letter in folded)
    ):
        # One edit leaves one half untouched, so the halves are what the automaton looks for.
        middle = len(folded) // 2
        for half in (folded[:middle], folded[middle:]):
            patterns.setdefault((half, True, True), _Pattern()).fuzzy_of.append((term, folded))


def _is_worth_turning(term: Term, folded: str) -> bool:
    """Whether a term is looked for backwards too: xotob, yparehtosem. Short ones would be found in other words."""
    return (
        term.concept in MASKABLE
        and term.language in _BACKWARDS_IN
        and len(folded) >= (7 if term.text.endswith("*") else 5)
        and folded.isascii()
        and folded.isalpha()
        and folded != folded[::-1]
    )


def _spellings(folded: str) -> list[str]:
    """The folded text, without its apostrophes, and for phrases run together as in hashtags."""
    spellings = [folded]
    if "'" in folded:
        spellings.append(_APOSTROPHE.sub("", folded))
    closed = folded.replace(" ", "")
    if " " in folded and len(closed) >= 7 and closed.isalpha():
        spellings.append(closed)
    return spellings


def _within_one_edit(word: str, folded: str, *, stem: bool) -> bool:
    if not stem:
        return OSA.distance(word, folded, score_cutoff=1) <= 1
    return any(
        OSA.distance(word[:size], folded, score_cutoff=1) <= 1
        for size in (len(folded) - 1, len(folded), len(folded) + 1)
        if size <= len(word)
    )


def strongest(hits: Sequence[Hit]) -> Strength | None:
    """`STRONG` if any hit is, `WEAK` if there are only weak ones, None without hits."""
    if not hits:
        return None
    return Strength.STRONG if any(hit.strength is Strength.STRONG for hit in hits) else Strength.WEAK
