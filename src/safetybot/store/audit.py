"""The audit: one row a change, written in the change's own transaction, never altered (triggers see to that).

Details name what was changed, never a member: no pseudonym, no words, no id of a message.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safetybot.store.database import Database
from safetybot.store.tables import audit

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
    while True:
        query = sa.select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(_PAGE)
        if platform is not None:
            query = query.where(audit.c.platform == platform)
        if community is not None:
            query = query.where(audit.c.community == community)
        async with database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        for row in rows:
            yield AuditEntry(row.id, row.at, row.by, row.action, row.platform, row.community, row.detail)
        if len(rows) < _PAGE:
            return
        after = rows[-1].id
