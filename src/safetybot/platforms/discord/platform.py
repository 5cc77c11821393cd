"""Discord as the Watcher, moderators' messages and `safetybot run` see it.

Lives here: replying, posting, what is told of health, and the parts put together. Does not live here: events
(`inbox.py`), connecting (`supervisor.py`), looks (`rendering.py`), trying again (`sending.py`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass

import discord
import structlog
from discord.webhook.async_ import async_context

from safetybot.chat.alerts import post_alert
from safetybot.chat.answers import Answer
from safetybot.chat.commands import Commands
from safetybot.chat.services import Finding, Services
from safetybot.chat.text import text as rich
from safetybot.communities.access import Role
from safetybot.config.settings import DiscordSettings
from safetybot.intake import Intake
from safetybot.model import Message, Place, Response
from safetybot.platforms.discord import findings, interactions
from safetybot.platforms.discord.automod import Finds
from safetybot.platforms.discord.automod_sync import RuleKeeper
from safetybot.platforms.discord.budget import InvalidRequests
from safetybot.platforms.discord.caller import role_of
from safetybot.platforms.discord.client import IDENTIFY_EVERY, DiscordClient, Endpoints
from safetybot.platforms.discord.inbox import Inbox, Metrics
from safetybot.platforms.discord.presses import Pick, Press
from safetybot.platforms.discord.reactions import Reactions
from safetybot.platforms.discord.registering import Registering
from safetybot.platforms.discord.rendering import NOBODY, files_of, first_page, pages, view_of
from safetybot.platforms.discord.replies import Replies
from safetybot.platforms.discord.seen import Seen, Watermarks
from safetybot.platforms.discord.sending import Circuits, Gone, NotAllowed, Sender
from safetybot.platforms.discord.slash import payload
from safetybot.platforms.discord.supervisor import Supervisor
from safetybot.platforms.discord.surfaces import NAME
from safetybot.ports import Alert, PlatformError, Posted, Receipt
from safetybot.translation import marked, texts
from safetybot.watcher import Watcher

log = structlog.get_logger(__name__)

_DRAIN, _GOODBYE = 5.0, 1.0
"""Seconds that a stop gives to what is on its way, then to erasures, marks and disconnecting each: eight in all."""

Install = Callable[[DiscordClient], Awaitable[None]]
"""Adds commands and listeners to a client that is logged in and not yet connected."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, all of them; tests are in more of a hurry."""

    send_within: float = 60.0
    """A send is given up after this time."""
    send_again: float = 0.5
    """Before a send is tried again for the first time."""
    first_pause: float = 1.0
    longest_pause: float = 60.0
    refused_pause: float = 600.0
    """Before a new try where an operator has to act."""
    marks_every: float = 20.0
    reactions_every: float = 10.0
    identify_every: float = IDENTIFY_EVERY
    guilds_within: float = 2.0
    circuit: float = 600.0
    """A channel without rights is left alone for this time."""


