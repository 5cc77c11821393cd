"""Setting the scene and moving it: accounts, chats, standings, migration, channel posts.

The half of `LoopbackTelegram` that needs no network. What single people do is in `people.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from .chats import open_topic
from .core import Core
from .entities import find_entities
from .people import User, until
from .world import Account, Chat, Json, Membership, Message, Status, Topic

BotStatus = Literal["member", "administrator"]


class Scene:
    """The people and chats around one bot."""

    def __init__(self, core: Core) -> None:
        self.clock = core.clock
        self._core = core
        self._changed = asyncio.Event()

    @property
    def bot(self) -> Account:
        """The bot's own account."""
        return self._core.bot

    def add_user(
        self,
        first_name: str = "Member",
        *,
        username: str | None = None,
        language_code: str | None = "en",
        is_bot: bool = False,
        started: bool = False,
    ) -> User:
        """A person, or another bot. `started`: they pressed "Start" before, so the bot may write to them."""
        user = User(
            self._core.world.next_account_id(),
            first_name,
            username,
            language_code,
            is_bot,
            started,
            core=self._core,
            wait=self.until,
        )
        self._core.world.accounts[user.id] = user
        return user

    def add_group(self, title: str = "Group", *, bot: BotStatus | None = "member") -> Chat:
        """A basic group. `bot`: how the bot stands there from before, `None` if it is not in it."""
        return self._with_bot(self._core.world.chat("group", title), bot)

    def add_supergroup(
        self,
        title: str = "Supergroup",
        *,
        forum: bool = False,
        username: str | None = None,
        bot: BotStatus | None = "member",
    ) -> Chat:
        """A supergroup, with topics if `forum`."""
        return self._with_bot(self._core.world.chat("supergroup", title, username, is_forum=forum), bot)

    def add_channel(
        self,
        title: str = "Channel",
        *,
        discussion: Chat | None = None,
        username: str | None = None,
        bot: BotStatus | None = None,
    ) -> Chat:
        """A channel; its posts are forwarded to `discussion` by Telegram."""
        channel = self._core.world.chat("channel", title, username)
        channel.discussion = discussion
        if discussion is not None:
            discussion.discussion = channel
        return self._with_bot(channel, bot)

    def add_topic(self, forum: Chat, name: str, *, by: User | None = None) -> Topic:
        """A topic of a forum, opened by a member."""
        return open_topic(self._core, forum, name, (by or self._somebody(forum)).id)

    def make_admin(
        self, user: User, chat: Chat, *, creator: bool = False, custom_title: str | None = None, **rights: bool
    ) -> None:
        """Make somebody administrator (or creator); `rights` names those taken away or added."""
        status: Status = "creator" if creator else "administrator"
        new = Membership(user, status, rights, custom_title)
        self._change_member(chat, user, new)

    def remove_admin(self, user: User, chat: Chat) -> None:
        """Make an administrator an ordinary member again."""
        self._change_member(chat, user, Membership(user))

    def ban(self, user: User, chat: Chat) -> None:
        """Ban somebody from a group."""
        self._change_member(chat, user, Membership(user, "kicked"))

    def add_bot(self, chat: Chat, *, by: User | None = None) -> None:
        """Somebody adds the bot: `my_chat_member` and, in groups, the service message."""
        by = by or self._somebody(chat)
        self._change_bot(chat, Membership(self.bot, "administrator" if chat.kind == "channel" else "member"), by)
        if chat.kind != "channel":
            self._core.service_message(chat, by, {"new_chat_members": [self.bot.json()]})

    def bot_is_admin(self, chat: Chat, *, admin: bool = True, by: User | None = None, **rights: bool) -> None:
        """Make the bot administrator, or an ordinary member again."""
        status: Status = "administrator" if admin else "member"
        self._change_bot(chat, Membership(self.bot, status, rights), by or self._somebody(chat))

    def restrict_bot(self, chat: Chat, *, by: User | None = None, **rights: bool) -> None:
        """Mute the bot; `rights` names what it may still do."""
        self._change_bot(chat, Membership(self.bot, "restricted", rights), by or self._somebody(chat))

    def kick_bot(self, chat: Chat, *, by: User | None = None) -> None:
        """Remove the bot from a chat."""
        self._change_bot(chat, Membership(self.bot, "kicked"), by or self._somebody(chat))

    def set_privacy_mode(self, *, on: bool) -> None:
        """BotFather's switch: getMe shows it at once, chats follow only when the bot is added anew (T1)."""
        self._core.privacy_mode = on

    def set_domain(self, domain: str) -> None:
        """BotFather's /setdomain: the site at which the bot may have people vouched for."""
        self._core.domain = domain

    def revoke_token(self) -> None:
        """BotFather's /revoke: 401 to everything from now on."""
        self._core.revoked = True
        self._core.queue.abort_poll("the token was revoked")

    def migrate(self, group: Chat) -> Chat:
        """Turn a group into a supergroup with a new id (T35); both service messages are sent. Answers the new chat."""
        new = self._core.world.chat("supergroup", group.title or "")
        new.members = group.members
        new.permissions = group.permissions
        by = self._somebody(group)
        self._core.service_message(group, by, {"migrate_to_chat_id": new.id})
        group.migrated_to = new
        self._core.service_message(new, by, {"migrate_from_chat_id": group.id})
        return new

    async def channel_posts(self, channel: Chat, text: str) -> Message:
        """Post in a channel; a linked discussion group gets Telegram's automatic forward."""
        entities = find_entities(text)
        post = self._core.new_message(channel, None, shown_from=None, sender_chat=channel, text=text, entities=entities)
        self._core.visibility.message(post)
        if channel.discussion is not None:
            origin: Json = {
                "type": "channel",
                "date": post.date,
                "chat": channel.json(),
                "message_id": post.message_id,
            }
            copy = self._core.new_message(
                channel.discussion,
                None,
                shown_from=self._core.world.telegram,
                sender_chat=channel,
                text=text,
                entities=entities,
                extra={"is_automatic_forward": True, "forward_origin": origin},
            )
            self._core.visibility.message(copy)
        return post

    async def channel_edits(self, post: Message, text: str) -> None:
        """Edit a channel post; the automatic forward follows."""
        for message in (post, self.discussion_copy(post)):
            if message is None:
                continue
            message.versions.append(message.text or "")
            message.text, message.entities = text, find_entities(text)
            message.edit_date = self.clock.stamp()
            self._core.visibility.message(message, edited=True)

    def discussion_copy(self, post: Message) -> Message | None:
        """The automatic forward of a channel post in the linked group."""
        group = post.chat.discussion
        for message in group.messages if group is not None else []:
            origin = message.extra.get("forward_origin", {})
            if message.extra.get("is_automatic_forward") and origin.get("message_id") == post.message_id:
                return message
        return None

    def private_chat(self, user: User) -> Chat:
        """The private chat of somebody with the bot."""
        return self._core.world.private(user)

    async def until(self, condition: Callable[[], bool], within: float = 5.0, what: str = "a condition") -> None:
        """Wait until a condition holds.

        Raises:
            TimeoutError: It did not hold within so many real seconds.
        """
        await until(lambda: self._changed, condition, within, what)

    # --- inner parts -----------------------------------------------------------------------------------

    def _with_bot(self, chat: Chat, status: BotStatus | None) -> Chat:
        if status is not None:
            chat.members[self.bot.id] = Membership(self.bot, status, reads_all=not self._core.privacy_mode)
        return chat

    def _somebody(self, chat: Chat) -> User:
        """A human administrator of the chat, or its new creator."""
        for membership in chat.admins():
            if isinstance(membership.account, User) and not membership.account.is_bot:
                return membership.account
        founder = self.add_user("Founder")
        chat.members[founder.id] = Membership(founder, "creator")
        return founder

    def _change_member(self, chat: Chat, user: User, new: Membership) -> None:
        by = user if new.status == "creator" else self._somebody(chat)
        old = chat.member(user)
        chat.members[user.id] = new
        self._core.visibility.chat_member(chat, by, old, new)

    def _change_bot(self, chat: Chat, new: Membership, by: User) -> None:
        old = chat.member(self.bot)
        new.reads_all = old.reads_all if old.inside else not self._core.privacy_mode
        chat.members[self.bot.id] = new
        self._core.visibility.my_chat_member(chat, by, old, new)
