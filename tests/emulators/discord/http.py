"""Every REST request's way in: log, faults, token, rate limits, body; and Discord's JSON on the way out.

Endpoints live in the `rest_*` modules and in `interactions`; they raise `ApiError` and return JSON.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from .core import Core, Request
from .errors import GENERAL, INVALID_FORM, ApiError, Json
from .faults import Fault
from .limits import VIA, Verdict, refusal
from .resets import reset
from .validation import Upload

API = "/api/v10"
_FILE = re.compile(r"files\[(\d+)\]")
_TOKENED = ("/interactions/", "/webhooks/")


@dataclass(slots=True, eq=False)
class Call:
    """One request as an endpoint sees it."""

    core: Core
    ids: dict[str, str]
    query: dict[str, str]
    body: Any
    files: dict[int, Upload]

    def id(self, name: str) -> int:
        """An id of the path.

        Raises:
            ApiError: 400 when it is not a number.
        """
        return snowflake(self.ids[name], name)

    @property
    def json(self) -> Json:
        """The body, which must be an object.

        Raises:
            ApiError: 400 when it is not.
        """
        if not isinstance(self.body, dict):
            raise ApiError(
                400,
                INVALID_FORM,
                errors={
                    "_errors": [{"code": "DICT_TYPE_CONVERT", "message": "Only dictionaries may be used in a DictType"}]
                },
            )
        return self.body


Answer = Json | list[Json] | None
Endpoint = Callable[[Call], Awaitable[Answer]]


def snowflake(text: object, name: str) -> int:
    """An id out of a path, query or body.

    Raises:
        ApiError: 400 in Discord's words when it is not one.
    """
    if not str(text).isdigit():
        problem = {"code": "NUMBER_TYPE_COERCE", "message": f'Value "{text}" is not snowflake.'}
        raise ApiError(400, INVALID_FORM, errors={name: {"_errors": [problem]}})
    return int(str(text))


def json_response(data: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """An answer whose content type is exactly ``application/json``: with a charset discord.py would not parse it."""
    return web.Response(
        status=status, body=orjson.dumps(data), headers={**(headers or {}), "Content-Type": "application/json"}
    )


class Http:
    """Wraps endpoints into aiohttp handlers."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def routes(self, table: dict[tuple[str, str], Endpoint]) -> list[web.RouteDef]:
        """Routes for a table of (method, path below the API base) to endpoint."""
        return [web.route(method, API + path, self._handler(path, end)) for (method, path), end in table.items()]

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Any other path under the API."""
        handler = self._handler(request.path.removeprefix(API), _nothing)
        return await handler(request)

    def _handler(self, route: str, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            core = self._core
            started = time.monotonic()
            path = request.path.removeprefix(API)
            body, files = await _read(request)
            faults = {fault.kind: fault for fault in core.faults.taken_by(request.method, path)}
            if "delay" in faults:
                await asyncio.sleep(faults["delay"].seconds)
            lost = "drop" in faults
            response: web.Response | None = None
            if not lost:
                response = await self._answer(request, route, endpoint, body, files, faults)
                lost = "drop_after" in faults
            line = Request(
                request.method,
                path,
                dict(request.query),
                body,
                [(name, len(data)) for name, data, _ in files.values()],
                0 if lost or response is None else response.status,
                started,
            )
            core.requests.append(line)
            if not lost and response is not None:
                core.limits.note_invalid(response.status, response.headers.get("X-RateLimit-Scope"))
                core.touch()
                return response
            core.touch()
            reset(request)
            return web.Response(status=500)

        return handle

    async def _answer(
        self,
        request: web.Request,
        route: str,
        endpoint: Endpoint,
        body: object,
        files: dict[int, Upload],
        faults: dict[str, Fault],
    ) -> web.Response:
        core = self._core
        if core.limits.banned:
            # Cloudflare's own 429: not JSON, without Via; discord.py raises it at once (D22).
            return web.Response(status=429, text="error code: 1015", headers={"Retry-After": "600"})
        tokened = route.startswith(_TOKENED)
        if not tokened and request.headers.get("Authorization") != f"Bot {core.token}":
            return json_response({"message": "401: Unauthorized", "code": 0}, 401)
        if "limit" in faults:
            return _limited(faults["limit"])
        major = "/".join(request.match_info.get(name, "") for name in ("channel_id", "guild_id", "webhook_token"))
        verdict = core.limits.ask(request.method, route, major, interaction=tokened)
        if verdict.retry_after is not None:
            return refusal(verdict, orjson.dumps(verdict.body))
        if "status" in faults:
            return _broken(faults["status"], verdict)
        call = Call(core, dict(request.match_info), dict(request.query), body, files)
        try:
            answer = await endpoint(call)
        except ApiError as error:
            headers = dict(verdict.headers)
            if error.retry_after is not None:
                headers |= {"Via": VIA, "Retry-After": f"{error.retry_after:g}", "X-RateLimit-Scope": "shared"}
            return json_response(error.body(), error.status, headers)
        if "status_after" in faults:
            return _broken(faults["status_after"], verdict)
        if answer is None:
            return web.Response(status=204, headers=verdict.headers)
        return json_response(answer, 200, verdict.headers)


def _broken(fault: Fault, verdict: Verdict) -> web.Response:
    return json_response({"message": f"{fault.status}: injected", "code": GENERAL}, fault.status, verdict.headers)


def _limited(fault: Fault) -> web.Response:
    headers = {"X-RateLimit-Global": "true"} if fault.scope == "global" else {}
    verdict = Verdict(headers, fault.seconds, fault.scope)
    return refusal(verdict, orjson.dumps(verdict.body))


async def _nothing(_call: Call) -> Answer:
    raise ApiError(404, GENERAL, "404: Not Found")


async def _read(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    """The JSON body and the uploads; a body that is no JSON is None."""
    if request.content_type.startswith("multipart/"):
        body: Any = None
        files: dict[int, Upload] = {}
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                # A multipart within the multipart: Discord knows none.
                continue
            found = _FILE.fullmatch(part.name or "")
            data = bytes(await part.read())
            if part.name == "payload_json":
                body = orjson.loads(data)
            elif found:
                files[int(found[1])] = (part.filename or "unnamed", data, part.headers.get("Content-Type"))
        return body, files
    raw = await request.read()
    if not raw:
        return None, {}
    try:
        return orjson.loads(raw), {}
    except orjson.JSONDecodeError:
        return None, {}


__all__ = ["API", "VIA", "Answer", "Call", "Endpoint", "Http", "json_response", "snowflake"]
