"""A member's data: find it by their id on the platform, hand it out, delete it, leave them alone."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from safetybot.communities.access import Right, require
from safetybot.web.scene import Here, HereForm, Scene

router = APIRouter()
Member = Annotated[str, Form(min_length=1, max_length=100)]


@router.get("/privacy")
async def ask(here: Here) -> Response:
    """The empty form."""
    require(here.actor, Right.SEE_MEMBER, *here.community)
    return here.page("privacy.html", member="", data=None, sure=False)


@router.post("/privacy")
async def show(here: HereForm, member: Member) -> Response:
    """What is kept. A form and not an address: a member's id belongs in no history."""
    return await _shown(here, member)


@router.post("/privacy/export")
async def export(here: HereForm, member: Member) -> Response:
    """All of it as a file."""
    data = await here.parts.privacy.export(here.actor, *here.community, member.strip())
    headers = {"content-disposition": 'attachment; filename="member.json"'}
    return Response(
        json.dumps(data, ensure_ascii=False, indent=2) + "\n", media_type="application/json", headers=headers
    )


@router.post("/privacy/erase")
async def erase(here: HereForm, member: Member, sure: Annotated[str, Form(max_length=3)] = "") -> Response:
    """Delete it, once it was said twice."""
    if sure != "yes":
        return await _shown(here, member, sure=True)
    await here.parts.privacy.erase(here.actor, *here.community, member.strip())
    return here.to("privacy", done="erased")


@router.post("/privacy/opt-out")
async def opt_out(here: HereForm, member: Member) -> Response:
    """Never answer or log them again."""
    await here.parts.privacy.opt_out(here.actor, *here.community, member.strip())
    return here.to("privacy", done="opted-out")


@router.post("/privacy/opt-in")
async def opt_in(here: HereForm, member: Member) -> Response:
    """Take an opt-out back."""
    await here.parts.privacy.opt_in(here.actor, *here.community, member.strip())
    return here.to("privacy", done="opted-in")


async def _shown(here: Scene, member: str, *, sure: bool = False) -> Response:
    data = await here.parts.privacy.show(here.actor, *here.community, member.strip())
    return here.page("privacy.html", member=member.strip(), data=data, sure=sure)
