"""Which words tell enough alone that AutoMod may look for them: where the detector makes a concern of nothing else.

Lives here: choosing the words of the lexicon and of a community. Does not live here: how a rule carries them
(`automod_rules.py`). A find of AutoMod comes without the words around it, so a word that needs others beside it would
only trouble moderators.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.detection.concepts import TOPIC
from safetybot.detection.detector import Detector
from safetybot.detection.own_terms import CommunityTerms, canonical
from safetybot.model import Strength

_ORDER = ("procedure", "product", "ingredient", "tool", "filler_toxin")
"""Concepts by how much a word of them tells."""
_AT_ONCE = 20
"""Words that are weighed before others get their turn: a few milliseconds."""
_EVERYWHERE = ("mul", "en")
"""Languages whose words are written in every community: brands, and English."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A term of the lexicon that makes a concern by itself."""

    text: str
    language: str
    concept: str


class TellingWords:
    """The telling terms of the lexicon in force; weighed once for each detector, a second or two in small steps."""

    def __init__(self) -> None:
        """Begin with none."""
        self._detector: Detector | None = None
        self._found: tuple[Telling, ...] = ()
        self._lock = asyncio.Lock()

    async def of(self, detector: Detector) -> tuple[Telling, ...]:
        """The telling terms of a detector, in the order of its lexicon."""
        async with self._lock:
            if self._detector is not detector:
                found = []
                strong = [one for one in detector.terms if one.strength is Strength.STRONG and one.concept in TOPIC]
                for number, term in enumerate(strong):
                    if number % _AT_ONCE == 0:
                        await asyncio.sleep(0)
                    if detector.assess_text(bare(term.text)).concern is not None:
                        found.append(Telling(term.text, term.language, term.concept))
                self._found, self._detector = tuple(found), detector
            return self._found


def bare(term: str) -> str:
    """A term or an AutoMod filter as the word that it looks for."""
    return term.strip("*").strip()


def ordered(words: Iterable[Telling], languages: Sequence[str]) -> list[Telling]:
    """`words`, those of `languages` first, then what is written everywhere, then the other languages by name."""
    first = [*languages, *_EVERYWHERE]

    def key(word: Telling) -> tuple[int, str, int]:
        near = first.index(word.language) if word.language in first else len(first)
        return near, word.language, _ORDER.index(word.concept)

    return sorted(words, key=key)  # stable: within a concept the lexicon's own order


def for_community(
    words: Iterable[Telling], keywords: Sequence[Keyword], tells: Callable[[str], bool]
) -> tuple[list[str], list[str], list[str]]:
    """A community's own words, the lexicon's that it left in force, and the phrases that it allows.

    Args:
        words: The lexicon's, in the order in which they find room.
        keywords: The community's.
        tells: Whether a word makes a concern alone here.
    """
    live = [one for one in keywords if one.state is KeywordState.LIVE]
    changed = {canonical(one.term) for one in live if one.override is not None}
    own = [one.term for one in live if one.watches and tells(bare(one.term))]
    allowed = [one.term for one in live if one.allowed]
    return own, [one.text for one in words if canonical(one.text) not in changed], allowed


def tells_here(detector: Detector, own: CommunityTerms | None) -> Callable[[str], bool]:
    """Whether a word alone makes a concern that is acted on, in a community's terms."""

    def tells(word: str) -> bool:
        found = detector.assess_text(word, own=own)
        return found.concern is not None and not found.only_shadow

    return tells
