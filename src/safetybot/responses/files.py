"""The shapes of the files in `responses/`, and reading a folder of them. No judgement of the texts (`review.py`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from safetybot.documents import Document, InvalidDocument, Problem, read_front_matter, read_yaml, validate

_Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_SourceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_FactId = Annotated[str, Field(pattern=r"^[A-Z]+(-[A-Z]+)?-[0-9]+$")]
_Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceEntry(_File):
    """A page that facts rest on."""

    title: Annotated[str, Field(min_length=3)]
    publisher: Annotated[str, Field(min_length=3)]
    url: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$", description="Empty where the page itself was not seen.")]
    seen_on: _Date


class SourcesFile(_File):
    """`sources.yaml`: every page, by id."""

    sources: dict[_SourceId, SourceEntry]


class FactEntry(_File):
    """One fact: how sure, in our words, resting on what."""

    status: Literal["S", "R"]
    claim: Annotated[str, Field(min_length=10)]
    sources: Annotated[list[_SourceId], Field(min_length=1)]


class FactsFile(_File):
    """`facts.yaml`: every fact that a response may rest on."""

    facts: dict[_FactId, FactEntry]


class RegionsFile(_File):
    """`regions.yaml`: the emergency line for everywhere, and numbers by region."""

    everywhere: Annotated[str, Field(min_length=3, max_length=140)]
    regions: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Annotated[str, Field(min_length=2, max_length=40)]]


class UiFile(_File):
    """`<language>/ui.yaml`: buttons and small sentences."""

    risks: Annotated[str, Field(min_length=1, max_length=40)]
    first_aid: Annotated[str, Field(min_length=1, max_length=40)]
    sources: Annotated[str, Field(min_length=1, max_length=40)]
    not_for_me: Annotated[str, Field(min_length=1, max_length=40)]
    wrong: Annotated[str, Field(min_length=1, max_length=60)]
    stop: Annotated[str, Field(min_length=1, max_length=60)]
    erase: Annotated[str, Field(min_length=1, max_length=60)]
    stopped: Annotated[str, Field(min_length=1, max_length=200)]
    erased: Annotated[str, Field(min_length=1, max_length=200)]
    sources_title: Annotated[str, Field(min_length=1, max_length=80)]


class FrontMatter(_File):
    """The head of a response: what it is for, what it rests on, who last read it."""

    concern: Literal["mention", "supply", "diy", "adverse"] | None = None
    level: Literal["emergency", "today", "days"] | None = None
    card: Literal["first-aid"] | None = None
    language: _Language
    facts: Annotated[list[_FactId], Field(min_length=1)]
    reviewed_on: _Date
    reviewed_by: Annotated[str, Field(min_length=3)]
    native_review: bool = Field(description="Whether somebody who grew up with the language has read it.")

    @model_validator(mode="after")
    def _one_purpose(self) -> FrontMatter:
        if (self.concern is None) == (self.card is None):
            raise ValueError("a response has either a `concern` or a `card`")
        if (self.concern == "adverse") != (self.level is not None):
            raise ValueError("`adverse` needs a `level` (emergency, today or days), the other concerns have none")
        return self


@dataclass(frozen=True, slots=True)
class Text:
    """One response file: its head, its sections, and where they stand."""

    document: Document
    head: FrontMatter
    sections: Mapping[str, str]
    """`Public` and `Card` to their texts."""
    lines: Mapping[str, int]
    """The line of each section's heading."""

    @property
    def key(self) -> str:
        """What it is for: `diy`, `adverse-today`, `first-aid`."""
        if self.head.card:
            return self.head.card
        return f"{self.head.concern}-{self.head.level}" if self.head.level else str(self.head.concern)

    def problem(self, section: str, reason: str, hint: str = "", *, warning: bool = False) -> Problem:
        """A problem with a section, or with the head where `section` is one of its keys."""
        severity: Literal["error", "warning"] = "warning" if warning else "error"
        if section in self.lines:
            return Problem(self.document.file, self.lines[section], 1, reason, hint, severity)
        return self.document.problem((section,), reason, hint, severity)


@dataclass(frozen=True, slots=True)
class Files:
    """Everything in the folders, read and of the right shape."""

    sources: Mapping[str, SourceEntry]
    facts: Mapping[str, FactEntry]
    regions: RegionsFile
    texts: Mapping[tuple[str, str], Text]
    """(language, key) to the text."""
    ui: Mapping[str, UiFile]
    facts_document: Document = field(repr=False)
    paths: tuple[Path, ...] = ()


