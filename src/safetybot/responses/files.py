"""The shapes of the files in `responses/`, and reading folders of them. No judgement of the texts (`review.py`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from safetybot.documents import Document, InvalidDocument, Problem, read_front_matter, read_yaml, validate

KEYS = ("mention", "supply", "diy", "adverse-emergency", "adverse-today", "adverse-days", "first-aid")
"""What each language must have, by file name."""

_Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_SourceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_FactId = Annotated[str, Field(pattern=r"^[A-Z]+(-[A-Z]+)?-[0-9]+$")]
_Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")]
_Number = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
_Button = Annotated[str, Field(min_length=1, max_length=40)]
_Sentence = Annotated[str, Field(min_length=1, max_length=200)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceEntry(_File):
    """A page that facts rest on."""

    title: Annotated[str, Field(min_length=3, max_length=120)]
    publisher: Annotated[str, Field(min_length=3, max_length=80)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s<>()]+$")]
    seen_on: _Date


class SourcesFile(_File):
    """`sources.yaml`: every page, by id."""

    sources: dict[_SourceId, SourceEntry]


class FactEntry(_File):
    """One fact: how sure, in our words, resting on what."""

    status: Literal["S", "R", "E"] = Field(
        description="S: the source itself was read. R: read in a report of it. E: our own advice."
    )
    claim: Annotated[str, Field(min_length=10)]
    sources: list[_SourceId] = []

    @model_validator(mode="after")
    def _has_a_source(self) -> FactEntry:
        if self.status != "E" and not self.sources:
            raise ValueError("a fact with the status S or R names at least one source")
        return self


class FactsFile(_File):
    """`facts.yaml`: every fact that a response may rest on."""

    facts: dict[_FactId, FactEntry]


class RegionsFile(_File):
    """`regions.yaml`: emergency numbers by ISO 3166 code, the one to call first in front."""

    regions: dict[
        Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Annotated[list[_Number], Field(min_length=1, max_length=3)]
    ]


class UiFile(_File):
    """`<language>/ui.yaml`: buttons, small sentences, and the emergency line for everywhere."""

    risks: _Button
    first_aid: _Button
    sources: _Button
    not_for_me: _Button
    wrong: _Button
    stop: _Button
    erase: _Button
    why: _Sentence = Field(description="Heads what `not_for_me` opens.")
    noted: _Sentence = Field(description="After `wrong`.")
    stopped: _Sentence = Field(description="After `stop`.")
    erased: _Sentence = Field(description="After `erase`.")
    sources_title: Annotated[str, Field(min_length=1, max_length=80)]
    privacy: Annotated[str, Field(min_length=1, max_length=600)] = Field(description="What is kept, and for whom.")
    about: Annotated[str, Field(min_length=1, max_length=400)] = Field(description="What the bot does, for `help`.")
    kept: _Button = Field(description="Heads the count and the dates of what is kept about somebody.")
    nothing_kept: _Sentence
    opted_out: _Sentence = Field(description="Told where somebody has stopped the replies.")
    hand_out: _Button = Field(description="Gives a file with all that is kept about somebody.")
    handed_out: _Sentence = Field(description="With that file.")
    erase_sure: _Sentence = Field(description="Asked before `erase_yes`.")
    erase_yes: _Button
    resume: _Button = Field(description="Takes `stop` back.")
    resumed: _Sentence = Field(description="After `resume`.")
    elsewhere: _Sentence = Field(description="Where somebody asks about privacy outside of any group.")
    menu: _Button = Field(description="The way back to all there is.")
    any_of_these: _Sentence = Field(description="Asked below a list of signs, step by step.")
    yes_or_unsure: _Button = Field(description="Answers `any_of_these`: one of them is there, or it may be.")
    none_of_these: _Button = Field(description="Answers `any_of_these`.")
    stop_where: _Sentence = Field(description="Where somebody sends `/stop` outside of any group.")
    reported: _Sentence = Field(description="After a message was reported to the moderators.")
    report_known: _Sentence = Field(description="Somebody reported the same message before.")
    report_wait: _Sentence = Field(description="Somebody reports more than moderators can look at.")
    report_unavailable: _Sentence = Field(description="The moderators cannot be told.")
    report_nothing: _Sentence = Field(description="What was to be reported is no member's message.")
    either: Annotated[str, Field(min_length=1, max_length=10)] = Field(
        description="Stands between two numbers, with its spaces."
    )
    everywhere: Annotated[str, Field(min_length=3, max_length=140)] = Field(
        description="The emergency line where neither community nor region is known."
    )


class FrontMatter(_File):
    """The head of a response: what it is for, what it rests on, who last read it."""

    concern: Literal["mention", "supply", "diy", "adverse"] | None = None
    level: Literal["emergency", "today", "days"] | None = None
    card: Literal["first-aid"] | None = None
    language: _Language
    facts: Annotated[list[_FactId], Field(min_length=1)]
    reviewed_on: _Date
    reviewed_by: Annotated[str, Field(min_length=3)] = Field(description="A role and its limits, never a person.")
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

    document: Document = field(repr=False)
    head: FrontMatter
    sections: Mapping[str, str]
    """`Public` and `Card` to their texts, each paragraph and list item on one line."""
    lines: Mapping[str, int]
    """The line of each section's heading."""

    @property
    def key(self) -> str:
        """What it is for: `diy`, `adverse-today`, `first-aid`."""
        if self.head.card:
            return self.head.card
        return f"{self.head.concern}-{self.head.level}" if self.head.level else str(self.head.concern)

    @property
    def folder(self) -> Path:
        """The packaged folder or an operator's: translations are held to the English text of their own."""
        return Path(self.document.file).parents[1]

    def problem(self, section: str, reason: str, hint: str = "", *, at: str = "", warning: bool = False) -> Problem:
        """A problem with a section or with a key of the head.

        Args:
            section: `Public`, `Card`, or a key of the head.
            reason: What is wrong.
            hint: What to do.
            at: The words that are at fault; the problem is placed where they stand.
            warning: Whether the responses may ship nevertheless.
        """
        severity: Literal["error", "warning"] = "warning" if warning else "error"
        if section not in self.lines:
            return self.document.problem((section,), reason, hint, severity)
        line, column = self._place(section, at)
        return Problem(self.document.file, line, column, reason, hint, severity)

    def _place(self, section: str, at: str) -> tuple[int, int]:
        heading = self.lines[section]
        following = (line for line in self.lines.values() if line > heading)
        body = self.document.body.split("\n")
        first = self.document.body_line
        for number in range(heading + 1, min(following, default=first + len(body))):
            column = body[number - first].find(at) if at else -1
            if column >= 0:
                return number, column + 1
        return heading, 1


