"""What AutoMod finds, as messages for the Watcher: the way in where the bot may not read messages (D6).

Lives here: from finds to messages. Does not live here: the rules by which AutoMod finds (`automod_rules.py`,
`automod_sync.py`). Such a message holds the words that were found and nothing else, unless Discord tells its content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import discord
import structlog

from safetybot.chat.services import Services
from safetybot.model import Author, Message, Place, Surface, SurfaceKind
from safetybot.platforms.discord.automod_words import bare
from safetybot.platforms.discord.client import DiscordClient
from safetybot.platforms.discord.surfaces import NAME, place_of, roles_of

log = structlog.get_logger(__name__)

GATHER = 0.4
"""Seconds within which the finds of several rules in one message come: together they say more."""


class Finds:
    """Takes finds in. One for the life of the platform; clients come and go."""

    def __init__(self, services: Services, take: Callable[[Message], object], *, gather: float = GATHER) -> None:
        """Hand messages to `take`, each `gather` seconds after the first find in it."""
        self._services, self._take, self._gather = services, take, gather
        self._open: dict[int, list[discord.AutoModAction]] = {}
        self._client: DiscordClient | None = None

    async def install(self, client: DiscordClient) -> None:
        """Listen to this client from now on."""
        self._client = client
        client.event(self.on_automod_action)

    async def on_automod_action(self, found: discord.AutoModAction) -> None:
        """A rule found something; of this guild's own rules as well as of ours."""
        if found.message_id is None or not found.matched_keyword or found.channel_id is None:
            return  # it was blocked, or it is about no message: there is nothing to answer
        if found.message_id in self._open:
            self._open[found.message_id].append(found)
            return
        self._open[found.message_id] = [found]
        await asyncio.sleep(self._gather)
        together = self._open.pop(found.message_id)
        author = await self._author(found)
        if author is not None:
            self._take(_message(together, author))

    async def _author(self, found: discord.AutoModAction) -> Author | None:
        """Who wrote it; None where that cannot be known and matters. Finds name nobody's roles."""
        policy = await self._services.store.policy(_place(found))
        if not policy.exempt_roles:
            return Author(str(found.user_id))
        try:
            member = found.member or await found.guild.fetch_member(found.user_id)
        except discord.NotFound:
            return None  # gone since
        except (discord.DiscordException, OSError) as error:
            # Somebody who is to be left alone must not be answered by mistake.
            log.warning("find_dropped", why=type(error).__name__, place=str(_place(found)))
            return None
        return Author(str(member.id), roles=roles_of(member), is_bot=member.bot)


def _place(found: discord.AutoModAction) -> Place:
    channel = found.channel
    if isinstance(channel, discord.Thread):
        return place_of(channel, found.guild_id)
    return Place(NAME, str(found.guild_id), str(found.channel_id))


def _message(together: list[discord.AutoModAction], author: Author) -> Message:
    """One message of all finds in it: its content where Discord tells it, else the words that were found."""
    first = together[0]
    content = next((one.content for one in together if one.content), "")
    words = [content] if content else [one.matched_content or bare(one.matched_keyword or "") for one in together]
    surfaces = tuple(Surface(SurfaceKind.TEXT, word) for word in dict.fromkeys(words) if word)
    message_id = first.message_id or 0
    return Message(str(message_id), _place(first), author, surfaces, discord.utils.snowflake_time(message_id))