KEYS = ("mention", "supply", "diy", "adverse-emergency", "adverse-today", "adverse-days", "first-aid")
"""What each language must have."""
_SECTION = re.compile(r"^## (.+?)\s*$")


def read_files(folders: Sequence[Path]) -> Files:
    """Read `folders`, the packaged one first; a later folder's file replaces the same-named one before.

    Raises:
        InvalidDocument: Files are missing, unreadable or of the wrong shape; all problems at once.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*/*.yaml"), *folder.glob("*/*.md")]):
            found[path.relative_to(folder).as_posix()] = path
    problems: list[Problem] = []
    texts: dict[tuple[str, str], Text] = {}
    ui: dict[str, UiFile] = {}
    shared: dict[str, tuple[Document, BaseModel]] = {}
    shapes: dict[str, type[BaseModel]] = {
        "sources.yaml": SourcesFile, "facts.yaml": FactsFile, "regions.yaml": RegionsFile,
    }  # fmt: skip
    for name, path in found.items():
        try:
            if name in shapes:
                document = read_yaml(path)
                shared[name] = (document, validate(document, shapes[name]))
            elif name.endswith("/ui.yaml"):
                ui[name.split("/")[0]] = validate(read_yaml(path), UiFile)
            elif name.endswith(".md"):
                text = _read_text(path, name)
                texts[text.head.language, text.key] = text
        except InvalidDocument as error:
            problems += error.problems
    for name in shapes:
        if name not in shared and not any(problem.file.endswith(name) for problem in problems):
            problems.append(Problem(str(folders[0] / name), 1, 1, "the file is missing", "restore it from the package"))
    if problems:
        raise InvalidDocument(problems)
    sources, facts, regions = shared["sources.yaml"][1], shared["facts.yaml"][1], shared["regions.yaml"][1]
    assert isinstance(sources, SourcesFile)  # noqa: S101  # shapes above
    assert isinstance(facts, FactsFile)  # noqa: S101
    assert isinstance(regions, RegionsFile)  # noqa: S101
    return Files(sources.sources, facts.facts, regions, texts, ui, shared["facts.yaml"][0], tuple(found.values()))


def _read_text(path: Path, name: str) -> Text:
    document = read_front_matter(path)
    head = validate(document, FrontMatter)
    folder = name.split("/")[0]
    if head.language != folder:
        hint = f"it lies in the folder of {folder!r}"
        raise InvalidDocument([document.problem(("language",), f"the language is {head.language!r}", hint)])
    sections: dict[str, str] = {}
    lines: dict[str, int] = {}
    current = ""
    for number, line in enumerate(document.body.split("\n"), document.body_line):
        if heading := _SECTION.match(line):
            current = heading[1]
            if current in lines:
                raise InvalidDocument(
                    [Problem(document.file, number, 1, f"the section `{current}` stands twice", "keep one")]
                )
            lines[current] = number
            sections[current] = ""
        elif current:
            sections[current] += line + "\n"
        elif line.strip():
            reason = "text before the first section"
            raise InvalidDocument([Problem(document.file, number, 1, reason, "begin with `## Public` or `## Card`")])
    wanted = {"Card"} if head.card else {"Public", "Card"}
    for missing in sorted(wanted - set(sections)):
        raise InvalidDocument([document.problem((), f"the section `## {missing}` is missing", "add it")])
    for unknown in sorted(set(sections) - wanted):
        known = " and ".join(sorted(wanted))
        reason = f"unknown section `## {unknown}`"
        raise InvalidDocument([Problem(document.file, lines[unknown], 1, reason, f"sections are {known}")])
    return Text(document, head, {key: _unwrapped(value) for key, value in sections.items()}, lines)


def _unwrapped(text: str) -> str:
    """Paragraphs and list items on one line each, since chats show every line end."""
    out: list[str] = []
    for line in text.strip().split("\n"):
        starts_anew = not line.strip() or line.startswith(("- ", "**", "#")) or not out or not out[-1].strip()
        if starts_anew:
            out.append(line.strip())
        else:
            out[-1] += " " + line.strip()
    return "\n".join(out)
