"""Which communities of a platform the store knows, and where each wants its alerts. Rows only, no decisions.

Known is who has changed a setting or has something waiting for review: enough for leading moderators to their groups,
and read from small indexes however long the log is.
"""

from __future__ import annotations

import sqlalchemy as sa

from safetybot.communities.setting_list import COMMUNITY
from safetybot.store.database import Database
from safetybot.store.tables import interactions, settings
from safetybot.store.versions import VersionedTable

_VERSIONS = VersionedTable(settings, "key", "setting")
_ALERTS = "alert_channel"


class KnownCommunities:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        """Ask `database`."""
        self._database = database

    async def alert_channels(self, platform: str) -> dict[str, str | None]:
        """The alert channel of each known community, None where it has chosen none; in no order."""
        changed = sa.select(settings.c.community).where(settings.c.platform == platform)
        waiting = sa.select(interactions.c.community).where(interactions.c.platform == platform, interactions.c.waiting)
        chosen = _VERSIONS.everywhere().where(
            settings.c.platform == platform, settings.c.channel == COMMUNITY, settings.c.key == _ALERTS,
            settings.c.value.is_not(None),
        )  # fmt: skip
        async with self._database.reader.connect() as connection:
            found: dict[str, str | None] = dict.fromkeys(await connection.scalars(sa.union(changed, waiting)))
            found |= {row.community: str(row.value) for row in await connection.execute(chosen)}
        return found
