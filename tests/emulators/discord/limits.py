"""Rate limits: per-route buckets, the global one, and the ban for too many invalid requests (D20-D22).

The per-route numbers are the emulator's own: Discord publishes none and asks clients to follow the headers (D21).
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from hashlib import md5

from aiohttp import web

VIA = "1.1 google"
"""Discord's own 429s carry a Via header; Cloudflare's do not, and discord.py tells them apart by it."""

ROUTES: dict[tuple[str, str], tuple[int, float]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1.0),
    ("GET", "/channels/{channel_id}/messages"): (10, 5.0),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): (5, 2.0),
    ("PUT", "/applications/{application_id}/commands"): (5, 20.0),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands"): (5, 20.0),
}
"""(method, route) to (requests, seconds); a route not named here has `OTHER`."""

OTHER = (50, 1.0)


@dataclass(slots=True)
class Window:
    """A fixed window: how many requests are left until when (monotonic seconds)."""

    left: int
    until: float


@dataclass(slots=True)
class Verdict:
    """What the limits say to one request; ``retry_after`` is None when it may pass."""

    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    scope: str = "user"

    @property
    def body(self) -> dict[str, object]:
        """The JSON of the 429."""
        is_global = self.scope == "global"
        text = "You are being rate limited." if self.scope != "shared" else "The resource is being rate limited."
        return {"message": text, "retry_after": self.retry_after, "global": is_global}


class Limits:
    """Counts requests.

    Attributes:
        routes: requests and seconds per route; change it to make a route tighter or wider.
        other: the same for all other routes.
        per_second: the global limit; interaction endpoints are outside of it (D20).
        invalid_limit: invalid requests in ten minutes that get the address banned (D22).
        hits: how many 429s were answered because of these limits.
    """

    def __init__(self) -> None:
        self.routes = dict(ROUTES)
        self.other = OTHER
        self.per_second = 50
        self.invalid_limit = 10_000
        self.hits = 0
        self._windows: dict[tuple[str, str], Window] = {}
        self._second = Window(50, 0.0)
        self._invalid: deque[float] = deque()

    def lift(self) -> None:
        """Make all limits so wide that none is met: for load tests, whose subject is not the limits."""
        self.routes = {}
        self.other = (1_000_000_000, 1.0)
        self.per_second = 1_000_000_000

    @property
    def invalid_requests(self) -> int:
        """Invalid requests (401, 403, 429 but for shared ones) within the last ten minutes."""
        horizon = time.monotonic() - 600
        while self._invalid and self._invalid[0] < horizon:
            self._invalid.popleft()
        return len(self._invalid)

    @property
    def banned(self) -> bool:
        """Whether the address is banned for too many invalid requests."""
        return self.invalid_requests >= self.invalid_limit

    def note_invalid(self, status: int, scope: str | None) -> None:
        """Count an answer if it is one that counts."""
        if status in {401, 403} or (status == 429 and scope != "shared"):
            self._invalid.append(time.monotonic())

    def ask(self, method: str, route: str, major: str, *, interaction: bool) -> Verdict:
        """Take a place in the windows of this request.

        Args:
            method: the HTTP method.
            route: the route's template, below the API base.
            major: the top-level ids, which have buckets of their own.
            interaction: whether it is an interaction endpoint.
        """
        now = time.monotonic()
        limit, seconds = self.routes.get((method, route), self.other)
        name = md5(f"{method} {route}".encode(), usedforsecurity=False).hexdigest()
        window = self._windows.get((name, major))
        if window is None or window.until <= now:
            window = self._windows[name, major] = Window(limit, now + seconds)
        if window.left <= 0:
            self.hits += 1
            wait = round(window.until - now, 3)
            return Verdict(self._headers(limit, window, name, now), wait, "user")
        if not interaction:
            if self._second.until <= now:
                self._second = Window(self.per_second, now + 1.0)
            if self._second.left <= 0:
                self.hits += 1
                return Verdict({"X-RateLimit-Global": "true"}, round(self._second.until - now, 3), "global")
            self._second.left -= 1
        window.left -= 1
        return Verdict(self._headers(limit, window, name, now))

    @staticmethod
    def _headers(limit: int, window: Window, name: str, now: float) -> dict[str, str]:
        after = max(window.until - now, 0.0)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(window.left),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": name,
        }


def refusal(verdict: Verdict, dumps: bytes) -> web.Response:
    """The 429 for a verdict."""
    assert verdict.retry_after is not None
    headers = {
        **verdict.headers,
        "Content-Type": "application/json",
        "Retry-After": f"{verdict.retry_after:g}",
        "X-RateLimit-Scope": verdict.scope,
        "Via": VIA,
    }
    return web.Response(status=429, body=dumps, headers=headers)
