"""Forgetting: what is too old, what somebody asks to have erased, what belonged to a community that is gone.

Everything goes in batches through the writer, so that nobody waits long for it. What SQLite deletes is overwritten
(`secure_delete`), and taken out of its write-ahead log after an erasure. The audit keeps counts only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from safetybot.communities.records import Forgotten
from safetybot.model import Place
from safetybot.store.audit import write_audit
from safetybot.store.database import Database
from safetybot.store.saved_views import about_member
from safetybot.store.settings import chosen_times
from safetybot.store.tables import (
    api_tokens,
    cooldowns,
    interactions,
    keywords,
    leases,
    moves,
    opt_outs,
    rule_tallies,
    saved_views,
    settings,
    watermarks,
    web_links,
    web_sessions,
    web_vouchers,
    webhooks,
)
from safetybot.store.tallies import settle_all, too_old

__all__ = ["Forgotten", "erase_author", "erase_community", "erase_excerpts", "erase_message", "purge"]

_BATCH = 1_000
"""Rows deleted in one transaction."""
_WITHOUT_EXCERPT = sa.update(interactions).values(excerpt=None)
_LONGEST_COOLDOWN = timedelta(days=60)
"""A cooldown older than this holds nobody back any more."""


async def purge(
    database: Database, now: datetime, *, retention: timedelta, excerpt_retention: timedelta, by: str
) -> Forgotten:
    """Delete what is too old: interactions with their verdicts and notes, excerpts, cooldowns, unused views. Audited.

    A community that chose shorter times gets them; none gets longer ones than those given. Opt-outs stay: they are
    somebody's wish.
    """
    sealed = sa.and_(interactions.c.at < now - excerpt_retention, interactions.c.excerpt.is_not(None))
    longest = max(retention, _LONGEST_COOLDOWN)
    rows = await _delete(database, interactions, interactions.c.at < now - retention)
    excerpts = await _in_batches(database, _WITHOUT_EXCERPT, sealed)
    views = await _delete_small(database, saved_views, saved_views.c.used_at < now - retention)
    for (platform, community), chosen in (await chosen_times(database)).items():
        here = _of(interactions, platform, community)
        if "retention" in chosen:
            rows += await _delete(database, interactions, sa.and_(here, interactions.c.at < now - chosen["retention"]))
            unused = sa.and_(_of(saved_views, platform, community), saved_views.c.used_at < now - chosen["retention"])
            views += await _delete_small(database, saved_views, unused)
        if "excerpt_retention" in chosen:
            old = sa.and_(here, interactions.c.at < now - chosen["excerpt_retention"])
            excerpts += await _in_batches(database, _WITHOUT_EXCERPT, sa.and_(old, interactions.c.excerpt.is_not(None)))
    forgotten = Forgotten(
        interactions=rows,
        excerpts=excerpts,
        cooldowns=await _delete_small(database, cooldowns, cooldowns.c.at < now - longest),
        views=views,
    )
    await _delete_small(database, leases, leases.c.until < now - timedelta(days=1))
    for table in (web_links, web_sessions, web_vouchers, api_tokens):
        await _delete_small(database, table, table.c.expires_at <= now)
    await _delete_small(database, rule_tallies, too_old(now))
    await _audited(database, by, now, "purge", forgotten, (None, None))
    return forgotten


async def erase_author(
    database: Database,
    author_pseudonym: str,
    now: datetime,
    *,
    by: str,
    where: tuple[str | None, str | None] = (None, None),
) -> Forgotten:
    """Delete all that is kept of one person in one community; an opt-out stays, or replies would begin again.

    `where` is platform and community, for the audit, which is written in the same transaction.
    """

    def job(connection: sa.Connection) -> Forgotten:
        forgotten = Forgotten(
            interactions=connection.execute(
                sa.delete(interactions).where(interactions.c.author == author_pseudonym)
            ).rowcount,
            cooldowns=connection.execute(
                sa.delete(cooldowns).where(cooldowns.c.subject == f"author/{author_pseudonym}")
            ).rowcount,
            views=connection.execute(sa.delete(saved_views).where(about_member(author_pseudonym))).rowcount,
        )
        _audit(connection, by, now, "erase author", forgotten, where)
        return forgotten

    return await _scrubbed(database, now, job)


async def erase_message(database: Database, place: Place, message_id: str, now: datetime, *, by: str) -> Forgotten:
    """Delete what is kept of one message, as when it was deleted in the chat. Audited in the same transaction."""
    here = (_of(interactions, place.platform, place.community), interactions.c.channel == place.channel)
    statement = sa.delete(interactions).where(*here, interactions.c.message_id == message_id)

    def job(connection: sa.Connection) -> Forgotten:
        forgotten = Forgotten(interactions=connection.execute(statement).rowcount)
        _audit(connection, by, now, "erase message", forgotten, (place.platform, place.community))
        return forgotten

    return await _scrubbed(database, now, job)


async def erase_excerpts(database: Database, platform: str, community: str, now: datetime, *, by: str) -> Forgotten:
    """Delete a community's excerpts; its interactions stay. Audited in the same transaction."""
    here = sa.and_(_of(interactions, platform, community), interactions.c.excerpt.is_not(None))

    def job(connection: sa.Connection) -> Forgotten:
        forgotten = Forgotten(excerpts=connection.execute(_WITHOUT_EXCERPT.where(here)).rowcount)
        _audit(connection, by, now, "erase excerpts", forgotten, (platform, community))
        return forgotten

    return await _scrubbed(database, now, job)


