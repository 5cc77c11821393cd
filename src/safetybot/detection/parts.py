"""Long texts in parts: what is said in two sentences of twenty is lost when all twenty are weighed at once.

Lives here: where a text is parted. Does not live here: reading the parts (`detector.py`).
"""

from __future__ import annotations

import re

LONG = 400
"""Texts of more characters than this are read in parts as well."""
_PART = 260
"""Sentences are taken together up to so many characters, about what a chat message holds."""
_SENTENCE = re.compile(r"[^.!?…。！？\n]*[.!?…。！？\n]*\s*")


def parts_of(text: str) -> list[tuple[int, int]]:
    """Start and end of the parts of `text`, each overlapping the one before by half; none for a short text."""
    if len(text) <= LONG:
        return []
    ends = _ends(text)
    parts: list[tuple[int, int]] = []
    first = 0
    start = 0
    while first < len(ends):
        last = first
        while last + 1 < len(ends) and ends[last + 1] - start <= _PART:
            last += 1
        parts.append((start, ends[last]))
        if last == len(ends) - 1:
            break
        first += max(1, (last - first + 1) // 2)
        start = ends[first - 1]
    return parts


def _ends(text: str) -> list[int]:
    """Where sentences and lines end; one that is longer than a part is cut at a space, or anywhere."""
    ends: list[int] = []
    start = 0
    for match in _SENTENCE.finditer(text):
        while match.end() - start > _PART:
            space = text.rfind(" ", start + _PART // 2, start + _PART)
            start = space + 1 if space > 0 else start + _PART
            ends.append(start)
        if match.end() > start:
            ends.append(match.end())
            start = match.end()
    return ends
