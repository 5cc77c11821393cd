"""The detector: one message and the lines before it in, one explainable assessment out.

Lives here: the order of the stages (terms, rules, gate, classifier), the operating point, levels of urgency. Pure: no
clock, no database, no event loop; the same call serves live traffic, dry runs and tests.

A message without any sign of the topic ends after one linear pass over its letters. The rest is weighed by the
classifier, whose answer stands from `Thresholds.any_concern` on; where a strong term names the topic outright, a
lower threshold holds. Without a model file the rules alone decide.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from safetybot.detection.classifier import Classifier, Features, Scores, Thresholds, features_of
from safetybot.detection.language import UNDETERMINED, language_of
from safetybot.detection.matcher import Matcher
from safetybot.detection.rules import Outcome, RuleBook
from safetybot.model import (
    Assessment,
    Concern,
    FiredRule,
    Hit,
    Level,
    Message,
    NearMiss,
    Strength,
    ThreadLine,
    Zone,
)

MAX_CHARS = 20_000
"""Longer messages are read up to here; no platform we serve allows more than 4,096."""

TOPIC = frozenset({"procedure", "product", "ingredient", "tool", "filler_toxin"})
"""Concepts that name a thing injected for looks, or the injecting of it."""
NAMES_THE_TOPIC = frozenset({"procedure", "product", "ingredient"})
"""Those of which a strong term makes a message a mention by itself."""
ACT = frozenset({"inject", "needle", "technique", "self", "lay_injector", "home"})
SCENE = frozenset(
    {"area", "sourcing", "symptom_emergency", "symptom_today", "symptom_days", "worry", "clinic", "warning", "topical"}
)
_LEVELS = {
    "symptom_emergency": Level.EMERGENCY,
    "symptom_today": Level.TODAY,
    "symptom_days": Level.DAYS,
}


class Detector:
    """Assesses messages. Immutable but for a bounded memory of recent scans; use one per thread."""

    def __init__(
        self,
        matcher: Matcher,
        rules: RuleBook,
        classifier: Classifier | None = None,
        thresholds: Thresholds | None = None,
    ) -> None:
        """Put the stages together. Without `classifier` the rules alone decide."""
        self.matcher = matcher
        self.rules = rules
        self.classifier = classifier
        self.thresholds = thresholds or Thresholds()
        self._scans: OrderedDict[str, tuple[Hit, ...]] = OrderedDict()

    def assess(self, message: Message, thread: Sequence[ThreadLine] = ()) -> Assessment:
        """The whole answer to `message`, read after the lines of `thread` (oldest first)."""
        return self.assess_text(message.text, thread)

    def assess_text(self, text: str, thread: Sequence[ThreadLine] = ()) -> Assessment:
        """The whole answer to a text alone. Any string is accepted; time is linear in its length."""
        text = text[:MAX_CHARS]
        hits = self.matcher.find(text)
        thread_hits = [self._scan(line.text) for line in thread]
        if not worth_weighing(hits, thread_hits):
            return _NOTHING if not hits else Assessment(None, 1.0, UNDETERMINED, hits)
        outcome = self.rules.hold(text, hits)
        if self.classifier is None:
            return self._by_rules(text, hits, outcome)
        features = features_of(text, hits, thread, thread_hits)
        features.update((f"r:{rule.rule}", 0.6) for rule in outcome.fired)
        return self._by_classifier(text, hits, outcome, features, self.classifier)

    def evidence(
        self, text: str, thread: Sequence[ThreadLine] = ()
    ) -> tuple[tuple[Hit, ...], Features | None]:
        """The hits and the classifier's features of a text; None for features where the gate keeps it out.

        Training calls this, so that the model learns from exactly what the bot sees.
        """
        text = text[:MAX_CHARS]
        hits = self.matcher.find(text)
        thread_hits = [self._scan(line.text) for line in thread]
        if not worth_weighing(hits, thread_hits):
            return hits, None
        features = features_of(text, hits, thread, thread_hits)
        features.update((f"r:{rule.rule}", 0.6) for rule in self.rules.hold(text, hits).fired)
        return hits, features

    # --- the two ways to an answer ------------------------------------------------------------------------

    def _by_rules(self, text: str, hits: tuple[Hit, ...], outcome: Outcome) -> Assessment:
        language = language_of(text)
        if not outcome.fired:
            return Assessment(None, 0.9, language, hits, near_misses=outcome.near_misses)
        concern = outcome.fired[0].concern
        return Assessment(
            concern, 0.8, language, hits, outcome.fired, outcome.near_misses, level_of(concern, hits)
        )

    def _by_classifier(
        self, text: str, hits: tuple[Hit, ...], outcome: Outcome, features: Features, classifier: Classifier
    ) -> Assessment:
        scores = classifier.scores(features)
        threshold = (
            self.thresholds.with_strong_term if names_the_topic(hits) else self.thresholds.any_concern
        )
        language = language_of(text)
        if scores.any_concern < threshold:
            near = (*outcome.near_misses, *_overruled(outcome.fired, scores, threshold))
            weighed = classifier.weighed_most(features, None)
            return Assessment(None, 1 - scores.any_concern, language, hits, (), near, None, weighed)
        concern = scores.best_concern
        rules = tuple(rule for rule in outcome.fired if rule.concern is concern) or (_weighed_rule(concern),)
        return Assessment(
            concern,
            scores.of(concern),
            language,
            hits,
            rules,
            outcome.near_misses,
            level_of(concern, hits),
            classifier.weighed_most(features, concern),
        )

    def _scan(self, text: str) -> tuple[Hit, ...]:
        """The hits of an earlier line; each line is scanned once, however many messages follow it."""
        known = self._scans.get(text)
        if known is None:
            known = self._scans[text] = self.matcher.find(text[:MAX_CHARS])
            if len(self._scans) > 2_000:
                self._scans.popitem(last=False)
        return known


def worth_weighing(hits: Sequence[Hit], thread_hits: Sequence[Sequence[Hit]] = ()) -> bool:
    """The gate: whether a message shows any sign of the topic, alone or after the lines before it."""
    own = {hit.concept for hit in hits if hit.zone is not Zone.CODE}
    if _shows_topic(own, hits):
        return True
    if not thread_hits:
        return False
    earlier = [hit for line in thread_hits for hit in line]
    concepts = {hit.concept for hit in earlier}
    return _shows_topic(concepts, earlier) or bool(own) and _shows_topic(own | concepts, [*hits, *earlier])


def _shows_topic(concepts: set[str], hits: Sequence[Hit]) -> bool:
    if concepts & TOPIC:
        return True
    if len(concepts & ACT) + len(concepts & SCENE) < 2:
        return any(hit.concept in ACT and hit.strength is Strength.STRONG for hit in hits)
    return bool(concepts & ACT) or ("area" in concepts and bool(concepts & _LEVELS.keys()))


def names_the_topic(hits: Sequence[Hit]) -> bool:
    """Whether a strong term names a mesotherapy-family procedure, product or ingredient outside code."""
    return any(
        hit.strength is Strength.STRONG and hit.concept in NAMES_THE_TOPIC and hit.zone is not Zone.CODE for hit in hits
    )


def level_of(concern: Concern | None, hits: Sequence[Hit]) -> Level | None:
    """How fast help is needed, for `ADVERSE` only; without a clear sign `TODAY`, in doubt the higher."""
    if concern is not Concern.ADVERSE:
        return None
    return max((_LEVELS[hit.concept] for hit in hits if hit.concept in _LEVELS), default=Level.TODAY)


def _overruled(fired: Sequence[FiredRule], scores: Scores, threshold: float) -> tuple[NearMiss, ...]:
    return tuple(
        NearMiss(rule.rule, rule.concern, f"all words together: {scores.any_concern:.0%} sure, {threshold:.0%} needed")
        for rule in fired
    )


def _weighed_rule(concern: Concern) -> FiredRule:
    return FiredRule("all-words-together", concern, "No single rule fired; the words together read like it.")


_NOTHING = Assessment(None, 1.0, UNDETERMINED)

