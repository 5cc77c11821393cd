"""One request to the API: whose token it carries, about which community, and how it is answered.

Lives here: the token's header, hiding other communities, ETags and conditions, cursors. Does not live here: rights
themselves (`communities/access.py`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Header, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.responses import Response

from safetybot.communities.access import Actor, Right, may
from safetybot.communities.api_tokens import ApiToken
from safetybot.web.api.pace import Pace
from safetybot.web.api.problems import Stale, TooFast, Unauthenticated, Unknown, VersionNeeded
from safetybot.web.parts import Parts

BEARER = HTTPBearer(auto_error=False, description="A token that `safetybot web token create` printed.")
LARGEST = 2**63 - 1
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description='The ETag of what was seen; `"0"` for what never was.'),
]
_ETAG = re.compile(r'"([0-9]{1,10})(?:-[0-9a-f]+)?"')
_CURSOR = re.compile(rb"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with a token that holds."""

    request: Request
    parts: Parts
    token: ApiToken

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.token.actor

    def answer(
        self, content: BaseModel, *, status: int = 200, version: int | None = None, more: dict[str, str] | None = None
    ) -> Response:
        """JSON with its ETag; 304 where the asker has it already. `version` is what `If-Match` will be held against."""
        body = content.model_dump_json().encode()
        mark = hashlib.sha256(body).hexdigest()[:24]
        etag = f'"{mark}"' if version is None else f'"{version}-{mark}"'
        headers = {"etag": etag, "cache-control": "private, no-cache", **(more or {})}
        if self.request.method == "GET" and status == 200 and self._has(etag):
            return Response(status_code=304, headers=headers)
        return Response(body, status, headers, media_type="application/json")

    def _has(self, etag: str) -> bool:
        known = self.request.headers.get("if-none-match", "")
        return known.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in known.split(","))


@dataclass(frozen=True, slots=True)
class Here(Asked):
    """The same about one community that the token may know of."""

    platform: str
    community: str

    @property
    def place(self) -> tuple[str, str]:
        """Platform and community, as use cases take them."""
        return self.platform, self.community


async def asked(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> Asked:
    """The request with whose token it is. Raises `Unauthenticated`, `TooFast`."""
    parts: Parts = request.app.state.parts()
    token = await parts.tokens.who(credentials.credentials) if credentials is not None else None
    if token is None:
        raise Unauthenticated
    pace: Pace = request.app.state.pace
    wait = pace.wait(token.id)
    if wait:
        raise TooFast(wait)
    return Asked(request, parts, token)


async def here(
    found: Annotated[Asked, Depends(asked)],
    platform: Annotated[str, Path(pattern="^[a-z0-9_-]{1,40}$", examples=["discord"])],
    community: Annotated[str, Path(min_length=1, max_length=200, examples=["100"])],
) -> Here:
    """The request, where the token may know of the community at all. Raises `Unknown` as well."""
    if not may(found.actor, Right.SEE_POLICY, platform, community):
        raise Unknown
    return Here(found.request, found.parts, found.token, platform, community)


AnyAsked = Annotated[Asked, Depends(asked)]
AskedHere = Annotated[Here, Depends(here)]


def seen_version(if_match: str | None) -> int:
    """The version that `If-Match` names. Raises `VersionNeeded`, `Stale`."""
    if if_match is None:
        raise VersionNeeded
    found = _ETAG.fullmatch(if_match.strip())
    if found is None or int(found[1]) >= 2**31:
        raise Stale
    return int(found[1])


def cursor_of(number: int) -> str:
    """The page after the row of this number. Opaque: its shape may change."""
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def before_cursor(cursor: str | None) -> int | None:
    """The number that a cursor of ours stands for. Raises `RequestValidationError` for any other text."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not _CURSOR.fullmatch(raw) or int(raw) > LARGEST or cursor_of(int(raw)) != cursor:
        raise unusable("query", "cursor", "it is no cursor that a page gave")
    return int(raw)


def unusable(where: str, name: str, says: str) -> RequestValidationError:
    """A fault that no shape can tell."""
    return RequestValidationError([{"type": "value_error", "loc": (where, name), "msg": says}])


def link_to_next(request: Request, cursor: str | None, query: dict[str, Any]) -> dict[str, str]:
    """The header that leads to the next page (RFC 8288); relative, so that no host has to be known."""
    if cursor is None:
        return {}
    kept = {name: value for name, value in query.items() if value is not None and name != "cursor"}
    return {"link": f'<?{urlencode({**kept, "cursor": cursor})}>; rel="next"'}
