"""Reads the files that people write, and says what is wrong with them: file, line, column, reason, hint.

Lives here: YAML, TOML and Markdown with front matter as plain data with the place of every key and value, and their
validation against a pydantic model in words that need no pydantic. Does not live here: what any file means.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 4 * 1024 * 1024
"""Files of people are far smaller; a larger one is a mistake."""

Key = str | int
Where = tuple[Key, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    reason: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """`file:line:column: reason. Hint: what to do`."""
        hint = f" Hint: {self.hint}." if self.hint else ""
        mark = "warning: " if self.severity == "warning" else ""
        return f"{self.file}:{self.line}:{self.column}: {mark}{self.reason}.{hint}"


class InvalidDocument(Exception):
    """One or several files are wrong; carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems in the order in which they were found."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: tuple[Problem, ...] = tuple(problems)


@dataclass(frozen=True, slots=True)
class Document:
    """A file as plain data that still knows where everything stands."""

    file: str
    data: Any
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

    def problem(
        self, path: Where, reason: str, hint: str = "", severity: Literal["error", "warning"] = "error"
    ) -> Problem:
        """A problem with what stands at `path`."""
        line, column = self.where(path)
        return Problem(self.file, line, column, reason, hint, severity)


def read_yaml(path: Path) -> Document:
    """The YAML document in `path`. Anchors, tags and duplicate keys are refused.

    Raises:
        InvalidDocument: The file cannot be read, is no UTF-8, is too large or no valid YAML.
    """
    return _parse_yaml(str(path), _text_of(path))


def read_toml(path: Path) -> Document:
    """The TOML document in `path`.

    Raises:
        InvalidDocument: The file cannot be read, is no UTF-8, is too large or no valid TOML.
    """
    text = _text_of(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (text.count("\n") + 1, 1)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        hint = "values are quoted strings, numbers, true or false; each key stands once"
        raise InvalidDocument([Problem(str(path), line, column, f"not valid TOML: {reason}", hint)]) from error
    return Document(str(path), data, _toml_places(text))


def read_front_matter(path: Path) -> Document:
    """A Markdown file that begins with YAML between two lines of `---`; the rest is `body`.

    Raises:
        InvalidDocument: As `read_yaml`, or there is no front matter.
    """
    text = _text_of(path)
    lines = text.split("\n")
    if lines[0].strip() != "---":
        raise InvalidDocument([Problem(str(path), 1, 1, "no front matter", "begin the file with a line of `---`")])
    end = next((i for i in range(1, len(lines)) if lines[i].strip() == "---"), None)
    if end is None:
        raise InvalidDocument(
            [Problem(str(path), 1, 1, "the front matter never ends", "close it with a line of `---`")]
        )
    front = _parse_yaml(str(path), "\n".join(["", *lines[1:end]]))
    return Document(front.file, front.data, front.places, "\n".join(lines[end + 1 :]), end + 2)


def validate(document: Document, model: type[ModelT], *, root: Where = ()) -> ModelT:
    """`document`'s data as `model`.

    Args:
        document: What was read.
        model: The shape that the data must have.
        root: Where in the document the data stands, if not at its top.

    Raises:
        InvalidDocument: The data has another shape; one problem for each fault, at its place.
    """
    data = document.data
    for key in root:
        data = data[key]
    if data is None:
        raise InvalidDocument([document.problem(root, "the file is empty", f"it must hold {_shape(model)}")])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_problem(document, root, model, detail) for detail in error.errors(include_url=False)]
        raise InvalidDocument(list(dict.fromkeys(problems))) from error


# --- reading ----------------------------------------------------------------------------------------------


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise InvalidDocument(
            [Problem(str(path), 1, 1, reason, "check that the file exists and may be read")]
        ) from error
    if len(raw) > MAX_BYTES:
        raise InvalidDocument([Problem(str(path), 1, 1, f"larger than {MAX_BYTES} bytes", "split it or check it")])
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise InvalidDocument([Problem(str(path), line, column, "not UTF-8 text", "save the file as UTF-8")]) from error


