"""The HTTP side: tokens, routing, faults, the answers' JSON, and the log of requests.

What a method does is in the modules that register it in `core.METHODS`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from . import chats, editing, fetching, handing_out, profile, sending  # noqa: F401  (each registers its methods)
from .core import METHODS, Core
from .errors import NOT_FOUND, UNAUTHORIZED, ApiError
from .faults import Fault, Faults
from .parameters import Parameters, read_parameters
from .world import Json, Upload

_MOST_BYTES = 60 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the bot.

    Attributes:
        method: As the bot spelt it, `sendMessage`.
        params: As they arrived; in forms and multipart bodies all values are text.
        files: Uploads by field.
        status: HTTP status of the answer; 0 where the connection was cut.
        at: When it ended, on the server's clock.
        description: Telegram's sentence where it was refused.
    """

    method: str
    params: dict[str, Any]
    files: dict[str, Upload]
    status: int
    at: float
    description: str


class BotApiServer:
    """Serves one bot's Bot API on 127.0.0.1."""

    def __init__(self, core: Core, faults: Faults, token: str) -> None:
        self._core = core
        self._faults = faults
        self._runner: web.AppRunner | None = None
        self.token = token
        self.port = 0
        self._open: set[asyncio.Transport] = set()
        self.requests: list[Request] = []
        self.on_request: Callable[[], None] | None = None

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_route("GET", "/file/bot{token}/documents/{file_id}", self._hand_out)
        app.router.add_route("*", "/{anything:.*}", self._handle_unknown)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and cut what is open."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def call(self, name: str, parameters: Parameters) -> object:
        """Carry out one method as if the bot had requested it.

        Raises:
            ApiError: What Telegram would answer.
        """
        handler = METHODS.get(name.lower())
        if handler is None:
            raise ApiError(*NOT_FOUND)
        if self._core.logged_out:
            raise ApiError(400, "Logged out")
        return await handler(self._core, parameters)

    def cut_open(self) -> None:
        """Cut the connections of all requests that wait for an answer."""
        for transport in list(self._open):
            transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client hung up before it was served")
        self._open.add(transport)
        try:
            return await self._respond(request)
        finally:
            self._open.discard(transport)

    async def _handle_unknown(self, request: web.Request) -> web.StreamResponse:
        """A path that is no method."""
        del request
        return self._answer("", Parameters(), ApiError(*NOT_FOUND))

    async def _hand_out(self, request: web.Request) -> web.StreamResponse:
        """A file, by the path that getFile gave."""
        upload = handing_out.upload_of(self._core, request.match_info["file_id"])
        if upload is None or self._check_token(request.match_info["token"]) is not None:
            return web.Response(status=404)
        return web.Response(body=upload.data, content_type="application/octet-stream")

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        if self._faults.is_away:
            return self._cut(request, name, Parameters())
        if (refusal := self._check_token(request.match_info["token"])) is not None:
            return self._answer(name, Parameters(), refusal)
        try:
            parameters = await read_parameters(request)
        except ApiError as error:
            return self._answer(name, Parameters(), error)
        except web.HTTPRequestEntityTooLarge:
            return self._answer(name, Parameters(), ApiError(413, "Request Entity Too Large"))
        await self._hold(name, after_effect=False)
        fault = self._faults.take(name.lower())
        if fault is not None and not fault.after_effect:
            return self._trouble(request, name, parameters, fault)
        try:
            result = await self.call(name, parameters)
        except ApiError as error:
            return self._answer(name, parameters, error)
        await self._hold(name, after_effect=True)
        if fault is not None:
            return self._trouble(request, name, parameters, fault)
        return self._answer(name, parameters, {"ok": True, "result": result})

    async def _hold(self, name: str, *, after_effect: bool) -> None:
        if delay := self._faults.delay_of(name.lower(), after_effect=after_effect):
            await asyncio.sleep(delay)

    def _check_token(self, token: str) -> ApiError | None:
        bot_id, colon, secret = token.partition(":")
        if not colon or not bot_id.isdigit() or not secret:
            return ApiError(*NOT_FOUND)
        return ApiError(*UNAUTHORIZED) if self._core.revoked or token != self.token else None

    def _trouble(self, request: web.Request, name: str, parameters: Parameters, fault: Fault) -> web.StreamResponse:
        if fault.error is None:
            return self._cut(request, name, parameters)
        return self._answer(name, parameters, fault.error)

    def _cut(self, request: web.Request, name: str, parameters: Parameters) -> web.StreamResponse:
        """Close the connection without an answer."""
        self._log(name, parameters, 0, "")
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=499)

    def _answer(self, name: str, parameters: Parameters, outcome: Json | ApiError) -> web.StreamResponse:
        if isinstance(outcome, ApiError):
            self._log(name, parameters, outcome.status, outcome.description)
            return _json(outcome.status, outcome.payload())
        self._log(name, parameters, 200, "")
        return _json(200, outcome)

    def _log(self, name: str, parameters: Parameters, status: int, description: str) -> None:
        self.requests.append(
            Request(name, parameters.values, parameters.files, status, self._core.clock.now(), description)
        )
        if self.on_request is not None:
            self.on_request()


def _json(status: int, body: Json) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body, separators=(",", ":")).encode(), content_type="application/json"
    )
