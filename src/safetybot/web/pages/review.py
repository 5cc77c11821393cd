"""The review queue: what was done and nobody judged yet, one at a time, the newest first."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from safetybot.web.pages.filtering import Asked
from safetybot.web.pages.interaction import VERDICTS, explained
from safetybot.web.pages.log import LARGEST
from safetybot.web.scene import Here

router = APIRouter()
AHEAD = 10


@router.get("/review")
async def queue(
    here: Here, asked: Annotated[Asked, Depends()], before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> Response:
    """The first of those that wait, and a look at the next ones."""
    filters = replace(asked.filters(here.where), waiting=True)
    rows = await here.parts.reviews.page(here.actor, filters, before=before, limit=AHEAD)
    found = (await explained(here, rows[0].id))[0] if rows else None
    return here.page(
        "review.html", found=found, details=found and found.details, one=found and found.details.interaction,
        ahead=rows[1:], verdicts=VERDICTS, first=before is None, asked="", problem=None, reason="", text="",
        repairs=(), next_url=here.url("review", **asked.query(), before=rows[0].id) if rows else "",
    )  # fmt: skip
