"""A community's own terms: found beside the lexicon's, and what they take away from it.

Lives here: finding own terms cheaply, allow-list phrases, switched-off and weakened terms of the lexicon, the concern
that a term makes by itself. Does not live here: the life of a keyword (`communities/`), loading them.

Thousands of communities have their own terms, so each keeps only its spellings. A message is looked through for those,
a few hundredths of a microsecond each; a matcher is made when one is there, and only the last few are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from safetybot.detection.matcher import Matcher, spellings_of
from safetybot.detection.terms import Term
from safetybot.detection.text import View, fold_term
from safetybot.model import Assessment, Concern, FiredRule, Hit, Level, Span, Strength, Zone
from safetybot.translation import marked

LANGUAGE = "own"
"""The `language` of a hit of a community's own term."""
NO_CONCEPT = "keyword"
"""The `concept` of a hit whose term makes a concern by itself."""
LIVE_RULE, SHADOW_RULE = "keyword:", "shadow-keyword:"
"""Prefixes of the rule ids by which the log knows a keyword that took part, and one that would have."""
OWN_FOUND = marked("Your keyword `{term}` stands in it.")
OWN_IN_SHADOW = marked("Your keyword `{term}`, in shadow, stands in it.")
LevelOf = Callable[[Concern | None, Sequence[Hit]], Level | None]
_COMPILED = 256
"""Communities whose matchers are kept; about 50 KiB each."""


@dataclass(frozen=True, slots=True)
class OwnTerm:
    """One term of a community: makes hits of `concept`, or `concern` by itself; exactly one of them is given."""

    id: str
    """By which the log knows it: `keyword:<id>`."""
    text: str
    concept: str | None = None
    concern: Concern | None = None
    strength: Strength = Strength.STRONG
    shadow: bool = False
    """Only seen and recorded: it changes no answer."""


@dataclass(frozen=True, slots=True)
class OwnHit:
    """An own term found in a text."""

    term: OwnTerm
    hit: Hit


@dataclass(frozen=True, slots=True)
class Found:
    """What a community's own terms are in one text: their hits, and the spans that count for nothing."""

    hits: tuple[OwnHit, ...] = ()
    allowed: tuple[Span, ...] = ()

    @property
    def in_shadow(self) -> bool:
        """Whether a term in shadow is among them."""
        return any(own.term.shadow for own in self.hits)


NOTHING_FOUND = Found()


class CommunityTerms:
    """The own terms of one community, ready to be looked for. Immutable; equal only to itself."""

    __slots__ = ("__weakref__", "_allowed", "_needles", "_off", "_own", "_weak")

    def __init__(
        self,
        own: Iterable[OwnTerm] = (),
        *,
        allowed: Iterable[str] = (),
        off: Iterable[str] = (),
        weak: Iterable[str] = (),
    ) -> None:
        """Take own terms, allow-list phrases, and terms of the lexicon that are switched off or weak here.

        Raises:
            ValueError: A term or phrase folds to nothing.
        """
        self._own, self._allowed = tuple(own), tuple(allowed)
        self._off, self._weak = frozenset(map(canonical, off)), frozenset(map(canonical, weak))
        texts = [*(term.text for term in self._own), *self._allowed]
        self._needles = tuple(dict.fromkeys(spelling for text in texts for spelling in spellings_of(text)))

    def find(self, text: str, views: Sequence[View]) -> Found:
        """The community's own terms in `text`, which reads as `views`."""
        for view in views:
            if any(map(view.text.__contains__, self._needles)):
                break
        else:
            return NOTHING_FOUND
        hits: list[OwnHit] = []
        allowed: list[Span] = []
        for hit in _matcher(self).find(text, views):
            number = int(hit.concept)
            if number >= len(self._own):
                allowed.append(hit.span)
                continue
            term = self._own[number]
            hits.append(OwnHit(term, replace(hit, concept=term.concept or NO_CONCEPT)))
        kept = tuple(own for own in hits if not _within(own.hit.span, allowed))
        return Found(kept, tuple(allowed))

    def settle(self, text: str, hits: tuple[Hit, ...], found: Found) -> tuple[Hit, ...]:
        """The lexicon's `hits` in `text` as this community sees them.

        Allowed and switched-off ones are gone, weak ones weak. A word that is switched off is so for every term of the
        lexicon that finds it: `mesotherapy` also where `mesotherap*` would.
        """
        if not hits or not (self._off or self._weak or found.allowed):
            return hits
        settled: list[Hit] = []
        for hit in hits:
            keys = {canonical(hit.term), fold_term(text[hit.span.start : hit.span.end])}
            if not keys.isdisjoint(self._off) or _within(hit.span, found.allowed):
                continue
            settled.append(hit if keys.isdisjoint(self._weak) else replace(hit, strength=Strength.WEAK))
        return tuple(settled)

    def matcher(self) -> Matcher:
        """Own terms and phrases compiled; a hit's concept is the number of its term."""
        terms = [
            *(Term(str(i), t.text, LANGUAGE, t.strength, fuzzy=False) for i, t in enumerate(self._own)),
            *(Term(str(len(self._own) + i), text, LANGUAGE, fuzzy=False) for i, text in enumerate(self._allowed)),
        ]
        return Matcher(terms)