async def erase_community(database: Database, platform: str, community: str, now: datetime, *, by: str) -> Forgotten:
    """Delete all that belongs to a community: interactions, cooldowns, opt-outs, settings, keywords, saved views."""
    authors = sa.select("author/" + interactions.c.author).where(_of(interactions, platform, community))
    channels = cooldowns.c.subject.startswith(f"channel/{platform}/{community}/", autoescape=True)
    stale = await _delete_small(database, cooldowns, sa.or_(channels, cooldowns.c.subject.in_(authors)))
    forgotten = Forgotten(
        interactions=await _delete(database, interactions, _of(interactions, platform, community)),
        cooldowns=stale,
        opt_outs=await _delete_small(database, opt_outs, _of(opt_outs, platform, community)),
        settings=await _delete(database, settings, _of(settings, platform, community))
        + await _delete(database, keywords, _of(keywords, platform, community)),
        views=await _delete_small(database, saved_views, _of(saved_views, platform, community)),
    )
    for table in (watermarks, moves, web_links, web_sessions, api_tokens, webhooks):
        await _delete_small(database, table, _of(table, platform, community))
    await _audited(database, by, now, "erase community", forgotten, (platform, community))
    # Old hours of it, which are not kept right any more, would stay until the next purge.
    await _delete_small(database, rule_tallies, sa.and_(_of(rule_tallies, platform, community), too_old(now)))
    return forgotten


def _of(table: sa.Table, platform: str, community: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.platform == platform, table.c.community == community)


async def _delete(database: Database, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return await _in_batches(database, sa.delete(table), which)


async def _in_batches(database: Database, statement: sa.Delete | sa.Update, which: sa.ColumnElement[bool]) -> int:
    """Run `statement` on the rows that `which` chooses, some at a time; how many there were."""
    number = statement.table.c.id
    total = 0
    while True:
        some = sa.select(number).where(which).limit(_BATCH).scalar_subquery()
        done = await _count(database, statement.where(number.in_(some)))
        total += done
        if done < _BATCH:
            return total


async def _delete_small(database: Database, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    """Delete from a table whose rows are few and narrow, at once."""
    return await _count(database, sa.delete(table).where(which))


async def _count(database: Database, statement: sa.Delete | sa.Update) -> int:
    return await database.writer.do(lambda connection: connection.execute(statement).rowcount)


async def _audited(
    database: Database, by: str, now: datetime, action: str, forgotten: Forgotten, where: tuple[str | None, str | None]
) -> None:
    """What took several transactions is audited in one more."""
    await database.writer.do(lambda connection: _audit(connection, by, now, action, forgotten, where))
    await _forgotten_too(database, now)


async def _scrubbed(database: Database, now: datetime, job: Callable[[sa.Connection], Forgotten]) -> Forgotten:
    forgotten = await database.writer.do(job)
    await _forgotten_too(database, now)
    return forgotten


async def _forgotten_too(database: Database, now: datetime) -> None:
    """Counts go with what they count, and so do the notes that it went."""
    await settle_all(database, now)
    await database.scrub()


def _audit(
    connection: sa.Connection,
    by: str,
    now: datetime,
    action: str,
    forgotten: Forgotten,
    where: tuple[str | None, str | None],
) -> None:
    """Counts only: the audit must not keep what was just forgotten."""
    detail = {name: count for name, count in asdict(forgotten).items() if count}
    write_audit(connection, now, by, action, detail, platform=where[0], community=where[1])  # fmt: skip
