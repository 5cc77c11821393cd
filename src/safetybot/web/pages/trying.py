"""Try it: a message and the lines before it in, the whole answer and the reply out. Nothing is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from safetybot.communities.errors import CommunityError
from safetybot.web.scene import NOT_HERE, Here, HereForm

router = APIRouter()


@router.get("/try")
async def show(here: Here) -> Response:
    """The empty form."""
    return here.page("try.html", text="", thread="", channel="", tried=None, problem=None)


@router.post("/try")
async def try_it(
    here: HereForm,
    text: Annotated[str, Form(max_length=40_000)] = "",
    thread: Annotated[str, Form(max_length=40_000)] = "",
    channel: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """The answer. A form and not an address, so that no message ends up in a history or a proxy's log."""
    lines = [line for line in thread.splitlines() if line.strip()]
    text = text.replace("\r\n", "\n")
    tried, problem = None, None
    try:
        tried = await here.parts.trials.of(here.actor, *here.place, text, thread=lines, channel=channel.strip())
    except NOT_HERE:
        raise
    except CommunityError as error:
        problem = error
    return here.page(
        "try.html", status=400 if problem else 200, text=text, thread=thread, channel=channel, tried=tried,
        problem=problem,
    )  # fmt: skip
