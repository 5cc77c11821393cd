"""Who and what there is: accounts, chats, memberships, topics, messages, and their JSON.

Plain state that the API methods and the test's driver both change. It decides nothing about who sees what
(`visibility.py`) and knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from .entities import Entity

Json = dict[str, Any]
ChatKind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

TELEGRAM_ID = 777000
GROUP_ANONYMOUS_BOT_ID = 1087968824
CHANNEL_BOT_ID = 136817688

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
MEMBER_PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_edit_tag",
    "can_react_to_messages",
)


@dataclass(eq=False, slots=True)
class Account:
    """Somebody with a Telegram account, a bot included.

    Attributes:
        started: The person once pressed "Start" or wrote to the bot, so the bot may write first.
        blocked: The person blocked the bot.
        deactivated: The account was deleted.
    """

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    started: bool = False
    blocked: bool = False
    deactivated: bool = False

    def json(self) -> Json:
        """The `User` object."""
        body: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            body["username"] = self.username
        if self.language_code:
            body["language_code"] = self.language_code
        return body


@dataclass(eq=False, slots=True)
class Membership:
    """How one account stands in one chat.

    Attributes:
        rights: What an administrator may do, or a restricted member; absent names follow the status's default.
        reads_all: For the bot: privacy mode was off when it joined (T1: the switch needs re-adding).
    """

    account: Account
    status: Status = "member"
    rights: dict[str, bool] = field(default_factory=dict)
    custom_title: str | None = None
    is_anonymous: bool = False
    until_date: int = 0
    reads_all: bool = False

    @property
    def inside(self) -> bool:
        """Whether the account is in the chat now."""
        return self.status in {"creator", "administrator", "member", "restricted"}

    @property
    def is_admin(self) -> bool:
        """Creator or administrator."""
        return self.status in {"creator", "administrator"}

    def may(self, right: str) -> bool:
        """Whether a right is held: all by the creator, by an administrator unless taken, else as given."""
        if self.status == "creator":
            return True
        if self.status == "administrator":
            return self.rights.get(right, True)
        return (self.status == "member" and right.startswith("can_send")) or self.rights.get(right, False)

    def json(self) -> Json:
        """The `ChatMember` object of the status."""
        body: Json = {"user": self.account.json(), "status": self.status}
        if self.is_admin:
            body["is_anonymous"] = self.is_anonymous
            if self.custom_title:
                body["custom_title"] = self.custom_title
        if self.status == "administrator":
            body["can_be_edited"] = False
            body |= {right: self.rights.get(right, True) for right in ADMIN_RIGHTS} | self.rights
        elif self.status == "restricted":
            body |= {"is_member": True, "until_date": self.until_date}
            body |= dict.fromkeys(MEMBER_PERMISSIONS, False) | self.rights
        elif self.status == "kicked":
            body["until_date"] = self.until_date
        return body


@dataclass(eq=False, slots=True)
class Topic:
    """A forum topic; `id` is the `message_thread_id`, which is its opening message's id too."""

    id: int
    name: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request, as it arrived."""

    name: str
    content_type: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)


@dataclass(eq=False, slots=True)
class Message:
    """One message of a chat, whoever sent it.

    Attributes:
        author: Who really wrote it; `None` for a message nobody wrote (an automatic forward).
        shown_from: The `from` that Telegram shows, a service account for sender chats.
        text: Text or caption, as stored after parsing.
        is_caption: Whether `text` is the caption of a file.
        thread_id: `message_thread_id`.
        extra: Further fields of the `Message` object, service fields included.
        upload: The bytes that the bot sent with it.
        versions: Earlier texts, oldest first, one for each edit.
        silent: Sent with `disable_notification`.
        reactions: What each account has put below it: emoji, or numbers of custom ones.
    """

    chat: Chat
    message_id: int
    date: int
    author: Account | None
    shown_from: Account | None
    sender_chat: Chat | None = None
    text: str | None = None
    entities: list[Entity] = field(default_factory=list)
    is_caption: bool = False
    thread_id: int | None = None
    reply_to: Message | None = None
    reply_markup: Json | None = None
    extra: Json = field(default_factory=dict)
    upload: Upload | None = None
    edit_date: int | None = None
    deleted: bool = False
    versions: list[str] = field(default_factory=list)
    silent: bool = False
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def from_bot(self) -> bool:
        """Whether a bot wrote it (this one or another)."""
        return self.author is not None and self.author.is_bot

    @property
    def is_service(self) -> bool:
        """Whether it only reports an event: somebody joined, a topic was opened, the group moved."""
        return any(name in self.extra for name in SERVICE_FIELDS)

    @property
    def buttons(self) -> list[Json]:
        """All inline buttons, row by row, in one list."""
        rows = (self.reply_markup or {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def json(self, *, nested: bool = False) -> Json:
        """The `Message` object; nested ones (a reply's target) carry no reply of their own."""
        body: Json = {"message_id": self.message_id, "date": self.date, "chat": self.chat.json()}
        if self.shown_from is not None:
            body["from"] = self.shown_from.json()
        if self.sender_chat is not None:
            body["sender_chat"] = self.sender_chat.json()
        if self.thread_id is not None:
            body["message_thread_id"] = self.thread_id
            if self.chat.is_forum:
                body["is_topic_message"] = True
        if self.edit_date is not None:
            body["edit_date"] = self.edit_date
        if self.reply_to is not None and not nested:
            body["reply_to_message"] = self.reply_to.json(nested=True)
        if self.text is not None:
            body["caption" if self.is_caption else "text"] = self.text
            if self.entities:
                body["caption_entities" if self.is_caption else "entities"] = self.entities
        if self.reply_markup is not None:
            body["reply_markup"] = self.reply_markup
        return body | self.extra


SERVICE_FIELDS = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "forum_topic_created",
        "forum_topic_closed",
        "forum_topic_reopened",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "pinned_message",
    }
)


