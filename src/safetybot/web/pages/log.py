"""The log: filters, pages by the last number seen, files."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from safetybot.communities.access import Right, require
from safetybot.model import InteractionState, VerdictKind
from safetybot.web.pages.filtering import Asked
from safetybot.web.scene import Here

router = APIRouter()
PAGE = 50
LARGEST = 2**63 - 1
_KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@router.get("/log")
async def log(
    here: Here, asked: Annotated[Asked, Depends()], before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> Response:
    """A page of the log."""
    rows = await here.parts.reviews.page(here.actor, asked.filters(here.where), before=before, limit=PAGE + 1)
    more = here.url("log", **asked.query(), before=rows[PAGE - 1].id) if len(rows) > PAGE else ""
    return here.page(
        "log.html", rows=rows[:PAGE], asked=asked, more=more, first=before is None,
        states=list(InteractionState), verdicts=list(VerdictKind),
        files={kind: here.url(f"log.{kind}", **asked.query()) for kind in _KINDS},
    )  # fmt: skip


@router.get("/log.{form}")
async def file(here: Here, form: Literal["csv", "jsonl"], asked: Annotated[Asked, Depends()]) -> Response:
    """The log as a file, a page of it in memory at a time."""
    require(here.actor, Right.SEE_LOG, *here.place)
    lines = here.parts.export(asked.filters(here.where), form)
    headers = {"content-disposition": f'attachment; filename="safetybot-log.{form}"'}
    return StreamingResponse(lines, media_type=_KINDS[form], headers=headers)
