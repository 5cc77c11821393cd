"""The second stage: a linear model over concepts, words and letters for what words alone cannot decide.

Lives here: the features of a message, reading the model file, probabilities, and the features that weighed most.
Does not live here: training (`training/`), the gate before it and the decision after it (`detector.py`). It runs on
plain Python: no numerical library is loaded by the bot.

The model is multinomial logistic regression over hashed features (feature hashing: Weinberger et al., 2009, "Feature
Hashing for Large Scale Multitask Learning"), weights quantised to one byte, probabilities calibrated by temperature
and bias fitted on held-out messages. Features say nothing of length, punctuation or capitals on purpose: those give
invented text away and mean nothing in real chat.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from safetybot.detection.text import base_view
from safetybot.model import Concern, FeatureWeight, Hit, HitPath, Strength, ThreadLine, Zone

LABELS: tuple[Concern | None, ...] = (None, Concern.MENTION, Concern.SUPPLY, Concern.DIY, Concern.ADVERSE)
"""The order of the model's five columns."""

MAX_FEATURE_CHARS = 1200
"""Letters are read from the first so many characters; concepts from the whole message."""

Features = dict[str, float]


def features_of(
    text: str, hits: Sequence[Hit], thread: Sequence[ThreadLine], thread_hits: Sequence[Sequence[Hit]]
) -> Features:
    """Name to value of everything the model looks at in one message and the lines before it.

    Args:
        text: The original text of the message.
        hits: What the matcher found in it.
        thread: Earlier lines, oldest first.
        thread_hits: What the matcher found in each of `thread`.
    """
    features: Features = {}
    words = _words(base_view(_readable(text, hits)).text[:MAX_FEATURE_CHARS])
    _add_group(features, _word_features(words, ""), 1.6, least=10)
    _add_group(features, _letter_features(words), 2.2, least=60)
    own = concepts_in(hits)
    for name in own:
        features[f"k:{name}"] = 0.6
    pairs = sorted(name for name in own if "!" not in name)
    _add_group(features, (f"kk:{a}+{b}" for i, a in enumerate(pairs) for b in pairs[i + 1 :]), 1.2)
    if thread:
        _add_thread(features, thread, thread_hits, own)
    return features


def concepts_in(hits: Iterable[Hit]) -> set[str]:
    """The concepts of `hits`; those with a strong term also as `concept!`."""
    found: set[str] = set()
    for hit in hits:
        found.add(hit.concept)
        if hit.strength is Strength.STRONG:
            found.add(hit.concept + "!")
    return found


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities in the order of `LABELS`, adding up to 1."""

    probabilities: tuple[float, ...]

    def of(self, concern: Concern | None) -> float:
        """The probability of one label."""
        return self.probabilities[LABELS.index(concern)]

    @property
    def any_concern(self) -> float:
        """The probability that the message is about anything of concern."""
        return 1.0 - self.probabilities[0]

    @property
    def best_concern(self) -> Concern:
        """The likeliest concern, leaving `none` aside."""
        return max((c for c in LABELS if c is not None), key=self.of)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The operating point: the least probability (0 to 1) that a message is of any concern at all.

    Set on held-out messages so that at most one of 10,000 ordinary ones is answered; see docs/detection.md.
    """

    any_concern: float = 0.5
    with_strong_term: float = 0.5


class Gate:
    """The first look at a message: a sum of weights over its signs, cheap enough for every message.

    Weights are learned together with the model, so that it opens for nearly every message of concern and for few
    others. Explains itself: the signs and their weights are all there is.
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
        weights = self._weights
        total = self._bias + sum(weights.get(name, 0.0) for name in gate_features(signs, thread_signs))
        return total >= self._threshold


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


class GateHeader(BaseModel):
    """The gate as the model file keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: dict[str, float]
    bias: float
    threshold: float


