"""The log: pages, one interaction, verdicts, notes, the excerpt, files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from safetybot.communities.access import Right, require
from safetybot.communities.review import Explanation
from safetybot.model import VerdictKind
from safetybot.web.api.asking import LARGEST, AskedHere, Here, before_cursor, cursor_of, link_to_next
from safetybot.web.api.problems import Unknown
from safetybot.web.api.shapes.interactions import (
    ExcerptOut,
    FilterQuery,
    InteractionInFull,
    InteractionOut,
    InteractionsOut,
    InteractionsQuery,
    JudgedOut,
    NoteIn,
    RepairOut,
    VerdictIn,
    VerdictOut,
)

router = APIRouter(tags=["interactions"])
Number = Annotated[int, Path(ge=1, le=LARGEST)]
KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, the newest first. Cells that a spreadsheet would take for formulas are defused.",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


@router.get("/interactions", response_model=InteractionsOut)
async def listed(here: AskedHere, query: Annotated[InteractionsQuery, Query()]) -> Response:
    """A page of the log, the newest first. For moderators."""
    before = before_cursor(query.cursor)
    rows = await here.parts.reviews.page(
        here.actor, query.filters(*here.place), before=before, limit=query.limit + 1
    )  # fmt: skip
    shown = rows[: query.limit]
    cursor = cursor_of(shown[-1].id) if len(rows) > query.limit else None
    content = InteractionsOut(items=[InteractionOut(**InteractionOut.fields_of(one)) for one in shown], next=cursor)
    return here.answer(content, more=link_to_next(here.request, cursor, query.model_dump(mode="json")))


@router.get("/exports/interactions.{form}", response_class=Response, responses=_FILE)
async def file(here: AskedHere, form: Literal["csv", "jsonl"], query: Annotated[FilterQuery, Query()]) -> Response:
    """The log as a file of any length; 500 rows of it are in memory at a time. For moderators."""
    require(here.actor, Right.SEE_LOG, *here.place)
    lines: AsyncIterator[str] = here.parts.export(query.filters(*here.place), form)
    headers = {"content-disposition": f'attachment; filename="safetybot-log.{form}"'}
    return StreamingResponse(lines, media_type=KINDS[form], headers=headers)


@router.get("/interactions/{number}", response_model=InteractionInFull)
async def one(here: AskedHere, number: Number) -> Response:
    """One interaction with why it came about. For moderators."""
    found, _ = await _explained(here, number)
    return here.answer(InteractionInFull.of(found))


@router.post("/interactions/{number}/excerpt", response_model=ExcerptOut)
async def excerpt(here: AskedHere, number: Number) -> Response:
    """The excerpt in the clear. Sent with POST because it leaves a trace: each look is audited. For moderators."""
    found, _ = await _explained(here, number, excerpt=True)
    return here.answer(ExcerptOut(id=number, excerpt=found.excerpt))


@router.post("/interactions/{number}/verdicts", response_model=JudgedOut, status_code=201)
async def judge(here: AskedHere, number: Number, verdict: VerdictIn) -> Response:
    """Say whether the bot was right; the latest word counts. For moderators."""
    _, own = await _explained(here, number)
    repairs = await here.parts.reviews.judge(
        here.actor, number, VerdictKind(verdict.kind), reason=verdict.reason, own=own
    )  # fmt: skip
    kept = (await here.parts.reviews.see(here.actor, number)).details.verdicts[-1]
    content = JudgedOut(verdict=VerdictOut.of(kept), repairs=[RepairOut.of(one) for one in repairs])
    return here.answer(content, status=201)


@router.post("/interactions/{number}/notes", response_model=InteractionInFull, status_code=201)
async def note(here: AskedHere, number: Number, written: NoteIn) -> Response:
    """Write a note for other reviewers. For moderators."""
    await _explained(here, number)
    await here.parts.reviews.note(here.actor, number, written.text)
    found, _ = await _explained(here, number)
    return here.answer(InteractionInFull.of(found), status=201)


async def _explained(here: Here, number: int, *, excerpt: bool = False) -> tuple[Explanation, list[str]]:
    """One interaction of this community, and the community's own terms. Raises `Unknown` where it is another's."""
    require(here.actor, Right.SEE_LOG, *here.place)
    found = await here.parts.reviews.see(here.actor, number)
    place = found.details.interaction.place
    if here.place != (place.platform, place.community):
        raise Unknown
    own = list(await here.parts.own_terms(*here.place))
    return await here.parts.reviews.see(here.actor, number, excerpt=excerpt, own=own), own
