"""Keywords as files that people keep and exchange: CSV for spreadsheets, YAML for version control.

Lives here: writing them, reading them with the place of every fault. Does not live here: what may be entered.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML

from safetybot.communities.csv_text import cell, csv_line
from safetybot.communities.keyword import Keyword, KeywordState, Override
from safetybot.documents import Document, InvalidDocument, Problem, read_yaml, validate, yaml_in
from safetybot.model import Concern, Strength

FIELDS = ("term", "state", "does", "to", "strength")


class KeywordEntry(BaseModel):
    """One keyword of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    term: Annotated[str, Field(min_length=1, max_length=80)]
    state: KeywordState = KeywordState.DRAFT
    does: Annotated[
        Literal["concept", "concern", "allow", "off", "weak"],
        Field(
            description="Watch for a concept or a concern; allow a phrase; switch a lexicon term off, or make it weak."
        ),
    ]
    to: Annotated[str, Field(description="Which concept or concern.")] = ""
    strength: Strength = Strength.STRONG

    def keyword(self) -> Keyword:
        """The keyword. Raises `ValueError` where `to` names no concern, or nothing where something is needed."""
        if self.does == "concern":
            try:
                concern = Concern[self.to.upper()]
            except KeyError:
                raise ValueError(f"{self.to!r} is no concern: give mention, supply, diy or adverse") from None
            return Keyword(self.term, self.state, concern=concern)
        if self.does == "concept":
            if not self.to:
                raise ValueError("`to` must name a concept")
            return Keyword(self.term, self.state, concept=self.to, strength=self.strength)
        if self.does == "allow":
            return Keyword(self.term, self.state, allowed=True)
        return Keyword(self.term, self.state, override=Override(self.does))


class KeywordsFile(BaseModel):
    """`keywords.yaml`: keywords of one community."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keywords: list[KeywordEntry]


def as_fields(keyword: Keyword) -> dict[str, str]:
    """A keyword as plain data, in the order of `FIELDS`."""
    if keyword.override is not None:
        does, to = keyword.override.value, ""
    elif keyword.allowed:
        does, to = "allow", ""
    elif keyword.concern is not None:
        does, to = "concern", keyword.concern.label
    else:
        does, to = "concept", keyword.concept or ""
    return {
        "term": keyword.term, "state": keyword.state.value, "does": does, "to": to, "strength": keyword.strength.value,
    }  # fmt: skip


def written(keywords: Iterable[Keyword], form: Literal["csv", "yaml"]) -> str:
    """`keywords` as a file's text."""
    rows = [as_fields(keyword) for keyword in keywords]
    if form == "csv":
        return "".join([csv_line(FIELDS), *(csv_line(map(cell, row.values())) for row in rows)])
    out = io.StringIO()
    yaml = YAML()
    yaml.allow_unicode = True
    yaml.dump({"keywords": rows}, out)
    return out.getvalue()


def read_file(path: Path) -> list[Keyword]:
    """The keywords of a CSV or YAML file, told apart by its name.

    Raises:
        InvalidDocument: The file cannot be read or holds something else; every fault with its line.
    """
    if path.suffix.lower() != ".csv":
        return _keywords_of(read_yaml(path))
    try:
        return read_data(str(path), path.read_bytes())
    except OSError as error:
        raise InvalidDocument((Problem(str(path), 1, 1, f"cannot be read: {error}", _GIVE_CSV),)) from error


def read_data(name: str, data: bytes) -> list[Keyword]:
    """The keywords of a file that was handed in as bytes, told apart by its name. Raises as `read_file`."""
    return _read_csv(name, data) if name.lower().endswith(".csv") else _keywords_of(yaml_in(name, data))


def _keywords_of(document: Document) -> list[Keyword]:
    found: list[Keyword] = []
    problems: list[Problem] = []
    for number, entry in enumerate(validate(document, KeywordsFile).keywords):
        try:
            found.append(entry.keyword())
        except ValueError as error:
            problems.append(Problem(document.file, *document.where(("keywords", number)), str(error), _HINT))
    if problems:
        raise InvalidDocument(tuple(problems))
    return found


def _read_csv(name: str, data: bytes) -> list[Keyword]:
    try:
        # Line ends stay as they are: a quoted cell may hold one.
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), restkey="more")
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidDocument((Problem(name, 1, 1, f"cannot be read: {error}", _GIVE_CSV),)) from error
    found: list[Keyword] = []
    problems: list[Problem] = []
    for line, row in rows:
        given = {key: _uncell(value) for key, value in row.items() if isinstance(value, str) and value}
        if row.get("more"):
            given["more"] = "; ".join(row["more"])
        try:
            found.append(KeywordEntry.model_validate(given).keyword())
        except ValidationError as error:
            for fault in error.errors():
                column = ".".join(map(str, fault["loc"]))
                problems.append(Problem(name, line, 1, f"{column}: {fault['msg']}", _HINT))
        except ValueError as error:
            problems.append(Problem(name, line, 1, str(error), _HINT))
    if problems:
        raise InvalidDocument(tuple(problems))
    return found


def _uncell(text: str) -> str:
    """A cell's value; the apostrophe that keeps spreadsheets from computing it is not part of it."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


_GIVE_CSV = "give a CSV file in UTF-8"
_HINT = f"the columns are {', '.join(FIELDS)}; `safetybot keywords export` writes one to go by"
