"""The log: filters, pages by the last number seen, files, and views that somebody keeps under a name."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response, StreamingResponse

from safetybot.communities.access import Right, require
from safetybot.communities.errors import CommunityError
from safetybot.communities.saved_views import NAME_CHARS
from safetybot.model import InteractionState, VerdictKind
from safetybot.web.pages.filtering import Asked
from safetybot.web.scene import NOT_HERE, Here, HereForm, Scene

router = APIRouter()
PAGE = 50
LARGEST = 2**63 - 1
_KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@router.get("/log")
async def log(
    here: Here, asked: Annotated[Asked, Depends()], before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> Response:
    """A page of the log."""
    return await _shown(here, asked, before)


async def _shown(
    here: Scene, asked: Asked, before: int | None = None, *, problem: CommunityError | None = None, name: str = ""
) -> Response:
    rows = await here.parts.reviews.page(here.actor, asked.filters(here.where), before=before, limit=PAGE + 1)
    more = here.url("log", **asked.query(), before=rows[PAGE - 1].id) if len(rows) > PAGE else ""
    views = await here.parts.views.listed(here.signed_in.session.grant, *here.place)
    open_now = next((one for one in views if one.filters == asked.query()), None)
    if open_now is not None:
        await here.parts.views.looked_at(open_now)
    return here.page(
        "log.html", status=400 if problem else 200, rows=rows[:PAGE], asked=asked, more=more, first=before is None,
        states=list(InteractionState), verdicts=list(VerdictKind),
        files={kind: here.url(f"log.{kind}", **asked.query()) for kind in _KINDS},
        views=[(one, here.url("log", **Asked.known(one.filters))) for one in views], open_now=open_now,
        save=here.url("log/views", **asked.query()), problem=problem, name=name, most=NAME_CHARS,
    )  # fmt: skip


@router.post("/log/views")
async def save(
    here: HereForm, asked: Annotated[Asked, Depends()], name: Annotated[str, Form(max_length=200)]
) -> Response:
    """Keep the filters of the form's address under a name, for whoever sent it alone."""
    asked.filters(here.where)  # what cannot be shown is not kept
    try:
        await here.parts.views.save(here.signed_in.session.grant, *here.place, name, asked.query())
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await _shown(here, asked, problem=error, name=name)
    return here.to("log", **asked.query(), done="view")


@router.post("/log/views/{number}/delete")
async def delete(here: HereForm, number: Annotated[int, Path(ge=1, le=LARGEST)]) -> Response:
    """Delete one's own view."""
    await here.parts.views.delete(here.signed_in.session.grant, *here.place, number)
    return here.to("log", done="view-gone")


@router.get("/log.{form}")
async def file(here: Here, form: Literal["csv", "jsonl"], asked: Annotated[Asked, Depends()]) -> Response:
    """The log as a file, a page of it in memory at a time."""
    require(here.actor, Right.SEE_LOG, *here.place)
    lines = here.parts.export(asked.filters(here.where), form)
    headers = {"content-disposition": f'attachment; filename="safetybot-log.{form}"'}
    return StreamingResponse(lines, media_type=_KINDS[form], headers=headers)
