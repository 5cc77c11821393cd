"""What every request passes before any page: its host, its origin, its size; and what every answer carries.

Lives here: one ASGI middleware. Does not live here: who somebody is (`scene.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from safetybot.web.api.app import PATH as API
from safetybot.web.api.problems import respond
from safetybot.web.parts import Site

MOST_BYTES = 256 * 1024
"""Of a request's body; a list of keywords with 500 entries has a fifth of it."""
BODY_WITHIN = 15.0
"""Seconds in which a body must have come."""
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_NUL = b"%00"
"""No database of ours can hold or look for it, and nobody types it."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: with it browsers would send forms with the origin `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
"""A page may set its own in their place."""


class Guard:
    """Refuses what is not meant for us, too large or too slow; adds the headers that every answer has."""

    def __init__(self, app: FastAPI, site: Site) -> None:
        """Stand before `app`."""
        self.app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if self._site.secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        headers = Headers(scope=scope)
        refused = self._refusal(scope["method"], headers)
        body: bytes | None = b""
        if refused is None and scope["method"] not in _SAFE:
            try:
                async with asyncio.timeout(BODY_WITHIN):
                    body = await _read(receive, headers)
            except TimeoutError:
                refused = PlainTextResponse("The request took too long.\n", 408)
            if body is None:
                refused = PlainTextResponse(f"At most {MOST_BYTES // 1024} KiB can be sent.\n", 413)
        if refused is None and any(_NUL in part for part in (scope["raw_path"], scope["query_string"], body or b"")):
            refused = PlainTextResponse("There is a NUL in this, which no text of ours has.\n", 400)
        if refused is None and "\n" in scope["path"]:
            # It would match no mounted part, and so be answered in the wrong form.
            refused = PlainTextResponse("There is a line break in this address, which none of ours has.\n", 400)
        if refused is not None:
            # The connection may have more of the request in it.
            refused.headers["connection"] = "close"
            await _in_its_form(refused, scope["path"])(scope, receive, dressed)
            return
        replay = receive if scope["method"] in _SAFE else _again(body or b"", receive)
        await self.app(scope, replay, dressed)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if not self._site.answers_to(host):
            return PlainTextResponse("This address is not served here; see [web] url.\n", 421)
        if method in _SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None:
            ours = {f"{scheme}://{host}".lower() for scheme in ("http", "https")} | {self._site.url.lower()}
            foreign = origin.lower() not in ours
        else:
            foreign = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        return PlainTextResponse("This came from another site.\n", 403) if foreign else None


def _in_its_form(refused: PlainTextResponse, path: str) -> Response:
    """The JSON API tells every error as a problem."""
    if not path.startswith(f"{API}/"):
        return refused
    return respond(refused.status_code, bytes(refused.body).decode().strip(), headers={"connection": "close"})


async def _read(receive: Receive, headers: Headers) -> bytes | None:
    """The whole body; None where it is too large, and then no more of it is read."""
    told = headers.get("content-length", "0")
    if not told.isascii() or not told.isdigit() or int(told) > MOST_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, then goes on with what the connection says."""
    waiting: Iterable[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replay
