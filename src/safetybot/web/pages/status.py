"""How the bot fares."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from safetybot.communities.access import Right, require
from safetybot.web.scene import Here

router = APIRouter()


@router.get("/status")
async def status(here: Here) -> Response:
    """What a look at the bot finds, as `safetybot doctor` does."""
    require(here.actor, Right.SEE_STATUS, None, None)
    return here.page("status.html", facts=await here.parts.status(), health=here.parts.health.health())
