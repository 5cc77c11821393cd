"""A community's own terms, kept as versions: storing, changing, undoing, reading, and what the log knows of them.

Does not live here: what a keyword is (`communities/keyword.py`), whether a term is any good, and who may change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from safetybot.communities.keyword import Keyword, KeywordState, read_keyword, stored_keyword
from safetybot.communities.keyword_report import Fired, Grounds, LoggedEffect, RuleTotals
from safetybot.communities.records import Filters
from safetybot.communities.terms_in_force import ChangedAt
from safetybot.store.database import Database
from safetybot.store.log import conditions
from safetybot.store.tables import interactions, keywords
from safetybot.store.tallied import at_one_moment, fired, rule_totals
from safetybot.store.tallies import day_of
from safetybot.store.versions import Change, VersionedTable

__all__ = ["CommunityKeywords", "Keyword", "KeywordState", "read_keyword"]

_VERSIONS = VersionedTable(keywords, "term", "keyword")


class CommunityKeywords:
    """Changes and histories of communities' keywords. `SqlStore.keywords` is one."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database

    async def put(
        self, platform: str, community: str, keyword: Keyword, *, by: str, at: datetime, expected: int
    ) -> Change:
        """Add or change a keyword. Audited. Raises `StaleVersion` where its newest version is not `expected`."""
        (change,) = await self.put_all(platform, community, [(keyword, expected)], by=by, at=at)
        return change

    async def put_all(
        self, platform: str, community: str, wanted: Sequence[tuple[Keyword, int]], *, by: str, at: datetime
    ) -> list[Change]:
        """Add or change several, all or none; each with the version that is expected. Audited. Raises as `put`."""

        def job(connection: sa.Connection) -> list[Change]:
            made: list[Change] = []
            for keyword, expected in wanted:
                identity = {"platform": platform, "community": community, "term": keyword.term}
                value = stored_keyword(keyword)
                made.append(_VERSIONS.put(connection, identity, value, by=by, at=at, expected=expected))
            return made

        return await self._database.writer.do(job)

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
        rows = await self._database.read_long(lambda connection: connection.execute(query).all())
        return [(read_keyword(row.term, row.value), row.version) for row in rows]

    async def version_of(self, platform: str, community: str, term: str) -> int:
        """The newest version of a term, 0 before the first; a term that was undone away has one too."""
        newest = sa.select(sa.func.max(keywords.c.version)).where(
            keywords.c.platform == platform, keywords.c.community == community, keywords.c.term == term
        )
        async with self._database.reader.connect() as connection:
            return (await connection.execute(newest)).scalar_one() or 0

    async def version(self, platform: str, community: str) -> int:
        """A number that grows with each change of the community's keywords, 0 before the first: a cache's key."""
        newest = sa.select(sa.func.max(keywords.c.id)).where(
            keywords.c.platform == platform, keywords.c.community == community
        )
        async with self._database.reader.connect() as connection:
            return (await connection.execute(newest)).scalar_one() or 0

    async def newest_changes(self, limit: int) -> list[ChangedAt]:
        """The newest changes of all communities."""
        kept = keywords.c
        query = sa.select(kept.id, kept.platform, kept.community, kept.term, kept.version)
        async with self._database.reader.connect() as connection:
            return [ChangedAt(*row) for row in await connection.execute(query.order_by(kept.id.desc()).limit(limit))]

    async def logged(
        self, platform: str, community: str, grounds: Grounds, *, since: datetime, limit: int
    ) -> LoggedEffect:
        """How many of the community's newest interactions rest on `grounds`."""
        wanted = conditions(Filters(platform=platform, community=community, since=since))
        kept = interactions.c
        newest = (
            sa.select(sa.cast(kept.rules, sa.Text).label("rules"), sa.cast(kept.hits, sa.Text).label("hits"))
            .where(*wanted).order_by(kept.at.desc()).limit(limit).subquery()
        )  # fmt: skip

        def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.sum(sa.case((sa.or_(sa.false(), *conditions), 1), else_=0)), 0)

        # Looked for in the text of the JSON, where the quotes around it tell a whole value from a part of one: both
        # databases do that in a tenth of the time that thousands of rows take to be read here.
        with_term = count(
            *(newest.c.rules.contains(f'"{rule}"', autoescape=True) for rule in sorted(grounds.rules)),
            *(newest.c.hits.contains(f'"{mark}"', autoescape=True) for mark in sorted(grounds.marks)),
        )
        of_concept = [newest.c.hits.contains(f'["{grounds.concept}"', autoescape=True)] if grounds.concept else []
        async with self._database.reader.connect() as connection:
            query = sa.select(sa.func.count(), with_term, count(*of_concept)).select_from(newest)
            return LoggedEffect(*map(int, (await connection.execute(query)).one()))

    async def rule_totals(
        self, platform: str, community: str, rules: Sequence[str], *, since: datetime
    ) -> Mapping[str, RuleTotals]:
        """What rules did from the day of `since` on (UTC); those that did nothing are left out."""
        return await at_one_moment(
            self._database, lambda connection: rule_totals(connection, platform, community, day_of(since), rules)
        )

    async def fired(self, platform: str, community: str, since: datetime, split: datetime) -> Sequence[Fired]:
        """How often each rule fired, in shadow too: from `since` to `split`, and after it."""
        return await at_one_moment(
            self._database, lambda connection: fired(connection, platform, community, since, split, shadow=True)
        )
