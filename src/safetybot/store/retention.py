"""Forgetting: what is too old, what somebody asks to have erased, what belonged to a community that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from safetybot.model import Place
from safetybot.store.database import Database
from safetybot.store.tables import audit, cooldowns, interactions, keywords, opt_outs, settings

_BATCH = 2_000
"""Rows deleted in one transaction, so that nobody waits long for the writer."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten."""

    interactions: int = 0
    excerpts: int = 0
    cooldowns: int = 0


async def purge(
    database: Database, now: datetime, *, retention: timedelta, excerpt_retention: timedelta, by: str
) -> Forgotten:
    """Delete what is too old; audited.

    Interactions older than `retention` (their verdicts with them), excerpts older than `excerpt_retention`, and
    cooldowns that no policy can still ask for. Opt-outs stay: they are somebody's wish.
    """
    old = sa.select(interactions.c.id).where(interactions.c.at < now - retention).limit(_BATCH)
    rows = 0
    while deleted := await _count(
        database, sa.delete(interactions).where(interactions.c.id.in_(old.scalar_subquery()))
    ):
        rows += deleted
    sealed = sa.and_(interactions.c.at < now - excerpt_retention, interactions.c.excerpt.is_not(None))
    excerpts = await _count(database, sa.update(interactions).where(sealed).values(excerpt=None))
    stale = await _count(database, sa.delete(cooldowns).where(cooldowns.c.at < now - timedelta(days=60)))
    forgotten = Forgotten(rows, excerpts, stale)
    await _audited(database, by, now, "purge", forgotten)
    return forgotten


async def erase_author(database: Database, author_pseudonym: str, now: datetime, *, by: str) -> Forgotten:
    """Delete all that is kept of one person in one community; an opt-out stays, or replies would begin again."""
    rows = await _count(database, sa.delete(interactions).where(interactions.c.author == author_pseudonym))
    stale = await _count(database, sa.delete(cooldowns).where(cooldowns.c.subject == f"author/{author_pseudonym}"))
    forgotten = Forgotten(rows, 0, stale)
    await _audited(database, by, now, "erase author", forgotten)
    return forgotten


async def erase_message(database: Database, place: Place, message_id: str, now: datetime, *, by: str) -> Forgotten:
    """Delete what is kept of one message, as when it was deleted in the chat."""
    statement = sa.delete(interactions).where(
        interactions.c.platform == place.platform,
        interactions.c.community == place.community,
        interactions.c.channel == place.channel,
        interactions.c.message_id == message_id,
    )
    forgotten = Forgotten(await _count(database, statement))
    await _audited(database, by, now, "erase message", forgotten)
    return forgotten


async def erase_community(database: Database, platform: str, community: str, now: datetime, *, by: str) -> Forgotten:
    """Delete all that belongs to a community: its interactions, cooldowns, settings and keywords."""

    def of(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.platform == platform, table.c.community == community)

    authors = sa.select(interactions.c.author).where(of(interactions)).distinct()
    async with database.reader.connect() as connection:
        pseudonyms = list((await connection.execute(authors)).scalars())
    stale = await _count(
        database,
        sa.delete(cooldowns).where(cooldowns.c.subject.startswith(f"channel/{platform}/{community}/", autoescape=True)),
    )
    for start in range(0, len(pseudonyms), 500):
        part = pseudonyms[start : start + 500]
        stale += await _count(
            database, sa.delete(cooldowns).where(cooldowns.c.subject.in_([f"author/{p}" for p in part]))
        )
        await _count(database, sa.delete(opt_outs).where(opt_outs.c.author.in_(part)))
    rows = await _count(database, sa.delete(interactions).where(of(interactions)))
    for table in (settings, keywords):
        await _count(database, sa.delete(table).where(of(table)))
    forgotten = Forgotten(rows, 0, stale)
    await _audited(database, by, now, "erase community", forgotten)
    return forgotten


async def _count(database: Database, statement: sa.Delete | sa.Update) -> int:
    def job(connection: sa.Connection) -> int:
        return connection.execute(statement).rowcount

    return await database.writer.do(job)


async def _audited(database: Database, by: str, now: datetime, action: str, forgotten: Forgotten) -> None:
    """Counts only: the audit must not keep what was just forgotten."""
    detail = {"interactions": forgotten.interactions, "excerpts": forgotten.excerpts, "cooldowns": forgotten.cooldowns}
    await database.writer.do(
        lambda connection: connection.execute(sa.insert(audit).values(at=now, by=by, action=action, detail=detail))
    )
