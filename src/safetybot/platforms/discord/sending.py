"""Sends that end: in time, with an error that says what to do, and without knocking where we were shown the door.

Lives here: deadlines, trying again, what Discord's refusals mean, channels left alone for a while. Does not live here:
what is sent (`platform.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from safetybot.platforms.discord.budget import TooManyInvalidRequests
from safetybot.platforms.discord.client import DiscordClient
from safetybot.ports import PlatformError, UnsureError

T = TypeVar("T")

_NONCE = 24
"""Characters; Discord takes 25 (D32)."""
UNKNOWN_MESSAGE, _UNKNOWN_CHANNEL = 10008, 10003
"""Discord's codes of errors."""
_LONGEST_PAUSE = 8.0
_CHANNELS = 10_000


class NotAllowed(PlatformError):
    """The bot lacks a right in a channel; carries which channel."""

    def __init__(self, channel: int, why: str) -> None:
        """Keep the channel."""
        super().__init__(f"Discord does not let the bot write in channel {channel}: {why}")
        self.channel = channel


class Gone(PlatformError):
    """What was to be answered or edited is no longer there."""

    def __init__(self, what: str = "the message") -> None:
        """Name what."""
        super().__init__(f"{what} is gone")


class NotConnected(PlatformError):
    """There was no connection to Discord in time; carries the seconds that were waited."""

    def __init__(self, within: float) -> None:
        """Keep the seconds."""
        super().__init__(f"there was no connection to Discord within {within:g} s", retry=True)
        self.within = within


class Unanswered(UnsureError):
    """A request went out and Discord gave no clear answer; carries the seconds in which it was tried."""

    def __init__(self, within: float) -> None:
        """Keep the seconds."""
        super().__init__(f"Discord gave no clear answer within {within:g} s", retry=True)
        self.within = within


class LeftAlone(PlatformError):
    """A channel in which the bot lost its rights is not tried again yet; carries the channel."""

    def __init__(self, channel: int) -> None:
        """Keep the channel."""
        super().__init__(f"channel {channel} is left alone for a while: the bot lost its rights there", retry=True)
        self.channel = channel


def nonce_of(claim_key: str) -> str:
    """The same text for every try at the same reply; Discord posts only the first (D32)."""
    return hashlib.blake2b(claim_key.encode("utf-8", "surrogatepass"), digest_size=_NONCE // 2).hexdigest()


class Sender:
    """Does things through whichever client is connected, and keeps trying until a deadline."""

    def __init__(self, within: float, first_pause: float) -> None:
        """Give up after `within` seconds; pauses between tries begin with `first_pause` seconds and double."""
        self._within, self._first_pause = within, first_pause
        self._client: DiscordClient | None = None
        self._there = asyncio.Event()

    def use(self, client: DiscordClient | None) -> None:
        """From now on this client is logged in; None for none."""
        self._client = client
        if client is None:
            self._there.clear()
        else:
            self._there.set()

    async def reachable(self) -> None:
        """Wait until a client is logged in."""
        await self._there.wait()

    async def do(self, channel: int, what: Callable[[DiscordClient], Awaitable[T]]) -> T:
        """Do `what`, again where a fault of the network or of Discord may pass: it must be harmless to do twice.

        Raises:
            PlatformError: In good time, with what happened: `NotAllowed`, `Gone`, `NotConnected` where it is one of
                these; `Unanswered` where it may have been done all the same.
        """
        unsure = False
        try:
            async with asyncio.timeout(self._within):
                pause = self._first_pause
                while True:
                    await self._there.wait()
                    client = self._client
                    assert client is not None  # noqa: S101  # set together with the event
                    before, unsure = unsure, True
                    try:
                        return await what(client)
                    except (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError) as error:
                        unsure = before or _unclear(error)
                        wait = _worth_waiting(error, client, channel, pause)
                    except PlatformError:
                        unsure = before
                        raise
                    await asyncio.sleep(wait)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        except TimeoutError:
            raise (Unanswered if unsure else NotConnected)(self._within) from None
        except PlatformError as refusal:
            if unsure:
                raise Unanswered(self._within) from refusal
            raise


def _unclear(error: Exception) -> bool:
    """Whether a request that ended so may have been carried out."""
    if isinstance(error, aiohttp.ClientConnectorError | TooManyInvalidRequests | discord.RateLimited):
        return False
    return not isinstance(error, discord.HTTPException) or error.status >= 500


def _worth_waiting(error: Exception, client: DiscordClient, channel: int, pause: float) -> float:
    """How long to wait before the next try. Raises what the error means where there is none."""
    if isinstance(error, discord.RateLimited):
        return error.retry_after
    if isinstance(error, TooManyInvalidRequests):
        raise PlatformError(str(error), retry=True) from None
    if isinstance(error, discord.HTTPException):
        if error.status == 429:
            # Without a `Via` header the library takes it for a ban and raises; the header says how long.
            return float(error.response.headers.get("Retry-After", pause))
        if error.status >= 500:
            return pause
        raise _refusal(error, channel) from None
    if isinstance(error, RuntimeError) and not client.is_closed():
        raise error  # a fault of ours; a closed session says so with this class too
    if isinstance(error, discord.DiscordException):
        raise PlatformError(f"discord.py refused to send: {type(error).__name__}") from error
    return pause


def _refusal(error: discord.HTTPException, channel: int) -> PlatformError:
    if error.code == UNKNOWN_MESSAGE or (error.status == 400 and "message_reference" in error.text):
        return Gone()
    if error.code == _UNKNOWN_CHANNEL:
        return Gone(f"channel {channel}")
    if error.status in (401, 403):
        return NotAllowed(channel, f"error {error.code}")
    # The text of an error could quote what was sent, so only its numbers are told.
    return PlatformError(f"Discord refused to send in channel {channel}: status {error.status}, error {error.code}")


class Circuits:
    """Channels in which the bot lost its rights, left alone for a while."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Leave a channel alone for so many `seconds`; `clock` gives seconds."""
        self._seconds, self._clock = seconds, clock
        self._lost: OrderedDict[int, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        now = self._clock()
        return sum(now < until for _, until in self._lost.values())

    def check(self, channel: int) -> None:
        """Raise `LeftAlone` where a channel is not to be tried yet."""
        if channel in self._lost and self._clock() < self._lost[channel][1]:
            raise LeftAlone(channel)

    def lost(self, guild: int, channel: int) -> bool:
        """The bot was refused there; True where that is news, so that moderators are told once."""
        news = channel not in self._lost
        self._lost[channel] = guild, self._clock() + self._seconds
        self._lost.move_to_end(channel)
        if len(self._lost) > _CHANNELS:
            self._lost.popitem(last=False)
        return news

    def well(self, channel: int) -> None:
        """The bot may write there (again)."""
        self._lost.pop(channel, None)

    def try_again(self, guild: int | None = None) -> None:
        """Rights may have changed in a guild (None: in any): its channels are worth a try; a new refusal is no news."""
        for channel, (where, _) in self._lost.items():
            if guild in (None, where):
                self._lost[channel] = where, 0.0
