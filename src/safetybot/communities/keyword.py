"""What a keyword is: one term of a community, what it is bound to, and where it stands in its life.

Lives here: the words, how a keyword is told to people, and how keywords become terms for the detector. Does not live
here: changing them (`keywords.py`), judging them (`term_checks.py`, `preview.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from safetybot.communities.records import Change, term_mark
from safetybot.detection.own_terms import LANGUAGE, CommunityTerms, OwnTerm
from safetybot.model import Concern, Strength


class KeywordState(enum.StrEnum):
    """Where a keyword stands in its life."""

    DRAFT = "draft"
    SHADOW = "shadow"
    """Decided and logged in full, nothing sent."""
    LIVE = "live"
    RETIRED = "retired"


class Override(enum.StrEnum):
    """What a community makes of a term of the packaged lexicon; without one it is inherited as it is."""

    OFF = "off"
    WEAK = "weak"
    """Counts beside another concept only."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a community decided about one term: watch for it (with a concept or a concern), allow or override it."""

    term: str
    state: KeywordState
    concept: str | None = None
    concern: Concern | None = None
    allowed: bool = False
    """The term is an allow-list phrase: what stands within it counts for nothing."""
    override: Override | None = None
    """The term is one of the packaged lexicon's."""
    strength: Strength = Strength.STRONG
    """Of a term bound to a concept: whether it settles the topic alone."""

    def __post_init__(self) -> None:
        """Raises `ValueError` unless exactly one of concept, concern, allowed and override is given."""
        if sum((self.concept is not None, self.concern is not None, self.allowed, self.override is not None)) != 1:
            raise ValueError(f"keyword {self.term!r}: give one of a concept, a concern, `allowed` and an override")

    @property
    def watches(self) -> bool:
        """Whether the bot looks for it; else it takes something away."""
        return self.concept is not None or self.concern is not None

    @property
    def bound_to(self) -> str:
        """What it is bound to, in a few words."""
        if self.concept is not None:
            return f"concept {self.concept}" + (", weak" if self.strength is Strength.WEAK else "")
        if self.concern is not None:
            return f"concern {self.concern.label}"
        return "allowed phrase" if self.allowed else f"lexicon term {self.override}"

    @property
    def id(self) -> str:
        """By which the log knows it."""
        return term_mark(LANGUAGE, self.term)


@dataclass(frozen=True, slots=True)
class Listed:
    """A keyword with its newest version: what `expected` asks for when it is changed."""

    keyword: Keyword
    version: int


def read_keyword(term: str, value: Mapping[str, Any]) -> Keyword:
    """The keyword that a change's value stands for."""
    concern, override = value["concern"], value.get("override")
    return Keyword(
        term,
        KeywordState(value["state"]),
        value["concept"],
        Concern.from_label(concern) if concern else None,
        value["allowed"],
        Override(override) if override else None,
        Strength(value.get("strength", Strength.STRONG)),
    )


def stored_keyword(keyword: Keyword) -> dict[str, Any]:
    """A keyword as a change's value."""
    return {
        "state": keyword.state.value,
        "concept": keyword.concept,
        "concern": keyword.concern.label if keyword.concern else None,
        "allowed": keyword.allowed,
        "override": keyword.override.value if keyword.override else None,
        "strength": keyword.strength.value,
    }


def compiled(keywords: Iterable[Keyword]) -> CommunityTerms | None:
    """What the detector looks for: live keywords and those in shadow; None where there are none."""
    kept = [k for k in keywords if k.state in (KeywordState.LIVE, KeywordState.SHADOW)]
    live = [k for k in kept if k.state is KeywordState.LIVE]
    if not kept:
        return None
    return CommunityTerms(
        (
            OwnTerm(k.id, k.term, k.concept, k.concern, k.strength, shadow=k.state is KeywordState.SHADOW)
            for k in kept
            if k.watches
        ),
        allowed=(k.term for k in live if k.allowed),
        off=(k.term for k in live if k.override is Override.OFF),
        weak=(k.term for k in live if k.override is Override.WEAK),
    )


def change_in_words(term: str, before: Mapping[str, Any] | None, change: Change) -> str:
    """What a change did, in a line: who, when, from what to what."""
    old = read_keyword(term, before) if before else None
    new = read_keyword(term, change.value) if change.value else None
    if old is None or new is None:
        what = f"added as {new.state}, {new.bound_to}" if new else "taken away again" if old else "nothing"
    else:
        pairs = ((old.state.value, new.state.value), (old.bound_to, new.bound_to))
        what = "; ".join(f"{was} → {now}" for was, now in pairs if was != now) or "no difference"
    undone = f", taking back version {change.undoes}" if change.undoes is not None else ""
    return f"version {change.version}, {change.at:%Y-%m-%d %H:%M} by {change.by}: {what}{undone}"
