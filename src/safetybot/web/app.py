"""The application: its routes, what becomes of errors, health for probes.

`create_app` is all that others need; `serving.py` serves what it makes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from safetybot.communities.access import Refused
from safetybot.communities.errors import ChangedMeanwhile, CommunityError, NothingStands, NotThere
from safetybot.web import texts
from safetybot.web.api.app import PATH as API
from safetybot.web.api.app import create_api
from safetybot.web.guard import Guard
from safetybot.web.pages import (
    audit,
    discord_door,
    door,
    interaction,
    keywords,
    log,
    overview,
    people,
    privacy,
    responses,
    review,
    settings,
    status,
    telegram_door,
    tokens,
    trying,
)
from safetybot.web.parts import Parts, Site
from safetybot.web.rendering import STATIC, render
from safetybot.web.scene import EVERYWHERE, Hidden, NotSignedIn, keep_cookie
from safetybot.web.texts import gettext, marked
from safetybot.web.told import refusal

ONE = "/in/{platform}/{community}"
_ABOUT_ONE = (keywords, settings, privacy)
_ABOUT_ALL = (status,)
_ABOUT_BOTH = (overview, review, log, interaction, trying, responses, people, tokens, audit)


def create_app(parts: Callable[[], Parts], site: Site) -> Guard:
    """The pages, behind the guard through which every request and answer goes; `app` of it is the FastAPI application.

    Args:
        parts: Gives the use cases as they are in force; asked anew for each request.
        site: Where people reach the pages.
    """
    app = FastAPI(title="safetybot", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts, app.state.site, app.state.tries = parts, site, door.Tries()
    app.include_router(door.router)
    app.include_router(discord_door.router)
    app.include_router(telegram_door.router)
    for page in (*_ABOUT_ONE, *_ABOUT_BOTH):
        app.include_router(page.router, prefix=ONE)
    for page in (*_ABOUT_ALL, *_ABOUT_BOTH):
        app.include_router(page.router, prefix=EVERYWHERE)
    _add_probes(app, parts)
    app.mount(API, create_api(parts), name="api")
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.middleware("http")(_language_and_cookie)
    for error, answer in _ANSWERS.items():
        app.add_exception_handler(error, answer)
    return Guard(app, site)


def _add_probes(app: FastAPI, parts: Callable[[], Parts]) -> None:
    """For probes and scrapers: they are not signed in, and learn nothing about anybody."""

    def _json(well: bool) -> Response:  # noqa: FBT001
        body = json.dumps(dict(parts().health.health()))
        return Response(body, 200 if well else 503, media_type="application/json")

    @app.get("/healthz")
    async def alive() -> Response:
        return _json(parts().health.alive)

    @app.get("/readyz")
    async def ready() -> Response:
        return _json(parts().health.ready)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(parts().health.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


class _Static(StaticFiles):
    """Our own script and style, which browsers may keep: their addresses change when they do."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


async def _language_and_cookie(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    texts.speak(texts.chosen(request.headers.get("accept-language", "")))
    response = await proceed(request)
    response.headers["content-language"] = texts.current()
    renewed = getattr(request.state, "renewed", None)
    # Signing out takes the cookie away: then there is none to renew.
    if renewed is not None and "set-cookie" not in response.headers:
        keep_cookie(request, response, renewed)
    return response


def _told(status: int, title: str, says: str = "") -> HTMLResponse:
    return HTMLResponse(render("error.html", {"title": gettext(title), "says": says, "status": status}), status)


async def _to_the_door(request: Request, _: Exception) -> Response:
    if request.method != "GET":
        return _told(401, _SIGNED_OUT)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?{door.coming_from(asked)}", 303)


async def _hidden(_: Request, __: Exception) -> Response:
    return _told(404, _NOTHING)


async def _refused(request: Request, error: Exception) -> Response:
    asked = (request.path_params.get("platform"), request.path_params.get("community"))
    if not isinstance(error, Refused) or (error.platform, error.community) != asked:
        return await _hidden(request, error)  # about another community, of which nothing is told
    return _told(403, marked("You may not do that"), refusal(error))


async def _conflict(_: Request, error: Exception) -> Response:
    return _told(409, marked("Somebody was first"), _why(error))


async def _cannot(_: Request, error: Exception) -> Response:
    return _told(400, marked("That cannot be done so"), _why(error))


def _why(error: Exception) -> str:
    return refusal(error) if isinstance(error, CommunityError) else str(error)


async def _unusable(_: Request, __: Exception) -> Response:
    return _told(400, marked("The address or form holds something unusable"))


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _told(404, _NOTHING)
    return _told(status, marked("That is not possible here"))


async def _failed(_: Request, __: Exception) -> Response:
    # Who serves us logs it, with its traceback and without anybody's words.
    return _told(500, marked("Something went wrong here"), gettext("It is in the bot's log. Try again in a moment."))


_SIGNED_OUT = marked("Nobody is signed in here any more")
_NOTHING = marked("There is nothing here")
_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    NotSignedIn: _to_the_door,
    Hidden: _hidden,
    NotThere: _hidden,
    Refused: _refused,
    ChangedMeanwhile: _conflict,
    NothingStands: _conflict,
    CommunityError: _cannot,
    RequestValidationError: _unusable,
    HTTPException: _http,
    Exception: _failed,
}
