"""Reading back what a lost session or a time away left unread: a bounded walk through channels' histories.

Lives here: which channels, from when on, how much. Does not live here: marks (`seen.py`), and what a message becomes:
it goes the way of all messages, and one that was handled before is recognised by its claim.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import discord
import structlog

from safetybot.model import Message
from safetybot.platforms.discord.seen import Channel, Seen
from safetybot.platforms.discord.surfaces import from_member, place_of, roles_of, to_message
from safetybot.ports import Clock

log = structlog.get_logger(__name__)

OVERLAP = timedelta(seconds=5)
"""Read from so much before the mark: messages may have been handled in another order than they were written."""
MOST_MESSAGES = 1_000
"""Of one channel; ten requests."""
_AT_A_TIME = 4
_SLOT = 0.1
"""Seconds that a channel takes at least: so that all of them stay well below 50 requests a second (D20)."""
_PAUSE, _LONGEST_PAUSE = 1.0, 15.0

ReadBack = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Offer = Callable[[Message], Awaitable[asyncio.Future[bool] | None]]
ExemptRoles = Callable[[Message], Awaitable[frozenset[str]]]


@dataclass(slots=True)
class Found:
    """What a look back came to."""

    channels: int = 0
    messages: int = 0
    unreadable: int = 0


class LookBack:
    """Looks back through the channels of guilds."""

    def __init__(self, seen: Seen, clock: Clock, window: timedelta, offer: Offer, exempt_roles: ExemptRoles) -> None:
        """Prepare.

        Args:
            seen: Until when each channel was seen.
            clock: The present.
            window: How far back at most; zero for not at all.
            offer: Queues a message, waiting for room.
            exempt_roles: The roles that are exempt where a message stands: history names nobody's roles, so that they
                are asked for only where they matter.
        """
        self._seen, self._clock, self._window = seen, clock, window
        self._offer, self._exempt_roles = offer, exempt_roles
        self.away: tuple[type[BaseException], ...] = ()
        """What the store raises while it cannot be reached: worth another try, like Discord's own troubles."""

    async def over(self, guilds: Iterable[discord.Guild]) -> Found:
        """Offer what was written in `guilds` since each channel was seen last; returns once all of it is handled.

        Raises what the store raises where it is away at the very start.
        """
        found = Found()
        if not self._window:
            return found
        earliest = self._clock.now() - self._window
        marks = await self._seen.known(earliest)
        room = asyncio.Semaphore(_AT_A_TIME)

        async def one(channel: ReadBack, since: datetime) -> None:
            async with room:
                await asyncio.gather(self._through(channel, since, found), asyncio.sleep(_SLOT))

        async with asyncio.TaskGroup() as group:
            for guild in guilds:
                for channel, since in _with_news(guild, earliest, marks):
                    group.create_task(one(channel, since))
        return found

    async def _through(self, channel: ReadBack, since: datetime, found: Found) -> None:
        pause = _PAUSE
        passing: tuple[type[BaseException], ...] = (discord.DiscordException, aiohttp.ClientError, OSError, *self.away)
        while True:
            try:
                await self._read(channel, since, found)
            except (discord.Forbidden, discord.NotFound):
                found.unreadable += 1
                return
            except passing as error:
                # What is older than the window when Discord is back would not be answered any more.
                if self._clock.now() - since > self._window + OVERLAP:
                    log.warning("look_back_failed", channel=str(channel.id), why=type(error).__name__)
                    found.unreadable += 1
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                found.channels += 1
                return

    async def _read(self, channel: ReadBack, since: datetime, found: Found) -> None:
        waiting: list[asyncio.Future[bool]] = []
        roles: dict[int, frozenset[str]] = {}
        exempt: frozenset[str] | None = None
        async for message in channel.history(limit=MOST_MESSAGES, after=since, oldest_first=True):
            if not from_member(message):
                continue
            ours = to_message(message, roles=frozenset())
            if ours is None:
                continue
            if exempt is None:
                exempt = await self._exempt_roles(ours)
            if exempt:
                if message.author.id not in roles:
                    roles[message.author.id] = await _roles(channel.guild, message.author)
                ours = to_message(message, roles=roles[message.author.id]) or ours
            found.messages += 1
            done = await self._offer(ours)
            if done is not None:
                waiting.append(done)
        await asyncio.gather(*waiting)


def _with_news(
    guild: discord.Guild, earliest: datetime, marks: dict[Channel, datetime]
) -> Iterator[tuple[ReadBack, datetime]]:
    """The channels whose newest message is younger than their mark, and from when on to read them."""
    me = guild.me
    if me is None or guild.unavailable:
        return
    channels: list[ReadBack] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads]
    for channel in channels:
        if channel.last_message_id is None:
            continue
        place = place_of(channel, guild.id)
        since = max(marks.get((place.community, str(channel.id)), earliest) - OVERLAP, earliest)
        # What was said before the bot was invited is none of its business.
        since = max(since, me.joined_at or since)
        if discord.utils.snowflake_time(channel.last_message_id) < since:
            continue
        rights = channel.permissions_for(me)
        if rights.view_channel and rights.read_message_history:
            yield channel, since


async def _roles(guild: discord.Guild, author: discord.User | discord.Member) -> frozenset[str]:
    if isinstance(author, discord.Member):
        return roles_of(author)
    try:
        return roles_of(await guild.fetch_member(author.id))
    except discord.NotFound:
        return frozenset()  # left since
