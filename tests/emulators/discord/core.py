"""What every endpoint needs, in one place: state, gateway, limits, faults, the log; and the telling of changes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import (
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MESSAGE,
    ApiError,
    Json,
    missing_access,
    missing_permissions,
    not_found,
)
from .faults import Faults
from .gateway import AUTOMOD_CONFIG, GUILD_MESSAGE_REACTIONS, GUILD_MESSAGES, GUILDS, MESSAGE_CONTENT, Gateway
from .limits import Limits
from .payloads import channel_payload, guild_create_payload, message_payload, user_payload, without_content
from .permissions import Permission, channel_permissions, guild_permissions
from .sessions import Session
from .state import AttachmentRecord, ChannelRecord, GuildRecord, MessageRecord, World

if TYPE_CHECKING:
    from .interactions import Interaction

APPLICATION_FLAGS = {1 << 1: 1 << 15, 1 << 8: 1 << 13, 1 << 15: 1 << 19}
"""Privileged intent bit to the application flag that shows it (the ``_LIMITED`` ones, for bots in few guilds)."""


@dataclass(slots=True)
class Request:
    """One line of the request log.

    Attributes:
        method: the HTTP method.
        path: below the API base, without query; tokens of interactions are part of it.
        query: the query's fields.
        json: the JSON body (of a multipart upload its payload_json), or None.
        files: name and size of each uploaded file.
        status: of the answer; 0 when the connection was cut instead.
        time: seconds of the monotonic clock at arrival.
    """

    method: str
    path: str
    query: dict[str, str]
    json: object
    files: list[tuple[str, int]]
    status: int
    time: float


@dataclass(eq=False)
class Core:
    """Everything behind the endpoints."""

    token: str
    granted: int
    bot_name: str
    origin: str = ""
    world: World = field(init=False)
    gateway: Gateway = field(init=False)
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=100_000))
    uploads: dict[int, AttachmentRecord] = field(default_factory=dict)
    interactions: dict[str, Interaction] = field(default_factory=dict)
    nonces: dict[tuple[int, str], tuple[float, MessageRecord]] = field(default_factory=dict)
    nonce_window: float = 300.0
    recommended_shards: int = 1
    interaction_deadline: float = 3.0
    interaction_life: float = 900.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Make the world and tie the gateway to it."""
        self.world = World(self.bot_name)
        self.gateway = Gateway(self.token, self.granted)
        self.gateway.ready = self._ready
        self.gateway.guilds = self._guilds
        self.gateway.guild_count = lambda: len(self.world.guilds)

    # What is known ------------------------------------------------------------------------------------------------

    @property
    def application_flags(self) -> int:
        """The application's public flags, which show the granted privileged intents."""
        return sum(flag for intent, flag in APPLICATION_FLAGS.items() if self.gateway.granted & intent)

    def guild(self, guild_id: int) -> GuildRecord:
        """A guild the bot is in.

        Raises:
            ApiError: 404 for an unknown one; 403 Missing Access when the bot is not in it.
        """
        guild = self.world.guilds.get(guild_id)
        if guild is None:
            raise not_found(UNKNOWN_GUILD)
        if not guild.has_bot:
            raise missing_access()
        return guild

    def channel(self, channel_id: int, *needed: Permission) -> tuple[GuildRecord, ChannelRecord]:
        """A channel that the bot sees and in which it has the permissions.

        Raises:
            ApiError: 404 unknown channel, 403 Missing Access, 403 Missing Permissions.
        """
        channel = self.world.channels.get(channel_id)
        if channel is None:
            raise not_found(UNKNOWN_CHANNEL)
        guild = self.guild(channel.guild_id)
        have = channel_permissions(guild, channel, guild.members[self.world.bot.id])
        if not have & Permission.VIEW_CHANNEL.value:
            raise missing_access()
        if any(not have & permission.value for permission in needed):
            raise missing_permissions()
        return guild, channel

    def message(self, channel: ChannelRecord, message_id: int) -> MessageRecord:
        """A message that stands in the channel.

        Raises:
            ApiError: 404 unknown message.
        """
        message = channel.messages.get(message_id)
        if message is None or message.deleted or message.visible_to is not None:
            raise not_found(UNKNOWN_MESSAGE)
        return message

    def require(self, guild: GuildRecord, permission: Permission) -> None:
        """Check a guild-wide permission of the bot.

        Raises:
            ApiError: 403 Missing Permissions.
        """
        if not guild_permissions(guild, guild.members[self.world.bot.id]) & permission.value:
            raise missing_permissions()

    def bot_sees(self, channel: ChannelRecord) -> bool:
        """Whether the bot gets events of this channel."""
        guild = self.world.guilds[channel.guild_id]
        if not guild.has_bot or guild.unavailable:
            return False
        return bool(channel_permissions(guild, channel, guild.members[self.world.bot.id]))

    # What is said -------------------------------------------------------------------------------------------------

    def render(self, message: MessageRecord) -> Json:
        """A message as REST shows it to this application."""
        payload = message_payload(message, self.world, self.origin)
        return payload if self.gateway.granted & MESSAGE_CONTENT else without_content(payload, self.world.bot.id)

    def say_message(self, event: str, message: MessageRecord) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE, to whom it is due."""
        self.touch()
        channel = self.world.channels.get(message.channel_id)
        if channel is None or message.visible_to is not None or not self.bot_sees(channel):
            return
        payload = message_payload(message, self.world, self.origin, event=True)
        stripped = without_content(payload, self.world.bot.id)
        self.gateway.dispatch(event, payload, guild_id=message.guild_id, intent=GUILD_MESSAGES, stripped=stripped)

    def say_deleted(self, channel: ChannelRecord, ids: list[int], *, bulk: bool = False) -> None:
        """MESSAGE_DELETE, or one MESSAGE_DELETE_BULK."""
        self.touch()
        if not self.bot_sees(channel):
            return
        where: Json = {"channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
        if bulk:
            what: list[tuple[str, Json]] = [("MESSAGE_DELETE_BULK", {**where, "ids": [str(i) for i in ids]})]
        else:
            what = [("MESSAGE_DELETE", {**where, "id": str(i)}) for i in ids]
        for event, payload in what:
            self.gateway.dispatch(event, payload, guild_id=channel.guild_id, intent=GUILD_MESSAGES)

    def say_reaction(self, event: str, message: MessageRecord, **more: object) -> None:
        """MESSAGE_REACTION_*, to whom it is due."""
        self.touch()
        channel = self.world.channels.get(message.channel_id)
        if channel is None or not self.bot_sees(channel):
            return
        payload: Json = {
            "channel_id": str(channel.id), "message_id": str(message.id), "guild_id": str(message.guild_id), **more,
        }  # fmt: skip
        self.gateway.dispatch(event, payload, guild_id=message.guild_id, intent=GUILD_MESSAGE_REACTIONS)

    def say_guild(self, event: str, guild: GuildRecord, payload: Json, intent: int = GUILDS) -> None:
        """Any event of a guild, if the bot is in it."""
        self.touch()
        if guild.has_bot:
            self.gateway.dispatch(event, payload, guild_id=guild.id, intent=intent)

    def say_channel(self, event: str, channel: ChannelRecord, **more: object) -> None:
        """CHANNEL_* and THREAD_* events."""
        guild = self.world.guilds[channel.guild_id]
        self.say_guild(event, guild, {**channel_payload(channel), **more})

    def say_automod_rule(self, event: str, guild: GuildRecord, rule: Json) -> None:
        """AUTO_MODERATION_RULE_*, which need MANAGE_GUILD."""
        if guild_permissions(guild, guild.members[self.world.bot.id]) & Permission.MANAGE_GUILD.value:
            self.say_guild(event, guild, rule, AUTOMOD_CONFIG)

    def touch(self) -> None:
        """Wake whoever waits for something to change."""
        self.changed.set()

    async def until(self, deadline: float) -> bool:
        """Wait for the next change.

        Args:
            deadline: monotonic seconds.

        Returns:
            False when the deadline passed first.
        """
        self.changed.clear()
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                await self.changed.wait()
        except TimeoutError:
            return False
        return True

    # What the gateway asks ----------------------------------------------------------------------------------------

    def _ready(self, session: Session) -> Json:
        guilds = [g for g in self.world.guilds.values() if g.has_bot and session.owns(g.id)]
        return {
            "v": 10,
            "user": {**user_payload(self.world.bot), "verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.gateway.resume_url,
            "shard": list(session.shard),
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "application": {"id": str(self.world.application_id), "flags": self.application_flags},
        }

    def _guilds(self, session: Session) -> list[tuple[str, Json]]:
        if not session.intents & GUILDS:
            return []
        return [
            ("GUILD_CREATE", guild_create_payload(guild, self.world.bot))
            for guild in self.world.guilds.values()
            if guild.has_bot and not guild.unavailable and session.owns(guild.id)
        ]


__all__ = ["APPLICATION_FLAGS", "ApiError", "Core", "Request"]
