"""The second stage: a linear model over concepts, words and letters for what words alone cannot decide.

Lives here: the model file, probabilities, and the features that weighed most. Does not live here: what is looked at
(`features.py`), training (`training/`), the gate before it and the decision after it (`detector.py`). It runs on plain
Python: no numerical library is loaded by the bot.

The model is multinomial logistic regression over hashed features (feature hashing: Weinberger et al., 2009, "Feature
Hashing for Large Scale Multitask Learning"), weights quantised to one byte, probabilities calibrated by a temperature
fitted on held-out messages (Guo et al., 2017).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from safetybot.detection.features import Features
from safetybot.detection.gate import Gate
from safetybot.detection.words import letters_of
from safetybot.model import Concern, FeatureWeight

LABELS: tuple[Concern | None, ...] = (None, Concern.MENTION, Concern.SUPPLY, Concern.DIY, Concern.ADVERSE)
"""The order of the model's five columns."""
IN_DOUBT = {Concern.ADVERSE: 1.5}
"""By how much a concern counts as likelier when the choice is between concerns: in doubt a person may need help. Of
1, 1.25, 1.5, 2 and 3 the highest that costs next to no macro-F1: 0.002 on the English development files."""
EASED = ("thing", "told", "after")
"""What a message holds (`Thresholds`) where trouble is believed sooner."""
_REMEMBERED = 30_000
"""Words whose weights are kept added up."""

_Row = tuple[int, int, int, int, int]
_ROW = struct.Struct("5b").unpack_from
"""The five signed bytes of a feature."""


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
        """The likeliest concern, leaving `none` aside; `ADVERSE` also where it is nearly as likely (`IN_DOUBT`)."""
        return max((c for c in LABELS if c is not None), key=lambda c: self.of(c) * IN_DOUBT.get(c, 1.0))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The operating point: the least probability (0 to 1) of any concern at all, by what a message holds.

    Set on held-out messages so that at most one of 10,000 ordinary ones is answered; see docs/detection.md.
    """

    named: float
    """A strong term names a mesotherapy-family procedure, product or ingredient."""
    thing: float
    """A weak term of the topic stands there: filler, the nickname of a product, a pen."""
    told: float
    """A sign of injecting stands there, with two concepts more of what makes a story."""
    signed: float
    """Such a sign stands there with less."""
    after: float
    """None does, but in the lines just before it."""
    bare: float
    """The same, and the message holds no term of any kind: "hi" after talk of the topic is no talk of it."""
    staged: float
    """No sign, but three concepts or more that make a story: bodies, people, selling, symptoms."""
    hinted: float
    """Less than that. Ordinary talk is full of it, so much surer the answer must be."""
    trouble: float = 1.0
    """Enough in the cases of `EASED` where the likeliest concern is `ADVERSE`: somebody may need help now, and talk of
    trouble there is seldom of anything else."""

    def least(self, tier: str, concern: Concern) -> float:
        """The least probability of any concern, for what a message holds (a field's name) and its likeliest concern."""
        least: float = getattr(self, tier)
        return min(least, self.trouble) if concern is Concern.ADVERSE and tier in EASED else least


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
    """A trained model, read from its file. Immutable but for a bounded memory of words; use one per thread."""

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
        self._weights = weights
        self._scale = list(header.scale)
        self._bias = list(header.bias)
        self._words: dict[str, tuple[_Row, _Row]] = {}

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
        for name, value in features.flat().items():
            row = self._row(name)
            push = value * (row[column] * self._scale[column] - row[rival] * self._scale[rival])
            if push > 0.05:
                pushes.append(FeatureWeight(name, round(push, 2)))
        pushes.sort(key=lambda item: (-item.weight, item.feature))
        return tuple(pushes[:limit])

    def _logits(self, features: Features) -> list[float]:
        a = b = c = d = e = 0.0
        for name, value in features.named:
            row = self._row(name)
            a += value * row[0]
            b += value * row[1]
            c += value * row[2]
            d += value * row[3]
            e += value * row[4]
        for group in features.words:
            word_value, letter_value = group.word_value, group.letter_value
            for word in group.words:
                own, letters = self._word(group.prefix, word)
                a += word_value * own[0] + letter_value * letters[0]
                b += word_value * own[1] + letter_value * letters[1]
                c += word_value * own[2] + letter_value * letters[2]
                d += word_value * own[3] + letter_value * letters[3]
                e += word_value * own[4] + letter_value * letters[4]
        sums = (a, b, c, d, e)
        return [total * scale + bias for total, scale, bias in zip(sums, self._scale, self._bias, strict=True)]

    def _row(self, name: str) -> _Row:
        """The five weights of one feature."""
        start = (zlib.crc32(name.encode("utf-8", "replace")) & self._mask) * 5
        a, b, c, d, e = _ROW(self._weights, start)
        return a, b, c, d, e

    def _word(self, prefix: str, word: str) -> tuple[_Row, _Row]:
        """The weights of a word, and the sums over its letter sequences; kept, since chat repeats its words."""
        key = prefix + word
        known = self._words.get(key)
        if known is None:
            rows = [self._row(f"{prefix}c:{letters}") for letters in letters_of(word)]
            a, b, c, d, e = (sum(column) for column in zip(*rows, strict=True)) if rows else (0, 0, 0, 0, 0)
            known = self._row(f"{prefix}w:{word}"), (a, b, c, d, e)
            if len(self._words) >= _REMEMBERED:
                self._words.clear()
            self._words[key] = known
        return known


def _softmax(logits: Sequence[float]) -> tuple[float, ...]:
    top = max(logits)
    powers = [math.exp(value - top) for value in logits]
    total = sum(powers)
    return tuple(power / total for power in powers)
