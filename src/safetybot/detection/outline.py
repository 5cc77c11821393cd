"""The outline of a message: its words, with each term of the lexicon written as what it means.

"put the needle in my lip" and "stuck the syringe in her cheek" are different words of one outline. Sequences of it are
what a model can carry from one writer to the next. Lives here: making outlines and their sequences. Does not live
here: what a sequence is worth (`features.py`, `classifier.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from safetybot.detection.text import base_view
from safetybot.detection.words import is_unspaced, words_of
from safetybot.model import Hit, Zone


def outline(text: str, hits: Iterable[Hit], limit: int) -> list[str]:
    """The first `limit` characters of `text` as words and `<concept>`s; signs of unspaced scripts stand alone.

    Args:
        text: The original text, its code blanked out.
        hits: What the matcher found in it; of two that overlap the first and longest stands.
        limit: Characters; what begins after them is left out.
    """
    out: list[str] = []
    position = 0
    for hit in sorted(hits, key=lambda hit: (hit.span.start, -hit.span.end)):
        if hit.span.start < position or hit.zone is Zone.CODE:
            continue
        if hit.span.start >= limit:
            break
        out += _plain(text[position : hit.span.start])
        out.append("<symptom>" if hit.concept.startswith("symptom_") else f"<{hit.concept}>")
        position = hit.span.end
    if position < limit:
        out += _plain(text[position:limit])
    return out


def sequences(tokens: Sequence[str]) -> list[str]:
    """The distinct runs of two and three tokens, and pairs with one left out, in which a concept stands."""
    edged = ("^", *tokens, "$")
    is_concept = [token[0] == "<" for token in edged]
    names: dict[str, None] = {}
    for i in range(len(edged) - 1):
        if is_concept[i] or is_concept[i + 1]:
            names[f"g2:{edged[i]} {edged[i + 1]}"] = None
    for i in range(len(edged) - 2):
        ends = is_concept[i] or is_concept[i + 2]
        if ends:
            names[f"gs:{edged[i]} {edged[i + 2]}"] = None
        if ends or is_concept[i + 1]:
            names[f"g3:{edged[i]} {edged[i + 1]} {edged[i + 2]}"] = None
    return list(names)


def orders(tokens: Sequence[str]) -> list[str]:
    """The distinct runs of two and three concepts, whatever stands between them."""
    concepts = [token for token in tokens if token[0] == "<"]
    names = dict.fromkeys(f"go:{a}{b}" for a, b in pairwise(concepts))
    names.update(dict.fromkeys(f"go:{a}{b}{c}" for a, b, c in zip(concepts, concepts[1:], concepts[2:], strict=False)))
    return list(names)


def _plain(text: str) -> list[str]:
    words: list[str] = []
    for word in words_of(base_view(text).text):
        if is_unspaced(word[0]):
            words += word
        else:
            words.append(word)
    return words
