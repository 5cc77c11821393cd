"""The loop of a running bot that sends webhooks, put together. Does not live here: sending (`web/webhooks.py`)."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

import structlog

from safetybot.cli.runtime import Runtime
from safetybot.cli.serving import STORE_AWAY
from safetybot.cli.session import Session
from safetybot.communities.webhooks import Webhooks

log = structlog.get_logger(__name__)
_LOOK = 5.0


def webhooks(session: Session, runtime: Runtime) -> Webhooks:
    """The use case over the store."""
    key = runtime.pseudonyms.derived("webhooks")
    return Webhooks(runtime.store.webhooks, runtime.clock, key=key, within=session.settings.web.hooks_within)


async def keep_webhooks(session: Session, runtime: Runtime) -> None:
    """Deliver webhooks until cancelled. Where the extra `web` is missing, say so and leave them in the outbox."""
    if find_spec("httpcore") is None:
        log.warning("webhooks_not_delivered", missing="httpcore", needed="pip install 'safetybot[web]'")
        return
    await _first_delivery(runtime)
    from safetybot.web.webhooks import deliver  # 3 MiB that most communities never need

    web = session.settings.web
    await deliver(
        runtime.store.webhooks,
        secret=webhooks(session, runtime).secret,
        site=web.url or f"http://localhost:{web.port}",
        clock=runtime.clock,
        within=web.hooks_within,
        away=STORE_AWAY,
    )


async def _first_delivery(runtime: Runtime) -> None:
    """Wait until there is something in the outbox, delivered or not."""
    while True:
        try:
            if await runtime.store.webhooks.any_delivery():
                return
        except STORE_AWAY as error:
            log.warning("webhooks_wait", why=type(error).__name__)
        await asyncio.sleep(_LOOK)
