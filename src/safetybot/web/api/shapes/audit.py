"""Who changed, read or erased what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from safetybot.communities.audit import AuditEntry
from safetybot.web.api.shapes.fields import Cursor, Limit, Moment, Text


class AuditQuery(BaseModel):
    """Which entries of the audit."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    action: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class AuditEntryOut(BaseModel):
    """Who did what, when and where."""

    id: int
    at: datetime
    by: str
    action: str
    platform: str | None
    community: str | None
    detail: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditEntryOut:
        """An entry."""
        return cls(
            id=entry.id, at=entry.at, by=entry.by, action=entry.action, platform=entry.platform,
            community=entry.community, detail=dict(entry.detail),
        )  # fmt: skip


class AuditOut(BaseModel):
    """A page of the audit, the newest first."""

    items: list[AuditEntryOut]
    next: str | None
