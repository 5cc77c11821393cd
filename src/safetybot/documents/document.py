"""A file as plain data that still knows where everything stands, and what can be wrong with it. No reading here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Key = str | int
Where = tuple[Key, ...]
"""A place in a file's data: keys of mappings and indexes of lists, from the top down."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file. Lines and columns count from 1.

    Line 0 means that there is none: the problem is with the file as a whole, a folder or an environment variable.
    """

    file: str
    line: int
    column: int
    reason: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        """As it is shown: `file:line:column: reason. Hint: what to do`."""
        hint = f" Hint: {self.hint}." if self.hint else ""
        mark = "warning: " if self.severity == "warning" else ""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {mark}{self.reason}.{hint}"


class InvalidDocument(Exception):
    """One or several files are wrong; carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems in the order in which they were found."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: tuple[Problem, ...] = tuple(problems)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds. Its data is hidden from `repr`, since a settings file may hold secrets."""

    file: str
    data: Any = field(repr=False)
    places: Mapping[Where, tuple[int, int]] = field(repr=False)
    body: str = field(default="", repr=False)
    """The text after the front matter."""
    body_line: int = 1
    """The line, counting from 1, on which `body` begins."""

    def where(self, path: Where) -> tuple[int, int]:
        """Line and column (from 1) of the key or item at `path`, or of the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def problem(self, path: Where, reason: str, hint: str = "", severity: Severity = "error") -> Problem:
        """A problem with what stands at `path`."""
        line, column = self.where(path)
        return Problem(self.file, line, column, reason, hint, severity)
