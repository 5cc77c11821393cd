"""Rows that training adds to the corpus: that each keeps a label which is true of it, and its group."""

from dataclasses import replace

import pytest
from training.augment import everyday_replies, in_parts, told_in_two
from training.data import Row

from safetybot.detection.parts import LONG
from safetybot.model import Concern

ROW = Row("a-1", "Did my chin last night. It is purple now.", (), "en", Concern.ADVERSE, ("short",), "scene", "en-1")


def test_a_message_told_in_two_keeps_its_label_and_group() -> None:
    (row,) = told_in_two([ROW], lambda text: "purple" in text)
    assert row == replace(ROW, text="It is purple now.", thread=("Did my chin last night.",), source="en-1+split")


@pytest.mark.parametrize(
    "row",
    [
        replace(ROW, thread=("hello",)),
        replace(ROW, text="It is purple now."),
        replace(ROW, text="Did my chin last night. Anyway."),
        replace(ROW, text="Did my chin last night. " + "It is purple now " * 30),
    ],
    ids=["in a thread", "one sentence", "an end that says nothing", "too long"],
)
def test_what_does_not_come_apart_is_left_whole(row: Row) -> None:
    assert not list(told_in_two([row], lambda text: "purple" in text))


def test_an_end_of_a_word_or_two_takes_the_sentence_before_it_along() -> None:
    (row,) = told_in_two([replace(ROW, text=f"{ROW.text} Help!")], lambda text: "purple" in text)
    assert row.text == "It is purple now. Help!"


def test_only_what_is_labelled_none_is_parted() -> None:
    long = replace(ROW, text="It rained all day. " * (LONG // 10))
    assert not list(in_parts([long]))
    parts = list(in_parts([replace(long, label=None)]))
    assert len(parts) > 1
    assert {part.source for part in parts} == {"en-1+part"}
    assert all(part.text in long.text for part in parts)


def test_everyday_replies_follow_talk_of_the_topic_and_are_none() -> None:
    rows = list(everyday_replies([ROW, replace(ROW, label=None, text="Rain again.")], 1))
    assert {row.label for row in rows} == {None}
    assert {line for row in rows for line in row.thread} == {ROW.text}
    assert len({row.group for row in rows}) == len(rows)
    assert rows == list(everyday_replies([ROW], 1))
