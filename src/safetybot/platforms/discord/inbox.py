"""From Discord's events to the queue before the Watcher, and to oblivion: messages, edits, deletions, lost guilds.

Lives here: what becomes of each event, what is on its way, marks and looking back. Does not live here: connecting
(`supervisor.py`) and answering (`platform.py`). No event waits: what takes time is done by tasks of this object.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import discord
import structlog

from safetybot.chat.alerts import wipe_alerts
from safetybot.chat.services import Services
from safetybot.communities.access import BOT
from safetybot.intake import Intake
from safetybot.model import Message, Place
from safetybot.platforms.discord.client import DiscordClient
from safetybot.platforms.discord.looking_back import Found, LookBack
from safetybot.platforms.discord.seen import Channel, Seen
from safetybot.platforms.discord.surfaces import NAME, from_member, to_message
from safetybot.watcher import Watcher

log = structlog.get_logger(__name__)

_GONE = 20_000
"""Deleted messages that are remembered, so that none of them is answered."""
_THREADS = 20_000
_ROOM = 500
"""Messages that may wait while a look back adds more: live ones go first."""
_RETRY = 2.0
_PRUNE = 3600.0
_SETTLE = 0.5
_FORGETTING = 4
"""Erasures at a time: one may have to wait for its message to be seen through."""
_EDITED = timedelta(minutes=10)
"""An update whose last edit is older tells of something else: a pin, a preview (D42)."""


class Metrics(Protocol):
    """Counts; `telemetry.Metrics` is one."""

    def dropped(self, why: str) -> None:
        """A message was not handled, or a channel not read."""
        ...


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that is gone."""

    guild: int
    channel: int
    message: int


