"""Finds every term of the lexicon in a text in one linear pass, with word edges of our own, per script.

Lives here: the automaton, word edges, wildcards, fuzzy matching, look-alike phrases. Does not live here: what a hit
means. The Aho-Corasick library stands behind `_Automaton`; no regular expression sees member text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from safetybot.detection.edits import within_one_edit
from safetybot.detection.masked import Masks
from safetybot.detection.terms import Kind, Term, Terms
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


_LEFT_FREE, _RIGHT_FREE, _BACKWARDS, _BITS = 1, 2, 4, 3
"""A code is a term's number above three bits: whether letters may stand before, behind, and whether it is turned."""
_Found = dict[tuple[int, int, int], Hit]
"""Hits by number of the term, start and end."""
_Blocked = tuple[int, int, frozenset[int]]
"""Start and end of a look-alike phrase, and the terms that it takes back."""


class _Automaton(Protocol):
    def find_matches_as_indexes(
        self,
        haystack: str,
        overlapping: bool = ...,  # noqa: FBT001  # the library's own signature
    ) -> list[tuple[int, int, int]]: ...


@dataclass(frozen=True, slots=True)
class _Fuzzy:
    """A strong term of which a pattern is a half."""

    number: int
    folded: str
    is_stem: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A text that the automaton finds, and what it stands for between certain word edges."""

    left_free: bool
    right_free: bool
    backwards: bool
    terms: tuple[int, ...]
    fuzzy_of: tuple[_Fuzzy, ...]
    blocks: frozenset[int] | None
    """Numbers of the terms that this look-alike phrase takes back."""


class Matcher:
    """Terms, compiled. Immutable, safe to share between threads; a MiB or so per 5,000 terms, and theirs.

    Nearly every text that the automaton finds is one pattern of one term. Such a one is a number (the term's, and
    its edges as bits below), since objects for all of them took ten times the memory of the automaton.
    """

    def __init__(self, terms: Iterable[Term], only: Iterable[int] | None = None) -> None:
        """Compile `terms`, or those of the numbers `only`.

        Raises:
            ValueError: A term folds to nothing, which is an error of the lexicon.
        """
        self._terms = Terms.of(terms)
        numbers = range(len(self._terms)) if only is None else array("I", only)
        drafts = _Drafts()
        for number in numbers:
            drafts.compile(self._terms, number)
        self._masks = Masks(self._terms.text, (n for n in numbers if self._terms.kind(n).concept in MASKABLE))
        texts, self._codes, self._patterns = drafts.finished()
        self._automaton: _Automaton = AhoCorasick(
            texts or ["\0"], matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )

    def find(self, text: str, views: Sequence[View] | None = None) -> tuple[Hit, ...]:
        """Every term in `text`, by position; empty for most messages. Linear in the length of `text`.

        `views` are the readings of `text` where several matchers look through the same one.
        """
        found: _Found = {}
        blocked: list[_Blocked] = []
        for view in readings(text) if views is None else views:
            self._scan(view, text, found, blocked)
        for number, start, end in self._masks.find(text):
            self._note(number, Span(start, end), HitPath.FOLDED, found)
        if not found:
            return ()
        return self._settled(text, found, blocked)

    def _scan(self, view: View, original: str, found: _Found, blocked: list[_Blocked]) -> None:
        text = view.text
        size = len(text)
        codes = self._codes
        plain_path = HitPath.FOLDED if view.folded else HitPath.EXACT
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            code = codes[number]
            left = start == 0 or not joined(text[start - 1], text[start])
            if code >= 0:
                if not (left or code & _LEFT_FREE):
                    continue
                right = end == size or not joined(text[end - 1], text[end])
                if not (right or code & _RIGHT_FREE):
                    continue
                first = start if left else _word_start(text, start)
                last = end if right else _word_end(text, end)
                path = HitPath.FOLDED if code & _BACKWARDS else plain_path
                self._add(code >> _BITS, view, first, last, path, original, found)
            else:
                right = end == size or not joined(text[end - 1], text[end])
                for pattern in self._patterns[~code]:
                    if pattern.fuzzy_of:
                        self._fuzzy(pattern, view, start, end, found)
                    if not ((left or pattern.left_free) and (right or pattern.right_free)):
                        continue
                    first = start if left else _word_start(text, start)
                    last = end if right else _word_end(text, end)
                    if pattern.blocks is not None:
                        span = view.span(first, last)
                        blocked.append((span.start, span.end, pattern.blocks))
                    path = HitPath.FOLDED if pattern.backwards else plain_path
                    for term in pattern.terms:
                        self._add(term, view, first, last, path, original, found)
            if len(found) > MAX_HITS:
                return

    def _add(self, number: int, view: View, start: int, end: int, path: HitPath, original: str, found: _Found) -> None:
        span = view.span(start, end)
        if self._terms.kind(number).case and (
            path is not HitPath.EXACT or self._terms.text(number).strip("*") not in original[span.start : span.end]
        ):
            return
        self._note(number, span, path, found)

    def _fuzzy(self, pattern: _Pattern, view: View, start: int, end: int, found: _Found) -> None:
        text = view.text
        first, last = _word_start(text, start), _word_end(text, end)
        word = text[first:last]
        if len(word) < FUZZY_LENGTH - 1 or len(word) > 40:
            return
        for term in pattern.fuzzy_of:
            if word == term.folded or not within_one_edit(word, term.folded, stem=term.is_stem):
                continue
            if any(fold_term(phrase) == word for phrase in self._terms.unless(term.number)):
                continue
            self._note(term.number, view.span(first, last), HitPath.FUZZY, found)

    def _note(self, number: int, span: Span, path: HitPath, found: _Found) -> None:
        """Add a hit, unless that term was found in that place already."""
        key = (number, span.start, span.end)
        if key not in found:
            kind = self._terms.kind(number)
            found[key] = Hit(kind.concept, self._terms.text(number), kind.language, span, path, kind.strength)

    @staticmethod
    def _settled(text: str, found: _Found, blocked: list[_Blocked]) -> tuple[Hit, ...]:
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


@dataclass(slots=True)
class _Draft:
    """A pattern while terms are still coming."""

    left_free: bool
    right_free: bool
    backwards: bool = False
    terms: list[int] = field(default_factory=list)
    fuzzy_of: list[_Fuzzy] = field(default_factory=list)
    blocks: set[int] = field(default_factory=set)

    def finished(self) -> _Pattern:
        blocks = frozenset(self.blocks) if self.blocks else None
        return _Pattern(
            self.left_free, self.right_free, self.backwards, tuple(self.terms), tuple(self.fuzzy_of), blocks
        )


class _Drafts:
    """What the automaton is to find, by text: one term's number and edges, or all patterns of the text."""

    def __init__(self) -> None:
        self._by_text: dict[str, int | list[_Draft]] = {}

    def compile(self, terms: Terms, number: int) -> None:
        """Add a term's spellings, its look-alike phrases and, where one edit is forgiven, its halves."""
        kind, text = terms.kind(number), terms.text(number)
        left_free, right_free = text.startswith("*"), text.endswith("*")
        folded = fold_term(text.strip("*"))
        if not folded:
            raise ValueError(f"the term {text!r} holds no letter or sign to look for")
        if _kind(folded[-1]) == _HANGUL:
            right_free = True  # particles follow without a space
            left_free = left_free or len(folded) > 2
        for spelling in _spellings(folded):
            self._spell(spelling, number, left_free=left_free, right_free=right_free)
        if _is_worth_turning(kind, text, folded):
            self._spell(folded[::-1], number, left_free=right_free, right_free=left_free, backwards=True)
        for phrase in terms.unless(number):
            draft = self._draft(fold_term(phrase.strip("*")), phrase.startswith("*"), phrase.endswith("*"))
            draft.blocks.add(number)
        fuzzy = kind.strength is Strength.STRONG if kind.fuzzy is None else kind.fuzzy
        least = FUZZY_LENGTH + 2 if right_free else FUZZY_LENGTH
        if (
            fuzzy
            and not (kind.case or left_free)
            and folded.isalpha()
            and len(folded) >= least
            and all(_kind(letter) == _SPACED_SCRIPT for letter in folded)
        ):
            # One edit leaves one half untouched, so the halves are what the automaton looks for.
            middle = len(folded) // 2
            term = _Fuzzy(number, folded, text.endswith("*"))
            for half in (folded[:middle], folded[middle:]):
                self._draft(half, True, True).fuzzy_of.append(term)  # noqa: FBT003  # edges

    def finished(self) -> tuple[list[str], array[int], tuple[tuple[_Pattern, ...], ...]]:
        """The distinct texts, a code for each, and the patterns that negative codes count from the front."""
        codes = array("i")
        patterns: list[tuple[_Pattern, ...]] = []
        for kept in self._by_text.values():
            if isinstance(kept, int):
                codes.append(kept)
            else:
                codes.append(~len(patterns))
                patterns.append(tuple(draft.finished() for draft in kept))
        return list(self._by_text), codes, tuple(patterns)

    def _spell(self, text: str, number: int, *, left_free: bool, right_free: bool, backwards: bool = False) -> None:
        if text not in self._by_text:
            edges = _LEFT_FREE * left_free | _RIGHT_FREE * right_free | _BACKWARDS * backwards
            self._by_text[text] = number << _BITS | edges
            return
        draft = self._draft(text, left_free, right_free, backwards=backwards)
        # What is a word forwards too is not found backwards.
        if draft.backwards or not backwards:
            draft.terms.append(number)

    def _draft(self, text: str, left_free: bool, right_free: bool, *, backwards: bool = False) -> _Draft:  # noqa: FBT001
        """The pattern of a text with these edges, there or new."""
        kept = self._by_text.setdefault(text, [])
        if isinstance(kept, int):
            edges = bool(kept & _LEFT_FREE), bool(kept & _RIGHT_FREE), bool(kept & _BACKWARDS)
            kept = self._by_text[text] = [_Draft(*edges, [kept >> _BITS])]
        for draft in kept:
            if (draft.left_free, draft.right_free) == (left_free, right_free):
                return draft
        kept.append(_Draft(left_free, right_free, backwards))
        return kept[-1]


def _is_worth_turning(kind: Kind, text: str, folded: str) -> bool:
    """Whether a term is looked for backwards too: xotob, yparehtosem. Short ones would be found in other words."""
    return (
        kind.concept in MASKABLE
        and kind.language in _BACKWARDS_IN
        and len(folded) >= (7 if text.endswith("*") else 5)
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


def strongest(hits: Sequence[Hit]) -> Strength | None:
    """`STRONG` if any hit is, `WEAK` if there are only weak ones, None without hits."""
    if not hits:
        return None
    return Strength.STRONG if any(hit.strength is Strength.STRONG for hit in hits) else Strength.WEAK
