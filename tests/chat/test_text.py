"""Text with style as data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.chat.text import Form, Line, Span, Style, bold, bullet, code, from_markdown, line, link, quote, text
from safetybot.config import packaged_dir
from safetybot.responses import ResponseLibrary


def test_markdown_of_the_responses_becomes_lines_with_style() -> None:
    found = from_markdown("**Call** now.\n\n- one `two`\n- [Read](https://a.example/b) on, https://c.example.")
    assert found.lines == (
        Line((bold("Call"), Span(" now."))),
        Line(),
        Line((Span("one "), code("two")), Form.BULLET),
        Line(
            (
                link("Read", "https://a.example/b"),
                Span(" on, "),
                link("https://c.example", "https://c.example"),
                Span("."),
            ),
            Form.BULLET,
        ),
    )


def test_every_card_loses_its_marks_and_nothing_else() -> None:
    library = ResponseLibrary.load([packaged_dir("responses")])
    for (language, key), one in library.files.texts.items():
        for section in one.sections.values():
            plain = from_markdown(section).plain
            assert "**" not in plain, (language, key)
            assert len(plain) > 0.8 * len(section), (language, key)


def test_a_text_is_made_of_lines_and_strings() -> None:
    made = text("Hello", "", bullet("a ", bold("b")), quote("one\n\ntwo"))
    assert made.plain == "Hello\n\n- a b\n> one\n> two"


def test_two_texts_stand_one_below_the_other() -> None:
    assert (text("a") + text("b")).plain == "a\n\nb"
    assert (text("a") + text()).plain == "a"


def test_a_link_shows_its_address_where_there_is_no_markup() -> None:
    assert line("see ", link("this", "https://a.example")).plain == "see this (https://a.example)"


@given(st.text())
def test_words_put_into_a_line_stay_in_it_whatever_they_hold(words: str) -> None:
    made = line("before ", code(words), " after")
    assert "\n" not in made.plain
    assert all(span.style in Style for span in made.spans)


@given(st.text(max_size=400))
@pytest.mark.timeout(60)
def test_any_text_can_be_read_as_markdown(source: str) -> None:
    for one in from_markdown(source).lines:
        assert all(span.text for span in one.spans)
