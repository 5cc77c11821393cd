"""The zones of a text: quoted lines, code, links and hashtags, each of which weighs differently.

Lives here: finding them in one pass. Does not live here: what a zone changes (`rules.py`, `features.py`). Patterns are
single classes and fixed words, so nothing backtracks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from safetybot.model import Zone


def without_code(text: str) -> str:
    """`text` with its code blanked out, position for position: what stands in code is no talk."""
    if "`" not in text:
        return text
    for start, end, _ in _code_spans(text):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def zones_of(text: str) -> Zones:
    """The quoted lines, code, links and hashtags of `text`."""
    return Zones(text)


class Zones:
    """Looks up which zone a position of the original text stands in; scanning costs one pass, and only if needed."""

    __slots__ = ("_ends", "_starts", "_zones")

    def __init__(self, text: str) -> None:
        """Scan `text` once."""
        found = sorted(_zone_spans(text), key=lambda item: (item[0], -item[1]))
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._zones: list[Zone] = []
        reach = -1
        for start, end, zone in found:
            if start >= reach:
                self._starts.append(start)
                self._ends.append(end)
                self._zones.append(zone)
                reach = end

    def at(self, position: int) -> Zone:
        """The zone at `position` (a code point index into the original text)."""
        i = bisect_right(self._starts, position) - 1
        return self._zones[i] if i >= 0 and position < self._ends[i] else Zone.PLAIN


# --- finding them -----------------------------------------------------------------------------------------

_HASHTAG = re.compile(r"#\w+")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>)\]]+|\]\([^\s)]*\)", re.IGNORECASE)


def _zone_spans(text: str) -> Iterable[tuple[int, int, Zone]]:
    if "`" in text:
        yield from _code_spans(text)
    if ">" in text:
        yield from _quote_spans(text)
    if "://" in text or "](" in text or "www." in text.lower():
        yield from ((m.start(), m.end(), Zone.LINK) for m in _LINK.finditer(text))
    if "#" in text:
        yield from ((m.start(), m.end(), Zone.HASHTAG) for m in _HASHTAG.finditer(text))


def _code_spans(text: str) -> Iterable[tuple[int, int, Zone]]:
    position = 0
    while (start := text.find("`", position)) >= 0:
        fence = "```" if text.startswith("```", start) else "`"
        end = text.find(fence, start + len(fence))
        # A fence left open runs to the end of the text, a single tick to the end of its line.
        if end < 0:
            if fence == "`":
                position = start + 1
                continue
            yield start, len(text), Zone.CODE
            return
        yield start, end + len(fence), Zone.CODE
        position = end + len(fence)


def _quote_spans(text: str) -> Iterable[tuple[int, int, Zone]]:
    start = 0
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith(">"):
            if line.lstrip().startswith(">>>"):
                yield start, len(text), Zone.QUOTE
                return
            yield start, start + len(line), Zone.QUOTE
        start += len(line)