@dataclass(frozen=True, slots=True)
class Files:
    """Everything in the folders, read and of the right shape."""

    sources: Mapping[str, SourceEntry]
    facts: Mapping[str, FactEntry]
    regions: RegionsFile
    texts: Mapping[tuple[str, str], Text]
    """(language, key) to the text."""
    ui: Mapping[str, UiFile]
    documents: Mapping[str, Document] = field(repr=False)
    """`facts.yaml`, `sources.yaml` and each `<language>/ui.yaml`, for naming places in them."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that has a text or buttons, sorted."""
        return tuple(sorted({language for language, _ in self.texts} | set(self.ui)))

    def sources_of(self, text: Text) -> Iterator[str]:
        """The ids of the pages that a text rests on, in the order of its facts; facts that are unknown give none."""
        named = (self.facts[fact].sources for fact in text.head.facts if fact in self.facts)
        yield from dict.fromkeys(source for sources in named for source in sources)


_SHARED: dict[str, type[BaseModel]] = {
    "sources.yaml": SourcesFile,
    "facts.yaml": FactsFile,
    "regions.yaml": RegionsFile,
}
_SECTION = re.compile(r"^## (.+?)\s*$")
ShapeT = TypeVar("ShapeT", bound=BaseModel)


def read_files(folders: Sequence[Path]) -> Files:
    """Read `folders`, the packaged one first; a later folder's file replaces the same-named one before.

    Raises:
        InvalidDocument: Files are missing, unreadable or of the wrong shape; all problems at once.
    """
    found, problems = _listed(folders)
    documents: dict[str, Document] = {}
    shared: dict[str, BaseModel] = {}
    texts: dict[tuple[str, str], Text] = {}
    ui: dict[str, UiFile] = {}
    for name, path in found.items():
        try:
            if name in _SHARED:
                documents[name] = read_yaml(path)
                shared[name] = validate(documents[name], _SHARED[name])
            elif name.endswith("/ui.yaml"):
                documents[name] = read_yaml(path)
                ui[name.partition("/")[0]] = validate(documents[name], UiFile)
            else:
                text = _read_text(path, *name.removesuffix(".md").split("/"))
                texts[text.head.language, text.key] = text
        except InvalidDocument as error:
            problems += error.problems
    if problems:
        raise InvalidDocument(problems)
    return Files(
        _as(SourcesFile, shared["sources.yaml"]).sources,
        _as(FactsFile, shared["facts.yaml"]).facts,
        _as(RegionsFile, shared["regions.yaml"]),
        texts,
        ui,
        documents,
    )


