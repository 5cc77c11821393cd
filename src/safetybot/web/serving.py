"""Serves the application on a port, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

_MOST_AT_ONCE = 200
"""Connections; more are told to come back."""
_GRACE = 5
"""Seconds that requests may take to end."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; port 0 for any free one. Raises `OSError` where the address is not to be had."""
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


async def serve(app: ASGIApp, listening: socket.socket, *, started: Callable[[], None] | None = None) -> None:
    """Serve until cancelled; requests under way may end first.

    Args:
        app: What `create_app` made.
        listening: Where connections come in; whoever made it closes it.
        started: Called once connections are taken.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        http="h11",
        ws="none",
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = _Server(config, started)
    running = asyncio.create_task(server.serve([listening]), name="web")
    try:
        await asyncio.shield(running)
    finally:
        server.should_exit = True
        await asyncio.wait({running})


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop; says when it takes connections."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tell is not None and self.started:
            self._tell()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
