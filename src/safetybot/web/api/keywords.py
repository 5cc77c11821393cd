"""A community's keywords: their life from draft to undo. What changes one names the version that was seen."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from safetybot.communities.keyword import KeywordState, Listed
from safetybot.web.api.asking import AskedHere, Here, IfMatch, seen_version
from safetybot.web.api.problems import Unknown
from safetybot.web.api.shapes.changes import ChangeOut, ChangesOut
from safetybot.web.api.shapes.keywords import KeywordIn, KeywordMove, KeywordOut, KeywordsOut, PreviewOut
from safetybot.web.pages.keywords import bound_as

router = APIRouter(tags=["keywords"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="A keyword's `id`.", examples=["0123456789ab"])]


@router.get("/keywords", response_model=KeywordsOut)
async def listed(here: AskedHere) -> Response:
    """Every keyword, retired ones too, by term. For viewers."""
    found = await here.parts.keywords.listed(here.actor, *here.place)
    return here.answer(KeywordsOut(items=[KeywordOut.of(one) for one in found]))


@router.post("/keywords", response_model=KeywordOut, status_code=201)
async def add(here: AskedHere, new: KeywordIn) -> Response:
    """Add a keyword: what watches as a draft, what takes away at once. For moderators."""
    entered = await here.parts.keywords.add(here.actor, *here.place, bound_as(new.term.strip(), new.bound))
    return _shown(here, Listed(entered.keyword, entered.change.version), status=201)


@router.post("/keyword-previews", response_model=PreviewOut)
async def preview(here: AskedHere, new: KeywordIn) -> Response:
    """What a keyword would do, before it is one. For viewers."""
    keyword = bound_as(new.term.strip(), new.bound)
    effect = await here.parts.keywords.preview(here.actor, *here.place, keyword)
    warnings = await here.parts.keywords.warnings(here.actor, *here.place, keyword)
    return here.answer(PreviewOut.of(effect, warnings))


@router.get("/keywords/{id}", response_model=KeywordOut)
async def one(here: AskedHere, id: Id) -> Response:  # noqa: A002  # the path's own word
    """One keyword. For viewers."""
    return _shown(here, await _found(here, id))


@router.patch("/keywords/{id}", response_model=KeywordOut)
async def move(here: AskedHere, id: Id, to: KeywordMove, if_match: IfMatch = None) -> Response:  # noqa: A002
    """Move a keyword to another state. For moderators."""
    found, expected = await _found(here, id), seen_version(if_match)
    entered = await here.parts.keywords.move(
        here.actor, *here.place, found.keyword.term, KeywordState(to.state), expected=expected, force=to.force
    )  # fmt: skip
    return _shown(here, Listed(entered.keyword, entered.change.version))


@router.get("/keywords/{id}/changes", response_model=ChangesOut)
async def changes(here: AskedHere, id: Id) -> Response:  # noqa: A002
    """Every change of a keyword, the oldest first. For viewers."""
    found = await _found(here, id)
    made = await here.parts.keywords.history(here.actor, *here.place, found.keyword.term)
    return here.answer(ChangesOut(items=[ChangeOut.of(change) for change in made]))


@router.post("/keywords/{id}/undo", response_model=ChangeOut)
async def undo(here: AskedHere, id: Id, if_match: IfMatch = None) -> Response:  # noqa: A002
    """Take back the newest change that stands. For moderators."""
    found, expected = await _found(here, id), seen_version(if_match)
    change = await here.parts.keywords.undo(here.actor, *here.place, found.keyword.term, expected=expected)
    return here.answer(ChangeOut.of(change), version=change.version)


async def _found(here: Here, wanted: str) -> Listed:
    listed = await here.parts.keywords.listed(here.actor, *here.place)
    found = next((one for one in listed if one.keyword.id == wanted), None)
    if found is None:
        raise Unknown
    return found


def _shown(here: Here, one: Listed, *, status: int = 200) -> Response:
    return here.answer(KeywordOut.of(one), status=status, version=one.version)