class DiscordPlatform:
    """Implements `ports.Platform` and `chat.services.Board`."""

    name = NAME

    def __init__(
        self,
        settings: DiscordSettings,
        services: Services,
        commands: Commands,
        metrics: Metrics,
        watermarks: Watermarks,
        *,
        pace: Pace = Pace(),  # frozen
    ) -> None:
        """Put the parts together; `connect`, then `run`."""
        self._settings, self._services, self._commands = settings, services, commands
        self._pace = pace
        self._registering = Registering(payload(tuple(commands.all.values())), first_pause=pace.first_pause)
        self.install: list[Install] = [self._registering.install]
        """Called for each new client; more is to be added before `run`."""
        self._invalid = InvalidRequests()
        self._sender = Sender(pace.send_within, pace.send_again)
        self._seen = Seen(NAME, watermarks)
        self.inbox = Inbox(services, self._seen, metrics, settings.look_back)
        self._circuits = Circuits(pace.circuit)
        self._replies = Replies(services, self._sender, self.inbox.is_gone, self._circuits, self.notice)
        self._reactions = Reactions(services.reactions, self._sender, pace.reactions_every)
        self._supervisor = Supervisor(
            self._make_client, settings.token.get_secret_value(),
            first=pace.first_pause, longest=pace.longest_pause, refused=pace.refused_pause,
        )  # fmt: skip
        self._shards: dict[int, bool] = {}
        self._rules: RuleKeeper | None = None
        if not settings.message_content:
            self._rules = services.filters[NAME] = RuleKeeper(services, every=pace.marks_every * 3)
            self.install += [self._rules.install, Finds(services, self._found).install]
        self._intake: Intake | None = None
        self._alerts: Callable[[Alert], Awaitable[Posted | None]] = lambda alert: post_alert(services, alert)

    def connect(
        self,
        watcher: Watcher,
        intake: Intake,
        alerts: Callable[[Alert], Awaitable[Posted | None]] | None = None,
        *,
        away: tuple[type[BaseException], ...] = (OSError,),
    ) -> None:
        """Say where messages go. Called once, before `run`.

        Args:
            watcher: Sees messages through.
            intake: Queues them for it.
            alerts: Posts alerts; `chat.alerts.post_alert` where nothing else is given.
            away: What the store raises while it cannot be reached.
        """
        self._intake = intake
        self.inbox.connect(watcher, intake, away)
        self._reactions.away = away
        if self._rules is not None:
            self._rules.away = away
        if alerts is not None:
            self._alerts = alerts

    async def run(self) -> None:
        """Stay connected until `stop`, or until cancelled."""
        # What answers interactions is looked up in the context, so it is set for our tasks alone.
        context = copy_context()
        endpoints = Endpoints(self._settings.api_base, self._settings.gateway_url)
        context.run(async_context.set, endpoints.webhooks(self._invalid))
        connected = asyncio.create_task(self._supervisor.run(self._client_ended), context=context)
        upkeep = asyncio.create_task(self.inbox.run(self._pace.marks_every), context=context)
        looking = asyncio.create_task(self._reactions.run(), context=context)
        tasks = (connected, upkeep, looking)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, self._replies.close(), return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """Take nothing in any more, let what is on its way end, write the marks, disconnect; `run` returns then."""
        self.inbox.taking = False
        if self._intake is not None and not await self._intake.drained(_DRAIN):
            log.warning("stopped_with_messages_waiting", waiting=self._intake.waiting)
        rest = {"erasures": self.inbox.forgotten, "marks": self.inbox.write_marks, "goodbye": self._supervisor.stop}
        for what, last in rest.items():
            try:
                await asyncio.wait_for(last(), _GOODBYE)
            except TimeoutError:
                # Being killed for it would help nobody: all of this is bounded by retention, look back, Discord.
                log.warning("stopped_without", what=what)

    async def reachable(self) -> None:
        """Wait until Discord let the bot in: from then on replies can be sent and looked for."""
        await self._sender.reachable()

    def health(self) -> Mapping[str, object]:
        """Whether events come and answers can go."""
        client = self._supervisor.client
        latencies = dict(client.latencies) if client is not None else {}
        last = self.inbox.last_event
        return {
            "connected": self.connected,
            "refused": self._supervisor.refusal or None,
            "commands": self._registering.refusal or "registered",
            "shards": {
                str(shard): {"connected": on, "latency_ms": _milliseconds(latencies.get(shard))}
                for shard, on in sorted(self._shards.items())
            },
            "last_event_seconds": None if last is None else round(time.monotonic() - last, 1),
            "queue": self._intake.waiting if self._intake is not None else 0,
            "caught_up": self.inbox.caught_up,
            "looked_back_messages": self.inbox.found,
            "channels_left_alone": len(self._circuits),
            "invalid_requests": self._invalid.count,
            "restarts": self._supervisor.restarts,
        }

    @property
    def connected(self) -> bool:
        """Whether every shard of this process has its connection."""
        client = self._supervisor.client
        if client is None or client.shard_count is None:
            return False
        mine = client.shard_ids or range(client.shard_count)
        return all(self._shards.get(shard) for shard in mine)

    # ports.Platform -----------------------------------------------------------------------------------------

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        """Post `response.public` once in reply, pinging nobody.

        Raises:
            UnsureError: It may have been sent.
            PlatformError: Nothing was sent.
        """
        return await self._replies.send(to, response, interaction_id, claim_key)

    async def posted_reply(self, to: Message) -> Receipt | None:
        """Our reply to a message, None where there is none. Raises `PlatformError` where the channel cannot be read."""
        return await self._replies.find(to)

    async def alert(self, alert: Alert) -> Posted | None:
        """Tell moderators of a message. Raises `PlatformError`, `Gone` where the message was deleted meanwhile."""
        if self.inbox.is_gone(alert.about.id):
            raise Gone
        return await self._alerts(alert)

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        """Tell moderators something that is about no message. Raises `PlatformError`."""
        if channel is None:
            channel = (await self._services.store.policy(Place(NAME, community, ""))).alert_channel
        if channel is None:
            raise PlatformError("the community has chosen no alert channel")
        await self.post(community, channel, Answer(rich(*text.splitlines())))

    # chat.services.Board ------------------------------------------------------------------------------------

    async def post(self, community: str, channel: str, answer: Answer) -> Posted:
        """Post for moderators, cut where it is longer than a message. Raises `PlatformError`."""
        guild, where, nonce = _number(community), _number(channel), secrets.token_hex(12)
        self._circuits.check(where)
        encode = self._services.actions.encode

        async def send(client: DiscordClient) -> discord.Message:
            target = client.get_partial_messageable(where, guild_id=guild)
            return await target.send(
                first_page(pages(answer.text)), files=files_of(answer), nonce=nonce, allowed_mentions=NOBODY,
                suppress_embeds=True, view=view_of(answer, encode) or discord.utils.MISSING,
            )  # fmt: skip

        try:
            sent = await self._sender.do(where, send)
        except NotAllowed:
            self._circuits.lost(guild, where)
            raise
        self._circuits.well(where)
        return Posted(channel, str(sent.id))

    async def edit(self, where: Posted, answer: Answer) -> None:
        """Replace what was posted. Raises `PlatformError`, `Gone` where it is no longer there."""
        channel, message = _number(where.channel), _number(where.message_id)

        async def change(client: DiscordClient) -> None:
            await client.get_partial_messageable(channel).get_partial_message(message).edit(
                content=first_page(pages(answer.text)), view=view_of(answer, self._services.actions.encode),
                attachments=files_of(answer), allowed_mentions=NOBODY,
            )  # fmt: skip

        await self._sender.do(channel, change)

    async def standing(self, community: str, member: str) -> Role | None:
        """What somebody is in a guild now, as Discord says; None for plain members and whoever is not in it.

        Raises `PlatformError` where Discord does not answer.
        """
        client = self._supervisor.client
        guild = client.get_guild(_number(community)) if client is not None else None
        if guild is None:
            raise PlatformError("Discord has not told yet of that guild", retry=True)
        try:
            found = await guild.fetch_member(_number(member))
        except discord.NotFound:
            return None
        except (discord.DiscordException, OSError, TimeoutError) as error:
            raise PlatformError(f"Discord did not say who that is: {type(error).__name__}", retry=True) from error
        return role_of(found.guild_permissions)

    async def findings(self, community: str, language: str) -> Sequence[Finding]:
        """Connection, intents and rights, as they are for this community now."""
        said = texts(language)
        content = self._settings.message_content
        found = list(
            findings.connection(said, connected=self.connected, message_content=content, empty=self.inbox.empty)
        )
        client = self._supervisor.client
        guild = client.get_guild(_number(community)) if client is not None else None
        if guild is None or guild.me is None:
            return [
                *found,
                Finding(well=False, says=said.say(marked("Discord has not told yet what the bot may do here."))),
            ]
        policy = await self._services.store.policy(Place(NAME, community, ""))
        rights = findings.rights(
            said, guild, alert_channel=policy.alert_channel, exempt=policy.exempt_channels, automod=not content
        )
        return [*found, *rights]

    def jump(self, place: Place, message_id: str) -> str | None:
        """The address of a message."""
        return f"https://discord.com/channels/{place.community}/{place.thread or place.channel}/{message_id}"

    # client.Events ------------------------------------------------------------------------------------------

    async def set_up(self, client: DiscordClient) -> None:
        """The client is logged in: it can send from now on."""
        client.add_dynamic_items(Press, Pick)
        for install in self.install:
            await install(client)
        self.inbox.use(client)
        self._sender.use(client)

    def connected_to(self, shard: int) -> None:
        """A shard has a new session."""
        self._supervisor.let_in()
        # What changed while there was no session was told to nobody.
        self._circuits.try_again()
        self._shards[shard] = True
        self.inbox.connected(shard)

    def guilds_known(self, shard: int) -> None:
        """All guilds of a new session are there."""
        self.inbox.guilds_known(shard)

    def disconnected(self, shard: int) -> None:
        """A shard lost its connection."""
        self._shards[shard] = False

    def resumed(self, shard: int) -> None:
        """A shard goes on where it was."""
        self._shards[shard] = True

    def rights_changed(self, guild: discord.Guild) -> None:
        """The bot may have got its rights back."""
        self._circuits.try_again(guild.id)

    def reacted(self, channel: int, message: int) -> None:
        """The reactions to a message changed."""
        if self.inbox.taking:
            self._reactions.changed(channel, message)

    def acted(self, interaction: discord.Interaction[DiscordClient]) -> Awaitable[None] | None:
        """Somebody did something; presses are handed out by the library, all else is ours to answer."""
        return interactions.acted(interaction)

    # --------------------------------------------------------------------------------------------------------

    def _found(self, message: Message) -> None:
        """AutoMod found something in a message that we may not read."""
        if self.inbox.taking:
            self.inbox.take(message)

    def _make_client(self) -> DiscordClient:
        return DiscordClient(
            self._settings, self, self._commands, self._invalid,
            guilds_within=self._pace.guilds_within, identify_every=self._pace.identify_every,
        )  # fmt: skip

    def _client_ended(self) -> None:
        self._registering.stop()
        if self._rules is not None:
            self._rules.stop()
        self._sender.use(None)
        self.inbox.use(None)
        self._shards.clear()


def _number(snowflake: str) -> int:
    """An id as Discord has it. Raises `PlatformError` for what is none, such as one of another platform."""
    if not snowflake.isascii() or not snowflake.isdigit():
        raise PlatformError(f"{snowflake!r} is no id of Discord")
    return int(snowflake)


def _milliseconds(seconds: float | None) -> int | None:
    # Before the first heartbeat is answered it is infinite or no number.
    return round(seconds * 1000) if seconds is not None and 0 <= seconds < 3600 else None
