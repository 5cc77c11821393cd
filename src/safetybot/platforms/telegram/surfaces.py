"""What a Telegram message says, and where: the library's objects to `model.Message`. Pure.

Lives here: which messages are for us, their texts, their author and place. Does not live here: fetching anything, which
chat used to have which id (`places.py`), and what is done with messages.
"""

from __future__ import annotations

from collections.abc import Iterator

import telegram
from telegram.constants import ChatType, MessageEntityType

from safetybot.model import Author, Message, Place, Surface, SurfaceKind

NAME = "telegram"
"""The `platform` of every place on Telegram."""
ANONYMOUS = "administrator"
"""The role of whoever writes in the name of the group itself: only administrators can."""

_GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP, ChatType.CHANNEL})
_QUOTES = frozenset({MessageEntityType.BLOCKQUOTE, MessageEntityType.EXPANDABLE_BLOCKQUOTE})


def to_message(message: telegram.Message, community: str, *, roles: frozenset[str] = frozenset()) -> Message | None:
    """A member's message in our words, None where there is nothing to read or it is nobody's we answer.

    Args:
        message: New or edited, of a group or a channel.
        community: The id that the chat had first.
        roles: The author's standing in the chat, as far as somebody has asked for it.
    """
    author = author_of(message, roles)
    if author is None or message.chat.type not in _GROUPS:
        return None
    surfaces = tuple(surfaces_of(message))
    if not surfaces:
        return None
    return Message(
        id=str(message.message_id),
        place=place_of(message, community),
        author=author,
        surfaces=surfaces,
        sent_at=message.date,
        reply_to=_replied_to(message),
        edited_at=message.edit_date,
    )


def place_of(message: telegram.Message, community: str) -> Place:
    """Where a message stands. Only a topic is a thread of its own: replies in other groups bear a thread id too."""
    topic = str(message.message_thread_id) if message.is_topic_message and message.message_thread_id else None
    return Place(NAME, community, str(message.chat.id), topic)


def author_of(message: telegram.Message, roles: frozenset[str] = frozenset()) -> Author | None:
    """Who wrote a message; None for bots, for what a bot said through somebody, and for Telegram's own lines.

    Who writes in a chat's name (a channel, an anonymous administrator) counts as that chat: the account that Telegram
    names beside it is one of its own bots.
    """
    if message.via_bot is not None:
        return None
    if (chat := message.sender_chat) is not None:
        own = roles | {ANONYMOUS} if chat.id == message.chat.id else roles
        return Author(id=str(chat.id), name=chat.title or "", roles=own)
    user = message.from_user
    if user is None or user.is_bot:
        return None
    return Author(id=str(user.id), name=user.full_name, roles=roles, locale=user.language_code)


def surfaces_of(message: telegram.Message) -> Iterator[Surface]:
    """Every text of a message: words, caption, poll, list, files' names; what is quoted or forwarded apart."""
    foreign = _is_foreign(message)
    if message.text is not None:
        yield from _worded(SurfaceKind.TEXT, message.text, message.entities, foreign=foreign)
    if message.caption is not None:
        yield from _worded(SurfaceKind.CAPTION, message.caption, message.caption_entities, foreign=foreign)
    own = SurfaceKind.FORWARD if foreign else SurfaceKind.TEXT
    if message.poll is not None:
        yield from _surface(own, _poll(message.poll))
    if message.checklist is not None:
        yield from _surface(own, "\n".join([message.checklist.title, *(one.text for one in message.checklist.tasks)]))
    # The parts of an album are messages of their own; one without a caption says nothing that its fellow does not.
    if message.media_group_id is None or message.caption:
        for name in _file_names(message):
            yield from _surface(SurfaceKind.FORWARD if foreign else SurfaceKind.ATTACHMENT, name)
    if message.quote is not None:
        yield from _surface(SurfaceKind.FORWARD, message.quote.text)
    if (other := message.external_reply) is not None:
        if other.poll is not None:
            yield from _surface(SurfaceKind.FORWARD, _poll(other.poll))
        if other.document is not None:
            yield from _surface(SurfaceKind.FORWARD, other.document.file_name)


def _is_foreign(message: telegram.Message) -> bool:
    """Whether somebody else's words are carried in; a channel's post in its own discussion group is its own words."""
    origin = message.forward_origin
    if origin is None or message.is_automatic_forward:
        return False
    if isinstance(origin, telegram.MessageOriginUser) and message.from_user is not None:
        return origin.sender_user.id != message.from_user.id
    if isinstance(origin, telegram.MessageOriginChat) and message.sender_chat is not None:
        return origin.sender_chat.id != message.sender_chat.id
    return True


def _worded(
    kind: SurfaceKind, text: str, entities: tuple[telegram.MessageEntity, ...], *, foreign: bool
) -> Iterator[Surface]:
    """A text in its parts: those that stand in block quotes are somebody else's words."""
    if foreign:
        yield from _surface(SurfaceKind.FORWARD, text)
        return
    raw = text.encode("utf-16-le", "surrogatepass")  # entities count UTF-16 units
    at = 0
    for quote in sorted((one for one in entities if one.type in _QUOTES), key=lambda one: one.offset):
        start, end = 2 * quote.offset, 2 * (quote.offset + quote.length)
        if start < at:
            continue
        yield from _surface(kind, _decoded(raw[at:start]))
        yield from _surface(SurfaceKind.FORWARD, _decoded(raw[start:end]))
        at = end
    yield from _surface(kind, _decoded(raw[at:]) if at else text)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace").strip("\n")


def _poll(poll: telegram.Poll) -> str:
    return "\n".join([poll.question, *(option.text for option in poll.options)])


def _file_names(message: telegram.Message) -> Iterator[str | None]:
    for file in (message.document, message.audio, message.video, message.animation):
        if file is not None:
            yield file.file_name
    if message.audio is not None:
        yield message.audio.title


def _surface(kind: SurfaceKind, text: str | None) -> Iterator[Surface]:
    if text and not text.isspace():
        yield Surface(kind, text)


def _replied_to(message: telegram.Message) -> str | None:
    """The message that was answered. Every message of a topic shows the topic's opening as such; it is none."""
    target = message.reply_to_message
    if target is None or target.forum_topic_created is not None:
        return None
    return str(target.message_id)
