"""Coming in with Telegram: an address that Telegram made for somebody, and into a community of their own."""

from __future__ import annotations

from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse

from safetybot.communities.access import BOT
from safetybot.web.pages.door import WINDOW, Tries
from safetybot.web.rendering import render
from safetybot.web.scene import Hidden, parts_of
from safetybot.web.telegram_login import PLATFORM, NotVouchedFor

router = APIRouter()


@router.get("/sign-in/telegram")
async def come(request: Request) -> HTMLResponse:
    """From the bot's button: a link for each community in which somebody looks after something."""
    return await _let_in(request, "")


@router.get("/sign-in/telegram/{community}")
async def come_about(request: Request, community: Annotated[str, Path(max_length=40)]) -> HTMLResponse:
    """The same from a button that was about one community; only where somebody is nothing there, all are asked for."""
    return await _let_in(request, community)


async def _let_in(request: Request, community: str) -> HTMLResponse:
    parts = parts_of(request)
    if parts.telegram is None:
        raise Hidden
    tries: Tries = request.app.state.tries
    if not tries.allowed(request.client.host if request.client else "", monotonic()):
        return _told("many", 429)
    try:
        visitor = parts.telegram.visitor(request.query_params.multi_items(), parts.clock.now())
    except NotVouchedFor:
        return _told("telegram", 403)
    if not await parts.sign_in.spend(visitor.voucher, until=visitor.until):
        return _told("used", 403)
    known = [one for one in await parts.figures.communities(BOT) if one[0] == PLATFORM]
    named = [one for one in known if one[1] == community]
    found = await parts.sign_in.standings(visitor.id, visitor.name, named)
    if not found:
        found = await parts.sign_in.standings(visitor.id, visitor.name, [one for one in known if one not in named])
    doors = [(role, where, await parts.sign_in.own_link(actor)) for role, where, actor in found]
    shown = {"doors": doors, "next": "/", "name": visitor.name, "platform": "Telegram"}
    return HTMLResponse(render("platform_door.html", shown))


def _told(problem: str, status: int) -> HTMLResponse:
    headers = {"retry-after": str(int(WINDOW))} if status == 429 else None
    shown = {"token": "", "next": "/", "problem": problem, "discord": False, "telegram": True}
    return HTMLResponse(render("sign_in.html", shown), status, headers)