class Inbox:
    """Takes events in. One for the life of the platform; clients come and go."""

    def __init__(self, services: Services, seen: Seen, metrics: Metrics, look_back: timedelta) -> None:
        """Prepare; `connect` says where messages go, `run` does what takes time."""
        self._services, self._seen, self._metrics = services, seen, metrics
        self._window = look_back
        self._look_back = LookBack(seen, services.clock, look_back, self._offer, self._exempt_roles)
        self._watcher: Watcher | None = None
        self._intake: Intake | None = None
        self._away: tuple[type[BaseException], ...] = (OSError,)
        self._client: DiscordClient | None = None
        self.taking = True
        self.last_event: float | None = None
        self.empty = 0
        """Messages that came without anything to read, as all do where the content intent is missing."""
        self.found = 0
        """Messages that look backs offered."""
        self._flying: dict[tuple[Place, str], asyncio.Future[bool]] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._parents: OrderedDict[int, int] = OrderedDict()
        self._to_forget: asyncio.Queue[Deleted | int] = asyncio.Queue()
        self._looking: dict[int, asyncio.Task[None]] = {}
        self._overflowed: set[int] = set()
        self._behind: set[int] = set()

    def connect(self, watcher: Watcher, intake: Intake, away: tuple[type[BaseException], ...]) -> None:
        """Hand messages to `intake`, which feeds `watcher`; `away` is what the store raises while it is away."""
        self._watcher, self._intake, self._away = watcher, intake, away
        self._look_back.away = away

    def use(self, client: DiscordClient | None) -> None:
        """Events come from this client from now on; None where it ended."""
        self._client = client
        if client is None:
            for task in self._looking.values():
                task.cancel()
            self._looking.clear()

    def is_gone(self, message_id: str) -> bool:
        """Whether a message was deleted."""
        return message_id in self._gone

    # What comes ---------------------------------------------------------------------------------------------

    def written(self, message: discord.Message) -> None:
        """A message came."""
        self.last_event = time.monotonic()
        if not self.taking:
            return
        self._remember_parent(message)
        ours = to_message(message)
        if ours is not None:
            self.take(ours)
        elif from_member(message) and not message.stickers:
            self.empty += 1
            self._metrics.dropped("no text")

    def edited(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message changed: whether in its words, the Watcher sees."""
        self.last_event = time.monotonic()
        at = event.message.edited_at
        if not self.taking or at is None or self._services.clock.now() - at > _EDITED:
            return
        ours = to_message(event.message)
        if ours is not None:
            self.take(ours)

    def take(self, message: Message) -> asyncio.Future[bool] | None:
        """Queue a message; the future says at last whether it was seen through. None where there is no room."""
        assert self._intake is not None  # noqa: S101  # `connect` comes before any event
        shard = self._shard(int(message.place.community))
        done = self._intake.offer(message)
        if done is None:
            self._missed(shard)
            return None
        key = (message.place, message.id)
        self._flying[key] = done

        def landed(future: asyncio.Future[bool]) -> None:
            if self._flying.get(key) is future:
                del self._flying[key]
            if future.cancelled():
                return
            if future.result():
                self._seen.handled(_channel(message.place), message.sent_at, by=shard)
            else:
                self._missed(shard)

        done.add_done_callback(landed)
        return done

    def deleted(self, guild: int, channel: int, messages: set[int]) -> None:
        """Messages are gone: none of them may be answered any more, from this moment on."""
        self.last_event = time.monotonic()
        for message in messages:
            self._gone[str(message)] = None
            self._to_forget.put_nowait(Deleted(guild, channel, message))
        while len(self._gone) > _GONE:
            self._gone.popitem(last=False)

    def removed_from(self, guild: discord.Guild) -> None:
        """The bot was removed from a guild."""
        self.last_event = time.monotonic()
        self._to_forget.put_nowait(guild.id)

    # Sessions -----------------------------------------------------------------------------------------------

    def connected(self, shard: int) -> None:
        """A new session: something may have been missed, so no mark moves until that is read."""
        self._seen.hold(shard)
        self._behind.add(shard)
        if task := self._looking.pop(shard, None):
            task.cancel()

    def guilds_known(self, shard: int) -> None:
        """All guilds of a new session are there: time to look back."""
        self._overflowed.discard(shard)
        self._start_looking(shard)

    def came_back(self, guild: discord.Guild) -> None:
        """A guild was away, and what was written in it meanwhile came to nobody."""
        shard = self._shard(guild.id)
        if shard in self._behind and shard not in self._looking:
            return  # a new session, whose guilds come one by one: `guilds_known` is still to come
        self.connected(shard)
        # Many may come back at once; each puts this off a little.
        self._start_looking(shard, after=_SETTLE)

    def _start_looking(self, shard: int, after: float = 0.0) -> None:
        if task := self._looking.pop(shard, None):
            task.cancel()
        self._looking[shard] = asyncio.create_task(self._look(shard, after))

    @property
    def caught_up(self) -> bool:
        """Whether nothing is left to be read that was written before the sessions began."""
        return not self._behind

    async def run(self, marks_every: float) -> None:
        """Forget what is gone and write marks, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_FORGETTING):
                group.create_task(self._keep_forgetting())
            group.create_task(self._keep_marks(marks_every))

    async def write_marks(self) -> None:
        """Write the marks now; a store that is away is logged, and the marks are written next time."""
        try:
            await self._seen.write()
        except self._away as error:
            log.warning("marks_not_written", why=type(error).__name__)

    async def forgotten(self) -> None:
        """Wait until all that is gone so far is forgotten."""
        await self._to_forget.join()

    async def _keep_marks(self, every: float) -> None:
        pruned = float("-inf")
        while True:
            await asyncio.sleep(every)
            await self.write_marks()
            if time.monotonic() - pruned > _PRUNE:
                await self._prune()
                pruned = time.monotonic()
            for shard in [s for s in self._overflowed if s not in self._looking]:
                if self._client is not None and self._intake is not None and self._intake.waiting < _ROOM:
                    self.guilds_known(shard)

    async def _prune(self) -> None:
        """When a quiet channel was last used is nobody's business any more once no look back would ask."""
        try:
            await self._seen.prune(self._services.clock.now() - self._window - timedelta(seconds=_PRUNE))
        except self._away as error:
            log.warning("marks_not_pruned", why=type(error).__name__)

    async def _look(self, shard: int, after: float = 0.0) -> None:
        await asyncio.sleep(after)
        try:
            found = await self._looked(shard)
        except Exception:  # a fault of ours; without this, no mark would move any more and nobody would know why
            log.exception("look_back_failed", shard=shard)
            found = Found()
        self.found += found.messages
        for _ in range(found.unreadable):
            self._metrics.dropped("unread channel")
        if found.channels or found.unreadable:
            log.info(
                "looked_back", shard=shard, channels=found.channels, messages=found.messages,
                unreadable=found.unreadable,
            )  # fmt: skip
        self._looking.pop(shard, None)
        if shard not in self._overflowed:
            self._seen.release(shard)
            self._behind.discard(shard)

    async def _looked(self, shard: int) -> Found:
        while True:
            client = self._client
            guilds = [guild for guild in client.guilds if self._shard(guild.id) == shard] if client is not None else []
            try:
                return await self._look_back.over(guilds)
            except self._away as error:
                log.warning("look_back_waits", why=type(error).__name__)
            await asyncio.sleep(_RETRY)

    def _missed(self, shard: int) -> None:
        """A message found no room, or no store: it is read again later, and until then no mark may move past it."""
        self._seen.hold(shard)
        self._behind.add(shard)
        self._overflowed.add(shard)

    async def _offer(self, message: Message) -> asyncio.Future[bool] | None:
        assert self._intake is not None  # noqa: S101  # `connect` comes before any event
        while self._intake.waiting >= _ROOM:  # noqa: ASYNC110  # the queue is shared and tells nobody
            await asyncio.sleep(0.05)
        return self.take(message)

    async def _exempt_roles(self, message: Message) -> frozenset[str]:
        return (await self._services.store.policy(message.place)).exempt_roles

    # Forgetting ---------------------------------------------------------------------------------------------

    async def _keep_forgetting(self) -> None:
        while True:
            what = await self._to_forget.get()
            try:
                await self._patiently(
                    partial(self._leave, what) if isinstance(what, int) else partial(self._forget, what)
                )
            finally:
                self._to_forget.task_done()

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Erase, again and again while the store is away: what is gone has to go."""
        while True:
            try:
                await work()
            except self._away as error:
                log.warning("erasing_waits", why=type(error).__name__)
                await asyncio.sleep(_RETRY)
            except Exception:  # a fault of ours in one erasure must not stop the others; it is told in full
                self._metrics.dropped("erasure")
                log.exception("erasing_failed")
                return
            else:
                return

    async def _forget(self, what: Deleted) -> None:
        """Erase what is kept of a message, and take its words out of its alert."""
        place, message = await self._place(what), str(what.message)
        if self._watcher is not None:
            self._watcher.recent.forget(place, message)
        # What is on its way would be written down after it was erased.
        if done := self._flying.get((place, message)):
            await asyncio.wait({done})
            if self._watcher is not None:
                self._watcher.recent.forget(place, message)
        alert = await self._services.alerts.about_message(place, message)
        await self._services.privacy.message_deleted(BOT, place, message)
        if alert is not None:
            await wipe_alerts(self._services, NAME, place.community, [alert])

    async def _leave(self, guild: int) -> None:
        """Erase all that is kept of a community."""
        community = str(guild)
        flying = {done for (place, _), done in self._flying.items() if place.community == community}
        if flying:
            await asyncio.wait(flying)
        self._seen.forget(community)
        await self._services.privacy.community_left(BOT, NAME, community)
        log.info("community_left", community=community)

    async def _place(self, what: Deleted) -> Place:
        """Where a deleted message stood: events name a thread without the channel above it."""
        parent = self._parents.get(what.channel)
        client = self._client
        guild = client.get_guild(what.guild) if client is not None else None
        if parent is None and guild is not None:
            channel = guild.get_channel_or_thread(what.channel)
            if channel is None and client is not None:
                try:
                    found = await client.fetch_channel(what.channel)
                except (discord.DiscordException, OSError):
                    found = None  # deleted as a whole, or out of sight
                channel = found if isinstance(found, discord.Thread) else None
            if isinstance(channel, discord.Thread):
                parent = channel.parent_id
        if parent is None:
            return Place(NAME, str(what.guild), str(what.channel))
        return Place(NAME, str(what.guild), str(parent), str(what.channel))

    def _remember_parent(self, message: discord.Message) -> None:
        """Threads leave the library's memory when they are archived; their messages can be deleted all the same."""
        channel = message.channel
        if isinstance(channel, discord.Thread) and channel.id not in self._parents:
            self._parents[channel.id] = channel.parent_id
            if len(self._parents) > _THREADS:
                self._parents.popitem(last=False)

    def _shard(self, guild: int) -> int:
        count = self._client.shard_count if self._client is not None else None
        return (guild >> 22) % (count or 1)


def _channel(place: Place) -> Channel:
    """The channel or thread by which a place's messages are read back."""
    return place.community, place.thread or place.channel
