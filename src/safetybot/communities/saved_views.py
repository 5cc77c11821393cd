"""Saved views: filters of the log that somebody keeps under a name, theirs alone.

Lives here: whose a view is, how many there may be, their names. Does not live here: what filters mean (`web/`), rows
and forgetting (the store). Nothing is audited: a view changes nothing for anybody else, and shows nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from safetybot.communities.access import Right, Role, require
from safetybot.communities.errors import CommunityError, NotThere
from safetybot.communities.records import SavedView
from safetybot.communities.sign_in import Grant
from safetybot.model import Place
from safetybot.ports import Clock

NAME_CHARS = 60
MOST = 30
"""Views of one person in one community."""
_FILTERS = 20
_CHARS = 100
"""Of a filter's name and of its value."""
_USE_NOTED_EVERY = timedelta(days=1)


class UnusableView(CommunityError):
    """A view was to be kept that has no name, or no filters."""


class TooManyViews(CommunityError):
    """Somebody has as many views as there may be. The store raises it."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(f"you have {MOST} saved views here, which is as many as there may be: delete one first")


class NoSuchView(NotThere):
    """Whoever asks has no view of that number (any more); whether somebody else has is not told."""

    def __init__(self, view_id: int) -> None:
        """Keep the number."""
        super().__init__(f"there is no saved view {view_id}")
        self.view_id = view_id


class ViewRows(Protocol):
    """What this file needs of the store. Platform and community are empty for views of all communities."""

    async def save(
        self, owner: str, platform: str, community: str, name: str, filters: Mapping[str, str], *, most: int
    ) -> SavedView:
        """Keep a view in place of one of the same name. Raises `TooManyViews` beyond `most`."""
        ...

    async def listed(self, owner: str, platform: str, community: str) -> Sequence[SavedView]:
        """Somebody's views, by name."""
        ...

    async def delete(self, owner: str, platform: str, community: str, view_id: int) -> bool:
        """Delete one; False where they have none of that number."""
        ...

    async def used(self, view_id: int) -> None:
        """Note that it was looked at."""
        ...


class SavedViews:
    """Views of those who may see the log. `platform` and `community` are None for the log of all communities."""

    def __init__(self, rows: ViewRows, clock: Clock, pseudonym: Callable[[Place, str], str]) -> None:
        """Keep them in `rows`; whom a platform let in is known there by their pseudonym alone."""
        self._rows, self._clock, self._pseudonym = rows, clock, pseudonym

    async def save(
        self, grant: Grant, platform: str | None, community: str | None, name: str, filters: Mapping[str, str]
    ) -> SavedView:
        """Keep `filters` under a name; a view of the same name gives way.

        Raises:
            Refused: Whoever asks may not see the log.
            TooManyViews: They have as many as there may be.
            UnusableView: Without a name, or without filters.
        """
        require(grant.actor, Right.SEE_LOG, platform, community)
        name = name.strip()
        if not 1 <= len(name) <= NAME_CHARS or not name.isprintable():
            raise UnusableView(f"a saved view needs a name of at most {NAME_CHARS} printable characters")
        if not filters:
            raise UnusableView("there are no filters to save: choose some, show the log, then save the view")
        if len(filters) > _FILTERS or any(len(text) > _CHARS for pair in filters.items() for text in pair):
            raise UnusableView(f"a saved view has at most {_FILTERS} filters of at most {_CHARS} characters each")
        return await self._rows.save(self._owner(grant), *_at(platform, community), name, filters, most=MOST)

    async def listed(self, grant: Grant, platform: str | None, community: str | None) -> Sequence[SavedView]:
        """One's own views here, by name. Raises `Refused` for whoever may not see the log."""
        require(grant.actor, Right.SEE_LOG, platform, community)
        return await self._rows.listed(self._owner(grant), *_at(platform, community))

    async def delete(self, grant: Grant, platform: str | None, community: str | None, view_id: int) -> None:
        """Delete one's own view.

        Raises:
            NoSuchView: There is none of that number here, or it is somebody else's.
            Refused: Whoever asks may not see the log.
        """
        require(grant.actor, Right.SEE_LOG, platform, community)
        if not await self._rows.delete(self._owner(grant), *_at(platform, community), view_id):
            raise NoSuchView(view_id)

    async def looked_at(self, view: SavedView) -> None:
        """Note that a view is in use: one that nobody looks at is forgotten with the log's old rows."""
        if self._clock.now() - view.used_at >= _USE_NOTED_EVERY:
            await self._rows.used(view.id)

    def _owner(self, grant: Grant) -> str:
        """Whose: a member's by the pseudonym that all else about them is erased by, others by their link's name."""
        if grant.member:
            return member_owner(self._pseudonym(Place(grant.platform, grant.community, ""), grant.member))
        return f"operator/{grant.name}" if grant.role is Role.OPERATOR else f"name/{grant.name}"


def member_owner(pseudonym: str) -> str:
    """The owner of the views of somebody whom a platform let in."""
    return f"member/{pseudonym}"


def _at(platform: str | None, community: str | None) -> tuple[str, str]:
    return platform or "", community or ""
