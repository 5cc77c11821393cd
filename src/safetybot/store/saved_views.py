"""Saved views of the log, as `communities/saved_views.py` asks for them. Forgetting is `retention.py`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from safetybot.communities.records import SavedView
from safetybot.communities.saved_views import TooManyViews, member_owner
from safetybot.ports import Clock
from safetybot.store.database import Database, inserter
from safetybot.store.tables import saved_views


class SavedViewRows:
    """Keeps views. `SqlStore.views` is one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock
        self._insert = inserter(is_sqlite=database.is_sqlite)

    async def save(
        self, owner: str, platform: str, community: str, name: str, filters: Mapping[str, str], *, most: int
    ) -> SavedView:
        """Keep a view in place of one of the same name. Raises `TooManyViews` beyond `most`."""
        now, kept = self._clock.now(), saved_views.c
        key = {"platform": platform, "community": community, "owner": owner, "name": name}
        values = {"filters": dict(filters), "used_at": now}
        statement = (
            self._insert(saved_views)
            .values(**key, **values, made_at=now)
            .on_conflict_do_update(index_elements=list(key), set_=values)
            .returning(*kept)
        )
        others = sa.select(sa.func.count()).where(*_theirs(owner, platform, community), kept.name != name)

        def job(connection: sa.Connection) -> SavedView:
            if connection.execute(others).scalar_one() >= most:
                raise TooManyViews
            return _view(connection.execute(statement).one())

        return await self._database.writer.do(job)

    async def listed(self, owner: str, platform: str, community: str) -> Sequence[SavedView]:
        """Somebody's views, by name."""
        query = sa.select(saved_views).where(*_theirs(owner, platform, community)).order_by(saved_views.c.name)
        return [
            _view(row) for row in await self._database.read_long(lambda connection: connection.execute(query).all())
        ]

    async def delete(self, owner: str, platform: str, community: str, view_id: int) -> bool:
        """Delete one; False where they have none of that number."""
        gone = sa.delete(saved_views).where(*_theirs(owner, platform, community), saved_views.c.id == view_id)
        return await self._database.writer.do(lambda connection: connection.execute(gone).rowcount > 0)

    async def used(self, view_id: int) -> None:
        """Note that it was looked at."""
        statement = sa.update(saved_views).where(saved_views.c.id == view_id).values(used_at=self._clock.now())
        await self._database.writer.do(lambda connection: connection.execute(statement).rowcount)


def views_of_member(connection: sa.Connection, pseudonym: str) -> tuple[SavedView, ...]:
    """The views of somebody whom a platform let in."""
    query = sa.select(saved_views).where(saved_views.c.owner == member_owner(pseudonym)).order_by(saved_views.c.id)
    return tuple(_view(row) for row in connection.execute(query))


def about_member(pseudonym: str) -> sa.ColumnElement[bool]:
    """Which views go when a member is erased: their own, and others' that look at them alone."""
    looks_at = saved_views.c.filters["author"].as_string() == pseudonym
    return sa.or_(saved_views.c.owner == member_owner(pseudonym), looks_at)


def _theirs(owner: str, platform: str, community: str) -> tuple[sa.ColumnElement[bool], ...]:
    kept = saved_views.c
    return kept.owner == owner, kept.platform == platform, kept.community == community


def _view(row: sa.Row[Any]) -> SavedView:
    return SavedView(row.id, row.name, row.filters, row.made_at, row.used_at)
