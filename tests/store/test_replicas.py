"""Several stores of one database: what a living one works on is left alone, what a dead one left is taken once."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.model import InteractionState, NewInteraction
from safetybot.ports import Cooldowns
from safetybot.store.leases import Holder, Leases
from safetybot.store.store import SqlStore
from safetybot.store.tables import leases

New = Callable[..., NewInteraction]
Open = Callable[[], Any]


async def test_what_a_living_store_works_on_is_not_unfinished(open_it: Open, new: New) -> None:
    async with open_it() as one, open_it() as other:
        sending = (await one.claim(new("1"), None)).interaction_id
        await one.advance(sending, InteractionState.SENDING)
        await one.claim(new("2"), None)
        assert await other.unfinished("discord") == []
        assert await one.unfinished("discord") == []
        assert await one.advance(sending, InteractionState.SENT)


async def test_what_a_store_left_is_taken_by_one_other(open_it: Open, new: New) -> None:
    async with open_it() as one:
        planned = (await one.claim(new("1"), None)).interaction_id
    async with open_it() as first, open_it() as second:
        found = await asyncio.gather(first.unfinished("discord"), second.unfinished("discord"))
        assert sorted(map(len, found)) == [0, 1]
        heir, other = (first, second) if found[0] else (second, first)
        assert not await other.advance(planned, InteractionState.SENDING)
        assert await heir.advance(planned, InteractionState.SENDING)


async def test_a_store_that_shows_no_life_loses_what_it_planned(open_it: Open, new: New, clock: Any) -> None:
    async with open_it() as stalled, open_it() as other:
        planned = (await stalled.claim(new("1"), None)).interaction_id
        clock.forward(seconds=31)
        assert [left.id for left in await other.unfinished("discord")] == [planned]
        assert not await stalled.advance(planned, InteractionState.SENDING)


async def test_a_dead_process_of_this_machine_is_known_at_once(open_it: Open, new: New) -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    async with open_it() as dead, open_it() as other:
        await dead.claim(new("1"), None)
        async with other.database.reader.begin() as connection:
            await connection.execute(sa.update(leases).values(pid=process.pid))
        assert len(await other.unfinished("discord")) == 1


async def test_a_process_of_another_machine_is_given_its_time(open_it: Open, new: New) -> None:
    async with open_it() as dead, open_it() as other:
        await dead.claim(new("1"), None)
        async with other.database.reader.begin() as connection:
            await connection.execute(sa.update(leases).values(pid=2**22 + 1, host="elsewhere"))
        assert await other.unfinished("discord") == []


async def test_a_container_restarted_under_the_same_number_is_another(open_it: Open, new: New) -> None:
    async with open_it() as other:
        before = Leases(other.database, other._clock, Holder("before", socket.gethostname(), os.getpid()))
        assert await before.take("store/before", timedelta(minutes=1))
        assert await other.leases.take("store/before", timedelta(minutes=1))


async def test_a_lease_has_one_holder_until_it_runs_out_or_is_given_back(open_it: Open, clock: Any) -> None:
    async with open_it() as one, open_it() as other:
        minute = timedelta(minutes=1)
        assert sorted(await asyncio.gather(one.leases.take("purge", minute), other.leases.take("purge", minute))) == [
            False, True,
        ]  # fmt: skip
        holder, waiting = (one, other) if await one.leases.take("purge", minute) else (other, one)
        clock.forward(seconds=59)
        assert await holder.leases.take("purge", minute)  # renewed
        clock.forward(seconds=59)
        assert not await waiting.leases.take("purge", minute)
        clock.forward(seconds=1)
        assert await waiting.leases.take("purge", minute)
        await holder.leases.give_back("purge")  # no longer its own: nothing happens
        assert not await holder.leases.take("purge", minute)
        await waiting.leases.give_back("purge")
        assert await holder.leases.take("purge", minute)


async def test_a_reply_that_was_not_sent_gives_its_cooldowns_back(
    store: SqlStore, new: New, cooldowns: Cooldowns
) -> None:
    for number, end in enumerate([InteractionState.FAILED, InteractionState.SUPPRESSED]):
        claim = await store.claim(new(f"{number}"), cooldowns)
        assert claim.won
        assert await store.advance(claim.interaction_id, end)
    claim = await store.claim(new("last"), cooldowns)
    assert claim.won
    await store.advance(claim.interaction_id, InteractionState.SENDING)
    await store.advance(claim.interaction_id, InteractionState.UNKNOWN)
    assert not (await store.claim(new("after"), cooldowns)).won
