"""What a test does in a guild: make channels, roles and members, set permissions, let members write, edit and delete.

Presses, commands and modals are in `acting`; the handles here inherit them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from mimetypes import guess_type

from . import rest_automod
from .acting import Actor, InteractionResult
from .core import Core
from .errors import Json
from .gateway import AUTOMOD_EXECUTION, GUILD_MEMBERS
from .payloads import (
    attachment_payload,
    channel_payload,
    guild_create_payload,
    guild_payload,
    member_payload,
    role_payload,
    user_payload,
)
from .permissions import bits
from .rest_messages import mentioned
from .state import (
    FORUM,
    PUBLIC_THREAD,
    TEXT,
    AttachmentRecord,
    ChannelRecord,
    GuildRecord,
    MemberRecord,
    MessageRecord,
    Overwrite,
    RoleRecord,
    UserRecord,
    iso,
)


@dataclass(frozen=True, slots=True)
class File:
    """A file for `Member.says`: its name, its alt text, its bytes."""

    name: str
    description: str | None = None
    data: bytes = b"\x00"


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
    def typing(self) -> int:
        """How often the bot showed that it types here."""
        return self.record.typing

    def grant(self, who: Role | Member, *permissions: str) -> None:
        """Allow permissions in this channel for a role or a member."""
        self._overwrite(who, bits(*permissions), 0)

    def deny(self, who: Role | Member, *permissions: str) -> None:
        """Deny permissions in this channel."""
        self._overwrite(who, 0, bits(*permissions))

    def clear(self, who: Role | Member) -> None:
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

    def _overwrite(self, who: Role | Member, allow: int, deny: int) -> None:
        kind = 0 if isinstance(who, Role) else 1
        overwrite = self.record.overwrites.setdefault(who.id, Overwrite(who.id, kind))
        overwrite.allow = (overwrite.allow & ~deny) | allow
        overwrite.deny = (overwrite.deny & ~allow) | deny
        self._core.say_channel("CHANNEL_UPDATE", self.record)


class Member(Actor):
    """Somebody in a guild, who writes, presses and runs commands (the latter two from `Actor`)."""

    async def says(
        self,
        channel: Channel,
        text: str = "",
        *,
        reply_to: MessageRecord | None = None,
        ping: bool = True,
        attachments: Iterable[File] = (),
        embeds: Sequence[Json] = (),
        forward: MessageRecord | None = None,
        at: datetime | None = None,
    ) -> MessageRecord:
        """Write a message.

        Args:
            channel: where.
            text: the content.
            reply_to: the message it replies to; ``ping`` says whether its author is mentioned by that.
            ping: see ``reply_to``.
            attachments: files.
            embeds: previews that stand at once.
            forward: a message to forward; it goes as a snapshot, without content of its own.
            at: a moment in the past, for what was said while the bot was away.

        Returns:
            The message. When an auto-moderation rule blocked it, it is marked deleted and stands nowhere.
        """
        core = self.core
        message = MessageRecord(core.world.new_id(at), channel.id, channel.record.guild_id, self.record.user, text)
        message.attachments = [
            AttachmentRecord(core.world.new_id(), f.name, f.data, guess_type(f.name)[0], f.description)
            for f in attachments
        ]
        message.embeds = [{"type": "rich", **embed} for embed in embeds]
        mentioned(core, message)
        if reply_to is not None:
            message.type = 19
            message.reference = _reference(reply_to, 0)
            if ping and reply_to.author not in message.mentions:
                message.mentions.append(reply_to.author)
        if forward is not None:
            message.reference = _reference(forward, 1)
            message.snapshots = [{"message": _snapshot(core, forward)}]
        if self._moderated(channel, message):
            message.deleted = True
            return message
        channel.record.add(message)
        core.say_message("MESSAGE_CREATE", message)
        return message

    async def edits(self, message: MessageRecord, text: str) -> None:
        """Change the text of a message of one's own."""
        message.content = text
        message.edited_at = datetime.now(UTC)
        message.edits += 1
        mentioned(self.core, message)
        self.core.say_message("MESSAGE_UPDATE", message)

    async def deletes(self, *messages: MessageRecord) -> None:
        """Delete a message, or several of one channel in bulk."""
        for message in messages:
            message.deleted = True
        channel = self.core.world.channels[messages[0].channel_id]
        self.core.say_deleted(channel, [m.id for m in messages], bulk=len(messages) > 1)

    async def posts(
        self, forum: Channel, title: str, text: str, *, attachments: Iterable[File] = ()
    ) -> tuple[Channel, MessageRecord]:
        """Open a forum post: the thread and its first message, whose id is the thread's."""
        thread = self._thread(forum, title, self.core.world.new_id())
        message = MessageRecord(thread.id, thread.id, thread.record.guild_id, self.record.user, text)
        message.attachments = [
            AttachmentRecord(self.core.world.new_id(), f.name, f.data, guess_type(f.name)[0], f.description)
            for f in attachments
        ]
        thread.record.add(message)
        self.core.say_channel("THREAD_CREATE", thread.record, newly_created=True)
        self.core.say_message("MESSAGE_CREATE", message)
        return thread, message

    async def starts_thread(self, channel: Channel, name: str, *, below: MessageRecord | None = None) -> Channel:
        """Start a thread, below a message or on its own."""
        thread = self._thread(channel, name, below.id if below is not None else self.core.world.new_id())
        self.core.say_channel("THREAD_CREATE", thread.record, newly_created=True)
        return thread

    def add_role(self, role: Role) -> None:
        """Give a role."""
        self.record.roles.append(role.id)
        self._say_update()

    def drop_role(self, role: Role) -> None:
        """Take a role away."""
        self.record.roles.remove(role.id)
        self._say_update()

    def leaves(self) -> None:
        """Leave the guild."""
        del self.guild.members[self.id]
        payload = {"guild_id": str(self.guild.id), "user": user_payload(self.record.user)}
        self.core.say_guild("GUILD_MEMBER_REMOVE", self.guild, payload, GUILD_MEMBERS)

    def _say_update(self) -> None:
        payload = {**member_payload(self.record), "guild_id": str(self.guild.id)}
        # The bot's own changes come without the members intent.
        intent = 1 if self.record.user is self.core.world.bot else GUILD_MEMBERS
        self.core.say_guild("GUILD_MEMBER_UPDATE", self.guild, payload, intent)

    def _thread(self, parent: Channel, name: str, thread_id: int) -> Channel:
        record = ChannelRecord(thread_id, self.guild.id, name, PUBLIC_THREAD, parent_id=parent.id, owner_id=self.id)
        self.core.world.add_channel(record)
        return Channel(self.core, record)

    def _moderated(self, channel: Channel, message: MessageRecord) -> bool:
        """Run the guild's keyword rules over a message; True when one blocks it."""
        if not self.guild.automod:
            return False
        found = rest_automod.matches(self.guild, channel.record, self.record, message.content)
        blocked = any(a["type"] == rest_automod.BLOCK for match in found for a in match.rule["actions"])
        if not rest_automod.may_receive(self.core, self.guild):
            return blocked
        for match in found:
            for action in match.rule["actions"]:
                payload = rest_automod.execution_payload(
                    match, action, self.guild, channel.record, self.record, message.content
                )
                if not blocked:
                    payload["message_id"] = str(message.id)
                bare = {**payload, "content": "", "matched_content": ""}
                self.core.gateway.dispatch(
                    "AUTO_MODERATION_ACTION_EXECUTION",
                    payload,
                    guild_id=self.guild.id,
                    intent=AUTOMOD_EXECUTION,
                    stripped=bare,
                )
        return blocked


