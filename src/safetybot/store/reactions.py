"""How many reactions stand under replies. `SqlStore.reactions` is one; it implements `communities.reactions`' rows.

Lives here: finding a reply by its message, keeping totals and changes, each change once. Does not live here: what a
reaction means (`communities/reactions.py`), counting replies for the overview (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from safetybot.communities.reactions import MOST, Seen
from safetybot.communities.records import Reactions
from safetybot.store.database import Database, inserter
from safetybot.store.tables import interactions, reactions

_KINDS = ("welcome", "unwelcome", "other")


class ReactionLog:
    """Keeps counts of reactions."""

    def __init__(self, database: Database) -> None:
        """Use an open database."""
        self._database = database
        new = inserter(is_sqlite=database.is_sqlite)(reactions)
        names = (*_KINDS, "seen_at", "seen_number")
        self._put = new.on_conflict_do_update(
            index_elements=[reactions.c.interaction_id], set_={name: new.excluded[name] for name in names}
        )

    async def replies(self, platform: str, message_ids: Sequence[str]) -> Mapping[str, int]:
        """Which of these messages are replies of ours, with their interactions; ids are unique on the platform."""
        kept = interactions.c
        query = sa.select(kept.reply_id, kept.id).where(kept.reply_id.in_(message_ids), kept.platform + "" == platform)
        async with self._database.reader.connect() as connection:
            return {row.reply_id: row.id for row in await connection.execute(query)}

    async def put(self, interaction_id: int, total: Reactions) -> None:
        """Keep what stands under a reply now; nothing where the interaction was erased meanwhile."""

        def job(connection: sa.Connection) -> None:
            if connection.execute(_locked(interactions.c.id == interaction_id)).first() is not None:
                self._keep(connection, interaction_id, total, None)

        await self._database.writer.do(job)

    async def told(
        self, platform: str, channel: str, message_id: str, seen: Seen, reactions: Reactions, *, total: bool
    ) -> bool | None:
        """Keep what a platform tells of one of its messages: all that stands there, or what was added and taken away.

        Changes of one message are to come one after the other: one that comes after a later one counts as told before.

        Returns:
            None where it is no reply of ours, False where it was told before.
        """
        kept = interactions.c
        # Concatenated, so that the row is found by the message's id and not among all of the channel's.
        here = (kept.reply_id == message_id, kept.platform + "" == platform, kept.channel + "" == channel)
        async with self._database.reader.connect() as connection:
            # Most reactions are to other messages: they shall not wait for the writer, nor keep it busy.
            if (await connection.execute(sa.select(kept.id).where(*here))).first() is None:
                return None

        def job(connection: sa.Connection) -> bool | None:
            found = connection.execute(_locked(*here)).scalar()
            if found is None:
                return None
            before = connection.execute(_row(found)).first()
            known = before is not None and before.seen_at is not None
            if before is not None and known and (seen.at, seen.number) <= (before.seen_at, before.seen_number):
                return False
            self._keep(connection, found, reactions if total or before is None else _sum(before, reactions), seen)
            return True

        return await self._database.writer.do(job)

    def _keep(self, connection: sa.Connection, interaction_id: int, total: Reactions, seen: Seen | None) -> None:
        row: dict[str, Any] = {name: min(MOST, max(0, getattr(total, name))) for name in _KINDS}
        row |= {"seen_at": seen.at if seen else None, "seen_number": seen.number if seen else None}
        connection.execute(self._put, {"interaction_id": interaction_id, **row})
        kept, taken = interactions.c, {"welcomed": row["welcome"] > 0, "unwelcomed": row["unwelcome"] > 0}
        differs = sa.or_(*(kept[name] != value for name, value in taken.items()))
        connection.execute(sa.update(interactions).where(kept.id == interaction_id, differs).values(taken))


def read_reactions(connection: sa.Connection, interaction_id: int) -> Reactions:
    """What stands under one reply."""
    row = connection.execute(_row(interaction_id)).first()
    return Reactions() if row is None else Reactions(row.welcome, row.unwelcome, row.other)


def _row(interaction_id: int) -> sa.Select[Any]:
    return sa.select(reactions).where(reactions.c.interaction_id == interaction_id)


def _locked(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The interaction, held until the end of the transaction, so that two who count come one after the other."""
    return sa.select(interactions.c.id).where(*which).with_for_update()


def _sum(row: sa.Row[Any], change: Reactions) -> Reactions:
    return Reactions(row.welcome + change.welcome, row.unwelcome + change.unwelcome, row.other + change.other)
