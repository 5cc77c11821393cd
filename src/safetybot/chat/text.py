"""Text with a little style, as data: each platform writes it in its own markup and escapes what it has to.

Lives here: spans, lines, the way from the responses' Markdown. Does not live here: Discord's and Telegram's markup.
Since nothing is marked up until it is rendered, a member's words can never break out of where they stand.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass


class Style(enum.Enum):
    """How a span looks."""

    PLAIN = "plain"
    BOLD = "bold"
    CODE = "code"
    LINK = "link"
    CHANNEL = "channel"
    """A channel's id, shown by its name where the platform can do that."""
    ROLE = "role"
    """A role's id, the same."""


class Form(enum.Enum):
    """How a line stands."""

    TEXT = "text"
    BULLET = "bullet"
    QUOTE = "quote"
    """Somebody else's words."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some characters of one style; `url` for links only."""

    text: str
    style: Style = Style.PLAIN
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; an empty one separates paragraphs."""

    spans: tuple[Span, ...] = ()
    form: Form = Form.TEXT

    @property
    def plain(self) -> str:
        """Its characters without any style; links with their address behind."""
        return "".join(f"{s.text} ({s.url})" if s.url and s.url != s.text else s.text for s in self.spans)


@dataclass(frozen=True, slots=True)
class RichText:
    """Lines, from top to bottom."""

    lines: tuple[Line, ...] = ()

    def __add__(self, other: RichText) -> RichText:
        """Both, one below the other, with an empty line between."""
        if not (self.lines and other.lines):
            return RichText(self.lines + other.lines)
        return RichText((*self.lines, Line(), *other.lines))

    @property
    def plain(self) -> str:
        """The text as a terminal shows it."""
        marks = {Form.TEXT: "", Form.BULLET: "- ", Form.QUOTE: "> "}
        return "\n".join(marks[line.form] + line.plain for line in self.lines)


NOTHING = RichText()


def bold(text: str) -> Span:
    """`text`, bold."""
    return Span(text, Style.BOLD)


def code(text: str) -> Span:
    """`text` to be read letter by letter: an id, a term, a setting."""
    return Span(text, Style.CODE)


def channel_span(channel_id: str) -> Span:
    """A channel, by its id."""
    return Span(channel_id, Style.CHANNEL)


def role_span(role_id: str) -> Span:
    """A role, by its id."""
    return Span(role_id, Style.ROLE)


def link(text: str, url: str) -> Span:
    """`text`, leading to `url`."""
    return Span(text, Style.LINK, url)


def line(*parts: str | Span, form: Form = Form.TEXT) -> Line:
    """One line of these parts; a text in it is plain, and its line breaks become spaces."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return Line(tuple(_one_line(span) for span in spans if span.text), form)


def bullet(*parts: str | Span) -> Line:
    """One item of a list."""
    return line(*parts, form=Form.BULLET)


def quote(words: str) -> tuple[Line, ...]:
    """Somebody else's words, line by line."""
    return tuple(line(part, form=Form.QUOTE) for part in words.splitlines() if part.strip())


def text(*parts: str | Line | Iterable[Line]) -> RichText:
    """A text of these lines; a string is a plain line, an empty one a gap."""
    lines: list[Line] = []
    for part in parts:
        if isinstance(part, str):
            lines.append(line(part))
        elif isinstance(part, Line):
            lines.append(part)
        else:
            lines.extend(part)
    return RichText(tuple(lines))


_BREAKS = str.maketrans(dict.fromkeys("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
"""Whatever ends a line, as `str.splitlines` has it."""
_BULLET = re.compile(r"[-*] +")
_INLINE = re.compile(
    r"\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\((https?://[^\s)]+)\)|(https?://[^\s<>()]+[^\s<>().,;:!?])"
)


def from_markdown(source: str) -> RichText:
    """The Markdown that responses are written in (paragraphs, lists, bold, code, links) as text with style."""
    lines: list[Line] = []
    for raw in source.strip().splitlines():
        stripped = raw.strip()
        mark = _BULLET.match(stripped)
        lines.append(_marked(stripped[mark.end() :] if mark else stripped, Form.BULLET if mark else Form.TEXT))
    return RichText(tuple(lines))


def _marked(source: str, form: Form) -> Line:
    spans: list[Span] = []
    at = 0
    for found in _INLINE.finditer(source):
        spans.append(Span(source[at : found.start()]))
        strong, letters, label, url, bare = found.groups()
        if strong:
            spans.append(bold(strong))
        elif letters:
            spans.append(code(letters))
        else:
            spans.append(link(label or bare, url or bare))
        at = found.end()
    spans.append(Span(source[at:]))
    return Line(tuple(span for span in spans if span.text), form)


def _one_line(span: Span) -> Span:
    return Span(span.text.translate(_BREAKS), span.style, span.url)
