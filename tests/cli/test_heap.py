"""What stays is set apart from the collector; what was set apart and is garbage since still goes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from safetybot.cli.heap import settle


class Lexicon:
    """Something that refers to itself, as only the collector can take apart."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_stays_is_set_apart() -> None:
    kept = Lexicon()
    settle()
    assert not any(one is kept for one in gc.get_objects())
    assert gc.get_freeze_count() > 0


def test_a_lexicon_that_was_replaced_does_not_stay_for_ever() -> None:
    kept = Lexicon()
    gone = weakref.ref(kept)
    settle()
    del kept
    gc.collect()
    assert gone() is not None, "the collector looks at it still: nothing is tried here"
    settle()
    assert gone() is None
