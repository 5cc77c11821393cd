"""From a path to a `Document`: bytes, text, syntax. Whatever stands in the way becomes a problem with its place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from safetybot.documents.document import Document, InvalidDocument, Problem
from safetybot.documents.toml_places import toml_places
from safetybot.documents.yaml_data import parse_yaml

MAX_BYTES = 4 * 1024 * 1024
"""Files of people are far smaller; a larger one is a mistake."""


def read_yaml(path: Path) -> Document:
    """The YAML document in `path`. Anchors, aliases, tags and keys that stand twice are refused.

    Raises:
        InvalidDocument: The file cannot be read, is no UTF-8, is too large, nested too deeply or no valid YAML.
    """
    return yaml_in(str(path), _raw(path))


def yaml_in(name: str, raw: bytes) -> Document:
    """The YAML document in `raw`, which came from elsewhere under `name`. Raises as `read_yaml`."""
    data, places = parse_yaml(name, text_in(name, raw))
    return Document(name, data, places)


def read_toml(path: Path) -> Document:
    """The TOML document in `path`.

    Raises:
        InvalidDocument: The file cannot be read, is no UTF-8, is too large, nested too deeply or no valid TOML.
    """
    text = _text_of(path)
    try:
        data = tomllib.loads(text)
        places = toml_places(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDocument([_toml_problem(str(path), text, str(error))]) from None
    except RecursionError:
        raise InvalidDocument([Problem(str(path), 1, 1, "nested too deeply", "write it flatter")]) from None
    return Document(str(path), data, places)


def read_front_matter(path: Path) -> Document:
    """A Markdown file that begins with YAML between two lines of `---`; the rest is `body`.

    Raises:
        InvalidDocument: As `read_yaml`, or there is no front matter.
    """
    text = _text_of(path)
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise InvalidDocument([Problem(str(path), 1, 1, "no front matter", "begin the file with a line of `---`")])
    end = next((i for i in range(1, len(lines)) if lines[i].rstrip() == "---"), None)
    if end is None:
        reason = "the front matter never ends"
        raise InvalidDocument([Problem(str(path), 1, 1, reason, "close it with a line of `---`")])
    # The empty first line keeps line numbers those of the file.
    data, places = parse_yaml(str(path), "\n".join(["", *lines[1:end]]))
    return Document(str(path), data, places, "\n".join(lines[end + 1 :]), end + 2)


def text_in(name: str, raw: bytes) -> str:
    """The text in `raw`, its line ends evened. Raises `InvalidDocument`: it is too large or no UTF-8."""
    if len(raw) > MAX_BYTES:
        reason = f"larger than {MAX_BYTES // 1024 // 1024} MB"
        raise InvalidDocument([Problem(name, 1, 1, reason, "split it, or check that it is the right file")])
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind the mark, so the place is found without it.
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        raise InvalidDocument([Problem(name, line, column, "not UTF-8 text", "save the file as UTF-8")]) from None


def _text_of(path: Path) -> str:
    return text_in(str(path), _raw(path))


def _raw(path: Path) -> bytes:
    """The file's bytes; one too many where it is too large."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "check that the file exists and may be read"
        raise InvalidDocument([Problem(str(path), 1, 1, f"cannot be read: {error.strerror or error}", hint)]) from error


_TWICE = re.compile(r"overwrite a value|declare .* twice|redefine|duplicate inline table key|immutable namespace", re.I)


def _toml_problem(file: str, text: str, said: str) -> Problem:
    found = re.search(r"\(at line (\d+), column (\d+)\)", said)
    lines = text.split("\n")
    line, column = (int(found[1]), int(found[2])) if found else (len(lines), len(lines[-1]) + 1)
    if _TWICE.search(said):
        # The parser notices at the value's end; the key is what the reader looks for.
        here = lines[line - 1]
        return Problem(
            file, line, len(here) - len(here.lstrip()) + 1, "a key or a section stands twice", "keep one of them"
        )
    reason = re.sub(r" \(at .*\)$", "", said)
    hint = "a line is `key = value`; texts stand in quotes, numbers, true and false do not"
    return Problem(file, line, column, f"not valid TOML: {reason[:1].lower()}{reason[1:]}", hint)
