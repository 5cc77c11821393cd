"""`SqlStore`: the memory of the bot on SQLite or PostgreSQL, as `ports.Store` asks for, and reading the log.

Lives here: claims, states, history, the policy of a place, listing. Does not live here: connections (`database.py`),
forgetting (`retention.py`), files (`export.py`), migrations.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from safetybot.model import (
    Concern,
    History,
    Interaction,
    InteractionState,
    Level,
    NewInteraction,
    Place,
    Policy,
    Verdict,
    VerdictKind,
)
from safetybot.ports import Claim, Clock, Cooldowns
from safetybot.store.database import Database, open_database
from safetybot.store.errors import NoSuchInteraction
from safetybot.store.keys import Excerpts
from safetybot.store.settings import policy_of, rows_in_force
from safetybot.store.tables import Moment, cooldowns, interactions, opt_outs, verdicts

_FROM: Mapping[InteractionState, tuple[InteractionState, ...]] = {
    InteractionState.SENDING: (InteractionState.PLANNED,),
    InteractionState.SENT: (InteractionState.SENDING,),
    InteractionState.FAILED: (InteractionState.PLANNED, InteractionState.SENDING),
    InteractionState.SUPPRESSED: (InteractionState.PLANNED,),
    InteractionState.UNKNOWN: (InteractionState.SENDING,),
}
"""To each state, the states that it may follow."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which interactions to list; None means any."""

    platform: str | None = None
    community: str | None = None
    channel: str | None = None
    concern: Concern | None = None
    state: InteractionState | None = None
    verdict: VerdictKind | None = None
    author: str | None = None
    """A pseudonym."""
    since: datetime | None = None
    until: datetime | None = None