class ModelHeader(BaseModel):
    """The first line of a model file: all that is not a weight of the hashed features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    buckets: Annotated[int, Field(gt=0)]
    scale: Annotated[list[float], Field(min_length=5, max_length=5)]
    bias: Annotated[list[float], Field(min_length=5, max_length=5)]
    thresholds: dict[str, float]
    gate: GateHeader | None = None
    seed: int = 0
    trained_on: dict[str, int] = {}
    """Messages by corpus file."""


class Classifier:
    """A trained model, read from its file. Immutable and safe to share between threads."""

    def __init__(self, header: ModelHeader, weights: bytes) -> None:
        """Take the file's header and its weights (`buckets` × 5 signed bytes, row by row).

        Raises:
            ValueError: The weights do not fit the header.
        """
        if len(weights) != header.buckets * len(LABELS):
            raise ValueError(f"{len(weights)} weights for {header.buckets} buckets of {len(LABELS)}")
        self.header = header
        self.thresholds = Thresholds(**header.thresholds)
        self.gate = Gate(header.gate.weights, header.gate.bias, header.gate.threshold) if header.gate else None
        self._mask = header.buckets - 1
        self._weights = memoryview(weights).cast("b")
        self._scale = list(header.scale)
        self._bias = list(header.bias)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read a model file: one line of JSON, then the weights, zlib-compressed.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not a model file, or damaged.
        """
        header_line, _, packed = path.read_bytes().partition(b"\n")
        try:
            return cls(ModelHeader.model_validate_json(header_line), zlib.decompress(packed))
        except (zlib.error, ValueError) as error:
            raise ValueError(f"{path} is not a model file, or damaged: {error}") from error

    def scores(self, features: Features) -> Scores:
        """Calibrated probabilities of the five labels."""
        return Scores(_softmax(self._logits(features)))

    def weighed_most(self, features: Features, concern: Concern | None, limit: int = 6) -> tuple[FeatureWeight, ...]:
        """The features that pushed most towards `concern` and away from the next likeliest label, strongest first."""
        logits = self._logits(features)
        column = LABELS.index(concern)
        rival = max((i for i in range(len(LABELS)) if i != column), key=logits.__getitem__)
        pushes: list[FeatureWeight] = []
        for name, value in features.items():
            row = (zlib.crc32(name.encode()) & self._mask) * len(LABELS)
            push = value * (
                self._weights[row + column] * self._scale[column] - self._weights[row + rival] * self._scale[rival]
            )
            if push > 0.05:
                pushes.append(FeatureWeight(name, round(push, 2)))
        pushes.sort(key=lambda item: (-item.weight, item.feature))
        return tuple(pushes[:limit])

    def _logits(self, features: Features) -> list[float]:
        weights, mask, crc32 = self._weights, self._mask, zlib.crc32
        sums = [0.0] * 5
        for name, value in features.items():
            row = (crc32(name.encode()) & mask) * 5
            for column in (0, 1, 2, 3, 4):
                weight = weights[row + column]
                if weight:
                    sums[column] += value * weight
        return [total * scale + bias for total, scale, bias in zip(sums, self._scale, self._bias, strict=True)]


def _softmax(logits: Sequence[float]) -> tuple[float, ...]:
    top = max(logits)
    powers = [math.exp(value - top) for value in logits]
    total = sum(powers)
    return tuple(power / total for power in powers)


# --- features ---------------------------------------------------------------------------------------------


def _readable(text: str, hits: Sequence[Hit]) -> str:
    """`text` with disguised terms written plainly, so that letters of a disguise do not become features."""
    if not any(hit.path is HitPath.FOLDED for hit in hits):
        return text
    out: list[str] = []
    position = 0
    for hit in sorted(hits, key=lambda hit: (hit.span.start, -hit.span.end)):
        if hit.path is HitPath.FOLDED and hit.span.start >= position:
            out += [text[position : hit.span.start], " ", hit.term.strip("*"), " "]
            position = hit.span.end
    return "".join([*out, text[position:]])


_DIGITS = {ord(c): "0" for c in "123456789"}


def _words(folded: str) -> list[str]:
    """The runs of letters and digits of a folded text; signs outside them are left out, emoji are words."""
    words: list[str] = []
    current: list[str] = []
    for char in folded.translate(_DIGITS):
        if char.isalnum() or ("\u0900" <= char <= "\u0eff"):
            current.append(char)
            continue
        if current:
            words.append("".join(current))
            current = []
        if char >= "\u2190" and not char.isspace():
            words.append(char)
    if current:
        words.append("".join(current))
    return words


def _is_unspaced(char: str) -> bool:
    return "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\u0e00" <= char <= "\u0e7f"


def _word_features(words: Sequence[str], prefix: str) -> Iterator[str]:
    for word in words:
        yield f"{prefix}w:{word[:24]}"
    for first, second in pairwise(words):
        yield f"{prefix}b:{first[:24]} {second[:24]}"


def _letter_features(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if _is_unspaced(word[0]):
            sizes: tuple[int, ...] = (1, 2, 3, 4)
            padded = word
        else:
            sizes = (3, 4, 5)
            padded = f"^{word[:24]}$"
        for size in sizes:
            for i in range(len(padded) - size + 1):
                yield f"c:{padded[i : i + size]}"


def _add_group(features: Features, names: Iterable[str], norm: float, least: int = 1) -> None:
    """Add a group of features so that its Euclidean norm is `norm`, however many there are.

    With fewer than `least` of them the norm is smaller: a message of two words proves less than one of twenty.
    """
    unique = set(names)
    if not unique:
        return
    value = norm / math.sqrt(max(len(unique), least))
    for name in unique:
        features[name] = value


def _add_thread(
    features: Features, thread: Sequence[ThreadLine], thread_hits: Sequence[Sequence[Hit]], own: set[str]
) -> None:
    """The lines before: the nearer, the weightier, and the author's own lines more than a stranger's."""
    earlier: dict[str, float] = {}
    for distance, (line, hits) in enumerate(zip(reversed(thread), reversed(thread_hits), strict=True)):
        weight = 0.8**distance * (1.25 if line.same_author else 1.0)
        words = _words(base_view(line.text).text[:300])
        group: Features = {}
        _add_group(group, _word_features(words, "t"), 0.8 * weight, least=10)
        _add_group(group, (f"t{name}" for name in _letter_features(words)), 0.8 * weight, least=60)
        for name, value in group.items():
            features[name] = max(features.get(name, 0.0), value)
        for name in concepts_in(hits):
            earlier[name] = max(earlier.get(name, 0.0), weight)
    for name, weight in earlier.items():
        features[f"tk:{name}"] = 0.6 * weight
        for other in own:
            features[f"tkk:{name}+{other}"] = 0.4 * weight
