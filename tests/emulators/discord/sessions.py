"""What the gateway keeps of a client: its socket, and the session that outlives the socket."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import deque
from dataclasses import dataclass, field

import zstandard
from aiohttp import web

from .resets import reset


@dataclass(eq=False)
class Connection:
    """One socket: its compressor and the frames waiting to be written."""

    socket: web.WebSocketResponse
    request: web.Request
    compress: str
    queue: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    last_beat: float = field(default_factory=time.monotonic)
    received: deque[float] = field(default_factory=deque)
    session: Session | None = None
    unsent: int = 0

    def __post_init__(self) -> None:
        """Set up the transport compression that the query asked for."""
        self._zlib = zlib.compressobj()
        self._zstd = zstandard.ZstdCompressor().compressobj()

    def put(self, frame: bytes) -> None:
        """Queue a frame."""
        self.unsent += 1
        self.queue.put_nowait(frame)

    async def write(self) -> None:
        """Send queued frames until cancelled or the socket is gone."""
        while True:
            frame = await self.queue.get()
            try:
                if self.compress == "zlib-stream":
                    await self.socket.send_bytes(self._zlib.compress(frame) + self._zlib.flush(zlib.Z_SYNC_FLUSH))
                elif self.compress == "zstd-stream":
                    body = self._zstd.compress(frame) + self._zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
                    await self.socket.send_bytes(body)
                else:
                    await self.socket.send_str(frame.decode())
            except (ConnectionError, RuntimeError):
                # The client is gone; what it missed waits in the session's buffer.
                return
            finally:
                self.unsent -= 1

    def abort(self) -> None:
        """Cut the TCP connection without a close frame."""
        reset(self.request)


@dataclass(eq=False)
class Session:
    """What RESUME picks up: identity, sequence and the events since."""

    id: str
    shard: tuple[int, int]
    intents: int
    token: str
    seq: int = 0
    buffer: deque[tuple[int, str, bytes]] = field(default_factory=lambda: deque(maxlen=20_000))
    connection: Connection | None = None
    detached_at: float = 0.0
    resumable: bool = True

    def owns(self, guild_id: int | None) -> bool:
        """Whether the guild's events go to this shard; events without a guild go to shard 0."""
        if guild_id is None:
            return self.shard[0] == 0
        return (guild_id >> 22) % self.shard[1] == self.shard[0]

    def push(self, event: str, data: bytes) -> None:
        """Number an event, keep it for replay, and send it if a socket is there."""
        self.seq += 1
        # The body is kept apart from the number: sessions share it.
        self.buffer.append((self.seq, event, data))
        if self.connection is not None:
            self.connection.put(_frame(self.seq, event, data))

    def replay(self, seq: int) -> bool:
        """Send everything after ``seq`` again; False when that reaches further back than what is kept."""
        if self.connection is None or (self.buffer and seq < self.buffer[0][0] - 1):
            return False
        for number, event, data in self.buffer:
            if number > seq:
                self.connection.put(_frame(number, event, data))
        return True

    def detach(self) -> None:
        """Note that the socket is gone."""
        self.connection = None
        self.detached_at = time.monotonic()


def _frame(seq: int, event: str, data: bytes) -> bytes:
    return b'{"op":0,"s":%d,"t":"%s","d":%s}' % (seq, event.encode(), data)
