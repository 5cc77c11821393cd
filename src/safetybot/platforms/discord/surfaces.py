"""What a Discord message says, and where: the library's objects to `model.Message`. Pure.

Lives here: which messages are for us, their texts, their place. Does not live here: fetching anything, and what is done
with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import discord

from safetybot.model import Author, Message, Place, Surface, SurfaceKind

NAME = "discord"
"""The `platform` of every place on Discord."""

_SPOKEN = frozenset({discord.MessageType.default, discord.MessageType.reply})
"""What members write; all other types are Discord's own lines (joins, pins, boosts, thread starters) or bots'."""

ForumLike = discord.ForumChannel
"""Forum and media channels: the library has one class for both."""


def from_member(message: discord.Message) -> bool:
    """Whether a member wrote it in a guild: no bot (ourselves included), no webhook, none of Discord's own lines."""
    return (
        message.guild is not None and not message.author.bot and message.webhook_id is None and message.type in _SPOKEN
    )


def to_message(message: discord.Message, *, roles: frozenset[str] | None = None) -> Message | None:
    """A member's message in our words, None where there is nothing to read or it is nobody's we answer.

    Args:
        message: From an event or from a channel's history.
        roles: The author's roles, for history, which does not name them; None takes what the event says.
    """
    if not from_member(message):
        return None
    surfaces = tuple(surfaces_of(message))
    if not surfaces:
        return None
    return Message(
        id=str(message.id),
        place=place_of(message.channel, message.guild.id if message.guild else 0),
        author=Author(
            id=str(message.author.id),
            name=message.author.display_name,
            roles=roles_of(message.author) if roles is None else roles,
        ),
        surfaces=surfaces,
        sent_at=message.created_at,
        reply_to=_replied_to(message),
        edited_at=message.edited_at,
    )


def place_of(channel: discord.abc.MessageableChannel, guild_id: int) -> Place:
    """Where a channel or thread is; a thread the library does not know counts as a channel."""
    if isinstance(channel, discord.Thread):
        return Place(NAME, str(guild_id), str(channel.parent_id), str(channel.id))
    return Place(NAME, str(guild_id), str(channel.id))


def roles_of(author: discord.User | discord.Member) -> frozenset[str]:
    """The ids of somebody's roles; none where the event does not name them."""
    return frozenset(str(role.id) for role in author.roles) if isinstance(author, discord.Member) else frozenset()


def surfaces_of(message: discord.Message) -> Iterator[Surface]:
    """Every text of a message: a post's title, its words, a poll, what it forwards, its files' names and alt texts."""
    channel = message.channel
    if isinstance(channel, discord.Thread) and channel.id == message.id and isinstance(channel.parent, ForumLike):
        yield from _surface(SurfaceKind.TITLE, channel.name)
    yield from _surface(SurfaceKind.TEXT, message.content)
    if message.poll is not None:
        answers = (answer.text for answer in message.poll.answers)
        yield from _surface(SurfaceKind.TEXT, "\n".join([message.poll.question, *answers]))
    for snapshot in message.message_snapshots:
        embeds = (text for embed in snapshot.embeds for text in _embed_texts(embed))
        yield from _surface(SurfaceKind.FORWARD, "\n".join(filter(None, [snapshot.content, *embeds])))
        yield from _attachments(snapshot.attachments)
    yield from _attachments(message.attachments)


def _attachments(attachments: Iterable[discord.Attachment]) -> Iterator[Surface]:
    for attachment in attachments:
        yield from _surface(SurfaceKind.ATTACHMENT, attachment.title or attachment.filename)
        yield from _surface(SurfaceKind.ATTACHMENT, attachment.description)


def _embed_texts(embed: discord.Embed) -> Iterator[str | None]:
    yield embed.author.name
    yield embed.title
    yield embed.description
    for field in embed.fields:
        yield field.name
        yield field.value
    yield embed.footer.text


def _surface(kind: SurfaceKind, text: str | None) -> Iterator[Surface]:
    if text and not text.isspace():
        yield Surface(kind, text)


def _replied_to(message: discord.Message) -> str | None:
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None or reference.message_id is None:
        return None
    return str(reference.message_id)