class Guild:
    """A guild and what is in it."""

    def __init__(self, core: Core, record: GuildRecord) -> None:
        self._core, self.record = core, record
        self.everyone = Role(core, record.roles[record.id], record)
        self.owner = Member(core, record, record.members[record.owner_id])
        self.bot = Member(core, record, record.members[core.world.bot.id])
        self.bot_role = Role(core, record.roles[self.bot.record.roles[0]], record)

    @property
    def id(self) -> int:
        """Its id."""
        return self.record.id

    @property
    def commands(self) -> list[Json]:
        """The guild's own application commands."""
        return self.record.commands

    @property
    def automod_rules(self) -> list[Json]:
        """The guild's auto-moderation rules."""
        return list(self.record.automod.values())

    @property
    def channels(self) -> list[Channel]:
        """All channels and threads, those made by the bot too."""
        return [Channel(self._core, record) for record in self.record.channels.values()]

    def add_channel(self, name: str, *, kind: int = TEXT, topic: str | None = None) -> Channel:
        """A text channel, or another kind by its number."""
        record = ChannelRecord(self._core.world.new_id(), self.id, name, kind, position=len(self.record.channels))
        record.topic = topic
        self._core.world.add_channel(record)
        self._core.say_guild("CHANNEL_CREATE", self.record, channel_payload(record))
        return Channel(self._core, record)

    def add_forum(self, name: str) -> Channel:
        """A forum channel."""
        return self.add_channel(name, kind=FORUM)

    def add_thread(self, parent: Channel, name: str, owner: Member | None = None) -> Channel:
        """A public thread below a channel."""
        starter = owner if owner is not None else self.owner
        record = ChannelRecord(self._core.world.new_id(), self.id, name, PUBLIC_THREAD, parent_id=parent.id)
        record.owner_id = starter.id
        self._core.world.add_channel(record)
        self._core.say_channel("THREAD_CREATE", record, newly_created=True)
        return Channel(self._core, record)

    def add_role(self, name: str, *permissions: str) -> Role:
        """A role with permissions by name."""
        record = RoleRecord(self._core.world.new_id(), name, bits(*permissions), position=len(self.record.roles))
        self.record.roles[record.id] = record
        payload = {"guild_id": str(self.id), "role": role_payload(record)}
        self._core.say_guild("GUILD_ROLE_CREATE", self.record, payload)
        return Role(self._core, record, self.record)

    def add_member(self, name: str, *roles: Role, locale: str = "en-US", bot: bool = False) -> Member:
        """A member; ``locale`` is the language of their client."""
        user = UserRecord(self._core.world.new_id(), name, bot=bot)
        self._core.world.users[user.id] = user
        return self.adopt(user, *roles, locale=locale)

    def adopt(self, user: UserRecord, *roles: Role, locale: str = "en-US") -> Member:
        """Let a user who is known from another guild join this one."""
        record = MemberRecord(user, self.id, [role.id for role in roles])
        self.record.members[user.id] = record
        payload = {**member_payload(record), "guild_id": str(self.id)}
        self._core.say_guild("GUILD_MEMBER_ADD", self.record, payload, GUILD_MEMBERS)
        return Member(self._core, self.record, record, locale)

    def set_locale(self, locale: str) -> None:
        """Change the guild's preferred language."""
        self.record.locale = locale
        self._core.say_guild("GUILD_UPDATE", self.record, guild_payload(self.record))

    def removes_bot(self) -> None:
        """Kick the bot: GUILD_DELETE without ``unavailable``."""
        self._core.say_guild("GUILD_DELETE", self.record, {"id": str(self.id)})
        self.record.has_bot = False

    def invites_bot(self) -> None:
        """Let the bot in again."""
        self.record.has_bot = True
        self._core.say_guild("GUILD_CREATE", self.record, guild_create_payload(self.record, self._core.world.bot))

    def goes_unavailable(self) -> None:
        """An outage: GUILD_DELETE with ``unavailable``."""
        self._core.say_guild("GUILD_DELETE", self.record, {"id": str(self.id), "unavailable": True})
        self.record.unavailable = True

    def comes_back(self) -> None:
        """The end of an outage: GUILD_CREATE."""
        self.record.unavailable = False
        self._core.say_guild("GUILD_CREATE", self.record, guild_create_payload(self.record, self._core.world.bot))


def _reference(message: MessageRecord, kind: int) -> Json:
    return {
        "type": kind,
        "message_id": str(message.id),
        "channel_id": str(message.channel_id),
        "guild_id": str(message.guild_id),
    }


def _snapshot(core: Core, message: MessageRecord) -> Json:
    return {
        "type": message.type,
        "content": message.content,
        "embeds": message.embeds,
        "attachments": [attachment_payload(a, message.channel_id, core.origin) for a in message.attachments],
        "timestamp": iso(message.created_at),
        "edited_timestamp": iso(message.edited_at) if message.edited_at else None,
        "flags": message.flags,
        "mentions": [user_payload(user) for user in message.mentions],
        "mention_roles": [],
        "components": message.components,
        "sticker_items": [],
    }


__all__ = ["Channel", "File", "Guild", "InteractionResult", "Member", "Role"]
