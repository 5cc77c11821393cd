"""Reactions in the store: each counted once, never below nothing, gone with the interaction; in both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import START, New, StillClock

from safetybot.communities.figures import By
from safetybot.communities.reactions import MOST, UNWELCOME, WELCOME, ReactionKind, Seen, counted, kind_of
from safetybot.communities.records import Filters, Reactions
from safetybot.model import InteractionState, Place
from safetybot.store import retention
from safetybot.store.store import SqlStore
from safetybot.store.tables import reactions

HERE, THERE = Place("telegram", "-7", "-7"), Place("telegram", "-8", "-8")


async def answered(store: SqlStore, new: New, message: str, reply: str, place: Place = HERE) -> int:
    claim = await store.claim(new(message, place=place), None)
    await store.advance(claim.interaction_id, InteractionState.SENDING)
    await store.advance(claim.interaction_id, InteractionState.SENT, reply_id=reply)
    return claim.interaction_id


async def stand(store: SqlStore, number: int) -> Reactions:
    return (await store.details(number)).reactions


def at(second: int, number: int) -> Seen:
    return Seen(START + timedelta(seconds=second), number)


async def test_what_is_told_twice_or_late_counts_once(store: SqlStore, new: New) -> None:
    number = await answered(store, new, "1", "11")
    told = store.reactions.told
    assert await told("telegram", "-7", "11", at(5, 50), Reactions(welcome=1), total=False)
    for again_or_older in (at(5, 50), at(4, 99)):
        assert await told("telegram", "-7", "11", again_or_older, Reactions(welcome=1), total=False) is False
    assert await told("telegram", "-7", "11", at(5, 51), Reactions(welcome=-1, unwelcome=1), total=False)
    assert await told("telegram", "-7", "11", at(9, 3), Reactions(other=2), total=False), "numbers begin anew at times"
    assert await stand(store, number) == Reactions(0, 1, 2)


async def test_a_total_replaces_what_was_counted(store: SqlStore, new: New) -> None:
    number = await answered(store, new, "1", "11")
    await store.reactions.told("telegram", "-7", "11", at(1, 1), Reactions(5, 5, 5), total=False)
    await store.reactions.told("telegram", "-7", "11", at(2, 2), Reactions(2, 0, 1), total=True)
    assert await stand(store, number) == Reactions(2, 0, 1)
    await store.reactions.put(number, Reactions(3, 1, 0))
    assert await stand(store, number) == Reactions(3, 1, 0)


async def test_counts_never_go_below_nothing_or_beyond_all_bounds(store: SqlStore, new: New) -> None:
    number = await answered(store, new, "1", "11")
    await store.reactions.told("telegram", "-7", "11", at(1, 1), Reactions(-3, 2, 10**12), total=False)
    assert await stand(store, number) == Reactions(0, 2, MOST)


async def test_only_our_own_replies_in_their_own_chat_are_counted(store: SqlStore, new: New) -> None:
    here, there = await answered(store, new, "1", "11"), await answered(store, new, "1", "11", THERE)
    told = store.reactions.told
    assert await told("telegram", "-7", "12", at(1, 1), Reactions(1), total=False) is None
    assert await told("discord", "-7", "11", at(1, 1), Reactions(1), total=False) is None
    assert await told("telegram", "-9", "11", at(1, 1), Reactions(1), total=False) is None
    assert await told("telegram", "-8", "11", at(1, 1), Reactions(1), total=False)
    assert (await stand(store, here), await stand(store, there)) == (Reactions(), Reactions(1))


async def test_replies_are_found_among_messages(store: SqlStore, new: New) -> None:
    number = await answered(store, new, "1", "700", Place("discord", "1", "2"))
    await answered(store, new, "2", "701", HERE)
    assert await store.reactions.replies("discord", ["699", "700", "701"]) == {"700": number}
    assert await store.reactions.replies("discord", []) == {}


async def test_those_who_count_at_once_count_each_change_that_they_take_once(store: SqlStore, new: New) -> None:
    number = await answered(store, new, "1", "11")
    work = [
        store.reactions.told("telegram", "-7", "11", at(1, 1 + one // 2), Reactions(welcome=1), total=False)
        for one in range(30)
    ]
    taken = [bool(counted) for counted in await asyncio.gather(*work)]
    assert 1 <= sum(taken) <= 15
    assert await stand(store, number) == Reactions(welcome=sum(taken))


@pytest.mark.parametrize("way", ["author", "message", "community", "age"])
async def test_they_are_erased_with_the_interaction(store: SqlStore, new: New, clock: StillClock, way: str) -> None:
    number = await answered(store, new, "1", "11")
    await store.reactions.put(number, Reactions(1, 1, 1))
    author = (await store.interaction(number)).author_pseudonym
    erase: dict[str, Callable[[], object]] = {
        "author": lambda: store.members.erase(HERE, author, by="me"),
        "message": lambda: store.members.erase_message(HERE, "1", by="me"),
        "community": lambda: store.members.erase_community("telegram", "-7", by="me"),
        "age": lambda: retention.purge(
            store.database, clock.now() + timedelta(days=9), retention=timedelta(days=8),
            excerpt_retention=timedelta(days=8), by="me",
        ),
    }  # fmt: skip
    await erase[way]()  # type: ignore[misc]
    async with store.database.reader.connect() as connection:
        assert (await connection.execute(sa.select(reactions))).all() == []
    await store.reactions.put(number, Reactions(1))  # what was on its way meanwhile
    assert await store.reactions.told("telegram", "-7", "11", at(1, 1), Reactions(1), total=True) is None


async def test_replies_are_counted_by_how_they_were_taken(store: SqlStore, new: New, clock: StillClock) -> None:
    one, two, three = [await answered(store, new, str(number), f"1{number}") for number in range(3)]
    other = await answered(store, new, "1", "11", THERE)
    await store.reactions.put(one, Reactions(welcome=7, unwelcome=1))
    await store.reactions.put(two, Reactions(welcome=1))
    await store.reactions.put(three, Reactions(other=4))
    await store.reactions.put(other, Reactions(unwelcome=2))

    async def count(filters: Filters) -> dict[str, tuple[int, int]]:
        found = (await store.figures.counted(filters, [By.COMMUNITY]))[By.COMMUNITY]
        return {one.name: (one.welcome, one.unwelcome) for one in found}

    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for filters in (Filters(), Filters(since=today)):
        assert await count(filters) == {"telegram/-7": (2, 1), "telegram/-8": (0, 1)}
    assert await count(Filters("telegram", "-8")) == {"telegram/-8": (0, 1)}
    assert await count(Filters(since=today + timedelta(days=1))) == {}
    await store.reactions.put(two, Reactions(other=1))
    assert (await count(Filters(since=today)))["telegram/-7"] == (1, 1), "reactions may be taken back"


@pytest.mark.parametrize(
    ("sign", "kind"),
    [
        ("👍", "welcome"), ("👍🏽", "welcome"), ("❤️", "welcome"), ("❤", "welcome"), ("🙏🏿", "welcome"),
        ("👎", "unwelcome"), ("👎🏻", "unwelcome"), ("🤦🏼‍♀️", "unwelcome"), ("💩", "unwelcome"),
        ("😂", "other"), ("😢", "other"), ("", "other"), (None, "other"), ("\ufe0f", "other"), ("👍👍", "other"),
    ],
)  # fmt: skip
def test_a_sign_says_one_thing_whatever_its_dress(sign: str | None, kind: str) -> None:
    assert kind_of(sign) is ReactionKind(kind)


def test_no_sign_says_both() -> None:
    assert not WELCOME & UNWELCOME
    assert all(kind_of(sign) is ReactionKind.WELCOME for sign in WELCOME)
    assert all(kind_of(sign) is ReactionKind.UNWELCOME for sign in UNWELCOME)


@given(st.lists(st.tuples(st.one_of(st.none(), st.text(max_size=3)), st.integers(-5, 5)), max_size=20))
def test_counting_by_kind_loses_nothing(emojis: list[tuple[str | None, int]]) -> None:
    found = counted(emojis)
    assert found.welcome + found.unwelcome + found.other == sum(times for _, times in emojis)
