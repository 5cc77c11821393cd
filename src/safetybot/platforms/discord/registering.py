"""Registers our commands with Discord where they are not registered as they should be, in the background (D39).

Lives here: asking what is registered, replacing it, trying again. Does not live here: the payload (`slash.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import discord
import structlog
from discord.http import Route

from safetybot.platforms.discord.budget import TooManyInvalidRequests
from safetybot.platforms.discord.client import DiscordClient
from safetybot.platforms.discord.slash import Payload, differs

log = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0


class Registering:
    """Keeps the commands of the application the ones that are wanted: looked at once for each client."""

    def __init__(self, wanted: Sequence[Payload], *, first_pause: float = _FIRST_PAUSE) -> None:
        """`wanted` are all commands; `first_pause` are the seconds before a second try, which double."""
        self._wanted, self._first_pause = wanted, first_pause
        self._task: asyncio.Task[None] | None = None
        self.refusal = ""
        """Why Discord does not take the commands, with nothing that a member wrote; empty where it does."""

    async def install(self, client: DiscordClient) -> None:
        """Begin, and let the client connect meanwhile: nobody waits for commands."""
        self.stop()
        self._task = asyncio.create_task(self._keep_trying(client), name="discord-commands")

    def stop(self) -> None:
        """Give up."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_trying(self, client: DiscordClient) -> None:
        pause = self._first_pause
        while not client.is_closed():
            try:
                await self._register(client)
            except discord.HTTPException as error:
                if error.status < 500 and error.status != 429:
                    # It says which command and field: names of ours alone.
                    self.refusal = f"Discord refuses our commands: {error.text}"
                    log.error(  # noqa: TRY400  # a traceback says no more
                        "commands_refused", status=error.status, code=error.code, why=error.text
                    )
                    return
                log.warning("commands_wait", why=error.status, again_in=pause)
            except (discord.DiscordException, aiohttp.ClientError, OSError, TooManyInvalidRequests) as error:
                log.warning("commands_wait", why=type(error).__name__, again_in=pause)
            else:
                self.refusal = ""
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _register(self, client: DiscordClient) -> None:
        application = client.application_id
        assert application is not None  # noqa: S101  # known since the login
        # The library's own call leaves out the translations, and those may be all that changed.
        path = "/applications/{application_id}/commands"
        route = Route("GET", path, application_id=application)
        there: list[Payload] = await client.http.request(route, params={"with_localizations": "true"})
        if not differs(self._wanted, there):
            log.debug("commands_unchanged", commands=len(there))
            return
        await client.http.bulk_upsert_global_commands(application, payload=list(self._wanted))
        log.info("commands_registered", commands=len(self._wanted))
