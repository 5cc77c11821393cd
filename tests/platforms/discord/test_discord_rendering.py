"""How answers look on Discord: nothing in a member's words takes effect, and every limit is kept (D36, D37)."""

from __future__ import annotations

import re
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.emulators.discord.component_rules import check_components, check_modal
from tests.emulators.discord.errors import Form as Refusals

from safetybot.chat.actions import Action, Actions
from safetybot.chat.answers import Answer, Button, Choice, Field, File, FormToFill, Menu, Weight
from safetybot.chat.text import Form, Line, RichText, Span, Style, bold, bullet, code, line, link, quote, text
from safetybot.platforms.discord.rendering import (
    PAGE,
    escaped,
    files_of,
    filled_in,
    first_page,
    markdown,
    modal_of,
    pages,
    view_of,
)

ENCODE = Actions("a key").encode
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")


def shown(source: str) -> str:
    """What Discord shows of escaped text: the backslash before a sign goes."""
    return _ESCAPED.sub(r"\1", source).replace("\u200b", "")


@given(st.text(alphabet=st.characters(exclude_characters="\u200b", exclude_categories=["Cs"])))
def test_escaped_text_shows_exactly_its_characters(words: str) -> None:
    assert shown(escaped(words)) == words


@given(st.text(alphabet="\\*_~`|<>[]()#@:/-+.1 aeveryonehere"))
def test_no_sign_of_markup_is_left_bare(words: str) -> None:
    bare = _ESCAPED.sub("", escaped(words))
    assert not re.search(r"[*_~`|<>\[\]]", bare)
    assert "@everyone" not in bare
    assert "@here" not in bare
    assert "://" not in bare


@pytest.mark.parametrize(
    "words", ["# big", "- item", "+ item", "1. first", "12) first", "-# small", "  # big", "> said"]
)
def test_a_line_does_not_begin_a_list_or_a_heading(words: str) -> None:
    made = markdown(text(words))
    assert shown(made) == words
    assert not re.match(r"\s*([#>+-]|\d+[.)])", made)


@pytest.mark.parametrize("words", ["10 ml", "-", "1.5 cm", "a # b", "3", ". x", ") x", "(1) a"])
def test_what_looks_a_little_like_a_list_is_shown_as_it_is(words: str) -> None:
    assert shown(markdown(text(words))) == words


def test_styles_bullets_and_quotes_are_written_in_markdown() -> None:
    made = markdown(
        text(
            line("About ", bold("this*"), " and ", code("a`b"), code("plain")),
            bullet("one"),
            *quote("hello\n# you"),
            line(link("a page", "https://example.org/a b"), " ", link("https://example.org", "https://example.org")),
        )
    )
    assert made.splitlines() == [
        r"About **this\*** and `` a`b ```plain`",
        "- one",
        "> hello",
        r"> \# you",
        "[a page](<https://example.org/a%20b>) <https://example.org>",
    ]


def test_code_cannot_be_closed_by_what_is_in_it() -> None:
    made = markdown(text(line(code("a``b```c"))))
    assert made.startswith("`` ")
    assert "``" not in made[2:-2]


lines = st.builds(
    Line,
    st.lists(
        st.builds(Span, st.text(min_size=1, max_size=700).map(lambda t: " ".join(t.split()) or "x"),
                  st.sampled_from([Style.PLAIN, Style.BOLD, Style.CODE])),
        max_size=4,
    ).map(tuple),
    st.sampled_from(Form),
)  # fmt: skip


@given(st.lists(lines, max_size=12).map(lambda made: RichText(tuple(made))))
def test_every_page_fits_a_message(source: RichText) -> None:
    made = pages(source)
    assert made
    assert all(0 < len(page) <= PAGE for page in made)
    assert len(first_page(made)) <= PAGE


def test_pages_are_cut_between_lines_and_lose_nothing() -> None:
    source = text(*[f"line {n} " + "x" * 90 for n in range(60)])
    made = pages(source)
    assert len(made) > 1
    assert "\n".join(made) == markdown(source)


def test_a_line_longer_than_a_page_is_cut_between_words_and_keeps_its_marks() -> None:
    words = [f"w{n}*" for n in range(900)]
    made = pages(text(*quote(" ".join(words))))
    assert len(made) > 1
    assert all(page.startswith("> ") for page in made)
    assert shown(" ".join(page.removeprefix("> ") for page in made)).split() == words


