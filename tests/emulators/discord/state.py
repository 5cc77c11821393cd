"""What the loopback Discord knows: guilds, channels, members, messages, as plain records.

Nothing here sends or answers anything; `payloads` renders the records and `driver` changes them.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .errors import Json

EPOCH_MS = 1_420_070_400_000
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
TEXT, VOICE, CATEGORY, NEWS, NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, STAGE, FORUM = 0, 2, 4, 5, 10, 11, 12, 13, 15
THREADS = frozenset({NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})


def iso(moment: datetime) -> str:
    """A time as Discord writes it."""
    return moment.isoformat(timespec="microseconds")


def snowflake_time(snowflake: int) -> datetime:
    """When the thing with this id was made."""
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC)


def snowflake_at(moment: datetime) -> int:
    """The lowest id of that millisecond."""
    return (int(moment.timestamp() * 1000) - EPOCH_MS) << 22


@dataclass(slots=True, eq=False)
class UserRecord:
    """A person or bot, the same in all guilds."""

    id: int
    name: str
    bot: bool = False
    global_name: str | None = None


@dataclass(slots=True, eq=False)
class RoleRecord:
    """A role; the one with the guild's id is @everyone."""

    id: int
    name: str
    permissions: int
    position: int = 1
    managed: bool = False


@dataclass(slots=True, eq=False)
class MemberRecord:
    """A user in a guild."""

    user: UserRecord
    guild_id: int
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    joined_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    timeout_until: datetime | None = None


@dataclass(slots=True)
class Overwrite:
    """A channel's exception for a role (kind 0) or a member (kind 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, eq=False)
class AttachmentRecord:
    """A file on a message; ``data`` is what was uploaded."""

    id: int
    filename: str
    data: bytes
    content_type: str | None = None
    description: str | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)


@dataclass(slots=True, eq=False)
class MessageRecord:
    """A message as it stands now; tests read it freely and change nothing in it."""

    id: int
    channel_id: int
    guild_id: int
    author: UserRecord
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    attachments: list[AttachmentRecord] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    type: int = 0
    nonce: str | int | None = None
    reference: Json | None = None
    snapshots: list[Json] = field(default_factory=list)
    mentions: list[UserRecord] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    allowed_mentions: Json | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    interaction: Json | None = None
    edited_at: datetime | None = None
    edits: int = 0
    deleted: bool = False
    visible_to: int | None = None
    """The one user who sees it, for an ephemeral message."""
    reactions: dict[str, set[int]] = field(default_factory=dict)
    """Who put what below it, by emoji, or `name:id` of a custom one."""

    @property
    def created_at(self) -> datetime:
        """When it was sent, from its id."""
        return snowflake_time(self.id)

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def reply_to(self) -> int | None:
        """The id of the message this one replies to, None for other messages and for forwards."""
        if self.reference is None or self.reference.get("type", 0) != 0:
            return None
        return int(self.reference["message_id"]) if self.reference.get("message_id") else None

    @property
    def interactive(self) -> list[Json]:
        """Buttons and selects, flattened out of rows, sections and containers."""
        return list(walk_interactive(self.components))


def walk_interactive(components: list[Json]) -> list[Json]:
    """All buttons and selects in a tree of components, in order."""
    found: list[Json] = []
    for component in components:
        if component.get("type") in {2, 3, 5, 6, 7, 8}:
            found.append(component)
        found.extend(walk_interactive(component.get("components", [])))
        if isinstance(component.get("accessory"), dict):
            found.extend(walk_interactive([component["accessory"]]))
    return found


@dataclass(slots=True, eq=False)
class ChannelRecord:
    """A channel, forum or thread."""

    id: int
    guild_id: int
    name: str
    type: int = TEXT
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, MessageRecord] = field(default_factory=dict)
    owner_id: int = 0
    archived: bool = False
    locked: bool = False
    tags: list[Json] = field(default_factory=list)
    applied_tags: list[int] = field(default_factory=list)
    typing: int = 0

    @property
    def is_thread(self) -> bool:
        """Whether permissions come from the parent."""
        return self.type in THREADS

    def add(self, message: MessageRecord) -> None:
        """Put a message in, keeping ids in order though its time may lie in the past."""
        late = bool(self.messages) and message.id < next(reversed(self.messages))
        self.messages[message.id] = message
        if late:
            self.messages = dict(sorted(self.messages.items()))


@dataclass(slots=True, eq=False)
class GuildRecord:
    """A community."""

    id: int
    name: str
    owner_id: int
    locale: str = "en-US"
    roles: dict[int, RoleRecord] = field(default_factory=dict)
    members: dict[int, MemberRecord] = field(default_factory=dict)
    channels: dict[int, ChannelRecord] = field(default_factory=dict)
    commands: list[Json] = field(default_factory=list)
    automod: dict[int, Json] = field(default_factory=dict)
    has_bot: bool = True
    unavailable: bool = False
    command_creates: int = 0


class World:
    """All records and the ids they are found by."""

    def __init__(self, bot_name: str) -> None:
        self._last_id = 0
        self._guild_number = itertools.count(1)
        self._birth_ms = int(time.time() * 1000) - EPOCH_MS - 86_400_000 * 365
        self.guilds: dict[int, GuildRecord] = {}
        self.channels: dict[int, ChannelRecord] = {}
        self.users: dict[int, UserRecord] = {}
        self.commands: list[Json] = []
        self.command_creates = 0
        self.application_id = self.new_id()
        # Application and bot user have one id, as for every application made since 2017.
        self.bot = UserRecord(self.application_id, bot_name, bot=True)
        self.users[self.bot.id] = self.bot

    def new_id(self, at: datetime | None = None) -> int:
        """A fresh snowflake of now, or of a moment in the past."""
        if at is not None:
            return snowflake_at(at) | (self.new_id() & 0x3FFFFF)
        now = (int(time.time() * 1000) - EPOCH_MS) << 22
        self._last_id = max(now, self._last_id + 1)
        return self._last_id

    def new_guild_id(self) -> int:
        """A fresh guild id; each has a millisecond of its own, so that guilds spread evenly over shards."""
        return (self._birth_ms + next(self._guild_number)) << 22

    def add_guild(self, guild: GuildRecord) -> None:
        """File a guild with its channels."""
        self.guilds[guild.id] = guild
        self.channels.update(guild.channels)

    def add_channel(self, channel: ChannelRecord) -> None:
        """File a channel or thread in its guild."""
        self.channels[channel.id] = channel
        self.guilds[channel.guild_id].channels[channel.id] = channel

    def drop_channel(self, channel: ChannelRecord) -> None:
        """Forget a channel and the threads below it."""
        guild = self.guilds[channel.guild_id]
        below = [c for c in guild.channels.values() if c.is_thread and c.parent_id == channel.id]
        for gone in (channel, *below):
            self.channels.pop(gone.id, None)
            guild.channels.pop(gone.id, None)
