"""How answers look, and what buttons carry: nothing breaks out, nothing is lost, nothing is forged."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.chat.actions import Action, Actions, UnusableAction
from safetybot.chat.answers import Answer, Button, Choice, Menu
from safetybot.chat.text import RichText, Span, Style, bold, bullet, code, line, link, quote, text
from safetybot.platforms.telegram.rendering import PAGE, escaped, html_of, keyboard, pages, popup
from safetybot.platforms.telegram.sealing import Opened, Sealing

SEALING = Sealing(Actions("a key of the tests, long enough"))
MARKUP = re.compile(r"</?(?:b|code|blockquote)>|<a href=\"[^\"<>]*\">|</a>")


def shown(page: str) -> str:
    """What a reader sees of a page."""
    return html.unescape(MARKUP.sub("", page)).replace("\u2060", "")


def test_every_style_has_its_form() -> None:
    made = text(line("plain ", bold("bold"), " ", code("x<y")), bullet("one"), quote("she\nsaid"), "end")
    assert html_of(made) == ("plain <b>bold</b> <code>x&lt;y</code>\n• one\n<blockquote>she\nsaid</blockquote>\nend")
    assert html_of(text(line(link("here", 'https://example.org/?a="1"&b')))) == (
        '<a href="https://example.org/?a=&quot;1&quot;&amp;b">here</a>'
    )


def test_a_link_that_leads_nowhere_is_plain() -> None:
    assert html_of(text(line(Span("press", Style.LINK, "javascript:alert(1)")))) == "press"


def test_nobody_is_pinged() -> None:
    assert "@mia" not in escaped("ask @mia")
    assert escaped("mail me@example.org") == "mail me@example.org"


@given(st.text(max_size=300))
def test_a_members_words_never_become_markup(words: str) -> None:
    page = html_of(text(line(words), line(bold(words)), quote(words)))
    left = re.sub(r"</?(?:b|blockquote)>", "", page)
    assert "<" not in left
    assert ">" not in left
    assert "".join(words.split()) in "".join(shown(html_of(text(line(words)))).split()) or "@" in words


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=6_000), max_size=5))
def test_pages_fit_and_lose_nothing(lines: list[str]) -> None:
    made = pages(text([line(one) for one in lines]))
    for page in made:
        assert 0 < len(html.unescape(MARKUP.sub("", page)).encode("utf-16-le")) // 2 <= PAGE
    whole = "".join(shown(page) for page in made)
    assert "".join(whole.split()) == "".join("".join(lines).replace("\u2060", "").split())


def test_a_styled_line_that_is_too_long_keeps_its_style() -> None:
    first, *rest = pages(text(line(bold("word " * 2_000))))
    assert rest
    assert first.startswith("<b>")
    assert first.endswith("</b>")


def test_nothing_becomes_an_invisible_sign() -> None:
    assert pages(RichText()) == ["\u2060"]


def test_short_texts_fit_a_popup() -> None:
    assert popup(text("Done.")) == "Done."
    assert popup(text("x" * 201)) is None
    assert popup(RichText()) is None


def test_long_labels_stand_alone_and_short_ones_in_pairs() -> None:
    buttons = tuple(Button(label, Action("x")) for label in ("a", "b", "c", "a label that needs a row of its own", "d"))
    markup = keyboard(Answer(rows=(buttons,)), SEALING.about(None))
    assert markup is not None
    assert [len(row) for row in markup.inline_keyboard] == [2, 1, 1, 1]


def test_a_menu_is_a_column_and_a_link_button_a_link() -> None:
    menu = Menu("Choose", (Choice("One", Action("x"), "first"), Choice("Two", Action("y"))))
    answer = Answer(rows=((Button("Site", url="https://example.org"),),), menu=menu)
    markup = keyboard(answer, SEALING.about("-100"))
    assert markup is not None
    assert [[one.text for one in row] for row in markup.inline_keyboard] == [["One · first"], ["Two"], ["Site"]]
    assert markup.inline_keyboard[2][0].url == "https://example.org"
    assert keyboard(Answer(), SEALING.about(None)) is None


@pytest.mark.parametrize("community", ["-1002100000001", "-4000000001", "5000000001"])
def test_a_button_and_a_link_carry_their_community(community: str) -> None:
    action = Action("card.first_aid", ("adverse", "emergency"))
    carried = SEALING.about(community)(action)
    assert len(carried.encode()) <= 64
    assert SEALING.open(carried).community == community
    assert SEALING.open(carried).action == action
    payload = SEALING.payload(action, community)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    assert SEALING.open_payload(payload) == SEALING.open(carried)


def test_every_button_under_a_reply_fits_a_link() -> None:
    for action in (
        Action("card.risks", ("mention",)), Action("card.sources", ("adverse", "emergency")),
        Action("not_for_me", ("999999999999",)), Action("alert.false", ("999999999999",)),
    ):  # fmt: skip
        assert SEALING.payload(action, "-1009999999999999")


def test_a_button_says_whether_its_message_stays() -> None:
    action = Action("queue")
    assert SEALING.open(SEALING.about("-100", stays=True)(action)) == Opened(action, "-100", stays=True)
    assert SEALING.open(SEALING.about("-100")(action)) == Opened(action, "-100")


def test_a_button_without_community_leaves_it_to_the_chat() -> None:
    assert SEALING.open(SEALING.about(None)(Action("x", ("1",)))).community is None


def test_another_community_cannot_be_put_in() -> None:
    carried = SEALING.about("-1002100000001")(Action("alert.done", ("5",)))
    body, _, signature = carried.rpartition(":")
    forged = f"{body.rpartition(':')[0]}:.-1:{signature}"
    assert SEALING.open(forged).action is None
    assert SEALING.open_payload("card-drisks-cmention-cAAAAAAAA").action is None
    assert SEALING.open_payload("-").action is None


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(UnusableAction):
        SEALING.payload(Action("a" * 40, ("b" * 10,)), "-1002100000001")


@given(st.text(max_size=80))
def test_no_made_up_payload_is_ours(payload: str) -> None:
    assert SEALING.open_payload(payload).action is None
    assert SEALING.open(payload).action is None
