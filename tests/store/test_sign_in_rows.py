"""Links and sessions on both databases: used once, changed by one, gone in time, audited without tokens."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from tests.conftest import START, StillClock

from safetybot.communities.access import Role
from safetybot.communities.audit import AuditFilters
from safetybot.communities.sign_in import Grant
from safetybot.store import retention
from safetybot.store.store import SqlStore
from safetybot.store.tables import web_links, web_sessions

ANN = Grant("ann", Role.MODERATOR, "discord", "100")
LATER = START + timedelta(hours=1)


async def _open(store: SqlStore, session: str = "s", grant: Grant = ANN) -> None:
    await store.web.add_link(f"link of {session}", grant, until=LATER, by="op")
    assert await store.web.redeem(f"link of {session}", session, until=LATER)


async def test_of_many_who_use_a_link_at_once_one_gets_in(store: SqlStore) -> None:
    await store.web.add_link("l", ANN, until=LATER, by="op")
    tries = [store.web.redeem("l", f"s{number}", until=LATER) for number in range(8)]
    assert sorted(await asyncio.gather(*tries)) == [False] * 7 + [True]


async def test_a_link_that_ran_out_lets_nobody_in(store: SqlStore, clock: StillClock) -> None:
    await store.web.add_link("l", ANN, until=LATER, by="op")
    clock.forward(hours=1)
    assert not await store.web.redeem("l", "s", until=LATER + timedelta(hours=1))


async def test_a_session_is_found_until_it_ends(store: SqlStore, clock: StillClock) -> None:
    await _open(store)
    found = await store.web.find("s", before_since=clock.now())
    assert found is not None
    assert (found[0].grant, found[1]) == (ANN, True)
    clock.forward(hours=1)
    assert await store.web.find("s", before_since=clock.now()) is None


async def test_of_two_who_change_a_token_one_does_and_the_old_one_holds_a_moment(
    store: SqlStore, clock: StillClock
) -> None:
    await _open(store)
    clock.forward(minutes=20)
    assert sorted(await asyncio.gather(store.web.rotate("s", "t"), store.web.rotate("s", "u"))) == [False, True]
    before = await store.web.find("s", before_since=clock.now() - timedelta(minutes=1))
    assert before is not None
    assert before[1] is False
    clock.forward(minutes=2)
    assert await store.web.find("s", before_since=clock.now() - timedelta(minutes=1)) is None


async def test_sessions_of_one_community_are_listed_apart_from_others(store: SqlStore) -> None:
    await _open(store, "a")
    await _open(store, "b", Grant("bo", Role.MODERATOR, "discord", "200"))
    assert [one.grant.name for one in await store.web.open("discord", "100")] == ["ann"]
    assert [one.grant.name for one in await store.web.open(None, None)] == ["bo", "ann"]


async def test_an_ended_session_is_gone_and_the_audit_says_who_ended_whose(store: SqlStore, clock: StillClock) -> None:
    await _open(store)
    (session,) = await store.web.open(None, None)
    assert await store.web.end(session.id, by="op", action="session ended") == ANN
    assert await store.web.end(session.id, by="op", action="session ended") is None
    assert await store.web.find("s", before_since=clock.now()) is None
    entries = await store.audit.newest(AuditFilters(), before=None, limit=10)
    assert [(entry.by, entry.action) for entry in entries] == [
        ("op", "session ended"), ("ann", "signed in"), ("op", "web link made"),
    ]  # fmt: skip
    assert dict(entries[0].detail) == {"who": "ann", "role": "moderator"}


async def test_what_ran_out_is_deleted_when_the_next_link_is_made(store: SqlStore, clock: StillClock) -> None:
    await _open(store)
    await store.web.add_link("old", ANN, until=LATER, by="op")
    clock.forward(hours=2)
    await store.web.add_link("new", ANN, until=clock.now() + timedelta(hours=1), by="op")
    async with store.database.reader.connect() as connection:
        assert list((await connection.execute(sa.select(web_links.c.token))).scalars()) == ["new"]
        assert list((await connection.execute(sa.select(web_sessions.c.token))).scalars()) == []


async def test_the_purge_deletes_what_ran_out_and_nothing_else(store: SqlStore, clock: StillClock) -> None:
    await _open(store, "old")
    clock.forward(minutes=30)
    await store.web.add_link("young", ANN, until=clock.now() + timedelta(hours=1), by="op")
    clock.forward(minutes=30)
    keep = timedelta(days=90)
    await retention.purge(store.database, clock.now(), retention=keep, excerpt_retention=keep, by="me")
    async with store.database.reader.connect() as connection:
        assert list((await connection.execute(sa.select(web_links.c.token))).scalars()) == ["young"]
        assert (await connection.execute(sa.select(web_sessions))).all() == []


async def test_with_its_community_everybody_is_out(store: SqlStore, clock: StillClock) -> None:
    await _open(store, "a")
    await _open(store, "b", Grant("bo", Role.MODERATOR, "discord", "200"))
    await store.web.add_link("unused", ANN, until=LATER, by="op")
    await store.members.erase_community("discord", "100", by="op")
    assert [one.grant.name for one in await store.web.open(None, None)] == ["bo"]
    assert not await store.web.redeem("unused", "s", until=LATER)
