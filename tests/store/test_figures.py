"""Counting the log: the same from the tallies as from the log itself, and forgotten with what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.conftest import START, New, StillClock

from safetybot.communities.figures import By, Count
from safetybot.communities.records import Filters
from safetybot.model import Concern, Decision, InteractionState, Place, Reason, Verdict, VerdictKind
from safetybot.store import retention
from safetybot.store.store import SqlStore
from safetybot.store.tables import rule_tallies, tallies, tally_changes

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


def told(counts: Sequence[Count]) -> dict[str, Count]:
    assert len({one.name for one in counts}) == len(counts)
    return {one.name: one for one in counts}


def total(counts: Iterable[Count]) -> int:
    return sum(sum(one.counts.values()) for one in counts)


async def counts(store: SqlStore, filters: Filters, by: By) -> Sequence[Count]:
    return (await store.figures.counted(filters, [by]))[by]


@pytest.mark.parametrize("place", [HERE, THERE, (None, None)])
async def test_tallies_say_the_same_as_the_log(
    store: SqlStore, clock: StillClock, new: New, place: tuple[str | None, str | None]
) -> None:
    await fill(store, clock, new)
    for by in By:
        if by is By.COMMUNITY and place[0]:
            continue
        filters = Filters(*place, since=SINCE)
        from_log = told(await store.figures.in_log(filters, by))
        assert told(await counts(store, filters, by)) == from_log, by
        await store.figures.settle()
        assert told(await counts(store, filters, by)) == from_log, "and again, from what was settled"
        assert total(from_log.values()) in (6, 12, 18)


async def test_what_the_tallies_do_not_know_is_counted_in_the_log(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    later = SINCE + timedelta(hours=13)
    for filters in (Filters(), Filters(*HERE), Filters(*HERE, since=later), Filters(HERE[0], since=SINCE),
                    Filters(*HERE, since=SINCE, until=later), Filters(*HERE, since=SINCE, channel="c1")):  # fmt: skip
        assert told(await counts(store, filters, By.HOUR)) == told(await store.figures.in_log(filters, By.HOUR))


async def test_each_change_is_settled_once(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    assert await store.figures.settle() == 18 + 2 * 9, "an interaction that is answered goes and comes"
    assert await store.figures.settle() == 0


async def test_what_is_erased_is_gone_from_the_counts(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    filters = Filters(since=SINCE)
    before = total(await counts(store, filters, By.HOUR))
    gone = await retention.erase_author(store.database, f"{1:032x}", clock.now(), by="me", where=HERE)
    after = total(await counts(store, filters, By.HOUR))
    assert before - after == gone.interactions == 6
    await store.members.erase_community(*HERE, by="me")
    assert {one.name for one in await counts(store, filters, By.COMMUNITY)} <= {"telegram/-7"}


async def test_nothing_is_counted_of_days_that_were_purged(store: SqlStore, clock: StillClock, new: New) -> None:
    await fill(store, clock, new)
    await store.figures.settle()
    clock.forward(days=100)
    keep = timedelta(days=90)
    await retention.purge(store.database, clock.now(), retention=keep, excerpt_retention=keep, by="me")
    async with store.database.reader.connect() as connection:
        for table in (tallies, rule_tallies, tally_changes):
            assert (await connection.execute(sa.select(table))).all() == []


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
