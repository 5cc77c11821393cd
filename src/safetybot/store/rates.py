"""The store's part of `communities/rates.py`: which rules fired when, and which alarms were given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from safetybot.communities.keyword_report import Fired
from safetybot.ports import Clock
from safetybot.store.audit import write_audit
from safetybot.store.database import Database
from safetybot.store.tables import audit, interactions
from safetybot.store.tallied import at_one_moment, fired

ALARM = "rate alarm"
"""The audit's word for an alarm that was given."""


class RuleLog:
    """Reads rules of the log. `SqlStore.rules` is one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock

    async def busy(self, since: datetime, *, least: int) -> Sequence[tuple[str, str]]:
        """Platform and community of those with at least `least` live interactions since then."""
        kept = interactions.c
        query = (
            sa.select(kept.platform, kept.community)
            .where(kept.at > since, kept.shadow.is_(False))
            .group_by(kept.platform, kept.community)
            .having(sa.func.count() >= least)
            .order_by(kept.platform, kept.community)
        )
        async with self._database.reader.connect() as connection:
            return [(row.platform, row.community) for row in await connection.execute(query)]

    async def fired(self, platform: str, community: str, since: datetime, split: datetime) -> Sequence[Fired]:
        """How often each rule fired in live interactions: from `since` to `split`, and after it."""
        return await at_one_moment(
            self._database, lambda connection: fired(connection, platform, community, since, split, shadow=False)
        )

    async def first_alarm(self, platform: str, community: str, rule: str, *, since: datetime, by: str) -> bool:
        """Audit an alarm; False where the audit has one of the same since then.

        Of replicas, only the one that holds the lease may ask: two at once could both be first.
        """
        now = self._clock.now()
        given = sa.select(audit.c.detail).where(
            audit.c.platform == platform, audit.c.community == community, audit.c.action == ALARM, audit.c.at > since
        )

        def job(connection: sa.Connection) -> bool:
            if any(detail.get("rule") == rule for detail in connection.execute(given).scalars()):
                return False
            write_audit(connection, now, by, ALARM, {"rule": rule}, platform=platform, community=community)
            return True

        return await self._database.writer.do(job)
