"""Reactions to our replies, as they stand at Discord. Nobody who reacted is looked at.

Lives here: which messages to look at again, and looking. Does not live here: what a sign says
(`communities/reactions.py`), rows (the store). An event only says that something changed: what stands there now is
asked of Discord, so nothing is counted twice, and what was missed is made good at the next reaction to the same reply.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import discord
import structlog

from safetybot.communities.reactions import ReactionRows, counted
from safetybot.communities.records import Reactions as Counts
from safetybot.platforms.discord.client import DiscordClient
from safetybot.platforms.discord.sending import Sender
from safetybot.platforms.discord.surfaces import NAME
from safetybot.ports import PlatformError

log = structlog.get_logger(__name__)

_WAITING = 2_000
"""Messages that wait for a look at most; the oldest gives way."""
_AT_ONCE = 20
"""Replies that are looked at in one round, so that answers to members never wait for it."""
_ASKED = 500
"""Messages of which the store is asked at once whether they are ours."""


class Reactions:
    """Looks at replies again once somebody has reacted."""

    def __init__(self, rows: ReactionRows, sender: Sender, every: float) -> None:
        """Look every so many seconds: who react one after the other cost one look."""
        self._rows, self._sender, self._every = rows, sender, every
        self.away: tuple[type[BaseException], ...] = (OSError,)
        """What the store raises while it is away."""
        self._waiting: OrderedDict[int, int] = OrderedDict()
        self._come = asyncio.Event()

    def changed(self, channel: int, message: int) -> None:
        """The reactions to a message changed, ours or not."""
        self._waiting[message] = channel
        self._waiting.move_to_end(message)
        if len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._come.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self._come.wait()
            await asyncio.sleep(self._every)
            try:
                await self._round()
            except self.away as error:
                log.warning("reactions_not_kept", why=type(error).__name__)

    async def _round(self) -> None:
        """Look at what waits, the longest waiting first. Raises what the store raises; then all of it waits on."""
        asked = [str(message) for message in list(self._waiting)[:_ASKED]]
        ours = await self._rows.replies(NAME, asked)
        looked = 0
        for name in asked:
            message = int(name)
            if name in ours and looked == _AT_ONCE:
                break
            # Taken out before the look: what changes meanwhile is worth another one.
            channel = self._waiting.pop(message, None)
            if name not in ours or channel is None:
                continue
            looked += 1
            try:
                await self._rows.put(ours[name], await self._look(channel, message))
            except PlatformError as error:
                log.info("reactions_not_seen", channel=channel, why=type(error).__name__)
                if error.retry:
                    self.changed(channel, message)
            except self.away:
                self.changed(channel, message)
                raise
        if not self._waiting:
            self._come.clear()

    async def _look(self, channel: int, message: int) -> Counts:
        """What stands under a message now. Raises `PlatformError`."""

        async def look(client: DiscordClient) -> discord.Message:
            return await client.get_partial_messageable(channel).fetch_message(message)

        found = await self._sender.do(channel, look)
        return counted((one.emoji if isinstance(one.emoji, str) else None, one.count) for one in found.reactions)
