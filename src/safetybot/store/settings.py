"""A community's own settings: one row a change, the highest version in force, undone by one more row.

Lives here: keys and what they may hold, changing with the version one believes in, undoing, and how they make a policy.
Does not live here: the life of a version (`versions.py`), who may change what (`communities/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from safetybot.config import Duration
from safetybot.model import Concern, Mode, Policy
from safetybot.store.database import Database
from safetybot.store.errors import StoreError
from safetybot.store.tables import settings
from safetybot.store.versions import Change, VersionedTable

_VERSIONS = VersionedTable(settings, "key", "setting")
COMMUNITY = ""
"""The `channel` of a setting that holds for the whole community."""

_CONCERN_KEYS: Mapping[str, Any] = {
    "mode": Mode,
    "channel_cooldown": Duration,
    "author_cooldown": Duration,
    "min_confidence": float,
}
_KEYS: Mapping[str, TypeAdapter[Any]] = {
    **{f"{c.label}.{name}": TypeAdapter(kind) for c in Concern for name, kind in _CONCERN_KEYS.items()},
    "exempt_channels": TypeAdapter(list[str]),
    "exempt_roles": TypeAdapter(list[str]),
    "language": TypeAdapter(str),
    "region": TypeAdapter(str),
    "emergency_number": TypeAdapter(str),
    "excerpts": TypeAdapter(bool),
}


class UnknownSetting(StoreError):
    """There is no setting of that name."""

    def __init__(self, key: str) -> None:
        """Keep the name."""
        super().__init__(f"there is no setting `{key}`; there are {', '.join(sorted(_KEYS))}")
        self.key = key


class UnusableValue(StoreError):
    """A setting cannot hold that value."""

    def __init__(self, key: str, value: object, reason: str) -> None:
        """Keep all three."""
        super().__init__(f"`{key}` cannot be {value!r}: {reason}")
        self.key, self.value, self.reason = key, value, reason


async def rows_in_force(connection: AsyncConnection, platform: str, community: str) -> Sequence[sa.Row[Any]]:
    """The settings of a community that have a value, channels' too."""
    rows: Sequence[sa.Row[Any]] = (await connection.execute(_VERSIONS.in_force(platform, community))).all()
    return rows


def policy_of(defaults: Policy, rows: Sequence[sa.Row[Any]], channel: str) -> Policy:
    """The policy at a channel: defaults, overridden by the community's rows, overridden by the channel's."""
    values: dict[str, Any] = {}
    for scope in (COMMUNITY, channel):
        # A newer replica may know keys that this one does not: they are not ours to apply.
        values |= {row.key: row.value for row in rows if row.channel == scope and row.key in _KEYS}
    if not values:
        return defaults
    concerns = dict(defaults.concerns)
    plain: dict[str, Any] = {}
    for key, raw in values.items():
        value = _KEYS[key].validate_python(raw)
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
        kept = _checked(key, value)
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

    async def in_force(self, platform: str, community: str) -> dict[tuple[str, str], Any]:
        """The community's own values by (channel, key); what is not here is inherited."""
        async with self._database.reader.connect() as connection:
            rows = await rows_in_force(connection, platform, community)
        return {(row.channel, row.key): row.value for row in rows}


def _checked(key: str, value: object) -> Any:
    """`value` in the form in which it is stored."""
    if key not in _KEYS:
        raise UnknownSetting(key)
    if value is None:
        return None
    try:
        return _KEYS[key].dump_python(_KEYS[key].validate_python(value), mode="json")
    except ValidationError as error:
        raise UnusableValue(key, value, error.errors()[0]["msg"]) from error
