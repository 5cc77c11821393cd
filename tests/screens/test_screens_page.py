"""The page of screens shows Discord's Markdown as Discord does, and nothing of it becomes markup by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.screens import page

from safetybot.chat.text import Line, RichText, Span, Style
from safetybot.platforms.discord.rendering import markdown as discord_markdown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**bold** and `code`", "<b>bold</b> and <code>code</code>"),
        (r"\*plain\* <b>", "*plain* &lt;b&gt;"),
        ("[text](<https://example.org/a?b=1&c=2>)", '<a href="https://example.org/a?b=1&amp;c=2">text</a>'),
        ("<https://example.org/>", '<a href="https://example.org/">https://example.org/</a>'),
        ("`` a ` b ``", "<code>a ` b</code>"),
    ],
)
def test_a_line_is_shown_as_discord_shows_it(source: str, shown: str) -> None:
    assert page.inline(source) == shown


def test_lists_and_quotations_hold_their_lines_together() -> None:
    assert page.markdown("> a\n> b\n- c\nd") == ("<blockquote><p>a</p><p>b</p></blockquote><ul><li>c</li></ul><p>d</p>")


def test_a_channel_is_shown_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(page.names, "12", "mods")
    assert page.inline("<#12>") == '<span class="mention">#mods</span>'


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=80))
def test_whatever_a_member_wrote_is_shown_as_text(words: str) -> None:
    shown = page.markdown(discord_markdown(RichText((Line((Span(words, Style.PLAIN),)),))))
    inner = shown.removeprefix("<p>").removesuffix("</p>").removeprefix('<div class="gap"></div>')
    assert "<" not in inner
