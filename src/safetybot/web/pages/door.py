"""Coming in and going out: the sign-in link, signing out, where to go first."""

from __future__ import annotations

import re
from time import monotonic
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from safetybot.communities.access import Role
from safetybot.communities.sign_in import SignedIn
from safetybot.web.rendering import render
from safetybot.web.scene import (
    EVERYWHERE,
    Hidden,
    Scene,
    Where,
    check_form,
    keep_cookie,
    parts_of,
    signed_in,
)

router = APIRouter()
Person = Annotated[SignedIn, Depends(signed_in)]
_OWN_PATH = re.compile(r"/(?![/\\])[!-~]*")
_USED = {"token": "", "next": "/", "problem": "used", "discord": False, "telegram": False}
TRIES = 10
"""Sign-ins from one address in `WINDOW`; ten times as many from all together."""
WINDOW = 60.0


class Tries:
    """Counts sign-ins, so that nobody keeps the server busy with guesses. Tokens themselves cannot be guessed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._made: dict[str, list[float]] = {}

    def allowed(self, address: str, now: float) -> bool:
        """Count one; False where there were too many."""
        recent = {one: [at for at in made if now - at < WINDOW] for one, made in self._made.items()}
        self._made = {one: made for one, made in recent.items() if made}
        mine = self._made.setdefault(address, [])
        if len(mine) >= TRIES or sum(map(len, self._made.values())) >= 10 * TRIES:
            return False
        mine.append(now)
        return True


def coming_from(path: str) -> str:
    """The query by which the door knows where somebody wanted to go."""
    return urlencode({"next": path})


def own_path(path: str) -> str:
    """`path` where it is one of ours, else the way in: a sign-in leads to no other site."""
    return path if _OWN_PATH.fullmatch(path) and not path.startswith("/sign-") else "/"


@router.get("/sign-in")
async def show(
    request: Request,
    token: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(alias="next", max_length=2_000)] = "/",
) -> HTMLResponse:
    """The door. A link is used up by its button, not by being opened: chats open links to preview them."""
    parts = parts_of(request)
    shown = {
        "token": token, "next": own_path(after), "problem": "", "discord": parts.discord is not None,
        "telegram": parts.telegram is not None,
    }  # fmt: skip
    return HTMLResponse(render("sign_in.html", shown))


@router.post("/sign-in")
async def enter(
    request: Request,
    token: Annotated[str, Form(max_length=200)],
    after: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Use a link."""
    tries: Tries = request.app.state.tries
    if not tries.allowed(request.client.host if request.client else "", monotonic()):
        shown = {"token": token, "next": own_path(after), "problem": "many", "discord": False, "telegram": False}
        return HTMLResponse(render("sign_in.html", shown), 429, {"retry-after": str(int(WINDOW))})
    cookie = await parts_of(request).sign_in.redeem(token)
    if cookie is None:
        return HTMLResponse(render("sign_in.html", _USED), 403)
    response = RedirectResponse(own_path(after), 303)
    keep_cookie(request, response, cookie)
    return response


@router.post("/sign-out")
async def leave(request: Request, person: Person) -> Response:
    """End the session."""
    await check_form(request, person)
    await parts_of(request).sign_in.out(person)
    response = RedirectResponse("/sign-in", 303)
    keep_cookie(request, response, "")
    return response


@router.get("/")
async def first(person: Person) -> Response:
    """To where somebody begins."""
    grant = person.session.grant
    where = Where(grant.platform, grant.community) if grant.role is not Role.OPERATOR else Where(None, None)
    return RedirectResponse(f"{where.path}/overview", 303)


@router.get(f"{EVERYWHERE}/communities")
async def communities(request: Request, person: Person) -> Response:
    """Every community, for those who may see more than one."""
    if person.session.grant.role is not Role.OPERATOR:
        raise Hidden
    here = Scene(request, parts_of(request), person, Where(None, None))
    found = await here.parts.figures.communities(here.actor)
    return here.page("communities.html", communities=[Where(*place) for place in found])