def _as(shape: type[ShapeT], read: BaseModel) -> ShapeT:
    if not isinstance(read, shape):  # _SHARED gives each name its shape
        raise TypeError(f"{shape.__name__} was read as {type(read).__name__}")
    return read


def _listed(folders: Sequence[Path]) -> tuple[dict[str, Path], list[Problem]]:
    """Relative name to file, and what is missing or out of place."""
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(Problem(str(folder), 1, 1, "there is no such folder", "correct --responses-dir"))
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*/*.yaml"), *folder.glob("*/*.md")]):
            name = path.relative_to(folder).as_posix()
            directory, _, file = name.rpartition("/")
            known = file == "ui.yaml" or file.removesuffix(".md") in KEYS if directory else file in _SHARED
            if known:
                found[name] = path
                continue
            expected = ", ".join(["ui.yaml", *(f"{key}.md" for key in KEYS)] if directory else _SHARED)
            problems.append(Problem(str(path), 1, 1, "nothing reads a file of this name here", f"known: {expected}"))
    for name in sorted(_SHARED.keys() - found.keys()):
        where = str(folders[0] / name) if folders else name
        problems.append(Problem(where, 1, 1, "the file is missing", "restore it from the package"))
    return found, problems


def _read_text(path: Path, folder: str, name: str) -> Text:
    document = read_front_matter(path)
    head = validate(document, FrontMatter)
    problems: list[Problem] = []
    if head.language != folder:
        hint = f"it lies in the folder of {folder!r}"
        problems.append(document.problem(("language",), f"the language is {head.language!r}", hint))
    sections, lines = _sections(document, problems)
    wanted = ("Card",) if head.card else ("Public", "Card")
    problems += [
        Problem(document.file, document.body_line, 1, f"the section `## {missing}` is missing", "add it")
        for missing in wanted
        if missing not in sections
    ]
    for unknown in sections:
        if unknown not in wanted:
            hint = f"sections here: {' and '.join(wanted)}"
            problems.append(Problem(document.file, lines[unknown], 1, f"unknown section `## {unknown}`", hint))
    text = Text(document, head, sections, lines)
    if text.key != name:
        where = ("card",) if head.card else ("concern",)
        problems.append(document.problem(where, f"the head says {text.key!r}, the file is {name!r}", "make them agree"))
    if problems:
        raise InvalidDocument(problems)
    return text


def _sections(document: Document, problems: list[Problem]) -> tuple[dict[str, str], dict[str, int]]:
    raw: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    current = ""
    for number, line in enumerate(document.body.split("\n"), document.body_line):
        if heading := _SECTION.match(line):
            current = heading[1]
            if current in lines:
                reason = f"the section `## {current}` stands twice"
                problems.append(Problem(document.file, number, 1, reason, "keep one"))
            lines.setdefault(current, number)
            raw.setdefault(current, [])
        elif current:
            raw[current].append(line)
        elif line.strip():
            hint = "begin with `## Public` or `## Card`"
            problems.append(Problem(document.file, number, 1, "text before the first section", hint))
    return {key: _unwrapped(part) for key, part in raw.items()}, lines


# Scripts that put no space between words; a line end in them stands for nothing.
_UNSPACED = re.compile(r"[　-〿぀-ヿ一-鿿＀-￯]")


def _unwrapped(lines: Sequence[str]) -> str:
    """Paragraphs and list items on one line each, since chats show every line end."""
    out: list[str] = []
    for line in map(str.strip, "\n".join(lines).strip().split("\n")):
        if not line or line.startswith(("- ", "**", "#")) or not out or not out[-1]:
            out.append(line)
        elif _UNSPACED.match(line) and _UNSPACED.match(out[-1][-1]):
            out[-1] += line
        else:
            out[-1] += " " + line
    return "\n".join(out)
