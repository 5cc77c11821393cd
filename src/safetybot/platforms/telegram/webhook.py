"""Taking updates in by webhook: the secret, the 200 that waits for the commit, the 503 that asks for another try.

Lives here: the small server. Does not live here: what becomes of an update (`inbox.py`), and TLS, which a proxy before
it speaks (T25). Any number of replicas may stand behind one address: the store decides who answers.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from safetybot.config.settings import TelegramSettings
from safetybot.platforms.telegram.inbox import Full, Inbox, WebhookPace

log = structlog.get_logger(__name__)

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name
_BODY = 2 * 1024 * 1024
"""Bytes; an update is a few kilobytes."""


class Webhook:
    """Takes posts."""

    def __init__(self, settings: TelegramSettings, inbox: Inbox, pace: WebhookPace) -> None:
        """Hand updates to `inbox`."""
        self._settings, self._inbox, self._pace = settings, inbox, pace
        self.away: tuple[type[BaseException], ...] = (OSError,)
        """What the store raises while it is away."""
        self._secret = settings.webhook_secret.get_secret_value().encode()
        self._runner: web.AppRunner | None = None
        self._taking = False
        self.port = settings.webhook_port
        self.last_good: float | None = None
        self.refused = 0
        """Posts without the right secret."""

    async def start(self) -> None:
        """Listen. Raises `OSError` where that is not possible."""
        app = web.Application(client_max_size=_BODY)
        app.router.add_post(urlsplit(self._settings.webhook_url).path or "/", self._post)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        site = web.TCPSite(runner, self._settings.webhook_host, self._settings.webhook_port)
        await site.start()
        self._runner, self._taking = runner, True
        server = site._server
        for listening in getattr(server, "sockets", ()):
            self.port = listening.getsockname()[1]

    def pause(self) -> None:
        """Take nothing in any more: what comes is asked for again, from another replica or after the restart."""
        self._taking = False

    async def stop(self) -> None:
        """Stop listening."""
        self.pause()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _post(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            self.refused += 1
            log.warning("post_without_the_secret", times=self.refused)
            return web.Response(status=403)
        if not self._taking:
            return self._again("stopping")
        raw = _object(await request.read())
        if raw is None:
            self._inbox.set_aside()
            return web.Response()  # it will be no better the next time
        number = raw.get("update_id")
        try:
            done = await self._inbox.accept(raw)
            async with asyncio.timeout(self._pace.commit_within):
                through = await self._inbox.confirmed(number if isinstance(number, int) else 0, asyncio.shield(done))
        except Full:
            return self._again("queue full")
        except TimeoutError:
            return self._again("not yet seen through")
        except self.away as error:
            return self._again(type(error).__name__)
        self.last_good = time.monotonic()
        return web.Response() if through else self._again("not seen through")

    def _again(self, why: str) -> web.Response:
        log.info("post_asked_for_again", why=why)
        return web.Response(status=503, headers={"Retry-After": str(self._pace.retry_after)})


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
