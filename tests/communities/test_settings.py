"""Settings as admins meet them: described, with their origin, within the operator's limits, never lost."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.setting_list import SETTINGS, UnknownSetting, UnusableValue, from_text, read, stored, to_text
from safetybot.communities.settings import CommunityOnly, CommunityPolicy, InForce, Limits, Origin, in_words
from safetybot.model import Concern, ConcernPolicy, Mode, Place, Policy
from safetybot.store.errors import NothingToUndo, StaleVersion
from safetybot.store.store import SqlStore

HERE = ("discord", "100")
ADMIN = Actor("ann", Role.ADMIN, *HERE)
VIEWER = Actor("vic", Role.VIEWER, *HERE)
DAY = timedelta(days=1)
DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(minutes=30), DAY) for c in Concern})
PROGRAM = Path(__file__).with_name("changing_process.py")


def policy_of(store: SqlStore, clock: Any, *, keep: timedelta = 90 * DAY) -> CommunityPolicy:
    return CommunityPolicy(store.settings, DEFAULTS, Limits(keep, 14 * DAY), clock)


@pytest.fixture
def policy(store: SqlStore, clock: Any) -> CommunityPolicy:
    return policy_of(store, clock)


async def _one(policy: CommunityPolicy, key: str, channel: str = "") -> InForce:
    return {found.key: found for found in await policy.effective(VIEWER, *HERE, channel)}[key]


def test_every_setting_describes_itself_and_its_example_can_be_typed(policy: CommunityPolicy) -> None:
    described = policy.describe(VIEWER, *HERE)
    assert {one.setting.key for one in described} == set(SETTINGS)
    for one in described:
        about = one.setting
        assert all((about.meaning, about.kind, about.limits, about.example, one.default)), about.key
        kept = stored(about.key, from_text(about.key, about.example))
        assert to_text(read(about.key, kept)) == about.example
    (one,) = policy.describe(VIEWER, *HERE, "diy.author_cooldown")
    assert (one.default, one.setting.kind) == ("1d", "duration")
    with pytest.raises(UnknownSetting, match=r"diy\.mode"):
        policy.describe(VIEWER, *HERE, "diy.mod")


async def test_what_is_shown_is_what_the_store_decides_by(store: SqlStore, policy: CommunityPolicy) -> None:
    for one in SETTINGS.values():
        value = from_text(one.key, one.example)
        await policy.put(ADMIN, *HERE, one.key, value, expected=0)
    await policy.put(ADMIN, *HERE, "diy.mode", "off", channel="200", expected=0)
    for channel in ("200", "201"):
        in_force = await store.policy(Place(*HERE, channel))
        for found in await policy.effective(VIEWER, *HERE, channel):
            name, dot, part = found.key.partition(".")
            concern = Concern.from_label(name) if dot else None
            if concern is not None:
                assert getattr(in_force.concerns[concern], part) == found.value, found.key
            elif hasattr(in_force, found.key):
                seen = getattr(in_force, found.key)
                assert seen == (frozenset(found.value) if isinstance(found.value, list) else found.value), found.key
            else:
                assert found.key in ("retention", "excerpt_retention")


async def test_the_origin_of_a_value_is_told(policy: CommunityPolicy) -> None:
    assert await _one(policy, "diy.mode") == InForce("diy.mode", Mode.REPLY, Origin.DEFAULT, 0)
    await policy.put(ADMIN, *HERE, "diy.mode", "shadow", expected=0)
    await policy.put(ADMIN, *HERE, "diy.mode", "off", channel="200", expected=0)
    assert await _one(policy, "diy.mode") == InForce("diy.mode", Mode.SHADOW, Origin.COMMUNITY, 1)
    assert await _one(policy, "diy.mode", "200") == InForce("diy.mode", Mode.OFF, Origin.CHANNEL, 1)
    assert await _one(policy, "diy.mode", "201") == InForce("diy.mode", Mode.SHADOW, Origin.COMMUNITY, 0)
    await policy.reset(ADMIN, *HERE, "diy.mode", channel="200", expected=1)
    assert await _one(policy, "diy.mode", "200") == InForce("diy.mode", Mode.SHADOW, Origin.COMMUNITY, 2)
    await policy.undo(ADMIN, *HERE, "diy.mode", channel="200", expected=2)
    assert await _one(policy, "diy.mode", "200") == InForce("diy.mode", Mode.OFF, Origin.CHANNEL, 3)
    changes = await policy.history(VIEWER, *HERE, "diy.mode", channel="200")
    words = [in_words("diy.mode", before.value, after) for before, after in pairwise(changes)]
    assert words[0].endswith("ann: diy.mode from off to inherited (version 2)")
    assert words[1].endswith("ann: diy.mode from inherited to off, taking back version 2 (version 3)")


async def test_each_use_asks_for_its_right(policy: CommunityPolicy) -> None:
    nobody, viewer = Actor("", None, *HERE), VIEWER
    for attempt in (policy.effective(nobody, *HERE), policy.history(nobody, *HERE, "language")):
        with pytest.raises(Refused, match="role viewer"):
            await attempt
    with pytest.raises(Refused, match="role viewer"):
        policy.describe(nobody, *HERE)
    for change in (
        policy.put(viewer, *HERE, "language", "de", expected=0),
        policy.reset(viewer, *HERE, "language", expected=0),
        policy.undo(viewer, *HERE, "language"),
    ):
        with pytest.raises(Refused, match="role admin, and the role held is viewer"):
            await change
    assert await policy.history(VIEWER, *HERE, "language") == []


async def test_a_community_keeps_no_longer_than_the_operator(store: SqlStore, clock: Any) -> None:
    policy = policy_of(store, clock)
    for value in ("91d", "59m", "0s", "soon"):
        with pytest.raises(UnusableValue, match="retention"):
            await policy.put(ADMIN, *HERE, "retention", value, expected=0)
    await policy.put(ADMIN, *HERE, "retention", "60d", expected=0)
    assert (await _one(policy, "retention")).text == "60d"
    assert (await _one(policy_of(store, clock, keep=30 * DAY), "retention")).text == "30d", "the limit was lowered"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("diy.min_confidence", 1.5, "less than or equal to 1"),
        ("diy.min_confidence", float("nan"), "finite"),
        ("language", "German", "two or three small letters"),
        ("region", "at", "ISO 3166"),
        ("exempt_channels", ["1", ""], "at place 2"),
        ("excerpts", "on", "on or off"),
        ("emergency_number", "1" * 81, "80"),
        ("diy.author_cooldown", "9999d", "ten years"),
    ],
)
async def test_a_value_that_cannot_work_is_refused_with_the_limit(
    policy: CommunityPolicy, key: str, value: object, says: str
) -> None:
    with pytest.raises(UnusableValue, match=says):
        await policy.put(ADMIN, *HERE, key, value, expected=0)
    assert await policy.history(VIEWER, *HERE, key) == []


async def test_some_settings_hold_for_whole_communities_only(policy: CommunityPolicy) -> None:
    for key, value in (("retention", "1d"), ("excerpt_retention", "1d"), ("exempt_channels", ["1"])):
        with pytest.raises(CommunityOnly, match="without a channel"):
            await policy.put(ADMIN, *HERE, key, value, channel="200", expected=0)


async def test_the_second_admin_is_shown_the_firsts_change(policy: CommunityPolicy) -> None:
    bob = Actor("bob", Role.ADMIN, *HERE)
    await policy.put(ADMIN, *HERE, "language", "de", expected=0)
    with pytest.raises(StaleVersion, match="version 1 by ann, now 'de'"):
        await policy.put(bob, *HERE, "language", "fr", expected=0)
    with pytest.raises(StaleVersion):
        await policy.undo(bob, *HERE, "language", expected=0)
    with pytest.raises(NothingToUndo):
        await policy.undo(bob, *HERE, "region")


async def test_of_two_processes_that_change_the_same_setting_none_loses_a_change(
    database_url: str, tmp_path: Path
) -> None:
    start, rounds = tmp_path / "start", 40
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), database_url, str(rounds), str(start), name,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        for name in ("ann", "bob")
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", (await process.communicate())[1].decode()
    start.touch()
    said: list[list[str]] = []
    for process in processes:
        out, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, errors.decode()
        said.append(out.decode().splitlines())
    made = [line for lines in said for line in lines if line.startswith("made")]
    assert sorted(int(line.split()[1]) for line in made) == list(range(1, rounds + 1)), "each version was made once"
    for other, lines in zip(("bob", "ann"), said, strict=True):
        assert len(lines) == rounds
        for number, line in enumerate(lines):
            word, version, *by = line.split()
            assert (int(version) > number, by) == (True, ["of", other] if word == "saw" else []), line


KEYS = ("diy.mode", "language")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["", "200"]),
        st.one_of(
            st.tuples(st.just("diy.mode"), st.sampled_from(["off", "shadow", None, "undo"])),
            st.tuples(st.just("language"), st.sampled_from(["de", "fr", None, "undo"])),
        ),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_changes_and_undos_leave_what_their_replay_gives(
    store: SqlStore, clock: Any, steps: list[tuple[str, tuple[str, Any]]]
) -> None:
    policy = policy_of(store, clock)
    where = ("discord", f"c{store._generation}")  # each example has a community of its own
    admin = Actor("ann", Role.ADMIN, *where)
    model: dict[tuple[str, str], list[Any]] = {(channel, key): [] for channel in ("", "200") for key in KEYS}
    for channel, (key, step) in steps:
        stack = model[channel, key]
        if step != "undo":
            found = {one.key: one for one in await policy.effective(admin, *where, channel)}
            await policy.put(admin, *where, key, step, channel=channel, expected=found[key].version)
            stack.append(step)
        elif stack:
            await policy.undo(admin, *where, key, channel=channel)
            stack.pop()
        else:
            with pytest.raises(NothingToUndo):
                await policy.undo(admin, *where, key, channel=channel)
    for channel in ("", "200"):
        for one in await policy.effective(admin, *where, channel):
            if one.key in KEYS:
                chosen = [model[scope, one.key] for scope in ("", channel)]
                values = [stack[-1] for stack in chosen if stack and stack[-1] is not None]
                default = "reply" if one.key == "diy.mode" else "none"
                assert one.text == (values[-1] if values else default)
    store.settings_changed(*where)


@given(st.text(max_size=30), st.sampled_from(sorted(SETTINGS)))
def test_whatever_is_typed_is_taken_or_refused_in_words(text: str, key: str) -> None:
    try:
        kept = stored(key, from_text(key, text))
    except UnusableValue:
        return
    again = stored(key, from_text(key, to_text(read(key, kept))))
    # A list is a set to whom it concerns: its order and repetitions are nobody's business.
    assert (sorted(again) == sorted(kept)) if isinstance(kept, list) else (again == kept)
