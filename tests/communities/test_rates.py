"""Rates of rules against their own past, and alarms: one a day, for what could have been sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from safetybot.communities.access import BOT, Actor, Refused, Role
from safetybot.communities.rates import RuleRates
from safetybot.detection.own_terms import SHADOW_RULE
from safetybot.model import Concern, FiredRule, NewInteraction, Place
from safetybot.store.audit import audit_entries
from safetybot.store.store import SqlStore

HERE = ("discord", "100")
VIEWER = Actor("vic", Role.VIEWER, *HERE)
New = Callable[..., NewInteraction]


@pytest.fixture
def rates(store: SqlStore, clock: Any) -> RuleRates:
    return RuleRates(store.rules, clock)


async def _fire(store: SqlStore, new: New, day: str, times: int, *, rule: str = "diy.self", **changes: Any) -> None:
    for number in range(times):
        made = new(f"{day}-{rule}-{number}", **changes)
        fired = (FiredRule(rule, Concern.DIY, "It fires."),) * 2
        await store.claim(replace(made, assessment=replace(made.assessment, rules=fired)), None)


async def _quiet_week(store: SqlStore, new: New, clock: Any) -> None:
    for day in range(7):
        await _fire(store, new, f"d{day}", 2)
        clock.forward(days=1)
    clock.forward(seconds=1)


async def test_a_rule_is_held_against_its_own_past(store: SqlStore, rates: RuleRates, new: New, clock: Any) -> None:
    await _quiet_week(store, new, clock)
    await _fire(store, new, "today", 12)
    await _fire(store, new, "today", 30, rule="new-rule")
    await _fire(store, new, "today", 30, rule=SHADOW_RULE + "x")
    await _fire(store, new, "shadowed", 30, reply=False)
    found = {one.rule: one for one in await rates.of(VIEWER, *HERE)}
    assert set(found) == {"diy.self", "new-rule"}
    assert (found["diy.self"].last_day, found["diy.self"].jumped) == (12, True)
    assert 1.9 <= found["diy.self"].per_day <= 2.4
    assert (found["new-rule"].last_day, found["new-rule"].jumped) == (30, False), "it has no past"
    with pytest.raises(Refused, match="see the figures"):
        await rates.of(Actor("", None, *HERE), *HERE)


async def test_an_ordinary_day_is_no_jump(store: SqlStore, rates: RuleRates, new: New, clock: Any) -> None:
    await _quiet_week(store, new, clock)
    await _fire(store, new, "today", 9)
    assert [one.jumped for one in await rates.of(VIEWER, *HERE)] == [False]
    assert await rates.alarms(BOT) == []


async def test_moderators_are_told_once_a_day(store: SqlStore, rates: RuleRates, new: New, clock: Any) -> None:
    await _quiet_week(store, new, clock)
    await _fire(store, new, "today", 40)
    await _fire(store, new, "elsewhere", 40, place=Place("discord", "101", "1"))
    (told,) = await rates.alarms(BOT)
    assert (told.platform, told.community) == HERE
    assert told.says("<diy.self>").startswith("<diy.self>: 40 in the last day, 2.")
    assert await rates.alarms(BOT) == []
    assert [(e.by, e.action, dict(e.detail)) async for e in audit_entries(store.database)] == [
        ("safetybot", "rate alarm", {"rule": "diy.self"})
    ]
    clock.forward(days=1, seconds=1)
    await _fire(store, new, "tomorrow", 90)
    await _fire(store, new, "tomorrow-more", 90)
    assert len(await rates.alarms(BOT)) == 1
    with pytest.raises(Refused, match="everywhere"):
        await rates.alarms(VIEWER)
