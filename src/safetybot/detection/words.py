"""Words and letter sequences of a folded text. What they are worth does not live here (`features.py`)."""

from __future__ import annotations

from functools import lru_cache

_MAX_WORD = 24
_DIGITS = {ord(c): "0" for c in "123456789"}


def words_of(folded: str) -> list[str]:
    """The runs of letters and digits of a folded text, digits as 0; signs are left out, emoji are words."""
    words: list[str] = []
    start = -1
    text = folded.translate(_DIGITS)
    for position, char in enumerate(text):
        if char.isalnum() or "\u0900" <= char <= "\u0eff":
            if start < 0:
                start = position
            continue
        if start >= 0:
            words.append(text[start:position][:_MAX_WORD])
            start = -1
        if char >= "\u2190" and not char.isspace():
            words.append(char)
    if start >= 0:
        words.append(text[start:][:_MAX_WORD])
    return words


@lru_cache(maxsize=20_000)
def letters_of(word: str) -> tuple[str, ...]:
    """The letter sequences of a word: 3 to 5 letters with its edges; 1 to 4 signs where there are no spaces."""
    if is_unspaced(word[0]):
        sizes: tuple[int, ...] = (1, 2, 3, 4)
        padded = word
    else:
        sizes = (3, 4, 5)
        padded = f"^{word}$"
    return tuple(dict.fromkeys(padded[i : i + n] for n in sizes for i in range(len(padded) - n + 1)))


def is_unspaced(char: str) -> bool:
    """Whether `char` belongs to a script that writes no spaces between words."""
    return "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\u0e00" <= char <= "\u0e7f"