@dataclass(frozen=True, slots=True)
class Lens:
    """How a community sees one message and the lines before it."""

    terms: CommunityTerms
    found: Found
    earlier: tuple[Found, ...] = ()
    shadow: bool = False
    """Whether terms in shadow count too."""

    def concept_hits(self, found: Found) -> tuple[Hit, ...]:
        """The hits of `found` that stand beside the lexicon's."""
        if not found.hits:
            return ()
        return tuple(
            own.hit for own in found.hits if own.term.concept is not None and (self.shadow or not own.term.shadow)
        )


@lru_cache(maxsize=_COMPILED)
def _matcher(terms: CommunityTerms) -> Matcher:
    return terms.matcher()


@lru_cache(maxsize=4_096)
def canonical(term: str) -> str:
    """`term` so that two ways of writing the same one are equal: folded, its wildcards kept."""
    return "*" * term.startswith("*") + fold_term(term.strip("*")) + "*" * (len(term) > 1 and term.endswith("*"))


def with_own(assessment: Assessment, found: Found, level_of: LevelOf, *, shadow: bool = False) -> Assessment:
    """`assessment` with what live own terms say themselves; with `shadow` those in shadow as if they were live.

    A term bound to a concern makes at least that one, outside code. Every own term that was found in a message of
    concern is named among its rules.
    """
    taking_part = tuple(own for own in found.hits if shadow or not own.term.shadow)
    if not taking_part:
        return assessment
    own = max((o.term.concern for o in taking_part if o.term.concern and o.hit.zone is not Zone.CODE), default=None)
    concern = assessment.concern
    raised = own is not None and (concern is None or own > concern)
    if raised:
        concern = own
    if concern is None:
        return assessment
    hits = tuple(sorted({*assessment.hits, *(o.hit for o in taking_part)}, key=lambda h: (h.span.start, -h.span.end)))
    names = {hit: number for number, hit in enumerate(hits)}
    rules = [replace(rule, hits=tuple(names[assessment.hits[i]] for i in rule.hits)) for rule in assessment.rules]
    named = _rules_of(taking_part, concern, names)
    return replace(
        assessment,
        concern=concern,
        confidence=1.0 if raised else assessment.confidence,
        hits=hits,
        rules=(*named, *rules) if raised else (*rules, *named),
        level=level_of(concern, hits),
    )


def beside_shadow(live: Assessment, tried: Assessment, found: Found) -> Assessment:
    """`live`, with what terms in shadow would have changed: recorded, never acted on."""
    if tried.concern is None:
        return live
    if live.concern is None:
        # Those in shadow first: by that the log tells what rests on them from what they stand beside.
        ordered = sorted(tried.rules, key=lambda rule: not rule.rule.startswith(SHADOW_RULE))
        return replace(tried, rules=tuple(ordered), only_shadow=True)
    in_shadow = tuple(own for own in found.hits if own.term.shadow)
    return replace(live, rules=(*live.rules, *_rules_of(in_shadow, tried.concern, {})))


def _rules_of(hits: Iterable[OwnHit], concern: Concern, numbers: Mapping[Hit, int]) -> tuple[FiredRule, ...]:
    """One rule for each own term that was found."""
    rules: dict[str, FiredRule] = {}
    for own in hits:
        prefix, says = (SHADOW_RULE, OWN_IN_SHADOW) if own.term.shadow else (LIVE_RULE, OWN_FOUND)
        says = says.replace("{term}", own.term.text)
        rule = rules.get(prefix + own.term.id) or FiredRule(prefix + own.term.id, own.term.concern or concern, says)
        rules[rule.rule] = replace(rule, hits=(*rule.hits, numbers[own.hit]) if own.hit in numbers else rule.hits)
    return tuple(rules.values())


def _within(span: Span, spans: Iterable[Span]) -> bool:
    return any(outer.start <= span.start and span.end <= outer.end for outer in spans)
