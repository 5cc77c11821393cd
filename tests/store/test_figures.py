"""Counting the log: the same from whole days' tallies as from the log itself, and forgotten with what was counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.conftest import START, New, StillClock

from safetybot.communities.figures import By, Count
from safetybot.communities.records import Filters
from safetybot.model import Concern, Decision, InteractionState, Place, Reason, Verdict, VerdictKind
from safetybot.store import retention
from safetybot.store.store import SqlStore
from safetybot.store.tables import tallied_days, tallies

HERE, THERE = ("discord", "100"), ("telegram", "-7")
SINCE = START.replace(hour=0, minute=0, second=0, microsecond=0)


async def fill(store: SqlStore, clock: StillClock, new: New, days: int = 6) -> None:
    """Some interactions on each of a few days, every second one answered."""
    number = 0
    for day in range(days):
        for place in (HERE, THERE, HERE):
            number += 1
            clock.time = START + timedelta(days=day, hours=number % 5)
            where = Place(*place, f"c{number % 2}")
            concern = Concern(1 + number % 4)
            made = new(str(number), place=where, concern=concern, author_pseudonym=f"{number % 3:032x}")
            claim = await store.claim(made, None)
            if number % 2:
                await store.advance(claim.interaction_id, InteractionState.SENDING)
                clock.forward(seconds=number)
                await store.advance(claim.interaction_id, InteractionState.SENT, reply_id="r")


def told(counts: object) -> set[Count]:
    assert isinstance(counts, list)
    assert len({(one.name, one.concern) for one in counts}) == len(counts)
    return set(counts)


@pytest.mark.parametrize("place", [HERE, THERE, (None, None)])
async def test_tallies_say_the_same_as_the_log(
    store: SqlStore, clock: StillClock, new: New, place: tuple[str | None, str | None]
) -> None:
    await fill(store, clock, new)
    for by in By:
        if by is By.COMMUNITY and place[0]:
            continue
        filters = Filters(*place, since=SINCE)
        # A bound at the end keeps the tallies out.
        from_log = told(await store.figures.counted(replace(filters, until=clock.now() + timedelta(days=1)), by))
        assert told(await store.figures.counted(filters, by)) == from_log, by
        assert told(await store.figures.counted(filters, by)) == from_log, "and again, from what was kept"
        assert sum(one.interactions for one in from_log) in (6, 12, 18)


async def test_only_days_that_are_over_are_tallied_and_each_once(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    for _ in range(2):
        await store.figures.counted(Filters(*HERE, since=SINCE), By.DAY)
    async with store.database.reader.connect() as connection:
        days = list((await connection.execute(sa.select(tallied_days.c.day).order_by(tallied_days.c.day))).scalars())
    first = (SINCE - SINCE.replace(year=1970, month=1, day=1)).days
    assert days == [first, first + 1, first + 2, first + 3]


async def test_many_days_are_counted_by_whoever_looks_after_it_and_not_by_whoever_asks(
    store: SqlStore, clock: StillClock, new: New
) -> None:
    await fill(store, clock, new)
    clock.forward(days=20)
    filters = Filters(*HERE, since=SINCE)
    asked = told(await store.figures.counted(filters, By.CHANNEL))
    async with store.database.reader.connect() as connection:
        assert (await connection.execute(sa.select(tallied_days))).all() == []
    assert await store.figures.tally(30) == 30
    assert await store.figures.tally(30) == 0
    assert told(await store.figures.counted(filters, By.CHANNEL)) == asked


async def test_what_is_erased_is_gone_from_the_counts(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    filters = Filters(since=SINCE)
    before = sum(one.interactions for one in await store.figures.counted(filters, By.HOUR))
    gone = await retention.erase_author(store.database, f"{1:032x}", clock.now(), by="me", where=HERE)
    after = sum(one.interactions for one in await store.figures.counted(filters, By.HOUR))
    assert before - after == gone.interactions == 6
    await store.members.erase_community(*HERE, by="me")
    assert {one.name for one in await store.figures.counted(filters, By.COMMUNITY)} <= {"telegram/-7"}


async def test_nothing_is_counted_of_days_that_were_purged(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    await store.figures.counted(Filters(since=SINCE), By.DAY)
    clock.forward(days=100)
    keep = timedelta(days=90)
    await retention.purge(store.database, clock.now(), retention=keep, excerpt_retention=keep, by="me")
    async with store.database.reader.connect() as connection:
        assert (await connection.execute(sa.select(tallies))).all() == []


async def test_the_time_to_a_reply_is_from_the_message_to_the_end(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new, days=1)
    assert sorted(await store.figures.reply_seconds(Filters(), limit=9)) == [1.0, 3.0]


async def test_what_waits_is_what_was_done_and_nobody_judged(store: SqlStore, clock: StillClock, new: New) -> None:
    sent = (await store.claim(new("1"), None)).interaction_id
    await store.claim(new("2", reply=False), None)  # in shadow
    told_only = Decision(reply=False, alert=True, shadow=False, reasons=(Reason.ALERT,))
    alerted = (await store.claim(new("3", decision=told_only), None)).interaction_id
    held = Decision(reply=False, alert=False, shadow=False, reasons=(Reason.CHANNEL_COOLDOWN,))
    await store.claim(new("4", decision=held), None)
    waiting = Filters("discord", "100", waiting=True)
    assert [one.id for one in await store.list_interactions(waiting)] == [alerted, sent]
    assert await store.figures.waiting(Filters(), limit=10) == 2
    assert await store.figures.waiting(Filters("discord", "100"), limit=1) == 1
    await store.add_verdict(alerted, Verdict(VerdictKind.HANDLED, "ann", clock.now()))
    assert [one.id for one in await store.list_interactions(waiting)] == [sent]


async def test_every_community_is_named_once_whatever_is_kept_of_it(
    store: SqlStore, clock: StillClock, new: New
) -> None:
    await fill(store, clock, new, days=1)
    await store.settings.put("discord", "300", "", "language", "de", by="me", at=clock.now(), expected=0)
    assert list(await store.figures.communities()) == [HERE, ("discord", "300"), THERE]
