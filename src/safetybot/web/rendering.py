"""Templates made into pages: the one Jinja environment, its filters, texts in the reader's language.

Everything is escaped by Jinja; nothing here marks a text of somebody's as safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import jinja2
from markupsafe import Markup

from safetybot.communities.setting_list import to_text
from safetybot.model import Concern, Span
from safetybot.web import texts
from safetybot.web.names import bound_to, named
from safetybot.web.told import doubtful, nearly, refusal, repair_says, rule_says

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the menu."""

    says: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and whether something was found in it."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a list with its items."""

    lines: tuple[tuple[Piece, ...], ...]
    """Pieces with `found` are bold."""
    is_list: bool


def render(template: str, values: Mapping[str, object]) -> str:
    """The page that `template` makes of `values`."""
    return _environment().get_template(template).render(language=texts.current(), **values)


def pieces(text: str, spans: Sequence[Span]) -> list[Piece]:
    """`text` cut at the edges of what was found in it, in order; what overlaps is joined."""
    marks = [False] * len(text)
    for span in spans:
        for place in range(max(0, span.start), min(len(text), span.end)):
            marks[place] = True
    made: list[Piece] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or marks[place] != marks[start]:
            made.append(Piece(visible(text[start:place]), marks[start]))
            start = place
    return made


def visible(text: str) -> str:
    """Control and direction characters made visible, so that nobody's words move what stands beside them."""
    if text.isprintable():
        return text
    return "".join(char if char in "\n\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def blocks(markdown: str) -> list[Block]:
    """The little Markdown that responses use: paragraphs, lists, bold."""
    made: list[Block] = []
    for part in re.split(r"\n\s*\n", markdown.strip()):
        lines = [line.strip() for line in part.splitlines()]
        while lines:
            is_list = lines[0].startswith("- ")
            taken = list(_taken(lines, is_list=is_list))
            del lines[: len(taken)]
            if is_list:
                made.append(Block(tuple(tuple(_bold(line[2:])) for line in taken), is_list=True))
            else:
                made.append(Block((tuple(_bold(" ".join(taken))),), is_list=False))
    return made


def plain(value: object) -> str:
    """A value of the audit's in words: of a record what it says, without what it leaves open."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items() if part not in (None, False, "")) or "nothing"
    return "nothing" if value is None else to_text(value)


def seconds(count: float) -> str:
    """A short time, in the unit that fits it."""
    return f"{count * 1000:.0f} ms" if count < 1 else f"{count:.1f} s"


def moment(at: datetime | None) -> str | Markup:
    """A time as UTC for everybody; the script shows it in the reader's zone."""
    if at is None:
        return ""
    at = at.astimezone(UTC).replace(tzinfo=None)
    # A page of the log has fifty of these, and Markup's own `format` is slow. Digits need no escaping.
    return Markup(f'<time datetime="{at.isoformat("T", "seconds")}Z">{at.isoformat(" ", "minutes")} UTC</time>')  # noqa: S704


@lru_cache(maxsize=8)
def static_version(name: str) -> str:
    """A mark that changes with the file, so that browsers may keep it."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The extension puts this function on the environment.
    made.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        moment=moment,
        visible=visible,
        named=named,
        bound_to=bound_to,
        refusal=refusal,
        repair_says=repair_says,
        rule_says=rule_says,
        nearly=nearly,
        doubtful=doubtful,
        blocks=blocks,
        plain=plain,
        seconds=seconds,
        percent=lambda share: f"{share:.0%}",
    )
    made.globals.update(pieces=pieces, to_text=to_text, concerns=tuple(reversed(Concern)), asset=static_version)
    return made


def _taken(lines: Sequence[str], *, is_list: bool) -> Iterator[str]:
    for line in lines:
        if line.startswith("- ") != is_list:
            return
        yield line


def _bold(line: str) -> Iterator[Piece]:
    for place, text in enumerate(line.split("**")):
        if text:
            yield Piece(text, found=place % 2 == 1)
