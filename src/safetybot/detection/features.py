"""What the classifier looks at in a message: concepts, words, letters, outline, and much of it of the lines before.

Features say nothing of length, punctuation or capitals on purpose: those give invented text away and mean nothing in
real chat. Does not live here: weighing them (`classifier.py`), finding concepts (`matcher.py`), words and
sequences themselves (`words.py`, `outline.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from safetybot.detection.outline import orders, outline, sequences
from safetybot.detection.text import base_view
from safetybot.detection.words import letters_of, words_of
from safetybot.detection.zones import without_code
from safetybot.model import Hit, HitPath, Strength, ThreadLine, Zone

MAX_CHARS = 1200
"""Words are read from the first so many characters; concepts from the whole message."""
MAX_LINE_CHARS = 300

_WORDS_NORM, _LETTERS_NORM, _CONCEPT, _PAIRS_NORM, _RULE = 1.6, 2.2, 0.6, 1.2, 0.6
_LEAST_WORDS, _LEAST_LETTERS = 10, 60
"""With fewer features than this a group weighs less: a message of two words proves less than one of twenty."""
_SEQUENCES_NORM, _LEAST_SEQUENCES = 1.2, 10
_ORDERS_NORM, _LEAST_ORDERS = 1.0, 3
_LINE_NORM, _FADING, _OWN_LINE = 0.8, 0.8, 1.25
"""Of earlier lines: the nearer the weightier, and the author's own more than a stranger's."""


@dataclass(frozen=True, slots=True)
class Words:
    """The distinct words of one text, and what each word feature and each letter feature of them is worth."""

    words: tuple[str, ...]
    prefix: str
    """"" for the message itself, `t` for an earlier line."""
    word_value: float
    letter_value: float


@dataclass(frozen=True, slots=True)
class Features:
    """Everything the model looks at: features by name, and words whose features are spelt out by `spelt`."""

    named: tuple[tuple[str, float], ...]
    words: tuple[Words, ...]

    def flat(self) -> dict[str, float]:
        """Name to value of every single feature; for training and for explanations."""
        result = dict(self.named)
        for group in self.words:
            for word in group.words:
                name = f"{group.prefix}w:{word}"
                result[name] = result.get(name, 0.0) + group.word_value
                for letters in letters_of(word):
                    name = f"{group.prefix}c:{letters}"
                    result[name] = result.get(name, 0.0) + group.letter_value
        return result


def features_of(
    text: str,
    hits: Sequence[Hit],
    thread: Sequence[ThreadLine] = (),
    thread_hits: Sequence[Sequence[Hit]] = (),
    rules: Iterable[str] = (),
    undisguised: str | None = None,
) -> Features:
    """The features of a message and the lines before it.

    Args:
        text: The original text of the message.
        hits: What the matcher found in it.
        thread: Earlier lines, oldest first.
        thread_hits: What the matcher found in each of `thread`.
        rules: The rules that fired.
        undisguised: The likeliest reading of a text with disguised words in it, folded; its words are read instead.
    """
    named: list[tuple[str, float]] = [(f"r:{rule}", _RULE) for rule in rules]
    plain_text = without_code(text)
    folded = undisguised if undisguised is not None and "`" not in text else base_view(_readable(plain_text, hits)).text
    words = words_of(folded[:MAX_CHARS])
    group, pairs = _group(words, "", 1.0)
    named += pairs
    tokens = outline(plain_text, hits, MAX_CHARS)
    for names, norm, least in (
        (sequences(tokens), _SEQUENCES_NORM, _LEAST_SEQUENCES),
        (orders(tokens), _ORDERS_NORM, _LEAST_ORDERS),
    ):
        value = norm / math.sqrt(max(len(names), least))
        named += [(name, value) for name in names]
    own = concepts_in(hits)
    named += [(f"k:{concept}", _CONCEPT) for concept in sorted(own)]
    plain = sorted(concept for concept in own if not concept.endswith("!"))
    both = [f"kk:{a}+{b}" for i, a in enumerate(plain) for b in plain[i + 1 :]]
    if both:
        value = _PAIRS_NORM / math.sqrt(len(both))
        named += [(name, value) for name in both]
    groups = [group]
    earlier: dict[str, float] = {}
    for distance, (line, found) in enumerate(zip(reversed(thread), reversed(thread_hits), strict=True)):
        weight = _FADING**distance * (_OWN_LINE if line.same_author else 1.0)
        group, pairs = _group(_line_words(line.text), "t", _LINE_NORM * weight)
        groups.append(group)
        named += pairs
        for concept in concepts_in(found):
            earlier[concept] = max(earlier.get(concept, 0.0), weight)
    for concept, weight in sorted(earlier.items()):
        named.append((f"tk:{concept}", _CONCEPT * weight))
        named += [(f"tkk:{concept}+{other}", 0.4 * weight) for other in sorted(own)]
    return Features(tuple(named), tuple(groups))


def concepts_in(hits: Iterable[Hit]) -> set[str]:
    """The concepts of `hits`, code left out; those with a strong term also as `concept!`."""
    found: set[str] = set()
    for hit in hits:
        if hit.zone is Zone.CODE:
            continue
        found.add(hit.concept)
        if hit.strength is Strength.STRONG:
            found.add(hit.concept + "!")
    return found


# --- inside -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=2_000)
def _line_words(text: str) -> tuple[str, ...]:
    """An earlier line is read once, however many messages follow it."""
    return tuple(words_of(base_view(without_code(text)).text[:MAX_LINE_CHARS]))


def _group(words: Sequence[str], prefix: str, weight: float) -> tuple[Words, list[tuple[str, float]]]:
    """The distinct words with their values, and the pairs of neighbours as features by name."""
    distinct = tuple(dict.fromkeys(words))
    pairs = list(dict.fromkeys(f"{prefix}b:{a} {b}" for a, b in pairwise(words)))
    letters = sum(len(letters_of(word)) for word in distinct)
    word_value = weight * _WORDS_NORM / math.sqrt(max(len(distinct) + len(pairs), _LEAST_WORDS))
    letter_value = weight * _LETTERS_NORM / math.sqrt(max(letters, _LEAST_LETTERS))
    return Words(distinct, prefix, word_value, letter_value), [(name, word_value) for name in pairs]


def _readable(text: str, hits: Sequence[Hit]) -> str:
    """`text` with disguised terms written plainly, so that letters of a disguise do not become features."""
    if not any(hit.path is HitPath.FOLDED for hit in hits):
        return text
    out: list[str] = []
    position = 0
    for hit in sorted(hits, key=lambda hit: (hit.span.start, -hit.span.end)):
        if hit.path is HitPath.FOLDED and hit.span.start >= position:
            out += [text[position : hit.span.start], " ", hit.term.strip("*"), " "]
            position = hit.span.end
    return "".join([*out, text[position:]])
