"""The detector: one message and the lines before it in, one explainable assessment out.

Lives here: the order of the stages (terms, rules, gate, classifier), the operating point, levels of urgency. Pure: no
clock, no database, no event loop; the same call serves live traffic, dry runs and tests.

A message without any sign of the topic ends after one linear pass over its letters. The rest is weighed by the
classifier, whose answer stands from a threshold on; where a strong term names the topic outright, a lower one
holds. A long text of which the whole gives no answer is read in parts too. Without a model file the rules alone decide.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from safetybot.detection.classifier import Classifier, Scores
from safetybot.detection.concepts import ACT, CONTEXT, SIGNS, TOPIC, names_the_topic
from safetybot.detection.features import Features, features_of
from safetybot.detection.gate import Gate
from safetybot.detection.language import UNDETERMINED, language_of
from safetybot.detection.matcher import Matcher, readings
from safetybot.detection.own_terms import CommunityTerms, Found, Lens, beside_shadow, with_own
from safetybot.detection.parts import LONG, parts_of
from safetybot.detection.rules import Outcome, RuleBook
from safetybot.detection.terms import Term, Terms
from safetybot.detection.text import View
from safetybot.model import (
    Assessment,
    Concern,
    FiredRule,
    Hit,
    Level,
    Message,
    NearMiss,
    Span,
    Strength,
    ThreadLine,
    Zone,
)
from safetybot.translation import marked

MAX_CHARS = 20_000
"""Longer messages are read up to here; no platform we serve allows more than 4,096."""

NOT_SURE = marked("all words together: {sure} sure, {needed} needed")
"""Why a rule that fired was overruled by the model."""
Tier = Literal["named", "thing", "told", "signed", "after", "bare", "staged", "hinted"]
_SAYS_NOTHING = 4
"""A reply of so few characters without any term, such as "lol", is no talk of what stands before it."""
_OWN_SCANS = 2_000
"""Texts of which is remembered what a community's own terms are in them."""
_LEVELS = {
    "symptom_emergency": Level.EMERGENCY,
    "symptom_today": Level.TODAY,
    "symptom_days": Level.DAYS,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on: the text that was read, its hits, the rules held against them, the features."""

    text: str
    hits: tuple[Hit, ...]
    outcome: Outcome
    features: Features
    tier: Tier


class Detector:
    """Assesses messages. Immutable but for a bounded memory of recent scans; use one per thread."""

    def __init__(
        self,
        terms: Iterable[Term],
        rules: RuleBook,
        classifier: Classifier | None = None,
        gate: Gate | None = None,
    ) -> None:
        """Put the stages together. Without `classifier` the rules alone decide; `gate` is for training only."""
        self.terms = Terms.of(terms)
        concept = [self.terms.kind(number).concept for number in range(len(self.terms))]
        self._signs = Matcher(self.terms, (n for n, one in enumerate(concept) if one not in CONTEXT))
        self._context = Matcher(self.terms, (n for n, one in enumerate(concept) if one in CONTEXT))
        self.rules = rules
        self.classifier = classifier
        self._gate = gate or (classifier.gate if classifier else None)
        self._sign_scans: OrderedDict[str, tuple[Hit, ...]] = OrderedDict()
        self._context_scans: OrderedDict[str, tuple[Hit, ...]] = OrderedDict()
        self._own_scans: OrderedDict[tuple[CommunityTerms, str], Found] = OrderedDict()

    def assess(
        self, message: Message, thread: Sequence[ThreadLine] = (), own: CommunityTerms | None = None
    ) -> Assessment:
        """The whole answer to `message`, read after the lines of `thread` (oldest first), in a community's terms."""
        return self.assess_text(message.text, thread, own=own)

    def assess_text(
        self,
        text: str,
        thread: Sequence[ThreadLine] = (),
        *,
        explain: bool = False,
        own: CommunityTerms | None = None,
    ) -> Assessment:
        """The whole answer to a text alone. Any string is accepted; time is linear in its length.

        With `explain` the answer also tells the language of a silent one and the features that weighed most, which
        cost more than the answer itself and nobody reads of an ordinary message.

        With `own` a live term of the community's makes at least the concern that it is bound to (with a confidence of
        1: its moderators decided so), or is a hit of its concept like any other. What only a term in shadow would
        have made is an answer with `only_shadow`.
        """
        if own is None:
            return self._assess(text, thread, explain=explain)
        text = text[:MAX_CHARS]
        views = readings(text)
        found = self._remember(text, own, own.find(text, views))
        lens = Lens(own, found, tuple(self._found(line.text, own) for line in thread))
        live = with_own(self._assess(text, thread, explain=explain, lens=lens, views=views), found, level_of)
        if not (found.in_shadow or any(line.in_shadow for line in lens.earlier)):
            return live
        lens = replace(lens, shadow=True)
        tried = self._assess(text, thread, explain=explain, lens=lens, views=views)
        return beside_shadow(live, with_own(tried, found, level_of, shadow=True), found)

    def evidence(
        self,
        text: str,
        thread: Sequence[ThreadLine] = (),
        *,
        lens: Lens | None = None,
        views: Sequence[View] | None = None,
    ) -> Evidence | None:
        """What the answer rests on; None where the gate keeps the message out.

        Training calls this, so that the model learns from exactly what the bot sees. `lens` is how a community sees
        the message and its thread, `views` the readings of `text` where they are known.
        """
        text = text[:MAX_CHARS]
        views = readings(text) if views is None else views
        signs = found = self._signs.find(text, views)
        thread_signs = [self._scan(line.text, self._signs, self._sign_scans) for line in thread]
        if lens is not None:
            signs = _seen(text, signs, lens, lens.found, context=False)
            thread_signs = [
                _seen(line.text, hits, lens, found, context=False)
                for line, hits, found in zip(thread, thread_signs, lens.earlier, strict=True)
            ]
        opens = self._gate.opens if self._gate else worth_weighing
        if not opens(signs, thread_signs):
            return None
        context = self._context.find(text, views)
        found = merged(found, context)
        thread_context = [self._scan(line.text, self._context, self._context_scans) for line in thread]
        if lens is not None:
            context = _seen(text, context, lens, lens.found, context=True)
            thread_context = [
                _seen(line.text, hits, lens, found, context=True)
                for line, hits, found in zip(thread, thread_context, lens.earlier, strict=True)
            ]
        hits = merged(signs, context)
        thread_hits = [merged(one, other) for one, other in zip(thread_signs, thread_context, strict=True)]
        outcome = self.rules.hold(text, hits)
        undisguised = next((view.text for view in views if view.folded), None)
        read = text
        if lens is not None and (off := _off(found, hits)):
            read, undisguised = _without(text, off), None
        features = features_of(read, hits, thread, thread_hits, (rule.rule for rule in outcome.fired), undisguised)
        return Evidence(text, hits, outcome, features, tier_of(text, hits, thread_hits))

    def hits(self, text: str) -> tuple[Hit, ...]:
        """Every term in `text`, whether or not the gate would let it through; for explanations and previews."""
        return merged(self._signs.find(text[:MAX_CHARS]), self._context.find(text[:MAX_CHARS]))

    def signs(self, text: str) -> tuple[Hit, ...]:
        """The terms of `text` that the gate looks at."""
        return self._signs.find(text[:MAX_CHARS])

    def _assess(
        self,
        text: str,
        thread: Sequence[ThreadLine],
        *,
        explain: bool,
        lens: Lens | None = None,
        views: Sequence[View] | None = None,
    ) -> Assessment:
        evidence = self.evidence(text, thread, lens=lens, views=views)
        if self.classifier is None:
            return self._by_rules(evidence) if evidence else self._unread(text, explain=explain)
        whole = self._by_classifier(evidence, self.classifier, explain=explain) if evidence else None
        if len(text) > LONG and (whole is None or whole.concern in (None, Concern.DIY)):
            found = self._in_parts(text, thread, self.classifier, explain=explain, lens=lens)
            # Trouble told in one sentence of a long story outweighs what was done.
            if found and (whole is None or whole.concern is None or found.concern is Concern.ADVERSE):
                whole = found
        return whole or self._unread(text, explain=explain)

    def _unread(self, text: str, *, explain: bool) -> Assessment:
        """The answer to what the gate keeps out."""
        return Assessment(None, 1.0, language_of(text), self.hits(text)) if explain else _NOTHING

    def _in_parts(
        self, text: str, thread: Sequence[ThreadLine], classifier: Classifier, *, explain: bool, lens: Lens | None
    ) -> Assessment | None:
        """The surest answer of concern to a part of a long text, each read as if it were the message; None without."""
        text = text[:MAX_CHARS]
        signs = self._signs.find(text)
        best: Assessment | None = None
        for start, end in parts_of(text):
            if not any(start <= hit.span.start < end for hit in signs):
                continue
            part = text[start:end]
            seen = replace(lens, found=self._found(part, lens.terms)) if lens is not None else None
            evidence = self.evidence(part, thread, lens=seen)
            if evidence is None:
                continue
            answer = self._by_classifier(evidence, classifier, explain=explain)
            if answer.concern is not None and (best is None or answer.confidence > best.confidence):
                hits = (replace(h, span=Span(h.span.start + start, h.span.end + start)) for h in answer.hits)
                best = replace(answer, hits=tuple(hits))
        return best

    # --- the two ways to an answer ------------------------------------------------------------------------

    def _by_rules(self, evidence: Evidence) -> Assessment:
        language = language_of(evidence.text)
        hits, outcome = evidence.hits, evidence.outcome
        if not outcome.fired:
            return Assessment(None, 0.9, language, hits, near_misses=outcome.near_misses)
        concern = outcome.fired[0].concern
        level = level_of(concern, hits)
        return Assessment(concern, 0.8, language, hits, outcome.fired, outcome.near_misses, level)

    def _by_classifier(self, evidence: Evidence, classifier: Classifier, *, explain: bool) -> Assessment:
        hits, outcome = evidence.hits, evidence.outcome
        scores = classifier.scores(evidence.features)
        threshold = classifier.thresholds.least(evidence.tier, scores.best_concern)
        if scores.any_concern < threshold:
            if not explain:
                return Assessment(None, 1 - scores.any_concern, UNDETERMINED, hits)
            near = (*outcome.near_misses, *_overruled(outcome.fired, scores, threshold))
            weighed = classifier.weighed_most(evidence.features, None)
            language = language_of(evidence.text)
            return Assessment(None, 1 - scores.any_concern, language, hits, (), near, None, weighed)
        concern = scores.best_concern
        rules = tuple(rule for rule in outcome.fired if rule.concern is concern) or (_weighed_rule(concern),)
        return Assessment(
            concern,
            scores.of(concern),
            language_of(evidence.text),
            hits,
            rules,
            outcome.near_misses,
            level_of(concern, hits),
            classifier.weighed_most(evidence.features, concern) if explain else (),
        )

    def _found(self, text: str, own: CommunityTerms) -> Found:
        """The own terms in an earlier line, which was looked through when it was the message, as a rule."""
        known = self._own_scans.get((own, text))
        if known is None:
            text = text[:MAX_CHARS]
            known = self._remember(text, own, own.find(text, readings(text)))
        return known

    def _remember(self, text: str, own: CommunityTerms, found: Found) -> Found:
        self._own_scans[own, text] = found
        if len(self._own_scans) > _OWN_SCANS:
            self._own_scans.popitem(last=False)
        return found

    @staticmethod
    def _scan(text: str, matcher: Matcher, scans: OrderedDict[str, tuple[Hit, ...]]) -> tuple[Hit, ...]:
        """The hits of an earlier line; each line is scanned once, however many messages follow it."""
        known = scans.get(text)
        if known is None:
            known = scans[text] = matcher.find(text[:MAX_CHARS])
            if len(scans) > 2_000:
                scans.popitem(last=False)
        return known


def worth_weighing(signs: Sequence[Hit], thread_signs: Sequence[Sequence[Hit]] = ()) -> bool:
    """The gate without a model: whether a message shows a sign of the topic, alone or after the lines before it."""
    if _shows_topic(signs):
        return True
    earlier = [hit for line in thread_signs for hit in line]
    return bool(earlier) and (_shows_topic(earlier) or (bool(signs) and _shows_topic([*signs, *earlier])))


def _shows_topic(signs: Sequence[Hit]) -> bool:
    concepts = {hit.concept for hit in signs}
    if concepts & TOPIC:
        return True
    if concepts & ACT:
        return len(concepts) > 1 or any(hit.concept in ACT and hit.strength is Strength.STRONG for hit in signs)
    return "area" in concepts and len(concepts) > 1


def merged(first: tuple[Hit, ...], second: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Two sets of hits in one text as one, by position."""
    if not second:
        return first
    return tuple(sorted((*first, *second), key=lambda hit: (hit.span.start, -hit.span.end)))


def _seen(text: str, hits: tuple[Hit, ...], lens: Lens, found: Found, *, context: bool) -> tuple[Hit, ...]:
    """The lexicon's hits through `lens`, and the community's own of the same kind beside them."""
    own = tuple(hit for hit in lens.concept_hits(found) if (hit.concept in CONTEXT) is context)
    return merged(lens.terms.settle(text, hits, found), own)


def _off(found: Sequence[Hit], left: Sequence[Hit]) -> list[Span]:
    """Where terms stand that a community has switched off: nothing that is left stands there."""
    there = [hit.span for hit in left]
    return [
        hit.span for hit in found if not any(span.start < hit.span.end and hit.span.start < span.end for span in there)
    ]


def _without(text: str, spans: Iterable[Span]) -> str:
    """`text` with `spans` blanked, position for position, so that their words do not count by themselves either."""
    for span in spans:
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return text


def tier_of(text: str, hits: Sequence[Hit], thread_hits: Sequence[Sequence[Hit]] = ()) -> Tier:
    """How much a message shows of the topic; each tier has a threshold of its own."""
    if names_the_topic(hits):
        return "named"
    concepts = {hit.concept for hit in hits if hit.zone is not Zone.CODE} - CONTEXT
    if concepts & TOPIC:
        return "thing"
    if concepts & SIGNS:
        return "told" if len(concepts) >= 3 else "signed"
    if any(_has_sign(line) for line in thread_hits):
        if any(hit.zone is not Zone.CODE for hit in hits):
            return "after"
        return "bare" if len(text.strip()) > _SAYS_NOTHING else "hinted"
    return "staged" if len(concepts) >= 3 else "hinted"


def _has_sign(hits: Sequence[Hit]) -> bool:
    return any(hit.concept in SIGNS and hit.zone is not Zone.CODE for hit in hits)


def level_of(concern: Concern | None, hits: Sequence[Hit]) -> Level | None:
    """How fast help is needed, for `ADVERSE` only; without a clear sign `TODAY`, in doubt the higher."""
    if concern is not Concern.ADVERSE:
        return None
    return max((_LEVELS[hit.concept] for hit in hits if hit.concept in _LEVELS), default=Level.TODAY)


def _overruled(fired: Sequence[FiredRule], scores: Scores, threshold: float) -> tuple[NearMiss, ...]:
    return tuple(
        NearMiss(rule.rule, rule.concern, NOT_SURE, {"sure": f"{scores.any_concern:.0%}", "needed": f"{threshold:.0%}"})
        for rule in fired
    )


def _weighed_rule(concern: Concern) -> FiredRule:
    return FiredRule("all-words-together", concern, "No single rule fired; the words together read like it.")


_NOTHING = Assessment(None, 1.0, UNDETERMINED)
