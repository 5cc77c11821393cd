"""What a button carries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.chat.actions import LONGEST, Action, Actions, UnusableAction

PART = st.text("abcXYZ019._-", max_size=8)


@given(PART, st.lists(PART, max_size=3))
def test_what_is_encoded_comes_back(name: str, arguments: list[str]) -> None:
    actions, action = Actions("key"), Action(name, tuple(arguments))
    carried = actions.encode(action)
    assert actions.decode(carried) == action
    assert len(carried.encode()) <= LONGEST


@given(st.text())
def test_what_was_not_signed_by_us_is_no_action(carried: str) -> None:
    assert Actions("key").decode(carried) is None


def test_a_changed_argument_breaks_the_signature() -> None:
    carried = Actions("key").encode(Action("wrong", ("41",)))
    assert Actions("key").decode(carried.replace("41", "42")) is None


def test_another_key_makes_another_signature() -> None:
    assert Actions("other").decode(Actions("key").encode(Action("stop"))) is None


@pytest.mark.parametrize("argument", ["a:b", "ü", "x" * 60, "a b"])
def test_what_does_not_fit_a_button_is_refused(argument: str) -> None:
    with pytest.raises(UnusableAction, match="does not fit"):
        Actions("key").encode(Action("wrong", (argument,)))