def test_nothing_becomes_a_message_that_discord_takes() -> None:
    assert pages(RichText()) == ["\u200b"]
    assert pages(text("", "")) == ["\u200b"]


def test_one_message_says_that_there_is_more() -> None:
    made = first_page(pages(text(*["x" * 150 for _ in range(60)])))
    assert made.endswith("\n…")
    assert len(made) <= PAGE


def accepted(rows: list[dict[str, Any]]) -> None:
    """Raises what Discord would say of these components."""
    refusals = Refusals()
    check_components(refusals, rows, v2=False)
    refusals.check()


def button(number: int, weight: Weight = Weight.NORMAL) -> Button:
    return Button(f"press {number}", Action("try", (str(number),)), weight)


async def test_buttons_stand_in_their_rows_with_their_weight() -> None:
    answer = Answer(
        rows=(
            (button(1, Weight.MAIN), button(2, Weight.DANGER)),
            (button(3), Button("a page", url="https://example.org")),
        )
    )
    view = view_of(answer, ENCODE)
    assert view is not None
    rows = view.to_components()
    accepted(rows)
    assert [[(c["label"], c["style"]) for c in row["components"]] for row in rows] == [
        [("press 1", discord.ButtonStyle.primary.value), ("press 2", discord.ButtonStyle.danger.value)],
        [("press 3", discord.ButtonStyle.secondary.value), ("a page", discord.ButtonStyle.link.value)],
    ]
    assert rows[0]["components"][0]["custom_id"] == ENCODE(Action("try", ("1",)))
    assert view.is_finished(), "else the library would keep it in memory for ever"


async def test_too_many_buttons_in_a_row_go_into_the_next() -> None:
    view = view_of(Answer(rows=(tuple(button(n) for n in range(12)),)), ENCODE)
    assert view is not None
    assert [len(row["components"]) for row in view.to_components()] == [5, 5, 2]


async def test_more_buttons_than_discord_shows_is_a_fault_that_is_told() -> None:
    with pytest.raises(ValueError, match="6 rows"):
        view_of(Answer(rows=tuple((button(5 * r + n),) for r in range(6) for n in range(5))), ENCODE)


async def test_a_menu_carries_an_action_with_every_choice() -> None:
    choices = tuple(Choice(f"choice {n} " + "x" * 120, Action("pick", (str(n),)), "note " * 30) for n in range(25))
    view = view_of(Answer(menu=Menu("Choose " * 40, choices), rows=((button(1),),)), ENCODE)
    assert view is not None
    rows = view.to_components()
    accepted(rows)
    [menu] = rows[0]["components"]
    assert [o["value"] for o in menu["options"]] == [ENCODE(choice.action) for choice in choices]
    assert len(rows) == 2


async def test_an_answer_without_buttons_has_no_view() -> None:
    assert view_of(Answer(text("hello")), ENCODE) is None
    assert view_of(Answer(rows=((),)), ENCODE) is None


async def test_a_form_becomes_a_modal_that_discord_takes() -> None:
    fields = (
        Field("reason", "Why " * 20, hint="In a few words " * 20, long=True, most=500),
        Field("number", "How many", value="7" * 50, required=False, most=10),
    )
    made = modal_of(FormToFill("A title " * 20, Action("judge", ("1",)), fields), ENCODE).to_dict()
    check_modal(made)
    assert made["custom_id"] == ENCODE(Action("judge", ("1",)))
    assert [row["component"]["custom_id"] for row in made["components"]] == ["reason", "number"]
    assert made["components"][1]["component"]["value"] == "7" * 10


def test_what_was_filled_in_is_read_from_either_shape_of_payload() -> None:
    assert filled_in(
        [
            {"type": 18, "component": {"type": 4, "custom_id": "reason", "value": "a quote"}},
            {"type": 1, "components": [{"type": 4, "custom_id": "number", "value": ""}]},
            "nonsense",
        ]
    ) == {"reason": "a quote", "number": ""}


def test_files_are_made_anew_for_each_send() -> None:
    answer = Answer(files=(File("a.csv", b"1,2"),))
    assert [file.fp.read() for _ in range(2) for file in files_of(answer)] == [b"1,2", b"1,2"]
