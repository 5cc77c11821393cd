"""What a keyword would do, before it does anything: over ordinary chat, recent messages, and what the log knows.

Lives here: the comparison of answers with and without it, how broad is too broad. Does not live here: keeping messages
(the Watcher holds the recent ones in memory; of older ones no text is kept anywhere).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from safetybot.communities.keyword import Keyword, KeywordState, compiled
from safetybot.communities.keyword_report import Grounds, LoggedEffect
from safetybot.communities.records import term_mark
from safetybot.detection.detector import Detector
from safetybot.detection.matcher import Matcher, readings
from safetybot.detection.own_terms import LIVE_RULE, SHADOW_RULE, canonical
from safetybot.detection.terms import Term
from safetybot.detection.text import View

_SAMPLE = Path(__file__).with_name("ordinary_sample.txt")
TOO_BROAD = 1 / 500
"""Answers to ordinary messages, of all of them; beyond that a keyword makes more noise than sense."""
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """What a keyword would change among some messages."""

    messages: int
    found: int
    """In how many of them it stands."""
    added: int
    """How many more would be of concern, or of a more urgent one."""
    taken: int
    """How many would be of concern no more, or of a less urgent one."""
    examples: tuple[str, ...] = ()
    """A few of the messages that it would change."""

    @property
    def rate(self) -> float:
        """The part of the messages that would newly be answered."""
        return self.added / self.messages if self.messages else 0.0

    @property
    def one_in(self) -> int:
        """About how many messages there are to one answer; 0 where there is none."""
        return round(self.messages / self.added) if self.added else 0


@dataclass(frozen=True, slots=True)
class Preview:
    """All that can be said beforehand about a keyword."""

    keyword: Keyword
    ordinary: Effect
    recent: Effect | None
    """None where no messages are at hand (the command line is no running bot)."""
    logged: LoggedEffect

    @property
    def too_broad(self) -> bool:
        """Whether it must not go live without saying so explicitly."""
        return self.ordinary.rate > TOO_BROAD


@lru_cache(maxsize=1)
def ordinary_sample() -> tuple[str, ...]:
    """Some 950 short messages of ordinary chat in the languages we speak, written for this project."""
    return tuple(_SAMPLE.read_text(encoding="utf-8").splitlines())


def found_in(keyword: Keyword, texts: Iterable[str]) -> list[str]:
    """The texts that a keyword's term stands in."""
    matcher = Matcher([Term("x", keyword.term, "own", fuzzy=False)])
    return [text for text in texts if matcher.find(text, _readings(text))]


@lru_cache(maxsize=1_200)
def _readings(text: str) -> Sequence[View]:
    """Reading the sample costs ten times as much as looking through it, so it is done once."""
    return readings(text)


def effect_on(texts: Sequence[str], keyword: Keyword, others: Sequence[Keyword], detector: Detector) -> Effect:
    """What `keyword`, live, would change among `texts`, beside the community's `others` as they are."""
    beside = [other for other in others if other.state is KeywordState.LIVE]
    without, with_it = compiled(beside), compiled([*beside, replace(keyword, state=KeywordState.LIVE)])
    found = found_in(keyword, texts)
    added = taken = 0
    examples: list[str] = []
    for text in found:
        before = detector.assess_text(text, own=without).concern or 0
        after = detector.assess_text(text, own=with_it).concern or 0
        added += after > before
        taken += after < before
        if after != before and len(examples) < _EXAMPLES:
            examples.append(text)
    return Effect(len(texts), len(found), added, taken, tuple(examples))


def grounds_of(keyword: Keyword, terms: Iterable[Term]) -> Grounds:
    """What an interaction rests on that `keyword` had a part in; where it overrides some of `terms`, those too."""
    same = canonical(keyword.term)
    overridden = (term for term in terms if canonical(term.text) == same) if keyword.override is not None else ()
    return Grounds(
        frozenset((LIVE_RULE + keyword.id, SHADOW_RULE + keyword.id)),
        frozenset(term_mark(term.language, term.text) for term in overridden),
        keyword.concept,
    )
