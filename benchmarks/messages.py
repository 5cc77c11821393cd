"""Messages and term lists to measure with, made from the project's own files: no outside data, a fixed seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from safetybot.config import packaged_dir
from safetybot.detection.assembly import lexicon_files
from safetybot.detection.lexicon import read_lexicon
from safetybot.detection.rules import read_rules
from safetybot.detection.terms import Term
from safetybot.model import Strength

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "training" / "corpus"


def matching(count: int = 2_000) -> list[str]:
    """Messages of concern."""
    return _texts(lambda label: label != "none", count)


def ordinary(folder: Path | None, count: int = 5_000) -> list[str]:
    """Ordinary messages from a folder of JSON-lines files, or the corpus's plain ones where none is given."""
    if folder is None:
        return _texts(lambda label: label == "none", count)
    texts = [json.loads(line)["text"] for file in sorted(folder.glob("chat*.jsonl")) for line in file.open()]
    random.Random(1).shuffle(texts)  # noqa: S311  # no secret
    return texts[:count]


def terms(count: int) -> list[Term]:
    """`count` terms: the packaged lexicon's, and made-up words beyond them."""
    config = packaged_dir("config")
    known = list(read_lexicon(lexicon_files([config]), read_rules(config / "rules.yaml").concepts))
    random.Random(2).shuffle(known)  # noqa: S311
    chosen = known[:count]
    letters = random.Random(3)  # noqa: S311
    while len(chosen) < count:
        word = "".join(letters.choice("abcdefghiklmnoprstuvwz") for _ in range(letters.randint(6, 12)))
        chosen.append(Term("product", word, "mul", Strength.STRONG))
    return chosen


def _texts(wanted: Callable[[str], bool], count: int) -> list[str]:
    texts: list[str] = []
    for file in sorted(CORPUS.glob("*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            texts += [row["text"] for row in map(json.loads, lines) if wanted(row["label"])]
    random.Random(1).shuffle(texts)  # noqa: S311
    return texts[:count]
