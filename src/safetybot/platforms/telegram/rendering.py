"""Answers as Telegram shows them: HTML, pages, keyboards. Pure.

Lives here: how texts and buttons look. Does not live here: what they say (`chat/`), sending them (`sending.py`), and
what a press does (`presses.py`). Every span is escaped, so no member's word becomes markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LoginUrl

from safetybot.chat.answers import Answer, Button
from safetybot.chat.text import Form, Line, RichText, Span, Style
from safetybot.platforms.telegram.sealing import Seal

PAGE = 4096
"""UTF-16 units of one message, counted without its markup (T31)."""
POPUP = 200
"""Characters that a pressed button can show in passing."""

_LABEL = 64
_PER_ROW = 2
_WIDE = 22
"""Characters above which a label gets a row of its own: two of them would be cut off on a telephone."""
_MARKS = {Form.TEXT: "", Form.BULLET: "• ", Form.QUOTE: ""}
_MENTION = re.compile(r"(?<![\w@])@(?=\w)")
_CAN_LEAD = re.compile(r"(?:https?|tg)://", re.IGNORECASE)


# --- texts ------------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """`text` so that Telegram shows exactly its characters, and pings nobody: a mention is broken up invisibly."""
    return html.escape(_MENTION.sub("@\u2060", text), quote=False)


def html_of(text: RichText) -> str:
    """A text in Telegram's HTML; neighbouring quoted lines are one quotation."""
    return "\n".join(_blocks(text.lines))


def pages(text: RichText, limit: int = PAGE) -> list[str]:
    """A text in HTML, in pieces of at most `limit` units, cut between lines where that is possible.

    There is at least one: Telegram takes no empty message, so nothing becomes an invisible sign.
    """
    made: list[list[Line]] = [[]]
    left = limit
    for line in (piece for whole in text.lines for piece in _pieces(whole, limit)):
        size = _size(line) + 1
        if size > left and made[-1]:
            made.append([])
            left = limit
        made[-1].append(line)
        left -= size
    shown = ["\n".join(_blocks(tuple(lines))).strip("\n") for lines in made]
    return [page for page in shown if page.strip()] or ["\u2060"]


def popup(text: RichText) -> str | None:
    """A text for showing in passing, None where it is too long for that. Pop-ups know no markup."""
    plain = text.plain.strip()
    return plain if plain and len(plain) <= POPUP else None


def _blocks(lines: tuple[Line, ...]) -> Iterator[str]:
    quoted: list[str] = []
    for line in lines:
        shown = _MARKS[line.form] + "".join(map(_span, line.spans))
        if line.form is Form.QUOTE:
            quoted.append(shown)
            continue
        if quoted:
            yield _quotation(quoted)
            quoted = []
        yield shown
    if quoted:
        yield _quotation(quoted)


def _quotation(lines: list[str]) -> str:
    return "<blockquote>" + "\n".join(lines) + "</blockquote>"


def _span(span: Span) -> str:
    if span.style in (Style.CODE, Style.CHANNEL, Style.ROLE):
        return f"<code>{html.escape(span.text, quote=False)}</code>"
    if span.style is Style.LINK and _CAN_LEAD.match(span.url):
        return f'<a href="{html.escape(span.url)}">{html.escape(span.text, quote=False)}</a>'
    shown = escaped(span.text)
    return f"<b>{shown}</b>" if span.style is Style.BOLD else shown


def _size(line: Line) -> int:
    return _units(_MARKS[line.form]) + sum(_units(span.text) + span.text.count("@") for span in line.spans)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _pieces(line: Line, limit: int) -> Iterator[Line]:
    """A line, in pieces where it is longer than a page."""
    if _size(line) < limit:
        yield line
        return
    most = limit // 4  # characters: a sign has two units at most, and a mention one more
    spans: list[Span] = []
    room = most
    for span in line.spans:
        rest = span.text
        while len(rest) > room:
            cut = rest.rfind(" ", room // 2, room) + 1 or room
            yield Line((*spans, Span(rest[:cut], span.style, span.url)), line.form)
            spans, rest, room = [], rest[cut:], most
        spans.append(Span(rest, span.style, span.url))
        room -= len(rest)
    yield Line(tuple(spans), line.form)


# --- keyboards --------------------------------------------------------------------------------------------


def keyboard(answer: Answer, seal: Seal) -> InlineKeyboardMarkup | None:
    """Buttons and menu of an answer, None where it has none. They work for ever: each carries what it means.

    Raises `UnusableAction` where a button does not fit, a fault of ours.
    """
    rows = [[_button(button, seal) for button in row] for given in answer.rows if given for row in _narrow(given)]
    if answer.menu is not None:
        # A choice's note has no place on a button, so it stands behind the label.
        rows = [
            [_button(Button(f"{one.label} · {one.note}" if one.note else one.label, one.action), seal)]
            for one in answer.menu.choices
        ] + rows
    return InlineKeyboardMarkup(rows) if rows else None


def _narrow(row: tuple[Button, ...]) -> Iterator[tuple[Button, ...]]:
    """A row as a telephone can show it: long labels alone, short ones two by two."""
    waiting: list[Button] = []
    for button in row:
        if len(button.label) > _WIDE:
            if waiting:
                yield tuple(waiting)
                waiting = []
            yield (button,)
            continue
        waiting.append(button)
        if len(waiting) == _PER_ROW:
            yield tuple(waiting)
            waiting = []
    if waiting:
        yield tuple(waiting)


def _button(button: Button, seal: Seal) -> InlineKeyboardButton:
    label = button.label if len(button.label) <= _LABEL else button.label[: _LABEL - 1].rstrip() + "…"
    if button.vouched:
        return InlineKeyboardButton(label, login_url=LoginUrl(button.url))
    if button.action is None:
        return InlineKeyboardButton(label, url=button.url)
    return InlineKeyboardButton(label, callback_data=seal(button.action))