def _parse_yaml(file: str, text: str) -> Document:
    problems: list[Problem] = []
    places: dict[Where, tuple[int, int]] = {}
    try:
        node = YAML(typ="safe").compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = f"not valid YAML: {error.problem or error.context or 'unreadable'}"
        hint = "indent with spaces, never tabs; quote texts that hold `: `, `#` or begin with a sign"
        raise InvalidDocument([Problem(file, line, column, reason, hint)]) from error
    except YAMLError as error:
        raise InvalidDocument(
            [Problem(file, 1, 1, f"not valid YAML: {error}", "remove unprintable characters")]
        ) from error
    seen: set[int] = set()
    data = _construct(file, node, (), places, problems, seen) if node is not None else None
    if problems:
        raise InvalidDocument(problems)
    return Document(file, data, places)


def _construct(
    file: str, node: Node, path: Where, places: dict[Where, tuple[int, int]], problems: list[Problem], seen: set[int]
) -> Any:
    """The plain data of a node; the place of everything in it goes into `places`."""
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    places.setdefault(path, (line, column))
    if id(node) in seen:
        problems.append(Problem(file, line, column, "an alias (`*name`)", "write the value out"))
        return None
    if isinstance(node, ScalarNode):
        return _scalar(file, node, problems)
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        return [_construct(file, item, (*path, i), places, problems, seen) for i, item in enumerate(node.value)]
    result: dict[Any, Any] = {}
    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            key = _scalar(file, key_node, problems) if isinstance(key_node, ScalarNode) else str(key_node.value)
            mark = key_node.start_mark
            if key in result:
                problems.append(
                    Problem(file, mark.line + 1, mark.column + 1, f"the key `{key}` stands twice", "keep one of them")
                )
            places[(*path, key)] = (mark.line + 1, mark.column + 1)
            result[key] = _construct(file, value_node, (*path, key), places, problems, seen)
    return result


def _scalar(file: str, node: ScalarNode, problems: list[Problem]) -> Any:
    kind = str(node.tag).rpartition(":")[2]
    text: str = node.value
    # Quoted or block text is text, whatever it looks like; so are words that YAML 1.1 takes for a truth value.
    if kind in ("str", "timestamp", "binary") or node.style:
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true" if text.lower() in ("true", "false") else text
    try:
        if kind == "int":
            return int(text.replace("_", ""), 10)
        if kind == "float":
            return float(text.replace("_", ""))
    except ValueError:
        return text
    mark = node.start_mark
    problems.append(Problem(file, mark.line + 1, mark.column + 1, f"the tag `{node.tag}`", "write plain text"))
    return None


_TOML_TABLE = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]\]?")
_TOML_KEY = re.compile(r"""^\s*([A-Za-z0-9_\-."']+)\s*=""")


def _toml_places(text: str) -> dict[Where, tuple[int, int]]:
    """Where each key stands; `tomllib` keeps no places, so the lines of a valid document are looked through again."""
    places: dict[Where, tuple[int, int]] = {}
    table: Where = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _TOML_TABLE.match(line):
            table = _toml_path(header[1])
            places[table] = (number, line.index("[") + 1)
        elif key := _TOML_KEY.match(line):
            path = (*table, *_toml_path(key[1]))
            places.setdefault(path, (number, key.start(1) + 1))
    return places


def _toml_path(dotted: str) -> Where:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


# --- telling what is wrong --------------------------------------------------------------------------------

