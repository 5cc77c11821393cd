"""Keeps one client connected: starts it, sees why it ended, and starts the next.

Lives here: the life of clients, pauses between them, what an operator is told. Does not live here: what events mean.
One odd payload, or Discord's REST API being away at the start, ends a client of discord.py for good; so does everything
that cannot mend itself. In each case a new one is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

import aiohttp
import discord
import structlog

from safetybot.platforms.discord.budget import TooManyInvalidRequests
from safetybot.platforms.discord.client import DiscordClient

log = structlog.get_logger(__name__)

_STEADY = 60.0
"""Seconds after which a client counts as having worked, so that the next pause is short again."""

_REFUSED = {
    4004: "Discord does not know the token: set SAFETYBOT_DISCORD__TOKEN to the one of the developer portal",
    4010: "Discord has no such shard: look at SAFETYBOT_DISCORD__SHARDS",
    4011: "the bot is in too many servers for so few shards: raise SAFETYBOT_DISCORD__SHARDS, or empty it",
    4012: "Discord no longer speaks this version of its gateway: update safetybot",
    4013: "Discord refuses the intents asked for: update safetybot",
    4014: "the developer portal does not grant “Message Content Intent” to this bot: switch it on there, or set "
    "SAFETYBOT_DISCORD__MESSAGE_CONTENT=false to work from AutoMod's finds alone (docs/discord.md)",
}
"""What an operator has to do, by the code with which the gateway closes (D5)."""


class Supervisor:
    """One client after the other, until stopped."""

    def __init__(
        self, make: Callable[[], DiscordClient], token: str, *, first: float, longest: float, refused: float
    ) -> None:
        """Prepare.

        Args:
            make: Makes a client.
            token: The bot's token.
            first: Seconds before the first new try; they double.
            longest: The longest such pause.
            refused: Seconds before a new try where an operator has to act.
        """
        self._make, self._token = make, token
        self._first, self._longest, self._refused = first, longest, refused
        self.client: DiscordClient | None = None
        self.restarts = 0
        self.refusal = ""
        """What an operator has to do before Discord lets the bot in; empty where nothing."""
        self._stopping = asyncio.Event()

    async def run(self, ended: Callable[[], None]) -> None:
        """Keep a client connected until `stop`, or until cancelled; `ended` is called after the end of each."""
        pause = self._first
        while not self._stopping.is_set():
            began = time.monotonic()
            error = await self._one(ended)
            if self._stopping.is_set():
                return
            self.restarts += 1
            wait = self._refused if self._told(error) else pause * random.uniform(0.8, 1.2)  # noqa: S311  # no secret
            pause = self._first if time.monotonic() - began > _STEADY else min(2 * pause, self._longest)
            # Not `wait_for`: in Python 3.11 a cancel that comes in the moment of the timeout is lost in it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopping.wait()

    async def stop(self) -> None:
        """End the client that is connected, and make no other."""
        self._stopping.set()
        if self.client is not None and not self.client.is_closed():
            await self.client.close()

    def let_in(self) -> None:
        """A session began: what was wrong is mended."""
        self.refusal = ""

    async def _one(self, ended: Callable[[], None]) -> Exception | None:
        client = self.client = self._make()
        try:
            async with client:
                await client.start(self._token)
        except Exception as error:  # noqa: BLE001  # whatever ends a client, the next one is due; `_told` tells it
            return error
        finally:
            self.client = None
            ended()
        return None

    def _told(self, error: Exception | None) -> bool:
        """Tell why a client ended; True where an operator has to act first."""
        code = _code(error)
        if code in _REFUSED:
            if self.refusal != _REFUSED[code]:
                # Once: a line every few minutes would say nothing new.
                log.error("discord_refuses", code=code, do=_REFUSED[code])
            self.refusal = _REFUSED[code]
            return True
        if error is None or isinstance(
            error, discord.ConnectionClosed | discord.HTTPException | discord.GatewayNotFound | aiohttp.ClientError
            | OSError | TooManyInvalidRequests,
        ):  # fmt: skip
            log.warning("discord_lost", why=type(error).__name__ if error else "closed", code=code)
        else:
            log.error("discord_client_failed", exc_info=error)
        return False


def _code(error: Exception | None) -> int | None:
    if isinstance(error, discord.LoginFailure):
        return 4004
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return 4014
    return error.code if isinstance(error, discord.ConnectionClosed) else None
