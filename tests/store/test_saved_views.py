"""Saved views on both databases: somebody's own, bounded, replaced by name, forgotten with what they are about."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.conftest import StillClock

from safetybot.communities.saved_views import TooManyViews, member_owner
from safetybot.model import Place
from safetybot.store import retention
from safetybot.store.retention import Forgotten
from safetybot.store.store import SqlStore

HERE = ("discord", "100")
ANN = "name/ann"
AUTHOR = "a" * 32


async def _save(store: SqlStore, name: str, owner: str = ANN, place: tuple[str, str] = HERE, **filters: str) -> int:
    return (await store.views.save(owner, *place, name, filters or {"concern": "diy"}, most=5)).id


async def _names(store: SqlStore, owner: str = ANN, place: tuple[str, str] = HERE) -> list[str]:
    return [view.name for view in await store.views.listed(owner, *place)]


async def _purge(store: SqlStore, days: int) -> Forgotten:
    now, most = store._clock.now(), timedelta(days=days)
    return await retention.purge(store.database, now, retention=most, excerpt_retention=most, by="test")


async def test_everybody_has_views_of_their_own_in_each_community(store: SqlStore) -> None:
    number = await _save(store, "b")
    await _save(store, "a")
    await _save(store, "theirs", owner="name/bo")
    await _save(store, "there", place=("discord", "200"))
    assert await _names(store) == ["a", "b"]
    assert not await store.views.delete("name/bo", *HERE, number)
    assert not await store.views.delete(ANN, "discord", "200", number)
    assert await store.views.delete(ANN, *HERE, number)
    assert not await store.views.delete(ANN, *HERE, number)
    assert await _names(store) == ["a"]


async def test_a_view_of_the_same_name_gives_way_even_at_once(store: SqlStore) -> None:
    await asyncio.gather(*(_save(store, "mine", state=f"s{number}") for number in range(8)))
    (view,) = await store.views.listed(ANN, *HERE)
    assert view.filters["state"] in {f"s{number}" for number in range(8)}
    assert (view.made_at, view.used_at) == (store._clock.now(), store._clock.now())


async def test_of_many_at_once_no_more_are_kept_than_there_may_be(store: SqlStore) -> None:
    saved = await asyncio.gather(*(_save(store, f"{number}") for number in range(8)), return_exceptions=True)
    assert sum(isinstance(one, TooManyViews) for one in saved) == 3
    assert len(await _names(store)) == 5
    await _save(store, (await _names(store))[0], concern="supply")
    with pytest.raises(TooManyViews):
        await _save(store, "one more")


async def test_a_view_goes_when_nobody_looked_at_it_for_as_long_as_the_log_goes_back(
    store: SqlStore, clock: StillClock
) -> None:
    await _save(store, "unused")
    used = await _save(store, "used")
    clock.forward(days=20)
    await store.views.used(used)
    clock.forward(days=70, microseconds=1)
    assert await _purge(store, 90) == Forgotten(views=1)
    assert await _names(store) == ["used"]
    await store.settings.put(*HERE, "", "retention", "30d", expected=0, by="ann", at=clock.now())
    assert await _purge(store, 90) == Forgotten(views=1)


async def test_erasing_a_member_takes_their_views_and_those_that_look_at_them(store: SqlStore) -> None:
    await _save(store, "own", owner=member_owner(AUTHOR))
    await _save(store, "about them", author=AUTHOR)
    await _save(store, "about another", author="b" * 32)
    place = Place(*HERE, "")
    kept = await store.members.kept(place, AUTHOR, by="op", excerpts=False)
    assert [(view.name, view.filters) for view in kept.views] == [("own", {"concern": "diy"})]
    assert await store.members.erase(place, AUTHOR, by="op") == Forgotten(views=2)
    assert await _names(store) == ["about another"]
    assert (await store.members.kept(place, AUTHOR, by="op", excerpts=False)).views == ()


async def test_erasing_a_community_takes_its_views_alone(store: SqlStore) -> None:
    await _save(store, "here")
    await _save(store, "an operator's", owner="operator/op")
    await _save(store, "there", place=("discord", "200"))
    await _save(store, "everywhere", owner="operator/op", place=("", ""))
    assert await store.members.erase_community(*HERE, by="op") == Forgotten(views=2)
    assert await _names(store) == []
    assert await _names(store, place=("discord", "200")) == ["there"]
    assert await _names(store, "operator/op", ("", "")) == ["everywhere"]