_PLAIN = {
    "missing": "`{key}` is missing",
    "extra_forbidden": "unknown key `{key}`",
    "string_type": "`{key}` must be text",
    "int_type": "`{key}` must be a whole number",
    "int_parsing": "`{key}` must be a whole number",
    "float_type": "`{key}` must be a number",
    "float_parsing": "`{key}` must be a number",
    "bool_type": "`{key}` must be true or false",
    "bool_parsing": "`{key}` must be true or false",
    "list_type": "`{key}` must be a list",
    "dict_type": "`{key}` must be a mapping of keys to values",
    "model_type": "`{key}` must be a mapping of keys to values",
    "model_attributes_type": "`{key}` must be a mapping of keys to values",
    "string_too_short": "`{key}` is too short",
    "string_too_long": "`{key}` is too long",
    "too_short": "`{key}` holds too few items",
    "too_long": "`{key}` holds too many items",
    "string_pattern_mismatch": "`{key}` is not written as it must be",
    "greater_than": "`{key}` is too small",
    "greater_than_equal": "`{key}` is too small",
    "less_than": "`{key}` is too large",
    "less_than_equal": "`{key}` is too large",
    "literal_error": "`{key}` is none of the words that it may be",
    "enum": "`{key}` is none of the words that it may be",
    "url_parsing": "`{key}` is no address",
    "date_from_datetime_parsing": "`{key}` is no date",
    "date_parsing": "`{key}` is no date",
}


def _problem(document: Document, root: Where, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    path, key = _path_of(document, root, detail["loc"])
    kind = detail["type"]
    context = detail.get("ctx") or {}
    reason = _PLAIN[kind].format(key=key) if kind in _PLAIN else f"`{key}`: {_lower(detail['msg'])}"
    secret = str(key).endswith(("key", "url", "token", "password"))
    if kind not in ("missing", "extra_forbidden") and isinstance(detail["input"], str | int | float) and not secret:
        reason += f" (it is {detail['input']!r})"
    return document.problem(path, reason, _hint(model, detail, kind, key, context))


def _hint(model: type[BaseModel], detail: ErrorDetails, kind: str, key: Key, context: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        known = _keys_at(model, detail["loc"][:-1])
        close = difflib.get_close_matches(str(key), known, 1)
        return f"did you mean `{close[0]}`" if close else f"known keys: {', '.join(known)}"
    if kind in ("literal_error", "enum"):
        return f"one of {context.get('expected', '')}"
    for name, words in (
        ("pattern", "it has to match {}"),
        ("min_length", "at least {}"),
        ("max_length", "at most {}"),
        ("gt", "more than {}"),
        ("ge", "at least {}"),
        ("lt", "less than {}"),
        ("le", "at most {}"),
    ):
        if name in context:
            return words.format(context[name])
    return "add it" if kind == "missing" else ""


def _path_of(document: Document, root: Where, loc: tuple[Key, ...]) -> tuple[Where, Key]:
    """The place of an error and the key to name; what pydantic adds to the path (union members) is left out."""
    path = root
    key: Key = root[-1] if root else "the file"
    for part in loc:
        if (*path, part) in document.places:
            path = (*path, part)
            key = part
    if loc and loc[-1] not in path and isinstance(loc[-1], str) and not loc[-1].startswith(("list[", "function-")):
        key = loc[-1] if loc[-1].isidentifier() else key
    return path, key


def _keys_at(model: type[BaseModel], loc: tuple[Key, ...]) -> list[str]:
    """The keys that the model knows at a place, as far as the models along the way can be followed."""
    current: Any = model
    for part in loc:
        for candidate in _models_in(current):
            if isinstance(part, str) and part in candidate.model_fields:
                current = candidate.model_fields[part].annotation
                break
    found: dict[str, None] = {}
    for candidate in _models_in(current):
        found |= dict.fromkeys(candidate.model_fields)
    return list(found)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, list, dict, tuple) or get_args(annotation):
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []


def _shape(model: type[BaseModel]) -> str:
    return (
        ", ".join(f"`{name}`" for name, info in model.model_fields.items() if info.is_required()) or "keys and values"
    )


def _lower(message: str) -> str:
    return message.removeprefix("Value error, ")[:1].lower() + message.removeprefix("Value error, ")[1:]