@dataclass(eq=False, slots=True)
class Chat:
    """A private chat, group, supergroup or channel, with all its messages in `messages`, oldest first.

    `bot` is the bot under test, whether or not it is in the chat.
    """

    id: int
    kind: ChatKind
    title: str | None = None
    username: str | None = None
    peer: Account | None = None
    is_forum: bool = False
    members: dict[int, Membership] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    discussion: Chat | None = None
    migrated_to: Chat | None = None
    bot: Account | None = None
    permissions: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MEMBER_PERMISSIONS, True))
    last_message_id: int = 0
    actions: list[str] = field(default_factory=list)
    _by_id: dict[int, Message] = field(default_factory=dict)

    def json(self) -> Json:
        """The `Chat` object as messages carry it."""
        body: Json = {"id": self.id, "type": self.kind}
        if self.peer is not None:
            body["first_name"] = self.peer.first_name
            if self.peer.username:
                body["username"] = self.peer.username
            return body
        body["title"] = self.title or ""
        if self.username:
            body["username"] = self.username
        if self.is_forum:
            body["is_forum"] = True
        return body

    def full_json(self) -> Json:
        """The `ChatFullInfo` object of getChat."""
        gifts = dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            True,
        )
        body = self.json() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        if self.kind in {"group", "supergroup"}:
            body["permissions"] = self.permissions
        if self.discussion is not None:
            body["linked_chat_id"] = self.discussion.id
        return body

    def add(self, message: Message) -> None:
        """Keep a new message."""
        self.messages.append(message)
        self._by_id[message.message_id] = message

    def message(self, message_id: int) -> Message | None:
        """The message of that id, unless it was deleted or never was."""
        found = self._by_id.get(message_id)
        return None if found is None or found.deleted else found

    def from_bot(self) -> list[Message]:
        """What the bot under test said here and did not delete, oldest first; service messages are left out."""
        return [
            message
            for message in self.messages
            if message.author is self.bot and not message.deleted and not message.is_service
        ]

    def member(self, account: Account) -> Membership:
        """How an account stands here; somebody never seen has left."""
        return self.members.get(account.id) or Membership(account, "left")

    def admins(self) -> Iterator[Membership]:
        """Creator and administrators."""
        return (membership for membership in self.members.values() if membership.is_admin)


class World:
    """All accounts and chats of one server, by id."""

    def __init__(self, bot: Account) -> None:
        self.bot = bot
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.telegram = Account(TELEGRAM_ID, "Telegram")
        self.anonymous = Account(GROUP_ANONYMOUS_BOT_ID, "Group", "GroupAnonymousBot", is_bot=True)
        self.channel_bot = Account(CHANNEL_BOT_ID, "Channel", "Channel_Bot", is_bot=True)
        self._next_account = 5_000_000_001  # above 32 bits, as today's ids are (T35)
        self._next_group = 4_000_000_001
        self._next_channel = 2_100_000_001

    def next_account_id(self) -> int:
        """An id that no account has yet."""
        self._next_account += 1
        return self._next_account - 1

    def chat(self, kind: ChatKind, title: str, username: str | None = None, *, is_forum: bool = False) -> Chat:
        """A new group, supergroup or channel."""
        if kind == "group":
            chat_id = -self._next_group
            self._next_group += 1
        else:
            chat_id = -1_000_000_000_000 - self._next_channel
            self._next_channel += 1
        chat = Chat(chat_id, kind, title, username, is_forum=is_forum, bot=self.bot)
        if kind != "group":
            chat.last_message_id = 1  # the chat's creation, which bots are not told of; a forum's General topic
        self.chats[chat.id] = chat
        return chat

    def private(self, account: Account) -> Chat:
        """The private chat of an account with the bot, opened at its first use."""
        chat = self.chats.get(account.id)
        if chat is None:
            chat = Chat(account.id, "private", peer=account, bot=self.bot)
            self.chats[chat.id] = chat
        return chat

    def by_username(self, name: str) -> Chat | None:
        """The public group or channel of a username, without its `@`."""
        wanted = name.lower()
        return next((chat for chat in self.chats.values() if (chat.username or "").lower() == wanted), None)
