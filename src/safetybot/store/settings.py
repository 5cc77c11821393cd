"""A community's own settings: one row a change, the highest version in force, undone by one more row.

Lives here: keys and what they may hold, reading, changing with the version one believes in, undoing, and how they
make a policy. Does not live here: who may change what (`communities/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from safetybot.config import Duration
from safetybot.model import Concern, Mode, Policy
from safetybot.store.database import Database
from safetybot.store.errors import StaleVersion, StoreError
from safetybot.store.tables import settings

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


@dataclass(frozen=True, slots=True)
class SettingVersion:
    """One change of one setting; a value of None means that it is inherited again."""

    key: str
    channel: str
    version: int
    value: Any
    by: str
    at: datetime


async def rows_in_force(connection: AsyncConnection, platform: str, community: str) -> Sequence[sa.Row[Any]]:
    """The newest version of each of a community's settings, channels' too."""
    newest = (
        sa.select(settings.c.channel, settings.c.key, sa.func.max(settings.c.version).label("version"))
        .where(settings.c.platform == platform, settings.c.community == community)
        .group_by(settings.c.channel, settings.c.key)
        .subquery()
    )
    query = (
        sa.select(settings)
        .join(
            newest,
            sa.and_(
                settings.c.channel == newest.c.channel,
                settings.c.key == newest.c.key,
                settings.c.version == newest.c.version,
            ),
        )
        .where(settings.c.platform == platform, settings.c.community == community)
    )
    return (await connection.execute(query)).all()


def policy_of(defaults: Policy, rows: Sequence[sa.Row[Any]], channel: str) -> Policy:
    """The policy at a channel: defaults, overridden by the community's rows, overridden by the channel's."""
    values: dict[str, Any] = {}
    for scope in (COMMUNITY, channel):
        values |= {row.key: row.value for row in rows if row.channel == scope and row.value is not None}
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
    """Changes and histories of communities' settings."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database

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
    ) -> SettingVersion:
        """Set `key`; None inherits again.

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
            UnknownSetting, UnusableValue: The key or the value is wrong.
            StaleVersion: Somebody else changed it since; carries the newer value.
        """
        if key not in _KEYS:
            raise UnknownSetting(key)
        if value is not None:
            try:
                value = _KEYS[key].dump_python(_KEYS[key].validate_python(value), mode="json")
            except ValidationError as error:
                raise UnusableValue(key, value, error.errors()[0]["msg"]) from error
        where = (platform, community, channel, key)

        def job(connection: sa.Connection) -> SettingVersion:
            known = _versions(connection, where)
            found = known[-1].version if known else 0
            if found != expected:
                raise StaleVersion(key, expected, found, known[-1].value if known else None)
            new = SettingVersion(key, channel, found + 1, value, by, at)
            connection.execute(
                sa.insert(settings).values(
                    platform=platform, community=community, channel=channel, key=key, version=new.version,
                    value=value, by=by, at=at,
                )
            )  # fmt: skip
            return new

        return await self._database.writer.do(job)

    async def history(self, platform: str, community: str, channel: str, key: str) -> list[SettingVersion]:
        """Every change of one setting, oldest first."""
        async with self._database.reader.connect() as connection:
            return await connection.run_sync(_versions, (platform, community, channel, key))

    async def undo(
        self, platform: str, community: str, channel: str, key: str, *, by: str, at: datetime
    ) -> SettingVersion:
        """Set `key` to what it was before its last change, as one more version. Raises as `put`."""
        known = await self.history(platform, community, channel, key)
        before = known[-2].value if len(known) > 1 else None
        version = known[-1].version if known else 0
        return await self.put(platform, community, channel, key, before, by=by, at=at, expected=version)


def _versions(connection: sa.Connection, where: tuple[str, str, str, str]) -> list[SettingVersion]:
    columns = (settings.c.platform, settings.c.community, settings.c.channel, settings.c.key)
    query = (
        sa.select(settings)
        .where(*(column == value for column, value in zip(columns, where, strict=True)))
        .order_by(settings.c.version)
    )
    return [
        SettingVersion(row.key, row.channel, row.version, row.value, row.by, row.at)
        for row in connection.execute(query)
    ]
