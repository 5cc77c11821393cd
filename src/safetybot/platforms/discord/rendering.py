"""Answers as Discord shows them: Markdown, pages, buttons, menus, forms.

Lives here: how texts and buttons look. Does not live here: what they say (`chat/`), sending them, and what a press does
(`presses.py`). Every plain span is escaped, nobody is pinged, and no link opens a preview.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import discord

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Field, FormToFill, Menu, Weight
from safetybot.chat.text import Form, Line, RichText, Span, Style

PAGE = 2000
"""Characters of one message (D36)."""
NOBODY = discord.AllowedMentions.none()
"""Goes with every send (D34)."""
MENU_ID = "menu"
"""The custom id of a menu, with its row behind: what was chosen carries the action."""
AGAIN = "~"
"""Behind the id of a button that does the same as one before it on the message."""

Encode = Callable[[Action], str]
"""`Actions.encode`."""
Item = discord.ui.Item[discord.ui.View]

_ROWS, _PER_ROW = 5, 5
_BUTTON_LABEL, _CHOICE_LABEL, _PLACEHOLDER, _FORM_LABEL = 80, 100, 150, 45
_MARKS = {Form.TEXT: "", Form.BULLET: "- ", Form.QUOTE: "> "}
_BY_ID = {Style.CHANNEL: "<#{}>", Style.ROLE: "<@&{}>"}
"""Discord shows the name; `NOBODY` sees to it that no role is pinged."""
_SPECIAL = re.compile(r"[\\*_~`|<>\[\]]")
_AT_START = re.compile(r"(\s*(?:\d+(?=[.)]))?)([#\-+.)])")
_STYLES = {
    Weight.NORMAL: discord.ButtonStyle.secondary,
    Weight.MAIN: discord.ButtonStyle.primary,
    Weight.DANGER: discord.ButtonStyle.danger,
}
_PIECE = 400
"""Characters of a line's piece where the line is longer than a page: escaping at most doubles it."""


# --- texts ------------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """`text` so that Discord shows exactly its characters: no style, no mention, no address to press."""
    shown = _SPECIAL.sub(r"\\\g<0>", text).replace("://", "\\://")
    # Shown as a mention even where it pings nobody.
    return shown.replace("@everyone", "@\u200beveryone").replace("@here", "@\u200bhere")


def markdown(text: RichText) -> str:
    """A text in Discord's Markdown."""
    return "\n".join(_line(line) for line in text.lines)


def pages(text: RichText, limit: int = PAGE) -> list[str]:
    """A text in pieces of at most `limit` (1,000 or more) characters, cut between lines where that is possible.

    There is at least one: Discord takes no message without a visible character, so nothing becomes a blank.
    """
    made: list[str] = []
    page: str | None = None
    for piece in (piece for line in text.lines for piece in _pieces(line, limit)):
        longer = piece if page is None else f"{page}\n{piece}"
        if page is not None and len(longer) > limit:
            made.append(page)
            page = piece
        else:
            page = longer
    made.append(page or "")
    return [page.strip("\n") for page in made if page.strip()] or ["\u200b"]


def _line(line: Line) -> str:
    return _MARKS[line.form] + "".join(_span(span, first=not number) for number, span in enumerate(line.spans))


def _pieces(line: Line, limit: int) -> Iterator[str]:
    """A line in Markdown, in pieces where it is too long for a page."""
    whole = _line(line)
    if len(whole) <= limit:
        yield whole
        return
    mark = piece = _MARKS[line.form]
    for span in line.spans:
        for part in _parts(span):
            shown = _span(part, first=piece == mark)
            if len(piece) + len(shown) > limit:
                yield piece
                piece, shown = mark, _span(part, first=True)
            piece += shown
    yield piece