class SqlStore:
    """The store. Made by `open_store`; safe to use from many tasks of one loop."""

    def __init__(self, database: Database, clock: Clock, defaults: Policy, excerpts: Excerpts) -> None:
        """Use an open database."""
        self.database = database
        self._clock = clock
        self._defaults = defaults
        self._excerpts = excerpts
        insert: Callable[..., Any] = sqlite.insert if database.is_sqlite else postgresql.insert
        # Built once: putting a statement together costs more than running it.
        self._insert_interaction = (
            insert(interactions)
            .on_conflict_do_nothing(index_elements=["platform", "community", "channel", "message_id"])
            .returning(interactions.c.id)
        )
        upsert = insert(cooldowns)
        self._win_cooldown = upsert.on_conflict_do_update(
            index_elements=["subject", "concern"],
            set_={"at": upsert.excluded.at},
            where=cooldowns.c.at <= sa.bindparam("limit", type_=Moment),
        ).returning(cooldowns.c.at)
        self._insert_opt_out = insert(opt_outs).on_conflict_do_nothing()
        self._policies: dict[tuple[str, str], tuple[float, Sequence[sa.Row[Any]]]] = {}

    # --- ports.Store --------------------------------------------------------------------------------------

    async def policy(self, place: Place) -> Policy:
        """The policy in force at `place`; changes of other processes are seen within two seconds."""
        key = (place.platform, place.community)
        known = self._policies.get(key)
        if known is None or time.monotonic() - known[0] > 2:
            async with self.database.reader.connect() as connection:
                rows = await rows_in_force(connection, *key)
            known = self._policies[key] = (time.monotonic(), rows)
            if len(self._policies) > 10_000:
                self._policies.pop(next(iter(self._policies)))
        return policy_of(self._defaults, known[1], place.channel)

    def settings_changed(self, platform: str, community: str) -> None:
        """Forget what is cached of a community whose settings this process changed."""
        self._policies.pop((platform, community), None)

    async def history(self, place: Place, message_id: str, author_pseudonym: str, concern: Concern) -> History:
        """What bears on a decision about this message."""
        channel, author = _subjects(place, author_pseudonym)
        query = sa.union_all(
            sa.select(sa.literal("opted out"), opt_outs.c.at).where(opt_outs.c.author == author_pseudonym),
            sa.select(sa.literal("answered"), interactions.c.at).where(*_this_message(place, message_id)),
            sa.select(cooldowns.c.subject, cooldowns.c.at).where(
                cooldowns.c.subject.in_((channel, author)), cooldowns.c.concern == int(concern)
            ),
        )
        async with self.database.reader.connect() as connection:
            found = {row[0]: row[1] for row in await connection.execute(query)}
        return History(
            author_opted_out="opted out" in found,
            already_answered="answered" in found,
            last_reply_in_channel=found.get(channel),
            last_reply_to_author=found.get(author),
        )

    async def claim(self, new: NewInteraction, cooldowns: Cooldowns | None) -> Claim:
        """Insert the interaction with its cooldowns in one durable transaction; exactly one caller wins."""
        row = _row(new, self._excerpts)
        return await self.database.writer.do(lambda connection: self._claim(connection, row, new, cooldowns))

    async def advance(
        self, interaction_id: int, to: InteractionState, *, reply_id: str | None = None, error: str = ""
    ) -> bool:
        """Move an interaction along, durably; False where it is not in a state that `to` may follow."""
        values: dict[str, Any] = {"state": to.value, "state_at": self._clock.now(), "error": error[:500]}
        if reply_id is not None:
            values["reply_id"] = reply_id
        statement = (
            sa.update(interactions)
            .where(interactions.c.id == interaction_id, interactions.c.state.in_([s.value for s in _FROM[to]]))
            .values(values)
        )

        def job(connection: sa.Connection) -> bool:
            return connection.execute(statement).rowcount == 1

        return await self.database.writer.do(job)

    async def unfinished(self, platform: str) -> list[Interaction]:
        """Interactions left `planned` or `sending` by a process that died, oldest first."""
        query = (
            _interaction_query()
            .where(
                interactions.c.platform == platform,
                interactions.c.state.in_((InteractionState.PLANNED.value, InteractionState.SENDING.value)),
            )
            .order_by(interactions.c.id)
        )
        return await self._read(query)

    # --- the log ------------------------------------------------------------------------------------------

    async def list_interactions(
        self, filters: Filters | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Interaction]:
        """Interactions, the newest first.

        Args:
            filters: Which.
            before: Only those with a smaller id (keyset paging: the last id of the page before).
            limit: How many at most.
        """
        query = _interaction_query().where(*_conditions(filters or Filters()))
        if before is not None:
            query = query.where(interactions.c.id < before)
        return await self._read(query.order_by(interactions.c.id.desc()).limit(limit))

    async def interaction(self, interaction_id: int) -> Interaction:
        """One interaction. Raises `NoSuchInteraction`."""
        found = await self._read(_interaction_query().where(interactions.c.id == interaction_id))
        if not found:
            raise NoSuchInteraction(interaction_id)
        return found[0]

    async def excerpt(self, interaction_id: int) -> str | None:
        """The excerpt of an interaction in the clear; None where none is kept or its key is gone."""
        query = sa.select(interactions.c.excerpt).where(interactions.c.id == interaction_id)
        async with self.database.reader.connect() as connection:
            sealed = (await connection.execute(query)).scalar_one_or_none()
        return self._excerpts.open(sealed) if sealed else None

    async def counts(self, filters: Filters | None = None) -> dict[str, int]:
        """How many interactions there are of each concern."""
        query = (
            sa.select(interactions.c.concern, sa.func.count())
            .where(*_conditions(filters or Filters()))
            .group_by(interactions.c.concern)
        )
        async with self.database.reader.connect() as connection:
            return {Concern(row[0]).label: row[1] for row in await connection.execute(query)}

    async def add_verdict(self, interaction_id: int, verdict: Verdict) -> None:
        """Keep a moderator's word; the latest counts. Raises `NoSuchInteraction`."""

        def job(connection: sa.Connection) -> None:
            known = sa.select(interactions.c.id).where(interactions.c.id == interaction_id)
            if connection.execute(known).first() is None:
                raise NoSuchInteraction(interaction_id)
            connection.execute(
                sa.insert(verdicts).values(
                    interaction_id=interaction_id, kind=verdict.kind.value, by=verdict.by, at=verdict.at,
                    reason=verdict.reason,
                )
            )  # fmt: skip

        await self.database.writer.do(job)

    # --- opting out ---------------------------------------------------------------------------------------

    async def opt_out(self, author_pseudonym: str) -> None:
        """Never answer or log this person again in this community."""
        row = {"author": author_pseudonym, "at": self._clock.now()}

        def job(connection: sa.Connection) -> None:
            connection.execute(self._insert_opt_out, row)

        await self.database.writer.do(job)

    async def opt_in(self, author_pseudonym: str) -> bool:
        """Take an opt-out back; False where there was none."""

        def job(connection: sa.Connection) -> bool:
            statement = sa.delete(opt_outs).where(opt_outs.c.author == author_pseudonym)
            return connection.execute(statement).rowcount > 0

        return await self.database.writer.do(job)

    # --- inside -------------------------------------------------------------------------------------------

    def _claim(
        self, connection: sa.Connection, row: dict[str, Any], new: NewInteraction, wanted: Cooldowns | None
    ) -> Claim:
        claimed = connection.execute(self._insert_interaction, row).scalar_one_or_none()
        if claimed is None:
            earlier = sa.select(interactions.c.id).where(*_this_message(new.place, new.message_id))
            return Claim(connection.execute(earlier).scalar_one(), won=False, lost_to="another handler")
        lost_to = self._win_cooldowns(connection, new, wanted) if wanted else ""
        if lost_to:
            connection.execute(
                sa.update(interactions)
                .where(interactions.c.id == claimed)
                .values(state=InteractionState.SUPPRESSED.value, reasons=[*row["reasons"], f"lost to {lost_to}"])
            )
        return Claim(claimed, won=not lost_to, lost_to=lost_to)

    def _win_cooldowns(self, connection: sa.Connection, new: NewInteraction, wanted: Cooldowns) -> str:
        """Win both cooldowns or neither; returns which was lost, "" for none."""
        channel, author = _subjects(new.place, new.author_pseudonym)
        parts: list[tuple[str, str, timedelta]] = [("author cooldown", author, wanted.author)]
        if wanted.channel is not None:
            parts.append(("channel cooldown", channel, wanted.channel))
        savepoint = connection.begin_nested()
        for name, subject, length in parts:
            values = {"subject": subject, "concern": int(wanted.concern), "at": new.at, "limit": new.at - length}
            if connection.execute(self._win_cooldown, values).first() is None:
                savepoint.rollback()
                return name
        savepoint.commit()
        return ""

    async def _read(self, query: sa.Select[Any]) -> list[Interaction]:
        async with self.database.reader.connect() as connection:
            return [_interaction(row) for row in await connection.execute(query)]


