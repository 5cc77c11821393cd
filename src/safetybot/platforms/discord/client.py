"""discord.py's client, as this bot needs it: addresses of its own, little memory, events handed on at once.

Lives here: everything that reaches into the library. Does not live here: what an event means (`platform.py`), and
commands (`interactions.py`).

The library keeps the addresses of the REST API and the gateway in classes, for all clients of a process. Here they
belong to one client: its HTTP object turns each address round just before it is used, and the object that answers
interactions, which the library finds in a context variable, does the same (`Endpoints.webhooks`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route
from discord.webhook.async_ import AsyncWebhookAdapter

from safetybot.chat.commands import Commands
from safetybot.config.settings import DiscordSettings, shard_range
from safetybot.platforms.discord.budget import InvalidRequests, Rate

log = structlog.get_logger(__name__)

# The library warns at each start that voice would not work.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

IDENTIFY_EVERY = 5.0
"""Seconds between two IDENTIFYs of one bucket (D25)."""
_LONGEST_RECONNECT = 5
"""The library waits up to 2 to the power of this many seconds before it connects a shard again; its own 10 is long."""


class Events(Protocol):
    """Who is told how the client fares."""

    async def set_up(self, client: DiscordClient) -> None:
        """The client is logged in and not yet connected: the time to add commands and listeners."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Who gets messages."""
        ...

    def connected_to(self, shard: int) -> None:
        """A shard has a new session; what came before it is lost."""
        ...

    def guilds_known(self, shard: int) -> None:
        """All guilds of a new session are there."""
        ...

    def disconnected(self, shard: int) -> None:
        """A shard lost its connection."""
        ...

    def resumed(self, shard: int) -> None:
        """A shard goes on where it was; nothing is lost."""
        ...

    def rights_changed(self, guild: discord.Guild) -> None:
        """What the bot may do in a guild may have changed."""
        ...

    def reacted(self, channel: int, message: int) -> None:
        """The reactions to a message, which may be ours, changed."""
        ...

    def acted(self, interaction: discord.Interaction[DiscordClient]) -> Awaitable[None] | None:
        """Somebody pressed, commanded or sent a form in; what is still to be done about it, if anything."""
        ...


