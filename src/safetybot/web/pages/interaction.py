"""One interaction: why it came about, what was done, what reviewers said; saying something about it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from safetybot.communities.access import Right
from safetybot.communities.errors import CommunityError
from safetybot.communities.review import Explanation, Repair
from safetybot.model import VerdictKind
from safetybot.web.pages.log import LARGEST
from safetybot.web.scene import NOT_HERE, Here, HereForm, Hidden, Scene
from safetybot.web.texts import marked

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=LARGEST)]
VERDICTS = {
    VerdictKind.CONFIRMED: marked("Right"),
    VerdictKind.FALSE_ALARM: marked("False alarm"),
    VerdictKind.HANDLED: marked("Handled"),
}


@router.get("/interactions/{number}")
async def show(here: Here, number: Number) -> Response:
    """One interaction."""
    return await shown(here, number)


@router.post("/interactions/{number}/excerpt")
async def excerpt(here: HereForm, number: Number) -> Response:
    """The same with the excerpt. A form, not an address: each look is audited, and none happens by a preview."""
    return await shown(here, number, asked="excerpt")


@router.post("/interactions/{number}/verdict")
async def judge(
    here: HereForm,
    number: Number,
    kind: Annotated[VerdictKind, Form()],
    reason: Annotated[str, Form(max_length=10_000)] = "",
    after: Annotated[Literal["", "queue"], Form(alias="then")] = "",
) -> Response:
    """Say whether the bot was right, then go on to the next in the queue where that is where one came from."""
    await explained(here, number)
    try:
        await here.parts.reviews.judge(here.actor, number, kind, reason=reason)
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await shown(here, number, problem=error, reason=reason)
    if after == "queue" and kind is not VerdictKind.FALSE_ALARM:
        return here.to("review", before=number, done="verdict")
    return here.to(f"interactions/{number}", done="verdict")


@router.post("/interactions/{number}/note")
async def note(here: HereForm, number: Number, text: Annotated[str, Form(max_length=20_000)]) -> Response:
    """Write a note."""
    await explained(here, number)
    try:
        await here.parts.reviews.note(here.actor, number, text)
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await shown(here, number, problem=error, text=text)
    return here.to(f"interactions/{number}", done="note")


async def explained(here: Scene, number: int, *, excerpt: bool = False) -> tuple[Explanation, list[str]]:
    """One interaction of the community that the page is about, and the community's own terms.

    Raises `Hidden` where it is another's.
    """
    reviews = here.parts.reviews
    found = await reviews.see(here.actor, number)
    place = found.details.interaction.place
    if here.where.community is not None and here.place != (place.platform, place.community):
        raise Hidden
    own = list(await here.parts.own_terms(place.platform, place.community))
    return await reviews.see(here.actor, number, excerpt=excerpt, own=own), own


async def shown(
    here: Scene,
    number: int,
    *,
    asked: Literal["", "excerpt"] = "",
    problem: CommunityError | None = None,
    reason: str = "",
    text: str = "",
) -> Response:
    """The page; with what somebody wrote where it could not be kept."""
    found, own = await explained(here, number, excerpt=asked == "excerpt")
    verdict = found.details.interaction.verdict
    repairs: tuple[Repair, ...] = ()
    if verdict is not None and verdict.kind is VerdictKind.FALSE_ALARM and here.may(Right.REVIEW):
        repairs = await here.parts.reviews.repairs(here.actor, number, own=own)
    return here.page(
        "interaction.html", status=400 if problem else 200, found=found, details=found.details,
        one=found.details.interaction, asked=asked, problem=problem, reason=reason, text=text, repairs=repairs,
        verdicts=VERDICTS,
    )  # fmt: skip
