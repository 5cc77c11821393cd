"""The gate: the first look at a message, cheap enough for every one of them.

Lives here: its features and its sum. Does not live here: learning its weights (`training/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

from safetybot.detection.concepts import names_the_topic
from safetybot.model import Hit, Strength, Zone

_INJECTED = frozenset({"filler_toxin", "inject"})


class Gate:
    """The first look at a message: a sum of weights over its signs, cheap enough for every message.

    Weights are learned together with the model, so that it opens for nearly every message of concern and for few
    others. Explains itself: the signs and their weights are all there is. A text that names the topic outright, or
    tells of injecting filler or toxin, always passes: in a long text the sum of all else would drown it.
    """

    def __init__(self, weights: Mapping[str, float], bias: float, threshold: float) -> None:
        """Take weights by feature (see `gate_features`), in log-odds."""
        self._weights = dict(weights)
        self._bias = bias
        self._threshold = threshold

    def opens(self, signs: Sequence[Hit], thread_signs: Sequence[Sequence[Hit]] = ()) -> bool:
        """Whether the message is worth the classifier's time."""
        if not signs and not any(thread_signs):
            return False
        if names_the_topic(signs) or {hit.concept for hit in signs if hit.zone is not Zone.CODE} >= _INJECTED:
            return True
        # Exact, since features come in no order: a rounded sum would differ between processes at the edge.
        total = fsum(map(self._weight, gate_features(signs, thread_signs)))
        return self._bias + total >= self._threshold

    def _weight(self, name: str) -> float:
        return self._weights.get(name, 0.0)


def gate_features(signs: Sequence[Hit], thread_signs: Sequence[Sequence[Hit]] = ()) -> set[str]:
    """What the gate looks at: the terms found, their concepts, pairs of concepts, and the same of earlier lines."""
    names: set[str] = set()
    concepts: set[str] = set()
    for hit in signs:
        if hit.zone is not Zone.CODE:
            concepts.add(hit.concept)
            names.add(f"{hit.concept}:{hit.term}")
            names.add(f"{hit.concept}!" if hit.strength is Strength.STRONG else hit.concept)
    ordered = sorted(concepts)
    names.update(f"{a}+{b}" for i, a in enumerate(ordered) for b in ordered[i + 1 :])
    earlier = {hit.concept for line in thread_signs for hit in line}
    if earlier:
        names.update(f"t:{concept}" for concept in earlier)
        names.update(f"t:{hit.concept}!" for line in thread_signs for hit in line if hit.strength is Strength.STRONG)
        names.update(f"t:{a}+{b}" for a in earlier for b in concepts)
        before = sorted(earlier)
        names.update(f"tt:{a}+{b}" for i, a in enumerate(before) for b in before[i + 1 :])
    return names
