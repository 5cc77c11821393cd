"""A member's data: show, hand out, delete, leave alone. Members are named in bodies, never in an address."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from safetybot.communities.privacy import as_data
from safetybot.web.api.asking import AskedHere
from safetybot.web.api.shapes.members import ForgottenOut, MemberExportOut, MemberIn, MemberOut, OptOutOut

router = APIRouter(tags=["members"], prefix="/members")


@router.post("/show", response_model=MemberOut)
async def show(here: AskedHere, about: MemberIn) -> Response:
    """What is kept about a member, without any excerpt. Audited. For admins."""
    data = await here.parts.privacy.show(here.actor, *here.place, about.member.strip())
    return here.answer(MemberOut.model_validate(as_data(data)))


@router.post("/export", response_model=MemberExportOut)
async def export(here: AskedHere, about: MemberIn) -> Response:
    """All that is kept about a member, excerpts in the clear. Audited. For admins."""
    data = await here.parts.privacy.export(here.actor, *here.place, about.member.strip())
    return here.answer(MemberExportOut.model_validate(data))


@router.post("/erase", response_model=ForgottenOut)
async def erase(here: AskedHere, about: MemberIn) -> Response:
    """Delete all that is kept about a member; an opt-out stays. Audited. For admins."""
    return here.answer(ForgottenOut.of(await here.parts.privacy.erase(here.actor, *here.place, about.member.strip())))


@router.post("/opt-out", response_model=OptOutOut)
async def opt_out(here: AskedHere, about: MemberIn) -> Response:
    """Never answer or log them again. Audited. For moderators."""
    changed = await here.parts.privacy.opt_out(here.actor, *here.place, about.member.strip())
    return here.answer(OptOutOut(changed=changed))


@router.post("/opt-in", response_model=OptOutOut)
async def opt_in(here: AskedHere, about: MemberIn) -> Response:
    """Take an opt-out back. Audited. For moderators."""
    changed = await here.parts.privacy.opt_in(here.actor, *here.place, about.member.strip())
    return here.answer(OptOutOut(changed=changed))
