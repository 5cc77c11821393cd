"""What is kept about one member of one community: reading it whole, opting out and in, erasing.

Lives here: the store's part of `communities/privacy.py`. Does not live here: who may ask (`communities/`), making
pseudonyms (`keys.py`), and what is deleted by what (`retention.py`).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from safetybot.communities.access import A_MEMBER
from safetybot.communities.records import Forgotten, MemberData, MemberRow, Remembered
from safetybot.model import Concern, Place
from safetybot.ports import Clock
from safetybot.store import retention
from safetybot.store.audit import write_audit
from safetybot.store.claims import EMERGENCY, NEVER
from safetybot.store.database import Database, inserter
from safetybot.store.keys import Excerpts
from safetybot.store.log import read_details
from safetybot.store.saved_views import views_of_member
from safetybot.store.tables import cooldowns, interactions, opt_outs


class Members:
    """Reads and forgets members. `SqlStore.members` is one. `by` is for the audit, which never names a member."""

    def __init__(self, database: Database, clock: Clock, excerpts: Excerpts) -> None:
        """Use an open database; `excerpts` opens what is sealed."""
        self._database, self._clock, self._excerpts = database, clock, excerpts
        insert = inserter(is_sqlite=database.is_sqlite)
        self._insert_opt_out = insert(opt_outs).on_conflict_do_nothing()

    async def kept(self, place: Place, pseudonym: str, *, by: str, excerpts: bool) -> MemberData:
        """All that is kept about a member of the community of `place`. Audited before it is given out.

        Args:
            place: Whose; its channel does not matter.
            pseudonym: Who.
            by: Who looks.
            excerpts: Whether with excerpts in the clear.
        """
        async with self._database.reader.connect() as connection:
            data = await connection.run_sync(self._read, pseudonym, excerpts)
        detail = {
            "interactions": [row.details.interaction.id for row in data.interactions],
            "excerpts": sum(row.excerpt is not None for row in data.interactions),
        }
        # Numbers of interactions say which excerpts were seen; they lead to nobody once the rows are gone.
        await self._audited(place, "member data read", detail, by)
        return data

    async def opt_out(self, place: Place, pseudonym: str, *, by: str = A_MEMBER) -> bool:
        """Never answer or log this person again in the community of `place`; False where that held already. Audited."""
        now = self._clock.now()
        row = {"author": pseudonym, "platform": place.platform, "community": place.community, "at": now}

        def job(connection: sa.Connection) -> bool:
            new: bool = connection.execute(self._insert_opt_out, row).rowcount > 0
            if new:
                write_audit(connection, now, by, "opted out", {}, platform=place.platform, community=place.community)
            return new

        return await self._database.writer.do(job)

    async def opt_in(self, pseudonym: str, *, by: str = A_MEMBER) -> bool:
        """Take an opt-out back; False where there was none. Audited."""
        now = self._clock.now()
        statement = (
            sa.delete(opt_outs)
            .where(opt_outs.c.author == pseudonym)
            .returning(opt_outs.c.platform, opt_outs.c.community)
        )

        def job(connection: sa.Connection) -> bool:
            found = connection.execute(statement).first()
            if found is not None:
                write_audit(connection, now, by, "opted in", {}, platform=found.platform, community=found.community)
            return found is not None

        return await self._database.writer.do(job)

    async def erase(self, place: Place, pseudonym: str, *, by: str) -> Forgotten:
        """Delete all that is kept of one person; an opt-out stays. Audited."""
        where = (place.platform, place.community)
        return await retention.erase_author(self._database, pseudonym, self._clock.now(), by=by, where=where)

    async def erase_message(self, place: Place, message_id: str, *, by: str) -> Forgotten:
        """Delete what is kept of one message. Audited."""
        return await retention.erase_message(self._database, place, message_id, self._clock.now(), by=by)

    async def erase_community(self, platform: str, community: str, *, by: str) -> Forgotten:
        """Delete all that belongs to a community. Audited."""
        return await retention.erase_community(self._database, platform, community, self._clock.now(), by=by)

    async def erase_excerpts(self, platform: str, community: str, *, by: str) -> Forgotten:
        """Delete all excerpts of a community; its interactions stay. Audited."""
        return await retention.erase_excerpts(self._database, platform, community, self._clock.now(), by=by)

    def _read(self, connection: sa.Connection, pseudonym: str, excerpts: bool) -> MemberData:  # noqa: FBT001
        query = sa.select(interactions.c.id, interactions.c.excerpt).where(interactions.c.author == pseudonym)
        rows: list[MemberRow] = []
        for number, sealed in connection.execute(query.order_by(interactions.c.id)).all():
            details = read_details(connection, number)
            if details is not None:
                rows.append(MemberRow(details, self._excerpts.open(sealed) if sealed and excerpts else None))
        answered = sa.select(cooldowns.c.concern, cooldowns.c.at).where(
            cooldowns.c.subject == f"author/{pseudonym}", cooldowns.c.at > NEVER
        )
        opted_out = connection.execute(sa.select(opt_outs.c.at).where(opt_outs.c.author == pseudonym)).scalar()
        return MemberData(
            opted_out,
            tuple(
                Remembered("emergency" if number == EMERGENCY else Concern(number).label, at)
                for number, at in connection.execute(answered.order_by(cooldowns.c.concern))
            ),
            tuple(rows),
            views_of_member(connection, pseudonym),
        )

    async def _audited(self, place: Place, action: str, detail: dict[str, Any], by: str) -> None:
        now = self._clock.now()
        await self._database.writer.do(
            lambda connection: write_audit(
                connection, now, by, action, detail, platform=place.platform, community=place.community
            )
        )
