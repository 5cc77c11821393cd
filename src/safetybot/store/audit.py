"""The audit: one row a change, written in the change's own transaction, never altered (triggers see to that).

Details name what was changed, never a member: no pseudonym, no words, no id of a message.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safetybot.communities.audit import AuditEntry, AuditFilters
from safetybot.store.database import Database
from safetybot.store.tables import audit

_PAGE = 500


def write_audit(
    connection: sa.Connection,
    at: datetime,
    by: str,
    action: str,
    detail: Mapping[str, Any],
    *,
    platform: str | None = None,
    community: str | None = None,
) -> None:
    """Add one entry within the transaction of what it tells of. `detail` must be fit for JSON."""
    row = {"at": at, "by": by, "action": action, "platform": platform, "community": community, "detail": dict(detail)}
    connection.execute(sa.insert(audit), row)


async def audit_entries(
    database: Database, *, platform: str | None = None, community: str | None = None, after: int = 0
) -> AsyncIterator[AuditEntry]:
    """Entries, the oldest first, read page by page; None means any, `after` leaves out ids up to it."""
    log, filters = AuditLog(database), AuditFilters(platform, community)
    while page := await log.oldest(filters, after=after, limit=_PAGE):
        for entry in page:
            yield entry
        after = page[-1].id


class AuditLog:
    """Pages of the audit. `SqlStore.audit` is one."""

    def __init__(self, database: Database) -> None:
        """Read an open database."""
        self._database = database

    async def newest(self, filters: AuditFilters, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """At most `limit` entries, the newest first, with ids below `before`; None means from the end."""
        query = _chosen(filters).order_by(audit.c.id.desc())
        return await self._read(query if before is None else query.where(audit.c.id < before), limit)

    async def oldest(self, filters: AuditFilters, *, after: int, limit: int) -> Sequence[AuditEntry]:
        """At most `limit` entries, the oldest first, with ids above `after`."""
        return await self._read(_chosen(filters).where(audit.c.id > after).order_by(audit.c.id), limit)

    async def _read(self, query: sa.Select[Any], limit: int) -> list[AuditEntry]:
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query.limit(limit))).all()
        return [AuditEntry(row.id, row.at, row.by, row.action, row.platform, row.community, row.detail) for row in rows]


def _chosen(filters: AuditFilters) -> sa.Select[Any]:
    query = sa.select(audit)
    for name in ("platform", "community", "by", "action"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(audit.c[name] == value)
    if filters.since is not None:
        query = query.where(audit.c.at >= filters.since)
    return query if filters.until is None else query.where(audit.c.at < filters.until)
