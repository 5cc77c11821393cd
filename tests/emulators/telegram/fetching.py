"""API methods that decide how updates reach the bot: getUpdates and the webhook's three."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .core import Core, method
from .errors import bad_request, conflict
from .parameters import Parameters
from .updates import WEBHOOK_ACTIVE, WEBHOOK_SET
from .webhook import WebhookSettings
from .world import Json

_MOST_UPDATES = 100
_LONGEST_POLL = 50
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PORTS = {443, 80, 88, 8443}


@method("getUpdates")
async def get_updates(core: Core, parameters: Parameters) -> object:
    """Long polling (T23, T24)."""
    if core.webhook.settings is not None:
        raise conflict(WEBHOOK_ACTIVE)
    _remember_allowed(core, parameters)
    limit = parameters.integer("limit", _MOST_UPDATES)
    updates = await core.queue.get(
        parameters.integer("offset"),
        limit if 1 <= limit <= _MOST_UPDATES else _MOST_UPDATES,
        min(max(parameters.integer("timeout"), 0), _LONGEST_POLL),
    )
    return [update.body for update in updates]


@method("setWebhook")
async def set_webhook(core: Core, parameters: Parameters) -> object:
    """Deliver by webhook from now on (T25); an empty URL ends it. Loopback URLs need no TLS and may use any port."""
    url = parameters.text("url").strip()
    if not url:
        return await delete_webhook(core, parameters)
    parts = urlsplit(url)
    if parts.hostname not in _LOOPBACK:
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if (parts.port or 443) not in _PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    secret = parameters.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _remember_allowed(core, parameters)
    if parameters.flag("drop_pending_updates"):
        core.queue.drop_all()
    core.queue.abort_poll(WEBHOOK_SET)
    connections = parameters.integer("max_connections", 40)
    await core.webhook.set(WebhookSettings(url, secret, min(max(connections, 1), 100), parameters.text("ip_address")))
    return True


@method("deleteWebhook")
async def delete_webhook(core: Core, parameters: Parameters) -> object:
    """Back to getUpdates."""
    if parameters.flag("drop_pending_updates"):
        core.queue.drop_all()
    await core.webhook.stop()
    return True


@method("getWebhookInfo")
async def get_webhook_info(core: Core, parameters: Parameters) -> object:
    """How delivery stands."""
    del parameters
    settings = core.webhook.settings
    info: Json = {
        "url": settings.url if settings else "",
        "has_custom_certificate": False,
        "pending_update_count": len(core.queue),
    }
    if settings is not None:
        info["max_connections"] = settings.max_connections
        if settings.ip_address:
            info["ip_address"] = settings.ip_address
        if core.webhook.last_error is not None:
            info["last_error_date"], info["last_error_message"] = core.webhook.last_error
    if core.queue.allowed:
        info["allowed_updates"] = sorted(core.queue.allowed)
    return info


def _remember_allowed(core: Core, parameters: Parameters) -> None:
    """Keep `allowed_updates` where it is given; an empty list means the default set again."""
    allowed = parameters.decoded("allowed_updates", "allowed updates")
    if isinstance(allowed, list):
        core.queue.allowed = frozenset(str(kind) for kind in allowed)
