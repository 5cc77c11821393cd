"""What a community and its channels want of the bot: told, changed, taken back, each change a version.

Lives here: who may, where a value comes from, and the operator's limits. Does not live here: which settings there are
(`setting_list.py`), and how versions are kept (the store, which audits each in the transaction of the change).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from safetybot.communities.access import Actor, Right, require
from safetybot.communities.errors import CommunityError
from safetybot.communities.records import Change
from safetybot.communities.setting_list import (
    COMMUNITY,
    SETTINGS,
    Setting,
    UnusableValue,
    read,
    setting,
    stored,
    to_text,
)
from safetybot.config import written
from safetybot.model import Concern, Policy
from safetybot.ports import Clock


class Origin(enum.StrEnum):
    """Where a value comes from; the later, the nearer."""

    DEFAULT = "default"
    """The operator's configuration."""
    COMMUNITY = "community"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Description:
    """A setting that describes itself. `default` is the operator's, as people write it."""

    setting: Setting
    default: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The value of one setting at one place, and where it comes from."""

    key: str
    value: Any
    """As the program uses it."""
    origin: Origin
    version: int
    """The newest version *at the place asked about*, 0 where it was never changed there: what `put` expects."""

    @property
    def text(self) -> str:
        """The value as people write it."""
        return to_text(self.value)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows at most."""

    retention: timedelta
    excerpt_retention: timedelta


class CommunityOnly(CommunityError):
    """A channel was to have its own value of a setting that holds for whole communities."""

    def __init__(self, key: str) -> None:
        """Keep the key."""
        super().__init__(f"`{key}` holds for a whole community: set it without a channel")
        self.key = key


class SettingVersions(Protocol):
    """What this file needs of the store."""

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
        """Set `key`; None inherits again. Refuses where the newest version is not `expected`."""
        ...  # fmt: skip

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
        """Take back the newest change that stands."""
        ...  # fmt: skip

    async def history(self, platform: str, community: str, channel: str, key: str) -> list[Change]:
        """Every change, oldest first."""
        ...

    async def newest(self, platform: str, community: str) -> Mapping[tuple[str, str], Change]:
        """The newest version of each setting by (channel, key), those that inherit again too."""
        ...


class CommunityPolicy:
    """Settings of communities, for those who may see or change them."""

    def __init__(self, versions: SettingVersions, defaults: Policy, limits: Limits, clock: Clock) -> None:
        """Keep versions in `versions`; `defaults` and `limits` are the operator's."""
        self._versions, self._defaults, self._limits, self._clock = versions, defaults, limits, clock

    def describe(self, actor: Actor, platform: str, community: str, key: str | None = None) -> list[Description]:
        """One setting, or all: meaning, type, default, limits, example. Raises `Refused`, `UnknownSetting`."""
        require(actor, Right.SEE_POLICY, platform, community)
        chosen = SETTINGS.values() if key is None else [setting(key)]
        return [Description(one, to_text(self._default(one.key))) for one in chosen]

    async def effective(self, actor: Actor, platform: str, community: str, channel: str = COMMUNITY) -> list[InForce]:
        """Every setting as it holds in a channel, or for the community; each with where its value comes from.

        Raises:
            Refused: The actor may not see it.
        """
        require(actor, Right.SEE_POLICY, platform, community)
        newest = await self._versions.newest(platform, community)
        scopes = [(Origin.COMMUNITY, COMMUNITY), *([(Origin.CHANNEL, channel)] if channel != COMMUNITY else [])]
        found: list[InForce] = []
        for key in SETTINGS:
            value, origin = self._default(key), Origin.DEFAULT
            for name, scope in scopes:
                change = newest.get((scope, key))
                if change is None or change.value is None:
                    continue
                try:
                    value, origin = self._within(key, read(key, change.value)), name
                except UnusableValue:  # written by another version of the program; `Store.policy` ignores it as well
                    continue
            here = newest.get((channel, key))
            found.append(InForce(key, value, origin, here.version if here else 0))
        return found

    async def put(
        self,
        actor: Actor,
        platform: str,
        community: str,
        key: str,
        value: object,
        *,
        channel: str = COMMUNITY,
        expected: int,
    ) -> Change:
        """Set a setting; None inherits again. One version, audited.

        Args:
            actor: Who.
            platform: Where.
            community: Whose.
            key: Which.
            value: What, as files hold it (see `setting_list.from_text`).
            channel: For which channel alone.
            expected: The version that the actor has seen, 0 for none.

        Raises:
            Refused: The actor may not.
            UnknownSetting: There is no such setting.
            UnusableValue: It cannot hold that, or the operator does not allow so much.
            CommunityOnly: It was to hold for a channel, and cannot.
            StaleVersion: Somebody else changed it since (the store's error, carrying their change).
        """
        require(actor, Right.CHANGE_POLICY, platform, community)
        kept = stored(key, value)
        if channel != COMMUNITY and not setting(key).per_channel:
            raise CommunityOnly(key)
        if kept is not None and key in _LIMITED and read(key, kept) > getattr(self._limits, key):
            most = written(getattr(self._limits, key))
            raise UnusableValue(key, value, f"the operator keeps at most {most}: give {most} or less")
        return await self._versions.put(
            platform, community, channel, key, kept, by=actor.name, at=self._clock.now(), expected=expected
        )

    async def reset(
        self, actor: Actor, platform: str, community: str, key: str, *, channel: str = COMMUNITY, expected: int
    ) -> Change:
        """Inherit again: from the community where a channel is given, else from the default. Raises as `put`."""
        return await self.put(actor, platform, community, key, None, channel=channel, expected=expected)

    async def undo(
        self,
        actor: Actor,
        platform: str,
        community: str,
        key: str,
        *,
        channel: str = COMMUNITY,
        expected: int | None = None,
    ) -> Change:
        """Take back the newest change that stands, as one more version; None undoes whatever is newest.

        Raises:
            Refused: The actor may not.
            UnknownSetting: There is no such setting.
            NothingToUndo: No change stands (the store's error).
            StaleVersion: The newest version is another than `expected` (the store's error).
        """
        require(actor, Right.CHANGE_POLICY, platform, community)
        setting(key)
        return await self._versions.undo(
            platform, community, channel, key, by=actor.name, at=self._clock.now(), expected=expected
        )

    async def history(
        self, actor: Actor, platform: str, community: str, key: str, *, channel: str = COMMUNITY
    ) -> Sequence[Change]:
        """Every change of a setting at one place, oldest first. Raises `Refused`, `UnknownSetting`."""
        require(actor, Right.SEE_POLICY, platform, community)
        setting(key)
        return await self._versions.history(platform, community, channel, key)

    def _default(self, key: str) -> Any:
        if key in _LIMITED:
            return getattr(self._limits, key)
        name, dot, part = key.partition(".")
        concern = Concern.from_label(name) if dot else None
        return getattr(self._defaults, key) if concern is None else getattr(self._defaults.concerns[concern], part)

    def _within(self, key: str, value: Any) -> Any:
        """An operator may have lowered a limit since a community chose its value."""
        return min(value, getattr(self._limits, key)) if key in _LIMITED else value


def in_words(key: str, before: object, change: Change) -> str:
    """What a change did, in a line: who, when, from what to what."""
    old, new = ("inherited" if value is None else to_text(value) for value in (before, change.value))
    undone = f", taking back version {change.undoes}" if change.undoes is not None else ""
    return f"{change.at:%Y-%m-%d %H:%M} {change.by}: {key} from {old} to {new}{undone} (version {change.version})"


_LIMITED = frozenset({"retention", "excerpt_retention"})
"""Settings that may not go beyond the operator's own."""
