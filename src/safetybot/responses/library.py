"""Choosing the right text: concern, level, language, region. Pure: texts were read before, nothing is sent here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetybot.model import Concern, Level, Response, Source
from safetybot.responses.files import Files, Text, UiFile, read_files

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Card:
    """A longer text that only the person who asks for it sees."""

    id: str
    language: str
    body: str
    sources: tuple[Source, ...]


class ResponseLibrary:
    """The responses in force. Immutable."""

    def __init__(self, files: Files) -> None:
        """Use files that were read and checked."""
        self.files = files

    @classmethod
    def load(cls, folders: Sequence[Path]) -> ResponseLibrary:
        """Read `folders`, the packaged one first. Raises `InvalidDocument`."""
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
        """The text for a concern in `language`, in English where there is none.

        Args:
            concern: What the message is about.
            level: For `ADVERSE`; None there counts as `TODAY`.
            language: BCP 47 tag; only its first part counts.
            region: ISO 3166 code whose emergency number is named.
            emergency_number: The community's own line; wins over `region`.
        """
        key = concern.label
        if concern is Concern.ADVERSE:
            key += f"-{(level or Level.TODAY).label}"
        text = self._text(language, key)
        number = self.emergency(region, emergency_number)
        return Response(
            id=_id(text),
            concern=concern,
            level=level if concern is Concern.ADVERSE else None,
            language=text.head.language,
            public=filled(text.sections["Public"], number),
            card=filled(text.sections["Card"], number),
            sources=self._sources(text),
            facts=tuple(text.head.facts),
            reviewed_on=text.head.reviewed_on,
        )

    def first_aid(self, language: str, *, region: str | None = None, emergency_number: str | None = None) -> Card:
        """The card behind "Something's wrong now", with all three levels."""
        text = self._text(language, "first-aid")
        number = self.emergency(region, emergency_number)
        return Card(_id(text), text.head.language, filled(text.sections["Card"], number), self._sources(text))

    def ui(self, language: str) -> UiFile:
        """Buttons and small sentences in `language`, in English where there are none."""
        return self.files.ui.get(language.split("-")[0]) or self.files.ui[FALLBACK]

    def emergency(self, region: str | None, emergency_number: str | None) -> str:
        """The emergency line: a community's own, its region's, or the one that fits everywhere."""
        regions = self.files.regions
        return emergency_number or regions.regions.get(region or "", regions.everywhere)

    def _text(self, language: str, key: str) -> Text:
        return self.files.texts.get((language.split("-")[0], key)) or self.files.texts[FALLBACK, key]

    def _sources(self, text: Text) -> tuple[Source, ...]:
        names = dict.fromkeys(name for fact in text.head.facts for name in self.files.facts[fact].sources)
        return tuple(
            Source(name, entry.title, entry.url, entry.publisher, entry.seen_on)
            for name in names
            for entry in [self.files.sources[name]]
        )


def filled(text: str, emergency: str) -> str:
    """`text` with its one placeholder filled; anything else in braces stays as it is."""
    return text.replace("{emergency}", emergency)


def _id(text: Text) -> str:
    content = "\x1f".join(text.sections[name] for name in sorted(text.sections))
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return f"{text.head.language}/{text.key}@{digest}"
