"""Reads rules, lexicon and model from folders and puts a detector together. The only file access of this room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetybot.detection.classifier import Classifier
from safetybot.detection.detector import Detector
from safetybot.detection.lexicon import read_lexicon
from safetybot.detection.rules import read_rules
from safetybot.detection.terms import Term, Terms

MODEL_FILE = "model.bin"


def load_detector(folders: Sequence[Path], *, with_model: bool = True, extra: Sequence[Term] = ()) -> Detector:
    """The detector that `folders` describe.

    Args:
        folders: Config folders, the packaged one first; a later folder's file replaces the same-named one before.
        with_model: Whether the classifier takes part; without it the rules alone decide.
        extra: Terms of a community, beside the lexicon's.

    Raises:
        InvalidDocument: A rules or lexicon file is wrong; carries every problem of that kind.
        ValueError: The model file is damaged.
    """
    rules = read_rules(newest(folders, "rules.yaml"))
    terms = read_lexicon(lexicon_files(folders), rules.concepts)
    model = newest(folders, MODEL_FILE)
    classifier = Classifier.load(model) if with_model and model.exists() else None
    return Detector(Terms([*terms, *extra]) if extra else terms, rules, classifier)


def lexicon_files(folders: Sequence[Path]) -> list[Path]:
    """The lexicon files in force, by name; a later folder's file replaces the same-named one before."""
    named: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / "lexicon").glob("*.yaml")):
            named[path.name] = path
    return [named[name] for name in sorted(named)]


def newest(folders: Sequence[Path], name: str) -> Path:
    """The file of that name in force: the last folder's that has one, else the first folder's, there or not."""
    return next((folder / name for folder in reversed(folders) if (folder / name).exists()), folders[0] / name)
