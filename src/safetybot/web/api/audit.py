"""The audit: who changed, read or erased what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from safetybot.communities.access import Right, require
from safetybot.communities.audit import AuditFilters
from safetybot.web.api.asking import AskedHere, before_cursor, cursor_of, link_to_next
from safetybot.web.api.interactions import KINDS
from safetybot.web.api.shapes.audit import AuditEntryOut, AuditOut, AuditQuery

router = APIRouter(tags=["audit"])
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, the oldest first.",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


@router.get("/audit", response_model=AuditOut)
async def listed(here: AskedHere, query: Annotated[AuditQuery, Query()]) -> Response:
    """A page of the audit, the newest first. For admins."""
    before = before_cursor(query.cursor)
    filters = AuditFilters(*here.place, query.by, query.action, query.since, query.until)
    rows = await here.parts.audit.page(here.actor, filters, before=before, limit=query.limit + 1)
    shown = rows[: query.limit]
    cursor = cursor_of(shown[-1].id) if len(rows) > query.limit else None
    content = AuditOut(items=[AuditEntryOut.of(one) for one in shown], next=cursor)
    return here.answer(content, more=link_to_next(here.request, cursor, query.model_dump(mode="json")))


@router.get("/exports/audit.{form}", response_class=Response, responses=_FILE)
async def file(here: AskedHere, form: Literal["csv", "jsonl"]) -> Response:
    """The audit of this community as a file; 500 entries are in memory at a time. For operators."""
    # Before the answer begins: the export itself would refuse only in the middle of it.
    require(here.actor, Right.EXPORT_AUDIT, *here.place)
    lines = here.parts.audit.export(here.actor, AuditFilters(*here.place), form)
    headers = {"content-disposition": f'attachment; filename="safetybot-audit.{form}"'}
    return StreamingResponse(lines, media_type=KINDS[form], headers=headers)
