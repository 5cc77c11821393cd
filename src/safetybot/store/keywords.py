"""A community's own terms, kept as versions: what each means, whether it is a draft, in shadow, live or retired.

Lives here: storing, changing, undoing, reading. Does not live here: whether a term is any good, and who may change it
(`communities/`).
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safetybot.model import Concern
from safetybot.store.database import Database
from safetybot.store.tables import keywords
from safetybot.store.versions import Change, VersionedTable

_VERSIONS = VersionedTable(keywords, "term", "keyword")


class KeywordState(enum.StrEnum):
    """Where a keyword stands in its life."""

    DRAFT = "draft"
    SHADOW = "shadow"
    """Decided and logged in full, nothing sent."""
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a community decided about one term: watch for it (with a concept or a concern), or allow it."""

    term: str
    state: KeywordState
    concept: str | None = None
    concern: Concern | None = None
    allowed: bool = False
    """The term is an allow-list phrase: what stands within it counts for nothing."""

    def __post_init__(self) -> None:
        """Raises `ValueError` unless exactly one of concept, concern and allowed is given."""
        if (self.concept is not None) + (self.concern is not None) + self.allowed != 1:
            raise ValueError(f"keyword {self.term!r}: give one of a concept, a concern and `allowed`")


class CommunityKeywords:
    """Changes and histories of communities' keywords. `SqlStore.keywords` is one."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database

    async def put(
        self, platform: str, community: str, keyword: Keyword, *, by: str, at: datetime, expected: int
    ) -> Change:
        """Add or change a keyword. Audited. Raises `StaleVersion` where its newest version is not `expected`."""
        identity = {"platform": platform, "community": community, "term": keyword.term}
        return await self._database.writer.do(
            lambda connection: _VERSIONS.put(connection, identity, _stored(keyword), by=by, at=at, expected=expected)
        )

    async def undo(
        self, platform: str, community: str, term: str, *, by: str, at: datetime, expected: int | None = None
    ) -> Change:
        """Take back the newest change of a term that stands. Audited. Raises `NothingToUndo`, `StaleVersion`."""
        identity = {"platform": platform, "community": community, "term": term}
        return await self._database.writer.do(
            lambda connection: _VERSIONS.undo(connection, identity, by=by, at=at, expected=expected)
        )

    async def history(self, platform: str, community: str, term: str) -> list[Change]:
        """Every change of one term, oldest first; `read_keyword` makes a `Keyword` of a change's value."""
        identity = {"platform": platform, "community": community, "term": term}
        async with self._database.reader.connect() as connection:
            return await connection.run_sync(_VERSIONS.changes, identity)

    async def in_force(self, platform: str, community: str) -> list[tuple[Keyword, int]]:
        """The community's keywords, retired ones too, by term, each with its version."""
        query = _VERSIONS.in_force(platform, community).order_by(keywords.c.term)
        async with self._database.reader.connect() as connection:
            return [(read_keyword(row.term, row.value), row.version) for row in await connection.execute(query)]

    async def version(self, platform: str, community: str) -> int:
        """A number that grows with each change of the community's keywords, 0 before the first: a cache's key."""
        newest = sa.select(sa.func.max(keywords.c.id)).where(
            keywords.c.platform == platform, keywords.c.community == community
        )
        async with self._database.reader.connect() as connection:
            return (await connection.execute(newest)).scalar_one() or 0


def read_keyword(term: str, value: dict[str, Any]) -> Keyword:
    """The keyword that a change's value stands for."""
    concern = value["concern"]
    return Keyword(
        term,
        KeywordState(value["state"]),
        value["concept"],
        Concern.from_label(concern) if concern else None,
        value["allowed"],
    )


def _stored(keyword: Keyword) -> dict[str, Any]:
    value = asdict(keyword)
    del value["term"]
    return {**value, "state": keyword.state.value, "concern": keyword.concern.label if keyword.concern else None}