class Inbox(Protocol):
    """Who gets messages. Nothing here may wait: the library makes a task of every event, without bound."""

    def written(self, message: discord.Message) -> None:
        """A message came."""
        ...

    def edited(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message changed, its text or something else of it."""
        ...

    def deleted(self, guild: int, channel: int, messages: set[int]) -> None:
        """Messages are gone."""
        ...

    def came_back(self, guild: discord.Guild) -> None:
        """A guild that was away for a while is there again."""
        ...

    def removed_from(self, guild: discord.Guild) -> None:
        """The bot is no longer in a guild (not: the guild is away for a while)."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Discord is; empty means where discord.py says."""

    api_base: str = ""
    gateway_url: str = ""

    def moved(self, route: Route) -> Route:
        """The same request at our address."""
        if self.api_base and route.url.startswith(Route.BASE):
            route.url = self.api_base + route.url.removeprefix(Route.BASE)
        return route

    def webhooks(self, invalid: InvalidRequests) -> AsyncWebhookAdapter:
        """What answers interactions; to be put into the library's context variable `async_context`."""
        return _Webhooks(self, invalid)


class DiscordClient(discord.AutoShardedClient):
    """One connection to Discord, from login to close; a new one is made after each end."""

    def __init__(
        self,
        settings: DiscordSettings,
        events: Events,
        commands: Commands,
        invalid: InvalidRequests,
        *,
        guilds_within: float = 2.0,
        identify_every: float = IDENTIFY_EVERY,
    ) -> None:
        """Prepare; `start` connects.

        Args:
            settings: Addresses, shards, intents.
            events: Gets what happens.
            commands: What presses and commands lead to.
            invalid: Counts refused requests; shared by all clients of a process.
            guilds_within: Seconds after the last guild of a new session after which there is none to come.
            identify_every: Seconds between two IDENTIFYs of one bucket.
        """
        self.events, self.commands = events, commands
        self._endpoints = Endpoints(settings.api_base, settings.gateway_url)
        shards = shard_range(settings.shards)
        super().__init__(
            intents=intents(message_content=settings.message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            guild_ready_timeout=guilds_within,
            shard_ids=list(shards[0]) if shards else None,  # type: ignore[arg-type]  # None is its default
            shard_count=shards[1] if shards else None,
            max_ratelimit_timeout=30.0,
            http_trace=invalid.trace(),
        )
        own = _Http(self.http, self._endpoints, invalid)
        self.http = self._connection.http = own
        self._pace = _Pace(identify_every)

    async def setup_hook(self) -> None:
        """Let commands and listeners be added."""
        await self.events.set_up(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep to the pace of sessions; the library's own hook waits 5 seconds even where none began before."""
        await self._pace.wait((shard_id or 0) % max(self.http_own.max_concurrency, 1))

    @property
    def http_own(self) -> _Http:
        """`http`, as what it is."""
        assert isinstance(self.http, _Http)  # noqa: S101  # set in `__init__`
        return self.http

    async def on_shard_connect(self, shard_id: int) -> None:
        """A new session."""
        self._wait_less(shard_id)
        self.events.connected_to(shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        """All guilds are there."""
        self.events.guilds_known(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """The connection is lost."""
        self.events.disconnected(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """The session goes on."""
        self.events.resumed(shard_id)

    async def on_message(self, message: discord.Message) -> None:
        """A message came."""
        self.events.inbox.written(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message changed."""
        self.events.inbox.edited(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message is gone."""
        if event.guild_id is not None:
            self.events.inbox.deleted(event.guild_id, event.channel_id, {event.message_id})

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Several are gone."""
        if event.guild_id is not None:
            self.events.inbox.deleted(event.guild_id, event.channel_id, event.message_ids)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody reacted; whose message it was is told, so that only ours are looked at."""
        if self.user is not None and event.message_author_id in (None, self.user.id):
            self._reacted(event)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        self._reacted(event)

    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        """A moderator took all reactions away."""
        self._reacted(event)

    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        """A moderator took all of one kind away."""
        self._reacted(event)

    def _reacted(self, event: _ReactionEvent) -> None:
        if event.guild_id is not None:
            self.events.reacted(event.channel_id, event.message_id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild is there, for the first time in this session or again."""
        self.events.inbox.came_back(guild)

    async def on_guild_channel_update(self, _: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        """A channel changed, its permissions maybe."""
        self.events.rights_changed(after.guild)

    async def on_guild_role_update(self, _: discord.Role, after: discord.Role) -> None:
        """A role changed, its permissions maybe."""
        self.events.rights_changed(after.guild)

    async def on_member_update(self, _: discord.Member, after: discord.Member) -> None:
        """The bot's own roles changed: of others nothing is told, or kept."""
        self.events.rights_changed(after.guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed."""
        self.events.inbox.removed_from(guild)

    async def on_interaction(self, interaction: discord.Interaction[DiscordClient]) -> None:
        """Somebody pressed, commanded or sent a form in."""
        if (rest := self.events.acted(interaction)) is not None:
            await rest

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """A fault of ours in one event; its arguments hold members' words, so only its name is told."""
        log.exception("event_failed", on=event_method)

    def _wait_less(self, shard_id: int) -> None:
        shard = self.get_shard(shard_id)
        if shard is not None:
            shard._parent._backoff._max = _LONGEST_RECONNECT  # no option for it


def intents(*, message_content: bool) -> discord.Intents:
    """What we ask for: guilds, their messages, reactions, AutoMod; of the privileged ones message content at most."""
    wanted = discord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.guild_reactions = True
    wanted.auto_moderation_configuration = wanted.auto_moderation_execution = True
    wanted.message_content = message_content
    return wanted


_ReactionEvent = discord.RawReactionActionEvent | discord.RawReactionClearEvent | discord.RawReactionClearEmojiEvent


class _Pace:
    """Keeps IDENTIFYs of one bucket apart."""

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every, self._clock = every, clock
        self._free: dict[int, float] = {}

    async def wait(self, bucket: int) -> None:
        """Return when the next session of `bucket` may begin, after others that wait already."""
        now = self._clock()
        begin = max(self._free.get(bucket, now), now)
        self._free[bucket] = begin + self._every
        if begin > now:
            # A little apart, so that machines that lost Discord together do not come back together.
            await asyncio.sleep(begin - now + random.uniform(0, self._every / 10))  # noqa: S311  # no secret


class _Http(HTTPClient):
    """The library's HTTP object at our addresses, silent once too much was refused."""

    def __init__(self, made: HTTPClient, endpoints: Endpoints, invalid: InvalidRequests) -> None:
        """Take the options over from the object that the library made."""
        super().__init__(
            made.loop,
            made.connector,
            proxy=made.proxy,
            proxy_auth=made.proxy_auth,
            unsync_clock=not made.use_clock,
            http_trace=made.http_trace,
            max_ratelimit_timeout=made.max_ratelimit_timeout,
        )
        self._endpoints, self._invalid = endpoints, invalid
        self._rate = Rate()
        self._named_gateway: str = ""
        self.max_concurrency = 1

    async def request(self, route: Route, **options: Any) -> Any:
        """As the library does it, at our address."""
        self._invalid.check()
        await self._rate.wait()
        return await super().request(self._endpoints.moved(route), **options)

    async def get_bot_gateway(self) -> tuple[int, str, Any]:
        """The number of shards that Discord advises, its gateway, and how many sessions may begin."""
        shards, url, limits = await super().get_bot_gateway()
        self._named_gateway = url
        self.max_concurrency = int(limits.get("max_concurrency", 1))
        return shards, self._endpoints.gateway_url or url, limits

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        """Connect to the gateway, ours where one is set: a proxy keeps the session, so it resumes there too."""
        return await super().ws_connect(str(await self._gateway(yarl.URL(url))), compress=compress)

    async def _gateway(self, url: yarl.URL) -> yarl.URL:
        if self._endpoints.gateway_url:
            return yarl.URL(self._endpoints.gateway_url).with_query(url.query)
        if self._endpoints.api_base and url.host == DiscordWebSocket.DEFAULT_GATEWAY.host:
            # With explicit shards the library asks nobody which gateway belongs to the REST API.
            if not self._named_gateway:
                await self.get_bot_gateway()
            return yarl.URL(self._named_gateway).with_query(url.query)
        return url


class _Webhooks(AsyncWebhookAdapter):
    """Answers interactions at our address; these count against no global limit (D20)."""

    def __init__(self, endpoints: Endpoints, invalid: InvalidRequests) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._endpoints, self._invalid = endpoints, invalid

    async def request(self, route: Route, session: aiohttp.ClientSession, **options: Any) -> Any:
        """As the library does it, at our address."""
        return await super().request(self._endpoints.moved(route), session, **options)
