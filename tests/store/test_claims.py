"""Claims and states: exactly one winner, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safetybot.model import Concern, History, InteractionState, Level, NewInteraction, Place
from safetybot.ports import Claim, Cooldowns
from safetybot.store.store import SqlStore

New = Callable[..., NewInteraction]
OTHER_AUTHOR = "b" * 32
CHANNEL = Place("discord", "100", "200")
OTHER_CHANNEL = Place("discord", "100", "201")


async def test_a_claim_comes_back_as_it_was_given(store: SqlStore, new: New) -> None:
    given = new("m1", concern=Concern.ADVERSE, place=Place("telegram", "-100123", "-100123", "7"))
    claim = await store.claim(given, None)
    read = await store.interaction(claim.interaction_id)
    assert (read.place, read.message_id, read.author_pseudonym) == (given.place, "m1", given.author_pseudonym)
    assert (read.at, read.at.tzinfo) == (given.at, given.at.tzinfo)
    assert (read.concern, read.level, read.confidence, read.language) == (Concern.ADVERSE, Level.TODAY, 0.875, "en")
    assert (read.rules, read.concepts) == (("diy.self",), ("procedure",))
    assert read.reasons == tuple(reason.value for reason in given.decision.reasons)
    assert (read.state, read.shadow, read.alerted) == (InteractionState.PLANNED, False, False)
    assert (read.response_id, read.reply_id, read.verdict) == ("en/diy/plain@1", None, None)


async def test_what_is_not_to_be_answered_is_stored_as_suppressed(store: SqlStore, new: New) -> None:
    claim = await store.claim(new(reply=False), None)
    assert claim.won
    assert (await store.interaction(claim.interaction_id)).state is InteractionState.SUPPRESSED


async def test_the_same_message_is_claimed_once(store: SqlStore, new: New, cooldowns: Cooldowns) -> None:
    first = await store.claim(new(), cooldowns)
    again = await store.claim(new(), cooldowns)
    assert again == Claim(first.interaction_id, won=False, lost_to="another handler")
    assert len(await store.list_interactions()) == 1


async def test_a_repeated_message_takes_no_cooldown(store: SqlStore, new: New, cooldowns: Cooldowns) -> None:
    await store.claim(new(reply=False), None)
    await store.claim(new(), cooldowns)
    assert (await store.claim(new("2"), cooldowns)).won


async def test_messages_of_one_number_in_two_channels_are_two(store: SqlStore, new: New) -> None:
    assert (await store.claim(new(), None)).won
    assert (await store.claim(new(place=OTHER_CHANNEL), None)).won


async def test_a_channels_cooldown_holds_for_everybody_in_it(
    store: SqlStore, new: New, cooldowns: Cooldowns, clock: Any
) -> None:
    await store.claim(new("1"), cooldowns)
    clock.forward(minutes=29, seconds=59)
    lost = await store.claim(new("2", author_pseudonym=OTHER_AUTHOR), cooldowns)
    assert (lost.won, lost.lost_to) == (False, "channel cooldown")
    assert (await store.interaction(lost.interaction_id)).state is InteractionState.SUPPRESSED
    clock.forward(seconds=1)
    assert (await store.claim(new("3", author_pseudonym=OTHER_AUTHOR), cooldowns)).won


async def test_an_authors_cooldown_holds_in_all_channels_of_the_community(
    store: SqlStore, new: New, cooldowns: Cooldowns
) -> None:
    await store.claim(new("1"), cooldowns)
    lost = await store.claim(new("2", place=OTHER_CHANNEL), cooldowns)
    assert (lost.won, lost.lost_to) == (False, "author cooldown")


async def test_a_lost_cooldown_takes_nothing_from_the_other(store: SqlStore, new: New, cooldowns: Cooldowns) -> None:
    await store.claim(new("1"), cooldowns)
    await store.claim(new("2", place=OTHER_CHANNEL), cooldowns)  # the author is on cooldown, the channel is free
    assert (await store.claim(new("3", place=OTHER_CHANNEL, author_pseudonym=OTHER_AUTHOR), cooldowns)).won
    await store.claim(new("4", author_pseudonym="c" * 32), cooldowns)  # the channel is on cooldown, the author is free
    third = Place("discord", "100", "202")
    assert (await store.claim(new("5", place=third, author_pseudonym="c" * 32), cooldowns)).won


async def test_concerns_cool_down_apart(store: SqlStore, new: New, cooldowns: Cooldowns) -> None:
    await store.claim(new("1"), cooldowns)
    supply = Cooldowns(Concern.SUPPLY, cooldowns.channel, cooldowns.author)
    assert (await store.claim(new("2", concern=Concern.SUPPLY), supply)).won


async def test_without_a_channel_cooldown_only_the_author_counts(store: SqlStore, new: New) -> None:
    adverse = Cooldowns(Concern.ADVERSE, None, timedelta(hours=1))
    assert (await store.claim(new("1", concern=Concern.ADVERSE), adverse)).won
    assert (await store.claim(new("2", concern=Concern.ADVERSE, author_pseudonym=OTHER_AUTHOR), adverse)).won
    assert not (await store.claim(new("3", concern=Concern.ADVERSE), adverse)).won


async def test_a_cooldown_of_nothing_holds_nobody_back(store: SqlStore, new: New) -> None:
    none = Cooldowns(Concern.DIY, timedelta(0), timedelta(0))
    assert (await store.claim(new("1"), none)).won
    assert (await store.claim(new("2"), none)).won


async def test_a_cooldown_of_nothing_holds_nobody_back_whose_message_is_claimed_after_a_later_one(
    store: SqlStore, new: New, clock: Any
) -> None:
    # Two messages of one member were handled at once; the earlier one lost to a cooldown that there was none of.
    none = Cooldowns(Concern.DIY, timedelta(0), timedelta(0))
    earlier = new("m1")
    clock.forward(seconds=1)
    assert (await store.claim(new("m2", at=clock.now()), none)).won
    assert (await store.claim(earlier, none)).won


async def test_history_tells_what_was_claimed(store: SqlStore, new: New, cooldowns: Cooldowns, clock: Any) -> None:
    assert await store.history(CHANNEL, "1", "a" * 32, Concern.DIY) == History()
    at = clock.now()
    await store.claim(new("1"), cooldowns)
    clock.forward(minutes=5)
    known = await store.history(CHANNEL, "1", "a" * 32, Concern.DIY)
    assert known == History(already_answered=True, last_reply_in_channel=at, last_reply_to_author=at)
    assert await store.history(OTHER_CHANNEL, "1", OTHER_AUTHOR, Concern.DIY) == History()
    assert await store.history(CHANNEL, "9", OTHER_AUTHOR, Concern.SUPPLY) == History()


async def test_cooldowns_survive_a_restart(open_it: Any, new: New, cooldowns: Cooldowns) -> None:
    async with open_it() as store:
        await store.claim(new("1"), cooldowns)
    async with open_it() as store:
        assert not (await store.claim(new("2"), cooldowns)).won


async def test_of_a_hundred_claims_at_once_one_wins(store: SqlStore, new: New, cooldowns: Cooldowns) -> None:
    claims = await asyncio.gather(*(store.claim(new(), cooldowns) for _ in range(100)))
    assert sum(claim.won for claim in claims) == 1
    assert len({claim.interaction_id for claim in claims}) == 1


async def test_of_a_hundred_messages_at_once_the_cooldown_lets_one_pass(
    store: SqlStore, new: New, cooldowns: Cooldowns
) -> None:
    claims = await asyncio.gather(
        *(store.claim(new(f"{n}", author_pseudonym=f"{n:032x}"), cooldowns) for n in range(100))
    )
    assert sum(claim.won for claim in claims) == 1
    assert {claim.lost_to for claim in claims if not claim.won} == {"channel cooldown"}


async def test_one_bad_write_fails_alone(store: SqlStore, new: New) -> None:
    good = [store.claim(new(f"{n}"), None) for n in range(20)]
    bad = store.claim(new("bad", author_pseudonym=None), None)  # the column takes no null
    results = await asyncio.gather(*good[:10], bad, *good[10:], return_exceptions=True)
    failed = [r for r in results if isinstance(r, BaseException)]
    assert len(failed) == 1
    assert len(await store.list_interactions(limit=100)) == 20


@pytest.mark.parametrize("poison", ["a\x00b", "\ud800"])
async def test_text_that_a_database_cannot_hold_fails_alone_or_is_kept(store: SqlStore, new: New, poison: str) -> None:
    results = await asyncio.gather(
        store.claim(new("good"), None), store.claim(new(poison), None), return_exceptions=True
    )
    assert isinstance(results[0], Claim)
    assert (await store.interaction(results[0].interaction_id)).message_id == "good"


@pytest.mark.parametrize("poison", ["a\x00b", "\ud800", "x" * 100_000])
async def test_whatever_a_platform_says_can_be_recorded(store: SqlStore, new: New, poison: str) -> None:
    claim = await store.claim(new(), None)
    assert await store.advance(claim.interaction_id, InteractionState.FAILED, error=poison)
    assert (await store.interaction(claim.interaction_id)).state is InteractionState.FAILED


ALLOWED = {
    ("planned", "sending"), ("planned", "suppressed"), ("planned", "failed"), ("sending", "sent"),
    ("sending", "failed"), ("sending", "unknown"),
}  # fmt: skip
PATHS = {
    "planned": [], "sending": ["sending"], "sent": ["sending", "sent"], "failed": ["sending", "failed"],
    "suppressed": ["suppressed"], "unknown": ["sending", "unknown"],
}  # fmt: skip


@pytest.mark.parametrize("before", sorted(PATHS))
@pytest.mark.parametrize("after", sorted(set(PATHS) - {"planned"}))
async def test_states_only_move_forward(store: SqlStore, new: New, before: str, after: str) -> None:
    interaction = (await store.claim(new(), None)).interaction_id
    for step in PATHS[before]:
        assert await store.advance(interaction, InteractionState(step))
    moved = await store.advance(interaction, InteractionState(after))
    assert moved == ((before, after) in ALLOWED)
    assert (await store.interaction(interaction)).state.value == (after if moved else before)


async def test_nothing_goes_back_to_planned(store: SqlStore, new: New) -> None:
    interaction = (await store.claim(new(), None)).interaction_id
    await store.advance(interaction, InteractionState.SENDING)
    assert not await store.advance(interaction, InteractionState.PLANNED)


async def test_of_many_senders_one_may_send(store: SqlStore, new: New) -> None:
    interaction = (await store.claim(new(), None)).interaction_id
    moves = await asyncio.gather(*(store.advance(interaction, InteractionState.SENDING) for _ in range(50)))
    assert moves.count(True) == 1


async def test_the_replys_id_is_kept(store: SqlStore, new: New) -> None:
    interaction = (await store.claim(new(), None)).interaction_id
    await store.advance(interaction, InteractionState.SENDING)
    await store.advance(interaction, InteractionState.SENT, reply_id="r1")
    assert (await store.interaction(interaction)).reply_id == "r1"


async def test_a_row_that_is_gone_cannot_advance(store: SqlStore) -> None:
    assert not await store.advance(2**62, InteractionState.SENDING)


async def test_unfinished_are_those_of_the_platform_oldest_first(open_it: Any, new: New, clock: Any) -> None:
    async with open_it() as store:
        first = (await store.claim(new("1"), None)).interaction_id
        clock.forward(seconds=1)
        second = (await store.claim(new("2"), None)).interaction_id
        await store.advance(second, InteractionState.SENDING)
        done = (await store.claim(new("3"), None)).interaction_id
        await store.advance(done, InteractionState.SENDING)
        await store.advance(done, InteractionState.SENT)
        await store.claim(new("4", reply=False), None)
        await store.claim(new("5", place=Place("telegram", "1", "2")), None)
    async with open_it() as store:
        assert [left.id for left in await store.unfinished("discord")] == [first, second]


async def test_a_number_is_never_given_twice(store: SqlStore, new: New) -> None:
    first = (await store.claim(new("1"), None)).interaction_id
    async with store.database.reader.begin() as connection:
        await connection.execute(sa.text("DELETE FROM interactions"))
    assert (await store.claim(new("2"), None)).interaction_id > first
