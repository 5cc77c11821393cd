"""What went wrong, as RFC 9457 has it: one shape for every error, whoever noticed it.

Lives here: which error becomes which status. Does not live here: what may go wrong (each use case's own errors).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from safetybot.communities.access import Refused
from safetybot.communities.errors import ChangedMeanwhile, CommunityError, NothingStands, NotThere
from safetybot.communities.keywords import KnownKeyword, NoSuchKeyword, TooBroad, TooManyKeywords
from safetybot.communities.setting_list import UnknownSetting

MEDIA_TYPE = "application/problem+json"
PLAIN = "about:blank"


class Fault(BaseModel):
    """One thing wrong with a request."""

    at: str = Field(description="Where: `body.reason`, `query.limit`.")
    says: str


class Newer(BaseModel):
    """What somebody else did meanwhile."""

    version: int
    by: str
    at: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": PLAIN, "title": "Not Found", "status": 404}]})

    type: str = Field(description="`about:blank`, or `urn:safetybot:problem:` and the name of the cause.")
    title: str
    status: int
    detail: str | None = None
    errors: list[Fault] | None = Field(None, description="For a request that is not of the documented shape.")
    newer: Newer | None = Field(None, description="For a change that somebody else came before.")


class Unknown(Exception):
    """There is nothing here for whoever asks: whether there is for others is not told."""


class Unauthenticated(Exception):
    """The request carries no token that holds."""


class TooFast(Exception):
    """A token was used too often; carries after how many seconds it may be again."""

    def __init__(self, wait: int) -> None:
        """Keep the seconds."""
        super().__init__(f"wait {wait} s")
        self.wait = wait


class VersionNeeded(Exception):
    """A change came without `If-Match`, so that it could undo somebody else's unseen."""


class Stale(Exception):
    """`If-Match` names a version that no one of ours ever had."""


def respond(
    status: int,
    detail: str | None = None,
    *,
    name: str = "",
    headers: Mapping[str, str] | None = None,
    errors: list[Fault] | None = None,
    newer: Newer | None = None,
) -> Response:
    """A problem as an answer; `name` is that of its cause, where it has one of its own."""
    kind = f"urn:safetybot:problem:{name}" if name else PLAIN
    problem = Problem(
        type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors, newer=newer
    )
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    for error, answer in _ANSWERS.items():
        app.add_exception_handler(error, answer)


async def _unknown(_: Request, __: Exception) -> Response:
    return respond(404)


async def _unauthenticated(request: Request, _: Exception) -> Response:
    given = "authorization" in request.headers
    challenge = 'Bearer realm="safetybot"' + (', error="invalid_token"' if given else "")
    detail = "This token does not hold (any more)." if given else "Send `Authorization: Bearer` and a token."
    return respond(401, detail, headers={"www-authenticate": challenge})


async def _too_fast(_: Request, error: Exception) -> Response:
    assert isinstance(error, TooFast)  # noqa: S101  # by its registration below
    return respond(429, f"Again in {error.wait} s.", headers={"retry-after": str(error.wait)})


async def _version_needed(_: Request, __: Exception) -> Response:
    return respond(428, 'Send the ETag of what you have seen as `If-Match`; for what never was changed `"0"`.')


async def _stale(_: Request, __: Exception) -> Response:
    return respond(412, "`If-Match` names no version of this.")


async def _refused(request: Request, error: Exception) -> Response:
    asked = (request.path_params.get("platform"), request.path_params.get("community"))
    if isinstance(error, Refused) and (error.platform, error.community) == asked:
        return respond(403, str(error), name=_slug(error))
    return respond(404)  # about another community, of which nothing is told


async def _community_error(_: Request, error: Exception) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    change = error.newer if isinstance(error, ChangedMeanwhile) else None
    newer = Newer(version=change.version, by=change.by, at=change.at.isoformat()) if change else None
    return respond(status, str(error), name=_slug(error), newer=newer)


async def _unusable(_: Request, error: Exception) -> Response:
    # What was sent is not sent back: it may be a member's.
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    if any(fault["type"] == "json_invalid" for fault in faults):
        return respond(400, "The body is no JSON.")
    return respond(
        422, "The request is not of the documented shape.",
        errors=[Fault(at=".".join(map(str, fault["loc"])), says=_without_input(fault)) for fault in faults],
    )  # fmt: skip


def _without_input(fault: Mapping[str, Any]) -> str:
    return _ascii(str(fault["msg"]))


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # by its registration below
    return respond(error.status_code, headers=error.headers)


async def _failed(_: Request, __: Exception) -> Response:
    # Who serves us logs it, with its traceback and without anybody's words.
    return respond(500, "Something went wrong here; it is in the bot's log. Try again in a moment.")


def _slug(error: Exception) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotThere, 404),
    (NoSuchKeyword, 404),
    (UnknownSetting, 404),
    (ChangedMeanwhile, 412),
    (NothingStands, 409),
    (KnownKeyword, 409),
    (TooBroad, 409),
    (TooManyKeywords, 409),
    (CommunityError, 422),
)
_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    Unknown: _unknown,
    NotThere: _unknown,
    Unauthenticated: _unauthenticated,
    TooFast: _too_fast,
    VersionNeeded: _version_needed,
    Stale: _stale,
    Refused: _refused,
    CommunityError: _community_error,
    RequestValidationError: _unusable,
    HTTPException: _http,
    Exception: _failed,
}
