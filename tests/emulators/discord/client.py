"""Points the real discord.py at the emulator for as long as a test needs it, and back."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Iterator

import yarl

with warnings.catch_warnings():
    # discord.py's voice part, which nothing here uses, imports a module that Python 3.13 no longer has.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

from .server import LoopbackDiscord

__all__ = ["discord", "pointed_at", "running"]


@contextlib.contextmanager
def pointed_at(loopback: LoopbackDiscord) -> Iterator[None]:
    """Within it every discord.py client of this process talks to the emulator."""
    base, default = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = loopback.api_base, yarl.URL(loopback.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, default


@contextlib.asynccontextmanager
async def running(
    loopback: LoopbackDiscord, client: discord.Client, *, shards: int = 1
) -> AsyncIterator[asyncio.Task[None]]:
    """Start a client against the emulator, wait until it is connected, and close it at the end.

    Yields:
        The task of ``client.start``. What it raises is raised here at the end.
    """
    with pointed_at(loopback):
        async with client:
            task = asyncio.create_task(client.start(loopback.token))
            connected = asyncio.create_task(loopback.connected(shards=shards))
            try:
                await asyncio.wait({task, connected}, return_when=asyncio.FIRST_COMPLETED)
                if not task.done():
                    await connected
                    yield task
            finally:
                connected.cancel()
                await client.close()
            await task
