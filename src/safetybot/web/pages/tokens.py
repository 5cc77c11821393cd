"""Tokens for programs that use the JSON API: what there is, making one (shown once), revoking one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from safetybot.communities.access import Role
from safetybot.communities.api_tokens import LONGEST, USUAL
from safetybot.communities.errors import CommunityError
from safetybot.communities.sign_in import NAME_CHARS, Grant
from safetybot.web.pages.log import LARGEST
from safetybot.web.scene import NOT_HERE, Here, HereForm, Hidden, Scene

router = APIRouter()
SOON = timedelta(days=14)
"""A token that runs out within this time is marked, so that its program gets another one first."""


@router.get("/tokens")
async def tokens(here: Here) -> Response:
    """Tokens that hold."""
    return await _shown(here)


@router.post("/tokens")
async def create(
    here: HereForm,
    name: Annotated[str, Form(max_length=200)],
    role: Annotated[str, Form(pattern="^(viewer|moderator|admin|operator)$")],
    days: Annotated[int, Form(ge=0, le=10_000)] = USUAL.days,
) -> Response:
    """Make a token. It stands on the page that answers, and nowhere ever again."""
    grant = Grant(name.strip(), Role[role.upper()], here.where.platform or "", here.where.community or "")
    try:
        token, kept = await here.parts.tokens.create(here.actor, grant, age=timedelta(days=days))
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await _shown(here, problem=error, name=name, role=role, days=days)
    return await _shown(here, token=token, number=kept.id)


@router.post("/tokens/{number}/revoke")
async def revoke(here: HereForm, number: Annotated[int, Path(ge=1, le=LARGEST)]) -> Response:
    """End a token at once."""
    if number not in {one.id for one in await here.parts.tokens.listed(here.actor, *here.place)}:
        raise Hidden
    await here.parts.tokens.revoke(here.actor, number)
    return here.to("tokens", done="revoked")


async def _shown(
    here: Scene,
    *,
    problem: CommunityError | None = None,
    name: str = "",
    role: str = "viewer",
    days: int = USUAL.days,
    token: str = "",
    number: int = 0,
) -> Response:
    found = await here.parts.tokens.listed(here.actor, *here.place)
    held = here.actor.role or Role.VIEWER
    roles = [Role.OPERATOR] if here.where.community is None else [one for one in Role if one <= min(held, Role.ADMIN)]
    soon = here.parts.clock.now() + SOON
    return here.page(
        "tokens.html", status=400 if problem else 200, tokens=found, problem=problem, name=name, chosen=role,
        days=days, token=token, number=number, roles=roles, soon={one.id for one in found if one.expires_at < soon},
        longest=LONGEST.days, most=NAME_CHARS,
    )  # fmt: skip
