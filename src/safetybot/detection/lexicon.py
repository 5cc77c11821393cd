"""The lexicon's files: terms by concept, one file a language, as `config/lexicon/<lang>.yaml` writes them.

Lives here: the shape of a file, reading a folder of them, and what is wrong with them, with line and hint. Does not
live here: finding terms in text (`matcher.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from safetybot.detection.terms import Term, Terms
from safetybot.detection.text import fold_term
from safetybot.documents import Document, InvalidDocument, Problem, read_yaml, validate
from safetybot.model import Strength

_TermText = Annotated[str, Field(min_length=1, max_length=80)]


class TermEntry(BaseModel):
    """One term that needs more said about it than its text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    term: _TermText = Field(description="The term; `*` at the start or the end stands for any letters.")
    unless: list[_TermText] = Field(default=[], description="Look-alike phrases that make a hit not count.")
    case: bool = Field(default=False, description="Whether case matters (LB, HA).")
    fuzzy: bool | None = Field(
        default=None, description="Whether one edit is forgiven in terms of 8 letters or more; unset: in strong ones."
    )


class ConceptTerms(BaseModel):
    """The terms of one concept: strong ones settle the topic alone, weak ones need company."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strong: list[_TermText | TermEntry] = []
    weak: list[_TermText | TermEntry] = []


class LexiconFile(BaseModel):
    """`config/lexicon/<lang>.yaml`: what people call things in one language (`mul`: in all)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$", description="BCP 47 primary tag, or `mul`.")]
    concepts: dict[str, ConceptTerms]


def read_lexicon(files: Iterable[Path], concepts: Collection[str]) -> Terms:
    """All terms of `files`, in file order.

    Args:
        files: Lexicon files, each of another language.
        concepts: The concepts that the rules know; any other name is a problem.

    Raises:
        InvalidDocument: A file cannot be read, breaks the shape above, names an unknown concept, repeats a term,
            or holds a term that could match nothing or nearly everything. All problems of all files at once.
    """
    problems: list[Problem] = []
    terms = Terms(_read(files, concepts, problems))
    if problems:
        raise InvalidDocument(tuple(problems))
    return terms


def _read(files: Iterable[Path], concepts: Collection[str], problems: list[Problem]) -> Iterator[Term]:
    """The terms file by file, so that one file at a time is held in full; adds what is wrong to `problems`."""
    languages: dict[str, Path] = {}
    for path in files:
        try:
            document = read_yaml(path)
            file = validate(document, LexiconFile)
        except InvalidDocument as error:
            problems += error.problems
            continue
        if file.language in languages:
            problems.append(
                _problem(
                    document,
                    ("language",),
                    f"the language {file.language!r} has a file already: {languages[file.language].name}",
                    "keep one file a language; an operator's file of the same name replaces ours",
                )
            )
        languages[file.language] = path
        problems += _problems_of(document, file, concepts)
        yield from _terms_of(file)


def _terms_of(file: LexiconFile) -> Iterable[Term]:
    for concept, lists in file.concepts.items():
        for strength, entries in ((Strength.STRONG, lists.strong), (Strength.WEAK, lists.weak)):
            for entry in entries:
                if isinstance(entry, str):
                    yield Term(concept, entry, file.language, strength)
                else:
                    yield Term(
                        concept, entry.term, file.language, strength, tuple(entry.unless), entry.case, entry.fuzzy
                    )


def _problems_of(document: Document, file: LexiconFile, concepts: Collection[str]) -> Iterable[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for concept, lists in file.concepts.items():
        if concept not in concepts:
            known = ", ".join(sorted(concepts))
            yield _problem(document, ("concepts", concept), f"unknown concept {concept!r}", f"known concepts: {known}")
            continue
        for strength, entries in _lists(lists).items():
            for number, entry in enumerate(entries):
                text = entry if isinstance(entry, str) else entry.term
                where = ("concepts", concept, strength, number)
                for reason, hint in flaws(text):
                    yield _problem(document, where, reason, hint)
                key = (concept, fold_term(text))
                if key in seen:
                    yield _problem(
                        document,
                        where,
                        f"the term {text!r} is in the list already, as {seen[key]!r} of {concept}",
                        "remove one; case, accents and hyphens make no difference",
                    )
                seen[key] = text


def _lists(lists: ConceptTerms) -> Mapping[str, list[str | TermEntry]]:
    return {"strong": lists.strong, "weak": lists.weak}


def flaws(text: str) -> Iterable[tuple[str, str]]:
    """What is wrong with a term by itself, as (reason, hint)."""
    core = text.strip("*")
    folded = fold_term(core)
    if not folded:
        yield f"the term {text!r} holds no letter or sign to look for", "write the word itself"
        return
    if "*" in core:
        yield f"`*` inside the term {text!r}", "`*` may stand at the start or at the end only"
    wide = "⺀" <= folded[0] <= "\U0003ffff"
    if text != core and len(folded) < (1 if wide else 3):
        yield f"the stem {text!r} is too short: it would match far too much", "give at least three letters"
    if len(folded) < 2 and folded.isalnum() and not wide:
        yield f"the term {text!r} is a single letter", "give a longer term"


def _problem(document: Document, where: tuple[str | int, ...], reason: str, hint: str) -> Problem:
    line, column = document.where(where)
    return Problem(document.file, line, column, reason, hint)
