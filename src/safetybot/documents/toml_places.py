"""Where each key and item of a TOML text stands; `tomllib` keeps no places, so the text is walked once more.

Relies on `tomllib` having accepted the text: it looks for keys and skips values, and judges nothing.
"""

from __future__ import annotations

import bisect
import re

from safetybot.documents.document import Where


def toml_places(text: str) -> dict[Where, tuple[int, int]]:
    """Line and column, from 1, of each key, table and array item in a valid TOML `text`."""
    return _Walk(text).all()


_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}(?!")', re.S),
    re.compile(r"'''.*?'{3,5}(?!')", re.S),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)
_PLAIN_VALUE = re.compile(r"[^,\]}#\n]+")
_ESCAPES = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class _Walk:
    """One pass over a valid text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[Where, tuple[int, int]] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._tables: dict[Where, int] = {}
        """How many tables each array of tables has so far."""

    def all(self) -> dict[Where, tuple[int, int]]:
        table: Where = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            table = self._header() if self._next("[") else self._pair(table)
            self._skip(_GAP)
        return self._places

    def _header(self) -> Where:
        start = self._at
        array = self._next("[[")
        self._at += 2 if array else 1
        path: Where = ()
        keys = self._keys()
        for number, (key, _) in enumerate(keys, 1):
            path = (*path, key)
            self._note(path, start)
            if array and number == len(keys):
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        self._note(path, start)
        self._at += 2 if array else 1
        return path

    def _pair(self, table: Where) -> Where:
        """Note a `key = value`; returns `table`, which goes on."""
        path = table
        for key, start in self._keys():
            path = (*path, key)
            self._note(path, start)
        self._at += 1  # the `=`
        self._skip(_BLANK)
        self._value(path)
        return table

    def _value(self, path: Where) -> None:
        for string in _STRINGS:
            if self._skip(string):
                return
        if self._next("["):
            self._items(path)
        elif self._next("{"):
            self._at += 1
            self._skip(_GAP)
            while not self._next("}"):
                self._pair(path)
                self._skip(_GAP)
                if self._next(","):
                    self._at += 1
                    self._skip(_GAP)
            self._at += 1
        else:
            self._skip(_PLAIN_VALUE)

    def _items(self, path: Where) -> None:
        self._at += 1
        self._skip(_GAP)
        number = 0
        while not self._next("]"):
            self._note((*path, number), self._at)
            self._value((*path, number))
            number += 1
            self._skip(_GAP)
            if self._next(","):
                self._at += 1
                self._skip(_GAP)
        self._at += 1

    def _keys(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with where it begins."""
        keys: list[tuple[str, int]] = []
        while True:
            self._skip(_BLANK)
            start = self._at
            if self._skip(_STRINGS[2]):
                keys.append((_ESCAPES.sub(_unescape, self._text[start + 1 : self._at - 1]), start))
            elif self._skip(_STRINGS[3]):
                keys.append((self._text[start + 1 : self._at - 1], start))
            else:
                self._skip(_BARE)
                keys.append((self._text[start : self._at], start))
            self._skip(_BLANK)
            if not self._next("."):
                return keys
            self._at += 1

    def _note(self, path: Where, at: int) -> None:
        line = bisect.bisect_right(self._starts, at)
        self._places.setdefault(path, (line, at - self._starts[line - 1] + 1))

    def _next(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match is None:
            return False
        self._at = match.end()
        return True


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "uU":
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)