def _parts(span: Span) -> Iterator[Span]:
    """A span in short parts, each ending at a space where there is one."""
    rest = span.text
    while len(rest) > _PIECE:
        cut = rest.rfind(" ", _PIECE // 2, _PIECE) + 1 or _PIECE
        yield Span(rest[:cut], span.style, span.url)
        rest = rest[cut:]
    yield Span(rest, span.style, span.url)


def _span(span: Span, *, first: bool) -> str:
    if span.style in _BY_ID and span.text.isascii() and span.text.isdigit():
        return _BY_ID[span.style].format(span.text)
    if span.style in (Style.CODE, *_BY_ID):
        return _code(span.text)
    if span.style is Style.LINK:
        url = span.url.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
        # The angle brackets keep the preview away.
        return f"<{url}>" if span.text == span.url else f"[{escaped(span.text)}](<{url}>)"
    shown = escaped(span.text)
    if first:
        shown = _AT_START.sub(_kept, shown, count=1) if _AT_START.match(shown) else shown
    return f"**{shown}**" if span.style is Style.BOLD else shown


def _kept(found: re.Match[str]) -> str:
    """A sign that would begin a heading or a list, as the sign itself."""
    before, sign = found.groups()
    numbered = before.strip().isdigit()
    if (sign in ".)") != numbered:
        return found[0]
    return f"{before}\\{sign}"


def _code(text: str) -> str:
    if "`" not in text:
        return f"`{text}`"
    # Two backticks may hold single ones; where there are two in a row, nothing can, so they are set apart.
    inner = re.sub(r"`(?=`)", "`\u200b", text)
    return f"`` {inner} ``"


# --- buttons, menus, forms --------------------------------------------------------------------------------


def view_of(answer: Answer, encode: Encode) -> discord.ui.View | None:
    """Buttons and menu of an answer, None where it has none. They work for ever: each carries what it means.

    Raises:
        ValueError: There are more than Discord shows, a fault of ours.
    """
    rows = [list(row) for row in answer.rows if row]
    most = _ROWS - bool(answer.menu)
    if len(rows) > most or any(len(row) > _PER_ROW for row in rows):
        flat = [button for row in rows for button in row]
        rows = [flat[at : at + _PER_ROW] for at in range(0, len(flat), _PER_ROW)]
    if len(rows) > most:
        raise ValueError(f"{len(rows)} rows of buttons where Discord shows {most}")
    if not rows and answer.menu is None:
        return None
    view = discord.ui.View(timeout=None)
    if answer.menu is not None:
        view.add_item(_menu(answer.menu, encode))
    taken: set[str] = set()
    for number, row in enumerate(rows, bool(answer.menu)):
        for button in row:
            view.add_item(_button(button, number, encode, taken))
    # A stopped view is sent and then forgotten. The library would keep any other for ever, and no press needs it.
    view.stop()
    return view


def modal_of(form: FormToFill, encode: Encode) -> discord.ui.Modal:
    """A form; what is filled in comes back with the action as the modal's custom id (`presses.py`)."""
    modal = discord.ui.Modal(title=_short(form.title, _FORM_LABEL), custom_id=encode(form.action), timeout=None)
    for field in form.fields:
        modal.add_item(_field(field))
    modal.stop()  # as in `view_of`
    return modal


def files_of(answer: Answer) -> list[discord.File]:
    """An answer's files, anew for each send: the library reads them to their end."""
    return [discord.File(io.BytesIO(file.data), filename=file.name) for file in answer.files]


def filled_in(components: Iterable[object]) -> dict[str, str]:
    """What was filled into a form, by field, from the payload of a modal that was sent in."""
    values: dict[str, str] = {}
    for component in components:
        if not isinstance(component, dict):
            continue
        name, value = component.get("custom_id"), component.get("value")
        if isinstance(name, str) and isinstance(value, str):
            values[name] = value
        inner = component.get("component")
        values |= filled_in([*(component.get("components") or []), *([inner] if inner else [])])
    return values


def _button(button: Button, row: int, encode: Encode, taken: set[str]) -> discord.ui.Button[discord.ui.View]:
    label = _short(button.label, _BUTTON_LABEL)
    if button.action is None:
        return discord.ui.Button(label=label, url=button.url, row=row)
    # Two buttons may do the same; Discord wants their ids to differ.
    carried = encode(button.action)
    custom_id = next(one for n in range(_ROWS * _PER_ROW) if (one := carried + AGAIN * n) not in taken)
    taken.add(custom_id)
    return discord.ui.Button(label=label, style=_STYLES[button.weight], custom_id=custom_id, row=row)


def _menu(menu: Menu, encode: Encode) -> discord.ui.Select[discord.ui.View]:
    options = [
        discord.SelectOption(
            label=_short(choice.label, _CHOICE_LABEL),
            value=encode(choice.action),
            description=_short(choice.note, _CHOICE_LABEL) or None,
        )
        for choice in menu.choices
    ]
    return discord.ui.Select(
        custom_id=MENU_ID, placeholder=_short(menu.says, _PLACEHOLDER) or None, options=options, row=0
    )  # fmt: skip


def _field(field: Field) -> discord.ui.Label[discord.ui.View]:
    entry: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.long else discord.TextStyle.short,
        default=field.value[: field.most] or None,
        required=field.required,
        max_length=field.most,
    )
    return discord.ui.Label(
        text=_short(field.label, _FORM_LABEL), description=_short(field.hint, _CHOICE_LABEL) or None, component=entry
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def first_page(lines: Sequence[str]) -> str:
    """The first page and a sign that there is more, for places that hold one message only."""
    if len(lines) == 1:
        return lines[0]
    return lines[0][: PAGE - 2].rstrip() + "\n…"
