"""Whether two words are one slip apart: a letter too many, too few, another one, or two neighbours swapped.

This is optimal string alignment with a limit of one, where no table is needed: behind the common beginning the rest
must be the same but for the slip. A library for any distance is compiled and loads 3.5 MiB of code.
"""

from __future__ import annotations


def within_one_edit(word: str, folded: str, *, stem: bool) -> bool:
    """Whether `word` is `folded` with at most one slip; for a `stem` any letters may follow."""
    size = len(folded)
    if not stem and not -1 <= len(word) - size <= 1:
        return False
    common = 0
    for own, other in zip(word, folded, strict=False):
        if own != other:
            break
        common += 1
    if not stem:
        return _one_slip(word[common:], folded[common:])
    rest = folded[common:]
    return any(_one_slip(word[common:length], rest) for length in (size - 1, size, size + 1) if length <= len(word))


def _one_slip(rest: str, wanted: str) -> bool:
    """Whether two texts that do not begin alike are at most one slip apart."""
    return (
        rest[1:] == wanted[1:]
        or rest == wanted[1:]
        or rest[1:] == wanted
        or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
    )
