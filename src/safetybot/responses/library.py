"""Choosing the right text: concern, level, language, region. Pure: texts were read before, nothing is sent here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from safetybot.model import Concern, Level, Response, Source
from safetybot.responses.files import Files, Text, UiFile, read_files

FALLBACK = "en"
"""The language of last resort; the packaged folder has every text in it."""
PLACEHOLDERS = frozenset({"emergency", "first_aid", "not_for_me"})
"""What texts may hold in braces: the emergency line, and the words on two buttons."""
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class CardKind(StrEnum):
    """The cards behind a reply's buttons."""

    RISKS = "risks"
    FIRST_AID = "first_aid"
    SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Card:
    """A longer text that only the person who asks for it sees."""

    id: str
    """As `Response.id`: the text and its version."""
    language: str
    body: str
    """Markdown paragraphs and lists."""
    sources: tuple[Source, ...]


class ResponseLibrary:
    """The responses in force. Immutable."""

    def __init__(self, files: Files) -> None:
        """Use files that were read and checked."""
        self.files = files

    @classmethod
    def load(cls, folders: Sequence[Path]) -> ResponseLibrary:
        """Read `folders`, the packaged one first; an operator's file replaces the packaged one of its name.

        Raises:
            InvalidDocument: A file is missing, unreadable or of the wrong shape.
        """
        return cls(read_files(folders))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there are texts in, sorted."""
        return tuple(sorted({language for language, _ in self.files.texts}))

    def choose(
        self,
        concern: Concern,
        level: Level | None,
        language: str,
        *,
        region: str | None = None,
        emergency_number: str | None = None,
    ) -> Response:
        """The text for a concern in `language`, or in the nearest language there is: `pt-BR`, `pt`, then English.

        Args:
            concern: What the message is about.
            level: For `ADVERSE`; None there counts as `TODAY`. Without meaning for the others.
            language: BCP 47 tag.
            region: ISO 3166 code whose emergency number is named.
            emergency_number: The community's own line; wins over `region`.
        """
        level = (level or Level.TODAY) if concern is Concern.ADVERSE else None
        text = self._text(language, _key(concern, level))
        words = self._words(text.head.language, region, emergency_number)
        return Response(
            id=_id(text),
            concern=concern,
            level=level,
            language=text.head.language,
            public=filled(text.sections["Public"], words),
            card=filled(text.sections["Card"], words),
            sources=self._sources(text),
            facts=tuple(text.head.facts),
            reviewed_on=text.head.reviewed_on,
        )

    def card(
        self,
        kind: CardKind,
        language: str,
        *,
        concern: Concern,
        level: Level | None = None,
        region: str | None = None,
        emergency_number: str | None = None,
    ) -> Card:
        """What a button of the reply about `concern` opens, in the presser's own `language`."""
        if kind is CardKind.FIRST_AID:
            return self.first_aid(language, level, region=region, emergency_number=emergency_number)
        response = self.choose(concern, level, language, region=region, emergency_number=emergency_number)
        if kind is CardKind.RISKS:
            return Card(response.id, response.language, response.card, response.sources)
        ui = self.ui(response.language)
        return Card(response.id, response.language, sources_list(ui.sources_title, response.sources), response.sources)

    def first_aid(
        self,
        language: str,
        level: Level | None = None,
        *,
        region: str | None = None,
        emergency_number: str | None = None,
    ) -> Card:
        """The card behind "Something's wrong now": for one level where it is known, else with all three."""
        text = self._text(language, _key(Concern.ADVERSE, level) if level else "first-aid")
        words = self._words(text.head.language, region, emergency_number)
        return Card(_id(text), text.head.language, filled(text.sections["Card"], words), self._sources(text))

    def ui(self, language: str) -> UiFile:
        """Buttons and small sentences in `language`, in English where there are none."""
        return next(self.files.ui[tag] for tag in _tags(language) if tag in self.files.ui)

    def emergency(self, region: str | None, emergency_number: str | None, language: str = FALLBACK) -> str:
        """The emergency line: a community's own, its region's numbers, or the line that fits everywhere."""
        ui = self.ui(language)
        if own := " ".join((emergency_number or "").split()):
            return own
        numbers = self.files.regions.regions.get((region or "").upper())
        return ui.either.join(numbers) if numbers else ui.everywhere

    def _text(self, language: str, key: str) -> Text:
        texts = self.files.texts
        return next(texts[tag, key] for tag in _tags(language) if (tag, key) in texts)

    def _words(self, language: str, region: str | None, emergency_number: str | None) -> dict[str, str]:
        ui = self.ui(language)
        emergency = self.emergency(region, emergency_number, language)
        return {"emergency": emergency, "first_aid": ui.first_aid, "not_for_me": ui.not_for_me}

    def _sources(self, text: Text) -> tuple[Source, ...]:
        return tuple(
            Source(name, entry.title, entry.url, entry.publisher, entry.seen_on)
            for name in self.files.sources_of(text)
            for entry in [self.files.sources[name]]
        )


def filled(text: str, words: Mapping[str, str]) -> str:
    """`text` with its placeholders filled in one pass; braces in what is filled in, and unknown names, stay."""
    return _PLACEHOLDER.sub(lambda found: words.get(found[1], found[0]), text)


def sources_list(title: str, sources: Sequence[Source]) -> str:
    """The pages as a Markdown list under `title`."""
    lines = (f"- {source.title} ({source.publisher}): {source.url}" for source in sources)
    return "\n".join([f"**{title}**", "", *lines])


def _key(concern: Concern, level: Level | None) -> str:
    return f"{concern.label}-{level.label}" if level else concern.label


def _tags(language: str) -> Iterator[str]:
    """`pt-BR` as `pt-br`, `pt`, and at last English."""
    parts = language.replace("_", "-").lower().split("-")
    for end in range(len(parts), 0, -1):
        yield "-".join(parts[:end])
    yield FALLBACK


def _id(text: Text) -> str:
    content = "\x1f".join([*(text.sections[name] for name in sorted(text.sections)), *text.head.facts])
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return f"{text.head.language}/{text.key.replace('adverse-', 'adverse/')}@{digest}"
