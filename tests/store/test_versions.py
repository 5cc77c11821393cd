"""Settings and keywords: every change a version, undone step by step, and nobody's change lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safetybot.model import Concern, Mode, Place
from safetybot.store.audit import audit_entries
from safetybot.store.errors import NothingToUndo, StaleVersion
from safetybot.store.keywords import Keyword, KeywordState, read_keyword
from safetybot.store.settings import COMMUNITY, UnknownSetting, UnusableValue
from safetybot.store.store import SqlStore
from safetybot.store.tables import settings as settings_table
from safetybot.store.versions import Change, standing

HERE = Place("discord", "100", "200")
THERE = Place("discord", "100", "201")


async def _put(store: SqlStore, key: str, value: object, expected: int, channel: str = COMMUNITY) -> Change:
    at = store._clock.now()
    return await store.settings.put("discord", "100", channel, key, value, by="ann", at=at, expected=expected)


async def _undo(store: SqlStore, key: str, expected: int | None = None) -> Change:
    at = store._clock.now()
    return await store.settings.undo("discord", "100", COMMUNITY, key, by="bob", at=at, expected=expected)


async def test_a_channel_overrides_its_community_which_overrides_the_defaults(store: SqlStore) -> None:
    default = await store.policy(HERE)
    await _put(store, "diy.mode", "alert", 0)
    await _put(store, "diy.channel_cooldown", "1h", 0)
    await _put(store, "diy.mode", "off", 0, channel="201")
    here, there = await store.policy(HERE), await store.policy(THERE)
    diy = default.concerns[Concern.DIY]
    assert here.concerns[Concern.DIY] == replace(diy, mode=Mode.ALERT, channel_cooldown=timedelta(hours=1))
    assert there.concerns[Concern.DIY] == replace(diy, mode=Mode.OFF, channel_cooldown=timedelta(hours=1))
    assert here.concerns[Concern.ADVERSE] == default.concerns[Concern.ADVERSE]
    assert await store.policy(Place("discord", "999", "200")) == default
    assert await store.policy(Place("telegram", "100", "200")) == default


VALUES = {
    "exempt_channels": (["1", "2"], frozenset({"1", "2"})),
    "exempt_roles": (["mods"], frozenset({"mods"})),
    "shadow_rules": (["lay-hands"], frozenset({"lay-hands"})),
    "language": ("de", "de"),
    "region": ("AT", "AT"),
    "emergency_number": ("144", "144"),
    "excerpts": (True, True),
}


@pytest.mark.parametrize("key", sorted(VALUES))
async def test_each_setting_is_in_force_until_it_is_inherited_again(store: SqlStore, key: str) -> None:
    given, wanted = VALUES[key]
    default = await store.policy(HERE)
    await _put(store, key, given, 0)
    assert getattr(await store.policy(HERE), key) == wanted
    await _put(store, key, None, 1)
    assert await store.policy(HERE) == default


async def test_another_process_change_is_seen_soon(open_it: Callable[[], Any]) -> None:
    async with open_it() as one, open_it() as other:
        assert (await other.policy(HERE)).language is None
        await _put(one, "language", "fr", 0)
        for _ in range(60):
            if (await other.policy(HERE)).language == "fr":
                break
            await asyncio.sleep(0.05)
        assert (await other.policy(HERE)).language == "fr"


async def test_a_setting_of_a_newer_program_is_left_alone(store: SqlStore) -> None:
    default = await store.policy(HERE)
    row = {"platform": "discord", "community": "100", "channel": "", "key": "from.the.future", "version": 1,
           "value": 1, "by": "x", "at": store._clock.now()}  # fmt: skip
    async with store.database.reader.begin() as connection:
        await connection.execute(sa.insert(settings_table), row)
    store.settings_changed("discord", "100")
    assert await store.policy(HERE) == default


async def test_an_unknown_key_is_refused(store: SqlStore) -> None:
    with pytest.raises(UnknownSetting, match=r"diy\.mode"):
        await _put(store, "diy.mod", "off", 0)


@pytest.mark.parametrize(("key", "value"), [("diy.mode", "loud"), ("diy.author_cooldown", "soon"), ("language", 7)])
async def test_a_value_that_fits_no_setting_is_refused(store: SqlStore, key: str, value: object) -> None:
    with pytest.raises(UnusableValue) as caught:
        await _put(store, key, value, 0)
    assert (caught.value.key, caught.value.value) == (key, value)
    assert await store.settings.history("discord", "100", COMMUNITY, key) == []


async def test_who_comes_second_is_shown_the_firsts_change(store: SqlStore) -> None:
    first = await _put(store, "language", "de", 0)
    for attempt in (_put(store, "language", "fr", 0), _undo(store, "language", expected=0)):
        with pytest.raises(StaleVersion) as caught:
            await attempt
        assert caught.value.newer == first
    assert (await store.policy(HERE)).language == "de"


async def test_of_many_at_once_one_change_is_made_and_the_others_see_it(open_it: Callable[[], Any]) -> None:
    async with open_it() as one, open_it() as other:
        results = await asyncio.gather(
            *(_put(store, "emergency_number", f"{n}", 0) for n, store in enumerate([one, other] * 10)),
            return_exceptions=True,
        )
        made = [result for result in results if isinstance(result, Change)]
        stale = [result for result in results if isinstance(result, StaleVersion)]
        assert (len(made), len(stale)) == (1, 19)
        assert {error.newer for error in stale} == set(made)


async def test_undo_goes_back_step_by_step(store: SqlStore) -> None:
    for version, language in enumerate(["de", "fr", "it"]):
        await _put(store, "language", language, version)
    seen = []
    for _ in range(3):
        await _undo(store, "language")
        seen.append((await store.policy(HERE)).language)
    assert seen == ["fr", "de", None]
    with pytest.raises(NothingToUndo, match="language"):
        await _undo(store, "language")
    history = await store.settings.history("discord", "100", COMMUNITY, "language")
    assert [(change.version, change.undoes) for change in history] == [
        (1, None), (2, None), (3, None), (4, 3), (5, 2), (6, 1),
    ]  # fmt: skip


async def test_each_change_is_audited_with_what_was_before(store: SqlStore) -> None:
    await _put(store, "language", "de", 0)
    await _put(store, "language", "fr", 1)
    await _undo(store, "language")
    entries = [entry async for entry in audit_entries(store.database)]
    assert [(e.by, e.action, e.detail["before"], e.detail["after"]) for e in entries] == [
        ("ann", "setting changed", None, "de"),
        ("ann", "setting changed", "de", "fr"),
        ("bob", "setting undone", "fr", "de"),
    ]
    assert {(e.platform, e.community, e.detail["key"]) for e in entries} == {("discord", "100", "language")}


STEPS = st.lists(st.one_of(st.sampled_from(["de", "fr", None]), st.just("undo")), max_size=12)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_sequence_of_changes_and_undos_is_what_its_replay_gives(store: SqlStore, steps: list[Any]) -> None:
    community = f"c{store._generation}"  # each example has a community of its own
    place = Place("discord", community, "1")
    model: list[Any] = []
    version = 0
    for step in steps:
        where = ("discord", community, COMMUNITY, "language")
        if step == "undo":
            if not model:
                with pytest.raises(NothingToUndo):
                    await store.settings.undo(*where, by="a", at=store._clock.now())
                continue
            model.pop()
            await store.settings.undo(*where, by="a", at=store._clock.now(), expected=version)
        else:
            model.append(step)
            await store.settings.put(*where, step, by="a", at=store._clock.now(), expected=version)
        version += 1
        assert (await store.policy(place)).language == (model[-1] if model else None)
    history = await store.settings.history("discord", community, COMMUNITY, "language")
    assert [change.value for change in standing(history)] == model
    assert [change.version for change in history] == list(range(1, version + 1))
    store.settings_changed("discord", community)


async def test_keywords_live_by_the_same_rules(store: SqlStore) -> None:
    at = store._clock.now()
    where = ("discord", "100")
    draft = Keyword("lemon bottle", KeywordState.DRAFT, concept="product")
    live = replace(draft, state=KeywordState.LIVE)
    allowed = Keyword("lemon bottle of water", KeywordState.LIVE, allowed=True)
    supply = Keyword("fat burn kit", KeywordState.SHADOW, concern=Concern.SUPPLY)
    assert await store.keywords.version(*where) == 0
    await store.keywords.put(*where, draft, by="ann", at=at, expected=0)
    await store.keywords.put(*where, live, by="ann", at=at, expected=1)
    await store.keywords.put(*where, allowed, by="ann", at=at, expected=0)
    await store.keywords.put(*where, supply, by="ann", at=at, expected=0)
    assert await store.keywords.in_force(*where) == [(supply, 1), (live, 2), (allowed, 1)]
    before = await store.keywords.version(*where)
    with pytest.raises(StaleVersion):
        await store.keywords.put(*where, draft, by="bob", at=at, expected=1)
    await store.keywords.undo(*where, "lemon bottle", by="ann", at=at)
    await store.keywords.undo(*where, "fat burn kit", by="ann", at=at)
    assert await store.keywords.in_force(*where) == [(draft, 3), (allowed, 1)]
    assert await store.keywords.version(*where) > before
    history = await store.keywords.history(*where, "lemon bottle")
    assert [read_keyword("lemon bottle", change.value) for change in history] == [draft, live, draft]
    assert await store.keywords.in_force("discord", "101") == []


@pytest.mark.parametrize(
    "wrong", [{}, {"concept": "product", "allowed": True}, {"concept": "a", "concern": Concern.DIY}]
)
def test_a_keyword_means_one_thing(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give one of"):
        Keyword("x", KeywordState.DRAFT, **wrong)
