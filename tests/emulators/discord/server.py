"""LoopbackDiscord: the emulator as one object that a test opens, fills, drives, breaks and inspects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from aiohttp import web

from . import interactions, rest_automod, rest_commands, rest_guilds, rest_messages
from .core import Core, Request
from .driver import Guild
from .errors import Json
from .faults import Fault
from .gateway import GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT
from .http import API, Http
from .limits import Limits
from .payloads import guild_create_payload
from .permissions import ALL, EVERYONE, bits
from .state import GuildRecord, MemberRecord, RoleRecord, UserRecord

TOKEN = "loopback.bot.token"
BOT_PERMISSIONS = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "embed_links",
    "attach_files",
    "read_message_history",
    "manage_guild",
)


class LoopbackDiscord:
    """A Discord of one's own on 127.0.0.1.

    Use it as an async context manager; the URLs are known inside::

        async with LoopbackDiscord() as discord:
            guild = discord.add_guild("A community")
            channel = guild.add_channel("general")
            member = guild.add_member("member one")
            ...  # start a client with discord.token, discord.api_base, discord.gateway_url
            await discord.connected()
            await member.says(channel, "hello")

    Args:
        token: what IDENTIFY and the Authorization header must carry.
        message_content: whether the application may ask for the message-content intent (else 4014; D4, D5).
        members_intent: the same for the members intent.
        bot_name: the bot user's name.
        port: 0 for any free port.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        message_content: bool = True,
        members_intent: bool = False,
        bot_name: str = "safetybot",
        port: int = 0,
    ) -> None:
        granted = (MESSAGE_CONTENT if message_content else 0) | (GUILD_MEMBERS if members_intent else 0)
        self.core = Core(token, granted, bot_name)
        self._guilds: dict[int, Guild] = {}
        self._port = port
        self._runner: web.AppRunner | None = None

    # Life ---------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> LoopbackDiscord:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. After a `stop` it listens at the same port with the same state."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        http = Http(self.core)
        for module in (interactions, rest_messages, rest_guilds, rest_commands, rest_automod):
            app.add_routes(http.routes(module.ENDPOINTS))
        app.router.add_route("*", API + "/{rest:.*}", http.unknown)
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{name}", self._file)
        app.router.add_get("/gateway", self.core.gateway.handle)
        app.router.add_get("/gateway/", self.core.gateway.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.core.origin = f"http://127.0.0.1:{self._port}"
        self.core.gateway.resume_url = self.gateway_url

    async def stop(self) -> None:
        """Stop listening and close every socket; sessions and state stay."""
        await self.core.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def token(self) -> str:
        """The bot token."""
        return self.core.token

    @property
    def api_base(self) -> str:
        """The REST base, for ``discord.http.Route.BASE``."""
        return f"http://127.0.0.1:{self._port}{API}"

    @property
    def gateway_url(self) -> str:
        """The gateway, for ``discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY``."""
        return f"ws://127.0.0.1:{self._port}/gateway"

    # Filling ------------------------------------------------------------------------------------------------------

    def add_guild(self, name: str, *, locale: str = "en-US", bot_permissions: Iterable[str] = BOT_PERMISSIONS) -> Guild:
        """A guild with the bot in it and a role of the bot's own that carries these permissions.

        Its owner is a member of the guild: ``guild.owner``.
        """
        world = self.core.world
        guild_id = world.new_guild_id()
        owner = UserRecord(world.new_id(), f"owner of {name}"[:32])
        world.users[owner.id] = owner
        record = GuildRecord(guild_id, name, owner.id, locale)
        record.roles[guild_id] = RoleRecord(guild_id, "@everyone", EVERYONE, position=0)
        role = RoleRecord(world.new_id(), world.bot.name, bits(*bot_permissions), managed=True)
        record.roles[role.id] = role
        record.members[owner.id] = MemberRecord(owner, guild_id)
        record.members[world.bot.id] = MemberRecord(world.bot, guild_id, [role.id])
        world.add_guild(record)
        guild = Guild(self.core, record)
        self._guilds[guild_id] = guild
        self.core.say_guild("GUILD_CREATE", record, guild_create_payload(record, world.bot))
        return guild

    @property
    def guilds(self) -> list[Guild]:
        """All guilds, in the order of their making."""
        return list(self._guilds.values())

    # Inspecting ---------------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Request]:
        """The last 100,000 REST requests, oldest first."""
        return list(self.core.requests)

    @property
    def commands(self) -> list[Json]:
        """The global application commands, as registered."""
        return self.core.world.commands

    @property
    def limits(self) -> Limits:
        """Rate limits and the counter of invalid requests."""
        return self.core.limits

    @property
    def identifies(self) -> int:
        """How many IDENTIFYs were accepted so far."""
        return self.core.gateway.identifies

    @property
    def resumes(self) -> int:
        """How many RESUMEs were accepted so far."""
        return self.core.gateway.resumes

    @property
    def close_codes(self) -> list[int]:
        """Close codes that the server gave, and 1000/1001 that clients gave, in order."""
        return self.core.gateway.closes

    def granted_intents(self, *, message_content: bool | None = None, members: bool | None = None) -> None:
        """Switch privileged intents in the "developer portal"; connected sessions keep what they have."""
        for wanted, bit in ((message_content, MESSAGE_CONTENT), (members, GUILD_MEMBERS), (None, GUILD_PRESENCES)):
            if wanted is not None:
                self.core.gateway.granted = (self.core.gateway.granted & ~bit) | (bit if wanted else 0)

    async def until(self, holds: Callable[[], object], *, within: float = 5.0, what: str = "the condition") -> None:
        """Wait until something holds; it is looked at after every change of the emulator's state.

        Raises:
            AssertionError: it does not within so many seconds.
        """
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() >= deadline:
                raise AssertionError(f"{what} did not come about within {within:g} s")
            # A change may also lie outside of the emulator, so look again now and then.
            await self.core.until(min(deadline, time.monotonic() + 0.05))

    async def connected(self, *, shards: int = 1, within: float = 5.0) -> None:
        """Wait until so many shards are connected and all queued events, READY and guilds too, are sent."""
        gateway = self.core.gateway

        def ready() -> bool:
            return sum(s.connection is not None for s in gateway.sessions.values()) >= shards and not gateway.unsent()

        await self.until(ready, within=within, what=f"a connection of {shards} shard(s)")

    async def flushed(self, *, within: float = 10.0) -> None:
        """Wait until all events are handed to the sockets."""
        await self.until(lambda: not self.core.gateway.unsent(), within=within, what="sending of all events")

    # Faults: gateway ----------------------------------------------------------------------------------------------

    async def cut_gateway(self, code: int | None = None) -> None:
        """Cut all gateway sockets: by TCP reset, or closed with a code."""
        if code is not None:
            await self.core.gateway.close_all(code)
            return
        self.core.gateway.abort_all()
        await asyncio.sleep(0)

    def refuse_gateway(self, seconds: float) -> None:
        """Answer new gateway connections with 503 for a while; existing ones stay."""
        self.core.gateway.refused_until = time.monotonic() + seconds

    def invalidate_session(self, *, resumable: bool) -> None:
        """Send INVALID_SESSION; when not resumable, forget the sessions too, so that only IDENTIFY is left."""
        self.core.gateway.op(9, resumable)
        if not resumable:
            self.core.gateway.forget_sessions()

    async def lose_session(self) -> None:
        """Forget all sessions and cut the sockets: the RESUME that follows is answered with INVALID_SESSION."""
        self.core.gateway.forget_sessions()
        self.core.gateway.abort_all()
        await asyncio.sleep(0)

    def ask_reconnect(self) -> None:
        """Send op 7."""
        self.core.gateway.op(7)

    def ask_heartbeat(self) -> None:
        """Send op 1, to be answered with a heartbeat at once."""
        self.core.gateway.op(1)

    def stop_heartbeat_acks(self, *, stopped: bool = True) -> None:
        """Leave heartbeats without acknowledgement, as a half-dead connection does."""
        self.core.gateway.acks = not stopped

    def duplicate_events(self, count: int = 1) -> None:
        """Send the next ``count`` message and other small events twice."""
        self.core.gateway.duplicates = count

    def reorder_events(self, count: int) -> None:
        """Shuffle the next ``count`` events in groups of four; 0 sends what is held back."""
        self.core.gateway.reorder(count)

    def send_raw(self, event: str, data: object) -> None:
        """Send any payload under any event name, to all sessions."""
        self.core.gateway.raw(event, data)

    def send_frame(self, text: str) -> None:
        """Send any text as a frame, to all connections."""
        self.core.gateway.raw_frame(text)

    # Faults: REST -------------------------------------------------------------------------------------------------

    def drop_rest(self, times: int = 1, *, path: str = "", method: str = "", carried_out: bool = False) -> None:
        """Cut the connection of the next requests instead of answering.

        Args:
            times: how many.
            path: a regular expression searched in the path below the API base.
            method: the HTTP method, empty for all.
            carried_out: carry the request out first; only its answer is lost.
        """
        self.core.faults.add(Fault("drop_after" if carried_out else "drop", times, path, method))

    def rest_fails(
        self, status: int, times: int = 1, *, path: str = "", method: str = "", carried_out: bool = False
    ) -> None:
        """Answer the next requests with this status, having carried them out or not."""
        kind = "status_after" if carried_out else "status"
        self.core.faults.add(Fault(kind, times, path, method, status=status))

    def rate_limit(
        self, path: str = "", times: int = 1, *, retry_after: float = 0.5, scope: str = "user", method: str = ""
    ) -> None:
        """Answer the next requests with 429; ``scope`` is ``user``, ``shared`` or ``global``."""
        self.core.faults.add(Fault("limit", times, path, method, seconds=retry_after, scope=scope))

    def delay(self, path: str, seconds: float, times: int = 1, *, method: str = "") -> None:
        """Take so long for each of the next requests before carrying them out."""
        self.core.faults.add(Fault("delay", times, path, method, seconds=seconds))

    def heal(self) -> None:
        """Take back every fault that has not happened yet."""
        self.core.faults.clear()
        gateway = self.core.gateway
        gateway.acks, gateway.duplicates, gateway.refused_until = True, 0, 0.0
        gateway.reorder(0)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """The CDN: an attachment's bytes."""
        channel = self.core.world.channels.get(int(request.match_info["channel_id"]))
        wanted = int(request.match_info["attachment_id"])
        standing = [m for m in (channel.messages.values() if channel is not None else ()) if not m.deleted]
        found = next((a for m in standing for a in m.attachments if a.id == wanted), self.core.uploads.get(wanted))
        if found is not None:
            headers = {"Content-Type": found.content_type or "application/octet-stream"}
            return web.Response(body=found.data, headers=headers)
        return web.Response(status=404, text="This content is no longer available.")


__all__ = ["ALL", "BOT_PERMISSIONS", "LoopbackDiscord"]
