"""Reading the audit: who changed, read or erased what. Append-only, so there is nothing here that writes.

Lives here: who may read how much of it, pages, files. Does not live here: its rows (the store writes each in the
transaction of the change that it tells of).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from safetybot.communities.access import Actor, Right, require
from safetybot.communities.csv_text import cell, csv_line

FIELDS = ("id", "at", "by", "action", "platform", "community", "detail")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, when and where; `platform` and `community` are None where no single community is concerned."""

    id: int
    at: datetime
    by: str
    action: str
    platform: str | None
    community: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which entries; None means any."""

    platform: str | None = None
    community: str | None = None
    by: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditRows(Protocol):
    """What this file needs of the store."""

    async def newest(self, filters: AuditFilters, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """At most `limit` entries, the newest first, with ids below `before`."""
        ...

    async def oldest(self, filters: AuditFilters, *, after: int, limit: int) -> Sequence[AuditEntry]:
        """At most `limit` entries, the oldest first, with ids above `after`."""
        ...


class Audit:
    """The audit, for those who may read it."""

    def __init__(self, rows: AuditRows) -> None:
        """Read from `rows`."""
        self._rows = rows

    async def page(
        self, actor: Actor, filters: AuditFilters, *, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditEntry]:
        """Entries, the newest first; `before` is the last id of the page before.

        Raises:
            Refused: The actor is no admin of the one community asked for, nor an operator.
        """
        require(actor, Right.READ_AUDIT, filters.platform, filters.community)
        return await self._rows.newest(filters, before=before, limit=limit)

    async def export(self, actor: Actor, filters: AuditFilters, form: Literal["csv", "jsonl"]) -> AsyncIterator[str]:
        """Entries, the oldest first, as lines of a file; 500 in memory at a time. Raises `Refused` below operator."""
        require(actor, Right.EXPORT_AUDIT, filters.platform, filters.community)
        if form == "csv":
            yield csv_line(FIELDS)
        after = 0
        while page := await self._rows.oldest(filters, after=after, limit=_PAGE):
            for entry in page:
                fields = as_fields(entry)
                if form == "csv":
                    detail = json.dumps(fields["detail"], ensure_ascii=False)
                    yield csv_line(cell(value) for value in (fields | {"detail": detail}).values())
                else:
                    yield json.dumps(fields, ensure_ascii=False) + "\n"
            after = page[-1].id


def as_fields(entry: AuditEntry) -> dict[str, Any]:
    """An entry as plain data, in the order of `FIELDS`."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "by": entry.by,
        "action": entry.action,
        "platform": entry.platform,
        "community": entry.community,
        "detail": dict(entry.detail),
    }
