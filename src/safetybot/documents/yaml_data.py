"""YAML as plain data with places, built from the parser's events without recursion: depth cannot harm the process.

Less than all of YAML on purpose: no anchors, aliases, tags or second documents, and a plain `no`, `on` or `2026-01-31`
is the text that it looks like to whoever writes it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from safetybot.documents.document import InvalidDocument, Problem, Where

MAX_DEPTH = 50
"""Files of people nest three or four levels deep."""


def parse_yaml(file: str, text: str) -> tuple[Any, Mapping[Where, tuple[int, int]]]:
    """The data in `text` and the place (line and column, from 1) of each key and item; None for an empty document.

    Raises:
        InvalidDocument: It is no YAML, or uses more of YAML than these files may.
    """
    if bad := _UNPRINTABLE.search(text):
        line, column = text.count("\n", 0, bad.start()) + 1, bad.start() - text.rfind("\n", 0, bad.start())
        reason = f"the invisible character U+{ord(bad[0]):04X}"
        raise InvalidDocument([Problem(file, line, column, reason, "remove it; the editor may show it as a space")])
    builder = _Builder(file)
    try:
        for event in _events(text):
            builder.take(event)
    except MarkedYAMLError as error:
        raise InvalidDocument([_syntax_problem(file, text, error)]) from None
    except YAMLError as error:
        raise InvalidDocument([Problem(file, 1, 1, f"not valid YAML: {error}", "see the line named")]) from None
    if builder.problems:
        raise InvalidDocument(builder.problems)
    return builder.data, builder.places


_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What YAML forbids, and the byte order mark, which nobody sees inside a text."""


def _events(text: str) -> Iterator[Event]:
    yield from YAML(typ="safe").parse(text)


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled."""

    into: dict[str, Any] | list[Any]
    path: Where
    key: str | None = None
    """The key that waits for its value."""
    as_key: bool = False
    """The whole mapping or list stands where a key should."""


class _Builder:
    """Builds plain data from events; collects what the files may not use."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.data: Any = None
        self.places: dict[Where, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._open: list[_Frame] = []
        self._documents = 0

    def take(self, event: Event) -> None:
        if isinstance(event, CollectionEndEvent):
            frame = self._open.pop()
            if frame.as_key:
                self._open[-1].key = ""
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise InvalidDocument([*self.problems, self._problem(event, "a second document", "remove the `---`")])
        elif isinstance(event, NodeEvent):
            self._check(event)
            self._node(event)

    def _check(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            self.problems.append(
                self._problem(event, f"an alias (`*{event.anchor}`)", "quote a text that begins with `*`")
            )
            return
        if event.anchor is not None:
            hint = "write the value out where it is needed; quote a text that begins with `&`"
            self.problems.append(self._problem(event, f"an anchor (`&{event.anchor}`)", hint))
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            hint = "remove it; quote a text that begins with `!`"
            self.problems.append(self._problem(event, f"a tag (`{_short(str(event.tag))}`)", hint))

    def _node(self, event: NodeEvent) -> None:
        frame = self._open[-1] if self._open else None
        if frame is not None and isinstance(frame.into, dict) and frame.key is None:
            self._key(frame, event)
            return
        value: Any = None
        if isinstance(event, ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, CollectionStartEvent):
            value = {} if isinstance(event, MappingStartEvent) else []
        path = self._put(frame, value, event)
        if isinstance(event, CollectionStartEvent):
            self._enter(_Frame(value, path), event)

    def _put(self, frame: _Frame | None, value: Any, event: NodeEvent) -> Where:
        """Put a value where it belongs; returns its path. A mapping's value keeps the place of its key."""
        if frame is None:
            self.data = value
            path: Where = ()
        elif isinstance(frame.into, list):
            path = (*frame.path, len(frame.into))
            frame.into.append(value)
        else:
            key = frame.key or ""
            path = (*frame.path, key)
            frame.into[key] = value
            frame.key = None
        self.places.setdefault(path, _place(event))
        return path

    def _key(self, frame: _Frame, event: NodeEvent) -> None:
        if isinstance(event, CollectionStartEvent):
            hint = "a key is plain text; put a text with braces or brackets in quotes"
            self.problems.append(self._problem(event, "a mapping or list in the place of a key", hint))
            self._enter(_Frame({} if isinstance(event, MappingStartEvent) else [], (), as_key=True), event)
            return
        frame.key = str(event.value) if isinstance(event, ScalarEvent) else ""
        path = (*frame.path, frame.key)
        if frame.key in frame.into:
            line = self.places[path][0]
            self.problems.append(
                self._problem(event, f"the key `{_short(frame.key)}` stands twice", f"the first is on line {line}")
            )
        self.places[path] = _place(event)

    def _enter(self, frame: _Frame, event: Event) -> None:
        if len(self._open) == MAX_DEPTH:
            raise InvalidDocument([*self.problems, self._problem(event, "nested too deeply", "write it flatter")])
        self._open.append(frame)

    def _problem(self, event: Event, reason: str, hint: str) -> Problem:
        return Problem(self.file, *_place(event), reason, hint)


def _place(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
"""No leading zero: `000` is an emergency number, not nothing."""
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")


def _scalar(event: ScalarEvent) -> str | int | float | bool | None:
    text = str(event.value)
    if event.style:  # quoted or block text is text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _syntax_problem(file: str, text: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    line = min(mark.line, len(lines) - 1) if mark else 0
    column = mark.column if mark else 0
    here = lines[line]
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return Problem(file, line + 1, here.index("\t") + 1, "a tab in the indentation", "indent with spaces")
    problem = str(error.problem or error.context or "unreadable")
    if problem.startswith("mapping values are not allowed"):
        return Problem(
            file, line + 1, column + 1, "not valid YAML: a `:` where none may stand",
            "put a text that holds `: ` in quotes, or check the indentation",
        )  # fmt: skip
    if "quoted scalar" in str(error.context) and error.context_mark:
        start = error.context_mark
        return Problem(file, start.line + 1, start.column + 1, "a quotation mark that is never closed", "close it")
    if problem.startswith("found character that cannot start") and here[column : column + 1]:
        reason = f"not valid YAML: a text cannot begin with `{here[column]}`"
        return Problem(file, line + 1, column + 1, reason, "put the text in quotes")
    about = f"{problem} ({error.context})" if error.context and error.problem else problem
    return Problem(
        file, line + 1, column + 1, f"not valid YAML: {about}",
        "check the indentation, brackets and quotes on this line and the one above",
    )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
