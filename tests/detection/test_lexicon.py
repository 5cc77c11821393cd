"""Broken lexicons and rules are refused with file, line, reason and hint; what ships is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from safetybot.config import packaged_dir
from safetybot.detection.assembly import lexicon_files, load_detector
from safetybot.detection.lexicon import read_lexicon
from safetybot.detection.rules import read_rules
from safetybot.documents import InvalidDocument
from safetybot.model import Strength

CONCEPTS = {"procedure", "self", "area"}


def lexicon(text: str, folder: Path, name: str = "en.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("language: en\nconcepts:\n  procedur:\n    strong: [meso]\n", 3, "unknown concept 'procedur'"),
        ("language: en\nconcepts:\n  procedure:\n    strong: [meso, MESO]\n", 4, "in the list already"),
        (
            "language: en\nconcepts:\n  procedure:\n    strong: [meso]\n    weak:\n      - mésö\n",
            6,
            "in the list already",
        ),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - me*so\n", 5, "`*` inside the term"),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - 'm*'\n", 5, "too short"),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - x\n", 5, "single letter"),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - '*'\n", 5, "no letter or sign"),
        ("language: english\nconcepts: {}\n", 1, "language"),
        ("concepts: {}\n", 1, "`language` is missing"),
        ("language: en\nconcepts:\n  procedure:\n    stron: [meso]\n", 4, "unknown key `stron`"),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - {trm: meso}\n", 5, "trm"),
        ("language: en\nconcepts:\n  procedure:\n    strong: meso\n", 4, "must be a list"),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - 38.5\n", 5, ""),
        ("language: en\nconcepts:\n  procedure:\n    strong:\n      - {term: meso, case: perhaps}\n", 5, "case"),
        ("language: en\nconcepts:\n\tprocedure: {}\n", 3, ""),
    ],
)
def test_a_broken_lexicon_is_refused_at_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_lexicon([lexicon(text, tmp_path)], CONCEPTS)
    assert any(p.line == line and reason in p.reason and p.file.endswith("en.yaml") for p in caught.value.problems), [
        str(problem) for problem in caught.value.problems
    ]


def test_two_files_of_one_language_are_refused(tmp_path: Path) -> None:
    text = "language: en\nconcepts: {}\n"
    with pytest.raises(InvalidDocument, match="has a file already"):
        read_lexicon([lexicon(text, tmp_path, "a.yaml"), lexicon(text, tmp_path, "b.yaml")], CONCEPTS)


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    files = [
        lexicon("language: en\nconcepts:\n  wrong: {}\n", tmp_path, "a.yaml"),
        lexicon("language: de\nconcepts:\n  wrong: {}\n", tmp_path, "b.yaml"),
    ]
    with pytest.raises(InvalidDocument) as caught:
        read_lexicon(files, CONCEPTS)
    assert len(caught.value.problems) == 2


def test_a_term_keeps_what_was_said_about_it(tmp_path: Path) -> None:
    entry = "{term: LB, case: true, unless: [LB scale], fuzzy: false}"
    text = f"language: en\nconcepts:\n  area:\n    weak:\n      - {entry}\n"
    (term,) = read_lexicon([lexicon(text, tmp_path)], CONCEPTS)
    assert (term.text, term.case, term.unless, term.fuzzy, term.strength) == (
        "LB",
        True,
        ("LB scale",),
        False,
        Strength.WEAK,
    )


GOOD = "concepts: {self: doing it oneself, area: a body part}\nrules:\n"
RULE = "  - {id: a, concern: diy, says: A sentence long enough., all: [self]}\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (GOOD + RULE + RULE, 4, "stands twice"),
        (GOOD + RULE.replace("[self]", "[selv]"), 3, "unknown concept `selv`"),
        (GOOD + RULE.replace("}", ", unless: [nobody]}"), 3, "unknown concept `nobody`"),
        (GOOD + RULE.replace("}", ", unless_near: {nobody: 3}}"), 3, "unknown concept `nobody`"),
        (GOOD + RULE.replace("[self]", "['Self?']"), 3, ""),
        (GOOD + RULE.replace("[self]", "[]"), 3, ""),
        (GOOD + RULE.replace("concern: diy", "concern: bad"), 3, "none of the words"),
        (GOOD + RULE.replace("A sentence long enough.", "short"), 3, "too short"),
        (GOOD + RULE.replace("}", ", near: 0}"), 3, "too small"),
        (GOOD + RULE.replace("}", ", naer: 3}"), 3, "unknown key `naer`"),
        (GOOD + RULE.replace("id: a", "id: A B"), 3, ""),
        ("concepts: {}\nrules: []\n", 1, ""),
    ],
)
def test_broken_rules_are_refused_at_their_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(InvalidDocument) as caught:
        read_rules(file)
    assert any(p.line == line and reason in p.reason for p in caught.value.problems), [
        str(problem) for problem in caught.value.problems
    ]


def test_what_ships_holds_english_and_fourteen_languages() -> None:
    names = {file.stem for file in lexicon_files([packaged_dir("config")])}
    assert {"mul", "en", "es", "fr", "pt", "it", "de", "nl", "pl", "ru", "uk", "tr", "ar", "ko", "ja", "zh"} <= names


def test_an_operators_file_replaces_ours_of_the_same_name(tmp_path: Path) -> None:
    own = tmp_path / "lexicon"
    own.mkdir()
    lexicon("language: nl\nconcepts:\n  procedure:\n    strong: [heel eigen woord]\n", own, "nl.yaml")
    detector = load_detector([packaged_dir("config"), tmp_path], with_model=False)
    assert [term.text for term in detector.terms if term.language == "nl"] == ["heel eigen woord"]
    assert detector.assess_text("een heel eigen woord").label == "mention"
