"""Where alerts stand, how far channels were seen, send budgets, moved chats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from safetybot.model import NewInteraction, Place
from safetybot.ports import Posted
from safetybot.store.chats import Limit
from safetybot.store.store import SqlStore

New = Callable[..., NewInteraction]
HERE = Place("discord", "100", "200")


async def _interaction(store: SqlStore, new: New, message_id: str) -> int:
    return (await store.claim(new(message_id), None)).interaction_id


async def test_an_alert_is_found_by_interaction_by_message_and_by_author(store: SqlStore, new: New) -> None:
    one = await _interaction(store, new, "1")
    where = Posted("900", "77")
    await store.posted(one, where)
    assert await store.alerts.of(one) == where
    assert await store.alerts.about_message(HERE, "1") == where
    assert await store.alerts.about_message(HERE, "2") is None
    kept = await store.interaction(one)
    assert await store.alerts.about_author(kept.author_pseudonym) == [where]


async def test_a_folded_alert_stands_for_several_interactions(store: SqlStore, new: New) -> None:
    where = Posted("900", "77")
    ids = [await _interaction(store, new, number) for number in "123"]
    for one in ids:
        await store.posted(one, where)
    assert await store.alerts.sharing(where) == ids


async def test_an_alert_about_an_erased_interaction_is_not_kept(store: SqlStore, new: New) -> None:
    one = await _interaction(store, new, "1")
    await store.posted(one, Posted("900", "77"))
    await store.members.erase_message(HERE, "1", by="safetybot")
    await store.posted(one, Posted("900", "78"))
    assert await store.alerts.of(one) is None


async def test_a_watermark_never_goes_back(store: SqlStore, clock: Any) -> None:
    now = clock.now()
    await store.watermarks.put("discord", {("100", "200"): now, ("100", "201"): now})
    await store.watermarks.put("discord", {("100", "200"): now - timedelta(minutes=1)})
    marks = await store.watermarks.all("discord", since=now - timedelta(hours=1))
    assert marks == {("100", "200"): now, ("100", "201"): now}
    assert await store.watermarks.all("telegram", since=now - timedelta(hours=1)) == {}
    await store.watermarks.forget(before=now + timedelta(seconds=1))
    assert await store.watermarks.all("discord", since=now - timedelta(hours=1)) == {}


async def test_a_budget_lets_through_what_its_limits_allow(store: SqlStore, clock: Any) -> None:
    limits = [Limit("chat/1", timedelta(seconds=1)), Limit("all", timedelta(milliseconds=100), burst=3)]
    assert await store.budgets.take(limits) == timedelta()
    assert await store.budgets.take(limits) == timedelta(seconds=1)
    others = [[Limit(f"chat/{n}", timedelta(seconds=1)), limits[1]] for n in range(2, 6)]
    waits = [await store.budgets.take(one) for one in others]
    assert waits == [timedelta()] * 3 + [timedelta(milliseconds=100)]
    clock.forward(seconds=1)
    assert await store.budgets.take(limits) == timedelta()


async def test_a_refused_send_takes_nothing_from_any_limit(store: SqlStore) -> None:
    one = Limit("chat/1", timedelta(seconds=1))
    await store.budgets.take([one])
    await store.budgets.take([one, Limit("all", timedelta(minutes=1))])
    assert await store.budgets.take([Limit("all", timedelta(minutes=1))]) == timedelta()


async def test_many_askers_together_get_no_more_than_the_budget(store: SqlStore) -> None:
    limit = Limit("all", timedelta(seconds=1), burst=4)
    waits = await asyncio.gather(*(store.budgets.take([limit]) for _ in range(20)))
    assert sum(wait == timedelta() for wait in waits) == 5


async def test_a_platform_that_says_wait_is_obeyed(store: SqlStore, clock: Any) -> None:
    await store.budgets.hold("chat/1", clock.now() + timedelta(seconds=30))
    assert await store.budgets.take([Limit("chat/1", timedelta(seconds=1))]) == timedelta(seconds=30)


async def test_a_chat_that_moves_twice_keeps_its_first_id(store: SqlStore, clock: Any) -> None:
    assert await store.moves.put("telegram", "-1", "-1001") == "-1"
    clock.forward(days=1)
    assert await store.moves.put("telegram", "-1001", "-1002") == "-1"
    assert await store.moves.all("telegram") == {"-1001": "-1", "-1002": "-1"}


async def test_erasing_a_community_forgets_its_marks_and_moves(store: SqlStore, clock: Any) -> None:
    await store.watermarks.put("discord", {("100", "200"): clock.now(), ("101", "200"): clock.now()})
    await store.moves.put("discord", "100", "102")
    await store.members.erase_community("discord", "100", by="safetybot")
    assert set(await store.watermarks.all("discord", since=clock.now() - timedelta(days=1))) == {("101", "200")}
    assert await store.moves.all("discord") == {}
