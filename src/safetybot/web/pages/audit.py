"""The audit: who changed, read or erased what."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from safetybot.communities.access import Right, require
from safetybot.communities.audit import AuditFilters
from safetybot.web.names import AUDIT_ACTIONS
from safetybot.web.pages.log import LARGEST
from safetybot.web.scene import Here

router = APIRouter()
PAGE = 50
_KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_Text = Annotated[str, Query(max_length=100)]


@router.get("/audit")
async def audit(
    here: Here, by: _Text = "", action: _Text = "", before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> Response:
    """A page of the audit."""
    filters = AuditFilters(*here.place, by=by.strip() or None, action=action.strip() or None)
    rows = await here.parts.audit.page(here.actor, filters, before=before, limit=PAGE + 1)
    more = here.url("audit", by=by, action=action, before=rows[PAGE - 1].id) if len(rows) > PAGE else ""
    # An address may name what this version does not know: it stays chosen.
    actions = [*AUDIT_ACTIONS, *([action] if action and action not in AUDIT_ACTIONS else [])]
    return here.page(
        "audit.html", rows=rows[:PAGE], by=by, action=action, actions=actions, more=more, first=before is None,
        files={kind: here.url(f"audit.{kind}") for kind in _KINDS} if here.may(Right.EXPORT_AUDIT) else {},
    )  # fmt: skip


@router.get("/audit.{form}")
async def file(here: Here, form: Literal["csv", "jsonl"]) -> Response:
    """The audit as a file."""
    # Before the answer begins: the export itself would refuse only in the middle of it.
    require(here.actor, Right.EXPORT_AUDIT, *here.place)
    lines = here.parts.audit.export(here.actor, AuditFilters(*here.place), form)
    headers = {"content-disposition": f'attachment; filename="safetybot-audit.{form}"'}
    return StreamingResponse(lines, media_type=_KINDS[form], headers=headers)
