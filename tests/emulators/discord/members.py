"""Members who write, edit, delete, post and start threads. Presses and commands: `acting`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from . import rest_automod
from .acting import Actor, CannotDo
from .channels import Channel, Role
from .command_options import File
from .core import Core
from .errors import Json
from .gateway import GUILD_MEMBERS
from .payloads import (
    attachment_payload,
    emoji_payload,
    member_payload,
    user_payload,
)
from .permissions import Permission, channel_permissions
from .rest_messages import mentioned
from .state import (
    PUBLIC_THREAD,
    ChannelRecord,
    MessageRecord,
    iso,
)


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

        Raises:
            CannotDo: the member may not write there.
        """
        core = self.core
        self._may_write(channel)
        message = MessageRecord(core.world.new_id(at), channel.id, channel.record.guild_id, self.record.user, text)
        message.attachments = [file.uploaded(core) for file in attachments]
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
        if self._moderated(channel.record, message, text):
            message.deleted = True
            return message
        channel.record.add(message)
        core.say_message("MESSAGE_CREATE", message)
        return message

    async def edits(self, message: MessageRecord, text: str) -> None:
        """Change the text of one's own message; nothing changes where an auto-moderation rule blocks the new text."""
        channel = self.core.world.channels[message.channel_id]
        if self._moderated(channel, message, text):
            return
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

    async def reacts(self, message: MessageRecord, *kinds: str) -> None:
        """Put reactions below a message: emoji, or `name:id` of custom ones.

        Raises:
            CannotDo: the member does not see the message.
        """
        self._visible(message)
        for kind in kinds:
            message.reactions.setdefault(kind, set()).add(self.id)
            self.core.say_reaction(
                "MESSAGE_REACTION_ADD", message, user_id=str(self.id), emoji=emoji_payload(kind), burst=False, type=0,
                member=member_payload(self.record), message_author_id=str(message.author.id),
            )  # fmt: skip

    async def unreacts(self, message: MessageRecord, *kinds: str) -> None:
        """Take reactions of one's own back."""
        for kind in kinds:
            message.reactions[kind].discard(self.id)
            if not message.reactions[kind]:
                del message.reactions[kind]
            self.core.say_reaction(
                "MESSAGE_REACTION_REMOVE", message, user_id=str(self.id), emoji=emoji_payload(kind), burst=False, type=0
            )

    async def clears_reactions(self, message: MessageRecord, kind: str | None = None) -> None:
        """Take everybody's reactions away, or those of one kind, as a moderator does."""
        if kind is None:
            message.reactions.clear()
            self.core.say_reaction("MESSAGE_REACTION_REMOVE_ALL", message)
        else:
            message.reactions.pop(kind, None)
            self.core.say_reaction("MESSAGE_REACTION_REMOVE_EMOJI", message, emoji=emoji_payload(kind))

    async def posts(
        self, forum: Channel, title: str, text: str, *, attachments: Iterable[File] = ()
    ) -> tuple[Channel, MessageRecord]:
        """Open a forum post: the thread and its first message, whose id is the thread's."""
        thread = self._thread(forum, title, self.core.world.new_id())
        message = MessageRecord(thread.id, thread.id, thread.record.guild_id, self.record.user, text)
        message.attachments = [file.uploaded(self.core) for file in attachments]
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
        # The bot's own changes come whatever the intents.
        intent = 0 if self.record.user is self.core.world.bot else GUILD_MEMBERS
        self.core.say_guild("GUILD_MEMBER_UPDATE", self.guild, payload, intent)

    def _thread(self, parent: Channel, name: str, thread_id: int) -> Channel:
        record = ChannelRecord(thread_id, self.guild.id, name, PUBLIC_THREAD, parent_id=parent.id, owner_id=self.id)
        self.core.world.add_channel(record)
        return Channel(self.core, record)

    def _may_write(self, channel: Channel) -> None:
        speak = Permission.SEND_MESSAGES_IN_THREADS if channel.record.is_thread else Permission.SEND_MESSAGES
        if not channel_permissions(self.guild, channel.record, self.record) & speak.value:
            raise CannotDo(f"this member may not write in #{channel.record.name}")

    def _moderated(self, channel: ChannelRecord, message: MessageRecord, text: str) -> bool:
        """Run the guild's keyword rules over a text; True when one blocks it."""
        if not self.guild.automod:
            return False
        found = rest_automod.matches(self.guild, channel, self.record, text)
        blocked = any(a["type"] == rest_automod.BLOCK for match in found for a in match.rule["actions"])
        for match in found:
            for action in match.rule["actions"]:
                rest_automod.act(self.core, match, action, self.record, channel, text, None if blocked else message.id)
        return blocked


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
