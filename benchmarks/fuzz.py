"""Millions of characters of all planes through the whole detector: `python -m benchmarks.fuzz`.

Texts of 20 to 16,000 characters, made of random characters, terms of the lexicon, messages of the corpus, disguises and
markup, half of them after earlier lines. Stops at the first crash or hit outside its text, and tells which text it was;
at the end it tells the time per character by length, which must not grow.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import messages
from safetybot.detection.assembly import load_detector
from safetybot.model import Assessment, ThreadLine

ROOT = Path(__file__).parent.parent
LENGTHS = (20, 100, 400, 2_000, 8_000, 16_000)
_MARKS = (
    "`",
    "```",
    "**",
    "||",
    "> ",
    "[a](https://something.example)",
    "<@1>",
    "&amp;",
    "%20",
    "\u200b",
    "\u202e",
    "\n",
)
_PLANES = ((0x20, 0x250), (0x250, 0x3000), (0x3000, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000), (0x20000, 0x110000))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--characters", type=int, default=10_000_000, help="how many in all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    detector = load_detector([ROOT / "config"])
    pieces = [*(term.text for term in detector.terms), *messages.matching(), *messages.ordinary(None)]
    seconds, characters = dict.fromkeys(LENGTHS, 0.0), dict.fromkeys(LENGTHS, 0)
    texts = hits = answered = 0
    while sum(characters.values()) < options.characters:
        # Every length gets the same share of the characters.
        length = min(LENGTHS, key=characters.__getitem__)
        chance = random.Random(f"{options.seed}/{texts}")  # noqa: S311  # no secret
        text = _text(chance, length, pieces)
        thread = [ThreadLine(_text(chance, 60, pieces))] * chance.choice((0, 0, 1, 3))
        begun = time.perf_counter()
        try:
            found = detector.assess_text(text, thread, explain=True)
        except Exception as error:
            raise SystemExit(f"crash on text {texts} of seed {options.seed}: {error!r}\n{text!r}") from error
        seconds[length] += time.perf_counter() - begun
        characters[length] += len(text)
        if wrong := _outside(found, text):
            raise SystemExit(f"a hit outside its text, {wrong}, in text {texts} of seed {options.seed}\n{text!r}")
        texts, hits, answered = texts + 1, hits + len(found.hits), answered + (found.concern is not None)
    print(
        f"{sum(characters.values()):,} characters in {texts:,} texts: {hits:,} hits, all inside their texts; no crash"
    )
    print(f"{answered:,} texts answered (they hold terms and messages of concern by intent)")
    for length in LENGTHS:
        print(f"{length:7,} characters: {seconds[length] / characters[length] * 1e6:6.2f} µs a character")


def _text(chance: random.Random, length: int, pieces: Sequence[str]) -> str:
    made: list[str] = []
    size = 0
    while size < length:
        piece = _piece(chance, pieces)
        made.append(piece)
        size += len(piece)
    return "".join(made)[:length]


def _piece(chance: random.Random, pieces: Sequence[str]) -> str:
    kind = chance.randrange(10)
    if kind < 3:
        first, last = chance.choice(_PLANES)
        return "".join(chr(chance.randrange(first, last)) for _ in range(chance.randint(1, 40)))
    if kind == 3:
        return chance.choice(_MARKS)
    words = chance.choice(pieces)
    if kind == 4:
        return chance.choice((" ", ".", "-", "\u200b", "\u0336", "*")).join(words)
    if kind == 5:
        return words.translate(str.maketrans("aeiost", "@3!0$7")).upper()
    if kind == 6:
        # Mathematical bold small letters stand in one row, as the ASCII ones do.
        return "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in words)
    if kind == 7:
        return words[::-1]
    return f" {words} "


def _outside(found: Assessment, text: str) -> str:
    for hit in found.hits:
        if not 0 <= hit.span.start < hit.span.end <= len(text):
            return f"{hit.term} at {hit.span.start}–{hit.span.end} of {len(text)}"
    return ""


if __name__ == "__main__":
    main()
