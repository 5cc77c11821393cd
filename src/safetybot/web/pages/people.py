"""Who is signed in; letting somebody in, and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from safetybot.communities.access import Role
from safetybot.communities.errors import CommunityError
from safetybot.communities.sign_in import Grant
from safetybot.web.pages.log import LARGEST
from safetybot.web.scene import NOT_HERE, Here, HereForm, Scene, site_of

router = APIRouter()


@router.get("/people")
async def people(here: Here) -> Response:
    """Who is signed in."""
    return await _shown(here)


@router.post("/people")
async def let_in(
    here: HereForm,
    name: Annotated[str, Form(max_length=200)],
    role: Annotated[str, Form(pattern="^(viewer|moderator|admin|operator)$")],
) -> Response:
    """Make a single-use link; it is shown once."""
    grant = Grant(name.strip(), Role[role.upper()], here.where.platform or "", here.where.community or "")
    try:
        token = await here.parts.sign_in.link(here.actor, grant)
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await _shown(here, problem=error, name=name)
    return await _shown(here, link=f"{site_of(here.request).url}/sign-in?token={token}")


@router.post("/people/{number}/end")
async def end(here: HereForm, number: Annotated[int, Path(ge=1, le=LARGEST)]) -> Response:
    """End a session."""
    await here.parts.sign_in.end(here.actor, number)
    return here.to("people", done="ended")


async def _shown(here: Scene, *, problem: CommunityError | None = None, name: str = "", link: str = "") -> Response:
    sessions = await here.parts.sign_in.sessions(here.actor, *here.place)
    held = here.actor.role or Role.VIEWER
    roles = [Role.OPERATOR] if here.where.community is None else [one for one in Role if one <= min(held, Role.ADMIN)]
    return here.page(
        "people.html", status=400 if problem else 200, sessions=sessions, problem=problem, name=name, link=link,
        roles=roles, own=here.signed_in.session.id,
    )  # fmt: skip