@asynccontextmanager
async def open_store(
    url: str, *, clock: Clock, defaults: Policy, excerpts: Excerpts, migrate: bool | None = None
) -> AsyncIterator[SqlStore]:
    """The store at `url`; see `database.open_database` for `migrate` and what is raised."""
    async with open_database(url, migrate=migrate) as database:
        yield SqlStore(database, clock, defaults, excerpts)


def _subjects(place: Place, author_pseudonym: str) -> tuple[str, str]:
    return f"channel/{place.platform}/{place.community}/{place.channel}", f"author/{author_pseudonym}"


def _this_message(place: Place, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        interactions.c.platform == place.platform,
        interactions.c.community == place.community,
        interactions.c.channel == place.channel,
        interactions.c.message_id == message_id,
    )


def _row(new: NewInteraction, excerpts: Excerpts) -> dict[str, Any]:
    assessment, decision = new.assessment, new.decision
    if assessment.concern is None:
        raise ValueError("a message without a concern leaves no trace: there is nothing to claim")
    state = InteractionState.PLANNED if decision.reply else InteractionState.SUPPRESSED
    return {
        "platform": new.place.platform,
        "community": new.place.community,
        "channel": new.place.channel,
        "thread": new.place.thread,
        "message_id": new.message_id,
        "author": new.author_pseudonym,
        "at": new.at,
        "concern": int(assessment.concern),
        "level": int(assessment.level) if assessment.level else None,
        "confidence": assessment.confidence,
        "language": assessment.language,
        "rules": [rule.rule for rule in assessment.rules],
        "hits": [[hit.concept, hit.span.start, hit.span.end, hit.path.value] for hit in assessment.hits[:50]],
        "reasons": [reason.value for reason in decision.reasons],
        "state": state.value,
        "state_at": new.at,
        "alerted": decision.alert,
        "shadow": decision.shadow,
        "response_id": new.response_id,
        "excerpt": excerpts.seal(new.excerpt) if new.excerpt else None,
    }


def _interaction_query() -> sa.Select[Any]:
    latest = (
        sa.select(verdicts.c.interaction_id, sa.func.max(verdicts.c.id).label("id"))
        .group_by(verdicts.c.interaction_id)
        .subquery()
    )
    verdict = verdicts.alias()
    return sa.select(
        interactions,
        verdict.c.kind.label("verdict_kind"),
        verdict.c.by.label("verdict_by"),
        verdict.c.at.label("verdict_at"),
        verdict.c.reason.label("verdict_reason"),
    ).select_from(
        interactions.outerjoin(latest, latest.c.interaction_id == interactions.c.id).outerjoin(
            verdict, verdict.c.id == latest.c.id
        )
    )


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    for name in ("platform", "community", "channel", "author"):
        value = getattr(filters, name)
        if value is not None:
            wanted.append(interactions.c[name] == value)
    if filters.concern is not None:
        wanted.append(interactions.c.concern == int(filters.concern))
    if filters.state is not None:
        wanted.append(interactions.c.state == filters.state.value)
    if filters.since is not None:
        wanted.append(interactions.c.at >= filters.since)
    if filters.until is not None:
        wanted.append(interactions.c.at < filters.until)
    if filters.verdict is not None:
        latest = (
            sa.select(verdicts.c.kind)
            .where(verdicts.c.interaction_id == interactions.c.id)
            .order_by(verdicts.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        wanted.append(latest == filters.verdict.value)
    return wanted


def _interaction(row: sa.Row[Any]) -> Interaction:
    verdict = None
    if row.verdict_kind is not None:
        verdict = Verdict(VerdictKind(row.verdict_kind), row.verdict_by, row.verdict_at, row.verdict_reason)
    return Interaction(
        id=row.id,
        place=Place(row.platform, row.community, row.channel, row.thread),
        message_id=row.message_id,
        author_pseudonym=row.author,
        at=row.at,
        concern=Concern(row.concern),
        level=Level(row.level) if row.level else None,
        confidence=row.confidence,
        language=row.language,
        rules=tuple(row.rules),
        concepts=tuple(dict.fromkeys(hit[0] for hit in row.hits)),
        reasons=tuple(row.reasons),
        state=InteractionState(row.state),
        alerted=row.alerted,
        shadow=row.shadow,
        response_id=row.response_id,
        reply_id=row.reply_id,
        verdict=verdict,
    )
