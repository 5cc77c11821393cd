"""Replies to members: sent once, found again, and not tried where the bot lost its rights.

Lives here: one reply from the text to the receipt. Does not live here: whether there is one (`watcher.py`), what it
says (`responses/`), deadlines (`sending.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import discord
import structlog

from safetybot.chat.answers import Answer
from safetybot.chat.cards import reply_buttons
from safetybot.chat.services import Services
from safetybot.chat.text import from_markdown
from safetybot.model import Message, Place, Response
from safetybot.platforms.discord.client import DiscordClient
from safetybot.platforms.discord.rendering import NOBODY, first_page, pages, view_of
from safetybot.platforms.discord.sending import UNKNOWN_MESSAGE, Circuits, Gone, NotAllowed, Sender, nonce_of
from safetybot.ports import PlatformError, Receipt
from safetybot.translation import marked, texts
from safetybot.watcher import LATEST_REPLY

log = structlog.get_logger(__name__)

_SEARCHED = 1_000
"""Messages after the one that was answered in which the reply is looked for."""
_LATEST = LATEST_REPLY + timedelta(minutes=1)
"""A reply stands at most so long after its message."""

Notice = Callable[[str, str | None, str], Awaitable[None]]
"""`Platform.notice`."""


class Replies:
    """Sends replies."""

    def __init__(
        self, services: Services, sender: Sender, is_gone: Callable[[str], bool], circuits: Circuits, notice: Notice
    ) -> None:
        """Prepare.

        Args:
            services: Buttons, policies.
            sender: Talks to Discord.
            is_gone: Whether a message was deleted.
            circuits: The channels that are left alone.
            notice: Tells moderators.
        """
        self._services, self._sender, self._is_gone, self._notice = services, sender, is_gone, notice
        self._circuits = circuits
        self._asides: set[asyncio.Task[None]] = set()

    async def send(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        """Reply once, pinging nobody. Raises `UnsureError` where it may have been sent, else `PlatformError`."""
        guild, channel = int(to.place.community), _channel(to.place)
        self._circuits.check(channel)
        page = first_page(pages(from_markdown(response.public)))
        buttons = Answer(rows=reply_buttons(self._services, response, interaction_id))
        encode = self._services.actions.encode
        # A reply to nothing would puzzle everybody, so it is to fail where the message is gone (D35).
        reference = discord.MessageReference(
            message_id=int(to.id), channel_id=channel, guild_id=guild, fail_if_not_exists=True
        )

        async def send(client: DiscordClient) -> discord.Message:
            if self._is_gone(to.id):
                raise Gone
            return await client.get_partial_messageable(channel, guild_id=guild).send(
                page, reference=reference, mention_author=False, allowed_mentions=NOBODY, suppress_embeds=True,
                nonce=nonce_of(claim_key), view=view_of(buttons, encode) or discord.utils.MISSING,
            )  # fmt: skip

        try:
            sent = await self._sender.do(channel, send)
        except NotAllowed:
            self._lost(to.place, channel)
            raise
        self._circuits.well(channel)
        if self._is_gone(to.id):
            # Deleted while the reply was on its way: nothing is left to answer.
            await self._sender.do(channel, lambda client: _delete(client, channel, sent.id))
            raise Gone
        return Receipt(str(sent.id))

    async def find(self, to: Message) -> Receipt | None:
        """Our reply to a message, None where there is none. Raises `PlatformError` where the channel cannot be read.

        Where the message itself is gone, so is the reply afterwards: `Gone`.
        """
        channel = _channel(to.place)

        async def look(client: DiscordClient) -> Receipt | None:
            there = client.get_partial_messageable(channel, guild_id=int(to.place.community))
            gone = False
            try:
                # Where the right to read is missing, history is not refused but empty; asking for a message is refused.
                await there.fetch_message(int(to.id))
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                gone = True
            found = await _search(client, there, to)
            if gone:
                if found is not None:
                    await found.delete()
                raise Gone
            return Receipt(str(found.id)) if found is not None else None

        return await self._sender.do(channel, look)

    async def close(self) -> None:
        """End what is told on the side."""
        for task in self._asides:
            task.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)

    def _lost(self, place: Place, channel: int) -> None:
        """The bot may not write in a channel any more: leave it alone, and tell moderators once."""
        if self._circuits.lost(int(place.community), channel):
            task = asyncio.create_task(self._tell_lost(place, channel))
            self._asides.add(task)
            task.add_done_callback(self._asides.discard)

    async def _tell_lost(self, place: Place, channel: int) -> None:
        policy = await self._services.store.policy(place)
        told = texts(policy.language or "en").say(
            marked(
                "The bot may not reply in this channel any more: {channel}. It needs View Channel, Send Messages and "
                "Read Message History there. Until then nobody is answered in it."
            ),
            channel=f"https://discord.com/channels/{place.community}/{channel}",
        )
        try:
            await self._notice(place.community, policy.alert_channel, told)
        except PlatformError as error:
            log.warning("loss_of_rights_not_told", community=place.community, channel=channel, error=str(error))


async def _search(client: DiscordClient, there: discord.PartialMessageable, to: Message) -> discord.Message | None:
    seen = 0
    async for message in there.history(limit=_SEARCHED, after=discord.Object(int(to.id)), oldest_first=True):
        seen += 1
        mine = client.user is not None and message.author.id == client.user.id
        if mine and message.reference is not None and message.reference.message_id == int(to.id):
            return message
        if message.created_at - to.sent_at > _LATEST:
            return None
    if seen == _SEARCHED:
        raise PlatformError(f"too much was written in channel {there.id} to find a reply there")
    return None


def _channel(place: Place) -> int:
    return int(place.thread or place.channel)


async def _delete(client: DiscordClient, channel: int, message: int) -> None:
    await client.get_partial_messageable(channel).get_partial_message(message).delete()
