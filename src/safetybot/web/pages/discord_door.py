"""Coming in with Discord: off to Discord, back again, and into a community of one's own."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from safetybot.communities.access import BOT
from safetybot.communities.errors import CommunityError
from safetybot.web.discord_login import PLATFORM, DiscordLogin
from safetybot.web.pages.door import WINDOW, Tries, own_path
from safetybot.web.rendering import render
from safetybot.web.scene import Hidden, parts_of, site_of

router = APIRouter()
GOING = 600
"""Seconds in which somebody must be back from Discord."""


@dataclass(frozen=True, slots=True)
class _Going:
    """What we remember, in a signed cookie, of somebody who is at Discord now."""

    state: str
    verifier: str
    after: str


@router.get("/sign-in/discord")
async def go(request: Request, after: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """Off to Discord."""
    login = _login(request)
    going = _Going(secrets.token_urlsafe(32), secrets.token_urlsafe(48), own_path(after))
    response = RedirectResponse(login.address(going.state, going.verifier), 303)
    site = site_of(request)
    kept = parts_of(request).sign_in.sign(json.dumps([going.state, going.verifier, going.after]))
    response.set_cookie(
        _cookie(secure=site.secure), kept, max_age=GOING, path="/", secure=site.secure, httponly=True, samesite="lax"
    )
    return response


@router.get("/sign-in/discord/back")
async def back(
    request: Request,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Back from Discord: a link for each community in which somebody looks after something."""
    login = _login(request)
    tries: Tries = request.app.state.tries
    if not tries.allowed(request.client.host if request.client else "", monotonic()):
        return _told("many", 429)
    going = _remembered(request)
    if going is None or not hmac.compare_digest(going.state.encode(), state.encode("utf-8", "replace")) or not code:
        return _told("discord", 400)
    parts = parts_of(request)
    try:
        visitor = await login.visitor(code, going.verifier)
    except CommunityError:
        return _told("discord", 502)
    theirs = [one for one in await parts.figures.communities(BOT) if one[0] == PLATFORM and one[1] in visitor.guilds]
    doors = [
        (role, community, await parts.sign_in.own_link(actor))
        for role, community, actor in await parts.sign_in.standings(visitor.id, visitor.name, theirs)
    ]
    shown = {"doors": doors, "next": going.after, "name": visitor.name, "platform": "Discord"}
    response = HTMLResponse(render("platform_door.html", shown))
    response.delete_cookie(_cookie(secure=site_of(request).secure), path="/")
    return response


def _login(request: Request) -> DiscordLogin:
    login = parts_of(request).discord
    if login is None:
        raise Hidden
    return login


def _cookie(*, secure: bool) -> str:
    return "__Host-safetybot-going" if secure else "safetybot-going"


def _remembered(request: Request) -> _Going | None:
    kept = request.cookies.get(_cookie(secure=site_of(request).secure), "")
    text = parts_of(request).sign_in.unsign(kept) if kept else None
    return _Going(*json.loads(text)) if text is not None else None


def _told(problem: str, status: int) -> HTMLResponse:
    headers = {"retry-after": str(int(WINDOW))} if status == 429 else None
    shown = {"token": "", "next": "/", "problem": problem, "discord": True, "telegram": False}
    return HTMLResponse(render("sign_in.html", shown), status, headers)
