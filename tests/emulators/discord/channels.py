"""Roles and channels in a test's hand: permissions, messages, waiting for them, what happens to a channel."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from .acting import Actor
from .core import Core
from .errors import Json
from .payloads import (
    role_payload,
)
from .permissions import bits
from .state import (
    ChannelRecord,
    GuildRecord,
    MessageRecord,
    Overwrite,
    RoleRecord,
    UserRecord,
)


class Role:
    """A role of a guild."""

    def __init__(self, core: Core, record: RoleRecord, guild: GuildRecord) -> None:
        self._core, self.record, self._guild = core, record, guild

    @property
    def id(self) -> int:
        """Its id."""
        return self.record.id

    def grant(self, *permissions: str) -> None:
        """Add permissions, by name."""
        self.record.permissions |= bits(*permissions)
        self._say()

    def revoke(self, *permissions: str) -> None:
        """Take permissions away."""
        self.record.permissions &= ~bits(*permissions)
        self._say()

    def _say(self) -> None:
        payload = {"guild_id": str(self._guild.id), "role": role_payload(self.record)}
        self._core.say_guild("GUILD_ROLE_UPDATE", self._guild, payload)


class Channel:
    """A text channel, forum or thread."""

    def __init__(self, core: Core, record: ChannelRecord) -> None:
        self._core, self.record = core, record

    @property
    def id(self) -> int:
        """Its id."""
        return self.record.id

    @property
    def guild(self) -> GuildRecord:
        """The guild's record."""
        return self._core.world.guilds[self.record.guild_id]

    @property
    def messages(self) -> list[MessageRecord]:
        """What stands in it for all to see, oldest first."""
        return [m for m in self.record.messages.values() if not m.deleted and m.visible_to is None]

    @property
    def bot_messages(self) -> list[MessageRecord]:
        """The bot's messages in it for all to see, oldest first."""
        return [m for m in self.messages if m.author is self._core.world.bot]

    @property
    def answered(self) -> Counter[int | None]:
        """How often the bot replied to each message in it; None counts what replies to none."""
        return Counter(message.reply_to for message in self.bot_messages)

    @property
    def typing(self) -> int:
        """How often the bot showed that it types here."""
        return self.record.typing

    def grant(self, who: Role | Actor, *permissions: str) -> None:
        """Allow permissions in this channel for a role or a member."""
        self._overwrite(who, bits(*permissions), 0)

    def deny(self, who: Role | Actor, *permissions: str) -> None:
        """Deny permissions in this channel."""
        self._overwrite(who, 0, bits(*permissions))

    def clear(self, who: Role | Actor) -> None:
        """Take the overwrite of a role or member away."""
        self.record.overwrites.pop(who.id, None)
        self._core.say_channel("CHANNEL_UPDATE", self.record)

    def delete(self) -> None:
        """Delete the channel, with the threads below it."""
        self._core.say_channel("THREAD_DELETE" if self.record.is_thread else "CHANNEL_DELETE", self.record)
        self._core.world.drop_channel(self.record)

    def archive(self, *, locked: bool = False) -> None:
        """Archive a thread."""
        self.record.archived, self.record.locked = True, locked
        self._core.say_channel("THREAD_UPDATE", self.record)

    async def message(self, matches: Callable[[MessageRecord], object], *, within: float = 5.0) -> MessageRecord:
        """The first message here that matches, waiting for it.

        Raises:
            AssertionError: none comes within so many seconds.
        """
        deadline = time.monotonic() + within
        while True:
            for message in self.messages:
                if matches(message):
                    return message
            if not await self._core.until(deadline):
                raise AssertionError(f"no such message in #{self.record.name} within {within:g} s")

    async def reply_to(self, message: MessageRecord, *, within: float = 5.0) -> MessageRecord:
        """The bot's reply to a message, waiting for it."""
        bot = self._core.world.bot
        return await self.message(lambda m: m.author is bot and m.reply_to == message.id, within=within)

    def webhook_says(self, text: str, *, name: str = "a webhook") -> MessageRecord:
        """Let a webhook write."""
        user = UserRecord(self._core.world.new_id(), name, bot=True)
        message = MessageRecord(self._core.world.new_id(), self.id, self.record.guild_id, user, text)
        message.webhook_id = user.id
        self.record.add(message)
        self._core.say_message("MESSAGE_CREATE", message)
        return message

    def unfurls(self, message: MessageRecord, embed: Json) -> None:
        """Add a link's preview to a message: a MESSAGE_UPDATE that is no edit (D42)."""
        message.embeds = [*message.embeds, {"type": "rich", **embed}]
        self._core.say_message("MESSAGE_UPDATE", message)

    def _overwrite(self, who: Role | Actor, allow: int, deny: int) -> None:
        kind = 0 if isinstance(who, Role) else 1
        overwrite = self.record.overwrites.setdefault(who.id, Overwrite(who.id, kind))
        overwrite.allow = (overwrite.allow & ~deny) | allow
        overwrite.deny = (overwrite.deny & ~allow) | deny
        self._core.say_channel("CHANNEL_UPDATE", self.record)
