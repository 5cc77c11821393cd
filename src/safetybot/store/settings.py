"""A community's own settings: one row a change, the highest version in force, undone by one more row.

Lives here: changing with the version one believes in, undoing, and how they make a policy.
Does not live here: the life of a version (`versions.py`), which settings there are and who may change them
(`communities/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from safetybot.communities.setting_list import COMMUNITY, SETTINGS, UnknownSetting, UnusableValue, read, stored
from safetybot.model import Concern, Policy
from safetybot.store.database import Database
from safetybot.store.tables import settings
from safetybot.store.versions import Change, VersionedTable

__all__ = ["COMMUNITY", "CommunitySettings", "UnknownSetting", "UnusableValue", "policy_of", "rows_in_force"]

log = structlog.get_logger(__name__)

_VERSIONS = VersionedTable(settings, "key", "setting")


KEEPING = frozenset({"retention", "excerpt_retention"})
"""Settings that no decision needs: the purge reads them (`retention.py`)."""


async def rows_in_force(connection: AsyncConnection, platform: str, community: str) -> Sequence[sa.Row[Any]]:
    """The settings of a community that have a value, channels' too."""
    rows: Sequence[sa.Row[Any]] = (await connection.execute(_VERSIONS.in_force(platform, community))).all()
    return rows


async def chosen_times(database: Database) -> dict[tuple[str, str], dict[str, timedelta]]:
    """How long communities chose to keep things, by platform and community; only those that chose."""
    query = _VERSIONS.everywhere().where(settings.c.channel == COMMUNITY, settings.c.key.in_(sorted(KEEPING)))
    chosen: dict[tuple[str, str], dict[str, timedelta]] = {}
    async with database.reader.connect() as connection:
        for row in await connection.execute(query.where(settings.c.value.is_not(None))):
            try:
                chosen.setdefault((row.platform, row.community), {})[row.key] = read(row.key, row.value)
            except UnusableValue as error:
                log.warning("setting_ignored", key=row.key, reason=error.reason)
    return chosen


def policy_of(defaults: Policy, rows: Sequence[sa.Row[Any]], channel: str) -> Policy:
    """The policy at a channel: defaults, overridden by the community's rows, overridden by the channel's."""
    values: dict[str, Any] = {}
    for scope in (COMMUNITY, channel):
        # A newer replica may know keys that this one does not: they are not ours to apply.
        values |= {row.key: row.value for row in rows if row.channel == scope and row.key in SETTINGS}
    if not values:
        return defaults
    concerns = dict(defaults.concerns)
    plain: dict[str, Any] = {}
    for key, raw in values.items():
        try:
            value = read(key, raw)
        except UnusableValue as error:
            # Written by another version of the program: what is inherited is better than no policy at all.
            log.warning("setting_ignored", key=key, reason=error.reason)
            continue
        if key in KEEPING:
            continue
        if "." in key:
            concern, name = Concern.from_label(key.split(".")[0]), key.split(".")[1]
            if concern is not None:
                concerns[concern] = replace(concerns[concern], **{name: value})
        else:
            plain[key] = frozenset(value) if isinstance(value, list) else value
    return replace(defaults, concerns=concerns, **plain)


class CommunitySettings:
    """Changes and histories of communities' settings. `SqlStore.settings` is one."""

    def __init__(self, database: Database, changed: Callable[[str, str], None] = lambda _platform, _community: None):
        """Use an open database; `changed` is told of each community whose settings were changed here."""
        self._database, self._changed = database, changed

    async def put(
        self,
        platform: str,
        community: str,
        channel: str,
        key: str,
        value: object,
        *,
        by: str,
        at: datetime,
        expected: int,
    ) -> Change:
        """Set `key`; None inherits again. Audited.

        Args:
            platform: Where.
            community: Whose.
            channel: For which channel, `COMMUNITY` for all.
            key: Which setting.
            value: Its value, as files write it.
            by: Who changes it.
            at: When.
            expected: The version that the caller has seen, 0 for none.

        Raises:
            UnknownSetting: There is no such key.
            UnusableValue: The key cannot hold that value.
            StaleVersion: Somebody else changed it since; carries the newer change.
        """
        kept = stored(key, value)
        identity = {"platform": platform, "community": community, "channel": channel, "key": key}
        change = await self._database.writer.do(
            lambda connection: _VERSIONS.put(connection, identity, kept, by=by, at=at, expected=expected)
        )
        self._changed(platform, community)
        return change

    async def undo(
        self,
        platform: str,
        community: str,
        channel: str,
        key: str,
        *,
        by: str,
        at: datetime,
        expected: int | None = None,
    ) -> Change:
        """Take back the newest change that stands, as one more version. Audited.

        Raises:
            NothingToUndo: No change stands.
            StaleVersion: The newest version is not `expected`; None undoes whatever is newest.
        """
        identity = {"platform": platform, "community": community, "channel": channel, "key": key}
        change = await self._database.writer.do(
            lambda connection: _VERSIONS.undo(connection, identity, by=by, at=at, expected=expected)
        )
        self._changed(platform, community)
        return change

    async def history(self, platform: str, community: str, channel: str, key: str) -> list[Change]:
        """Every change of one setting, oldest first; the last one's value is in force."""
        identity = {"platform": platform, "community": community, "channel": channel, "key": key}
        async with self._database.reader.connect() as connection:
            return await connection.run_sync(_VERSIONS.changes, identity)

    async def newest(self, platform: str, community: str) -> dict[tuple[str, str], Change]:
        """The newest version of each of the community's settings by (channel, key), those that inherit again too."""
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(_VERSIONS.newest(platform, community))).all()
        return {(row.channel, row.key): Change(row.version, row.value, row.by, row.at, row.undoes) for row in rows}

    async def in_force(self, platform: str, community: str) -> dict[tuple[str, str], Any]:
        """The community's own values by (channel, key); what is not here is inherited."""
        async with self._database.reader.connect() as connection:
            rows = await rows_in_force(connection, platform, community)
        return {(row.channel, row.key): row.value for row in rows}
