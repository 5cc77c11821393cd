"""Gateway v10: sessions that outlive their sockets, RESUME with replay, intents, shards, close codes, compression.

What an event says is made elsewhere; here it is numbered, filtered by intent and shard, kept for replay and sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from .errors import Json
from .sessions import Connection, Session

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES, GUILD_MESSAGES = 1 << 0, 1 << 1, 1 << 8, 1 << 9
GUILD_MESSAGE_REACTIONS = 1 << 10
MESSAGE_CONTENT, AUTOMOD_CONFIG, AUTOMOD_EXECUTION = 1 << 15, 1 << 20, 1 << 21
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
KNOWN_INTENTS = (
    sum(1 << n for n in range(17)) | AUTOMOD_CONFIG | AUTOMOD_EXECUTION | (1 << 24) | (1 << 25)
)  # 17-19, 22 and 23 were never given out
SENDS_PER_MINUTE = 120
MAX_PAYLOAD = 4096
SESSION_LIFE = 120.0

_SESSION_ENDING = frozenset({1000, 1001})
_ALWAYS = frozenset({"READY", "RESUMED", "INTERACTION_CREATE"})


class _Closing(Exception):
    """The socket must be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class Gateway:
    """The gateway's server side.

    Attributes:
        heartbeat_interval: seconds, told in HELLO to each new connection.
        granted: intent bits of the privileged intents that the application may ask for.
        enforce_identify_pace: answer INVALID_SESSION to an IDENTIFY that comes within 5 seconds of another of its
            rate-limit bucket (D25). Off by default, since discord.py waits 5 seconds before its next try and tests that
            restart a bot would spend their time there.
        acks: whether heartbeats are acknowledged.
        identifies: how many IDENTIFYs were accepted; ``resumes``: how many RESUMEs.
        closes: every close code that the server or the client gave, in order.
    """

    def __init__(self, token: str, granted: int) -> None:
        self.token = token
        self.granted = granted
        self.heartbeat_interval = 41.25
        self.enforce_identify_pace = False
        self.max_concurrency = 1
        self.session_start_limit = 1000
        self.session_start_remaining = 1000
        self.acks = True
        self.refused_until = 0.0
        self.identifies = 0
        self.resumes = 0
        self.closes: list[int] = []
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.resume_url = ""
        self.ready: Callable[[Session], Json] = lambda _session: {}
        self.guilds: Callable[[Session], list[tuple[str, Json]]] = lambda _session: []
        self.guild_count: Callable[[], int] = lambda: 0
        self.duplicates = 0
        self._reorder_left = 0
        self._held: list[Callable[[], None]] = []
        self._random = random.Random(20_150_513)
        self._paced: dict[int, float] = {}

    # Sending ------------------------------------------------------------------------------------------------------

    def dispatch(
        self,
        event: str,
        data: Json,
        *,
        guild_id: int | None = None,
        intent: int = 0,
        stripped: Json | None = None,
    ) -> None:
        """Send an event to every session that owns the guild and asked for the intent.

        Args:
            event: its name.
            data: its payload.
            guild_id: whose shard gets it; None for shard 0.
            intent: bit(s) one of which the session must have; 0 for events that need none.
            stripped: what sessions without message content get instead; None for the same.
        """
        body = orjson.dumps(data)
        bare = orjson.dumps(stripped) if stripped is not None and stripped is not data else body

        def send() -> None:
            for session in list(self.sessions.values()):
                if session.owns(guild_id) and (not intent or session.intents & intent):
                    session.push(event, body if session.intents & MESSAGE_CONTENT else bare)

        faulty = event not in _ALWAYS and not event.startswith("GUILD")
        if faulty and self._reorder_left > 0:
            self._reorder_left -= 1
            self._held.append(send)
            if len(self._held) >= 4 or self._reorder_left == 0:
                self.release_held()
            return
        send()
        if faulty and self.duplicates > 0:
            self.duplicates -= 1
            send()

    def raw(self, event: str, data: object) -> None:
        """Send any payload under any name to all sessions, whatever their intents."""
        for session in list(self.sessions.values()):
            session.push(event, orjson.dumps(data))

    def raw_frame(self, text: str) -> None:
        """Send a frame as it is, without number or replay, to all connections."""
        for connection in self.connections:
            connection.put(text.encode())

    def reorder(self, events: int) -> None:
        """Let the next ``events`` events arrive in another order, shuffled in groups of four."""
        self._reorder_left = events
        if events == 0:
            self.release_held()

    def release_held(self) -> None:
        """Send what reordering holds back, shuffled."""
        held, self._held = self._held, []
        self._random.shuffle(held)
        for send in held:
            send()

    def op(self, code: int, data: object = None) -> None:
        """Send an operation (7 reconnect, 9 invalid session, 1 heartbeat) to every identified connection."""
        for session in list(self.sessions.values()):
            if session.connection is not None:
                session.connection.put(orjson.dumps({"op": code, "d": data, "s": None, "t": None}))

    def forget_sessions(self) -> None:
        """Make every session unknown; sockets stay until they are closed."""
        for session in self.sessions.values():
            session.resumable = False
        self.sessions.clear()

    async def close_all(self, code: int) -> None:
        """Close every socket with a code; its session can be resumed unless the code says otherwise."""
        for connection in list(self.connections):
            self.closes.append(code)
            self._part(connection)
            await connection.socket.close(code=code)

    def abort_all(self) -> None:
        """Cut every socket without a close frame; sessions stay."""
        for connection in list(self.connections):
            self._part(connection)
            connection.abort()

    def _part(self, connection: Connection) -> None:
        """Take a socket from its session at once, so that what follows waits for the next socket."""
        self.connections.discard(connection)
        if connection.session is not None and connection.session.connection is connection:
            connection.session.detach()

    def unsent(self) -> int:
        """Frames not yet handed to a socket."""
        return sum(connection.unsent for connection in self.connections)

    # Receiving ----------------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One socket from upgrade to close."""
        if time.monotonic() < self.refused_until:
            return web.Response(status=503, text="gateway is away")
        socket = web.WebSocketResponse(max_msg_size=1 << 20, autoping=True)
        await socket.prepare(request)
        connection = Connection(socket, request, request.query.get("compress", ""))
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        watch = asyncio.create_task(self._watch(connection))
        try:
            _check_query(request)
            hello = {"heartbeat_interval": int(self.heartbeat_interval * 1000), "_trace": []}
            connection.put(orjson.dumps({"op": 10, "d": hello, "s": None, "t": None}))
            async for message in socket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self._receive(connection, message.data)
        except _Closing as closing:
            self.closes.append(closing.code)
            await socket.close(code=closing.code, message=closing.reason.encode())
        finally:
            self._detach(connection)
            for task in (writer, watch):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        return socket

    def _detach(self, connection: Connection) -> None:
        self.connections.discard(connection)
        session = connection.session
        code = connection.socket.close_code
        if session is None or session.connection is not connection:
            return
        session.detach()
        if code in _SESSION_ENDING:
            self.closes.append(code)
            self.sessions.pop(session.id, None)

    async def _watch(self, connection: Connection) -> None:
        """End a client that stopped sending heartbeats."""
        while True:
            await asyncio.sleep(min(self.heartbeat_interval, 1.0))
            if time.monotonic() - connection.last_beat > self.heartbeat_interval * 1.5:
                self.closes.append(4009)
                if connection.session is not None:
                    self.sessions.pop(connection.session.id, None)
                await connection.socket.close(code=4009, message=b"Session timed out")
                return

    def _receive(self, connection: Connection, raw: str | bytes) -> None:
        now = time.monotonic()
        connection.received.append(now)
        while connection.received and connection.received[0] < now - 60:
            connection.received.popleft()
        if len(connection.received) > SENDS_PER_MINUTE:
            raise _Closing(4008, "You are being rate limited")
        if len(raw) > MAX_PAYLOAD:
            raise _Closing(4002, "Payload too large")
        try:
            frame = orjson.loads(raw)
            op, data = frame["op"], frame.get("d")
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise _Closing(4002, "Error while decoding payload") from None
        if op == 1:
            connection.last_beat = now
            if self.acks:
                connection.put(b'{"op":11,"d":null,"s":null,"t":null}')
        elif op == 2:
            self._identify(connection, data)
        elif op == 6:
            self._resume(connection, data)
        elif connection.session is None:
            raise _Closing(4003, "Not authenticated")
        elif op == 8:
            self._chunk(connection.session, data)
        elif op not in {3, 4, 31}:
            raise _Closing(4001, "Unknown opcode")

    def _identify(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise _Closing(4005, "Already authenticated")
        if not isinstance(data, dict) or "properties" not in data or not isinstance(data.get("intents"), int):
            raise _Closing(4002, "Error while decoding payload")
        if data.get("token") != self.token or self.session_start_remaining <= 0:
            # At the daily limit Discord ends all sessions and resets the token (D24).
            raise _Closing(4004, "Authentication failed")
        shard = data.get("shard", [0, 1])
        if not (isinstance(shard, list) and len(shard) == 2 and 0 <= shard[0] < shard[1]):
            raise _Closing(4010, "Invalid shard")
        if self.guild_count() > 2500 * shard[1]:
            raise _Closing(4011, "Sharding required")
        intents = data["intents"]
        if intents & ~KNOWN_INTENTS or intents < 0:
            raise _Closing(4013, "Invalid intent(s)")
        if intents & PRIVILEGED & ~self.granted:
            raise _Closing(4014, "Disallowed intent(s)")
        if not self._paced_well(shard[0]):
            connection.put(b'{"op":9,"d":false,"s":null,"t":null}')
            return
        self.session_start_remaining -= 1
        self.identifies += 1
        session = Session(secrets.token_hex(16), (shard[0], shard[1]), intents, data["token"])
        session.connection = connection
        connection.session = session
        session.push("READY", orjson.dumps(self.ready(session)))
        for event, payload in self.guilds(session):
            session.push(event, orjson.dumps(payload))
        self.sessions[session.id] = session
        self._drop_stale(session)

    def _drop_stale(self, newest: Session) -> None:
        """Forget sessions that nobody resumed: all but a shard's last two, and those too long without a socket."""
        gone = [s for s in self.sessions.values() if s.connection is None and s.shard == newest.shard]
        too_old = time.monotonic() - SESSION_LIFE
        for session in gone[:-2] + [s for s in gone[-2:] if s.detached_at < too_old]:
            del self.sessions[session.id]

    def _paced_well(self, shard_id: int) -> bool:
        if not self.enforce_identify_pace:
            return True
        bucket, now = shard_id % self.max_concurrency, time.monotonic()
        if now - self._paced.get(bucket, -5.0) < 5.0:
            return False
        self._paced[bucket] = now
        return True

    def _resume(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise _Closing(4005, "Already authenticated")
        if not isinstance(data, dict) or data.get("token") != self.token:
            raise _Closing(4004, "Authentication failed")
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or not session.resumable:
            connection.put(b'{"op":9,"d":false,"s":null,"t":null}')
            return
        seq = data.get("seq")
        if not isinstance(seq, int) or seq > session.seq:
            raise _Closing(4007, "Invalid seq")
        if session.connection is not None:
            session.connection.abort()
        session.connection = connection
        if not session.replay(seq):
            self.sessions.pop(session.id, None)
            session.connection = None
            connection.put(b'{"op":9,"d":false,"s":null,"t":null}')
            return
        connection.session = session
        self.resumes += 1
        session.push("RESUMED", b'{"_trace":[]}')

    def _chunk(self, session: Session, data: Any) -> None:
        """Answer REQUEST_GUILD_MEMBERS with one empty chunk; nothing here keeps member lists worth chunking."""
        if not isinstance(data, dict):
            raise _Closing(4002, "Error while decoding payload")
        reply = {"guild_id": str(data.get("guild_id")), "members": [], "chunk_index": 0, "chunk_count": 1}
        session.push("GUILD_MEMBERS_CHUNK", orjson.dumps({**reply, "not_found": [], "nonce": data.get("nonce")}))

    async def stop(self) -> None:
        """Close all sockets as a server that goes away."""
        for connection in list(self.connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)


def _check_query(request: web.Request) -> None:
    if request.query.get("v") not in {"9", "10"} or request.query.get("encoding", "json") != "json":
        raise _Closing(4012, "Invalid API version")
    if request.query.get("compress", "") not in {"", "zlib-stream", "zstd-stream"}:
        raise _Closing(4002, "Unknown compression")
