"""The small parts that keep bounds: refused requests, channels left alone, marks, the pace of sessions, nonces."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.platforms.discord.budget import (
    A_SECOND,
    AT_ONCE,
    DISCORD_LIMIT,
    OURS,
    WINDOW,
    InvalidRequests,
    Rate,
    TooManyInvalidRequests,
)
from safetybot.platforms.discord.client import _Pace
from safetybot.platforms.discord.seen import Channel, Seen
from safetybot.platforms.discord.sending import Circuits, LeftAlone, nonce_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
A, B = ("1", "2"), ("1", "3")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Kept:
    """Marks in memory; refuses while it is away."""

    def __init__(self) -> None:
        self.marks: dict[Channel, datetime] = {}
        self.writes = 0
        self.away = False

    async def put(self, platform: str, seen: Mapping[Channel, datetime]) -> None:
        if self.away:
            raise OSError
        self.writes += 1
        self.marks |= seen

    async def all(self, platform: str, *, since: datetime) -> dict[Channel, datetime]:
        return {channel: at for channel, at in self.marks.items() if at >= since}

    async def forget(self, *, before: datetime) -> None:
        self.marks = {channel: at for channel, at in self.marks.items() if at >= before}


def test_refused_requests_end_long_before_discord_shuts_us_out() -> None:
    clock = Clock()
    invalid = InvalidRequests(clock=clock)
    for _ in range(OURS - 1):
        invalid.add()
    invalid.check()
    invalid.add()
    with pytest.raises(TooManyInvalidRequests, match="2000 requests were refused"):
        invalid.check()
    assert OURS <= DISCORD_LIMIT / 2
    clock.seconds += WINDOW + 1
    invalid.check()
    assert invalid.count == 0


def test_a_channel_is_left_alone_for_a_while_and_news_is_told_once() -> None:
    clock = Clock()
    circuits = Circuits(600, clock)
    circuits.check(7)
    assert circuits.lost(1, 7)
    with pytest.raises(LeftAlone):
        circuits.check(7)
    circuits.check(8)
    assert len(circuits) == 1
    clock.seconds += 601
    circuits.check(7)
    assert not circuits.lost(1, 7), "that it is still shut is no news"
    circuits.try_again(2)
    assert len(circuits) == 1
    circuits.try_again(1)
    circuits.check(7)
    circuits.lost(1, 7)
    circuits.try_again()
    circuits.check(7)
    circuits.well(7)
    assert circuits.lost(1, 7), "it was well in between"


async def test_marks_rise_only_and_are_written_once() -> None:
    kept = Kept()
    seen = Seen("discord", kept)
    seen.handled(A, NOW, by=0)
    seen.handled(A, NOW - timedelta(minutes=1), by=0)
    seen.handled(B, NOW, by=1)
    await seen.write()
    assert kept.marks == {A: NOW, B: NOW}
    await seen.write()
    assert kept.writes == 2


async def test_marks_of_a_held_shard_wait_and_others_do_not() -> None:
    kept = Kept()
    seen = Seen("discord", kept)
    seen.hold(0)
    seen.handled(A, NOW, by=0)
    seen.handled(B, NOW, by=1)
    await seen.write()
    assert kept.marks == {B: NOW}
    seen.release(0)
    await seen.write()
    assert kept.marks == {A: NOW, B: NOW}


async def test_marks_that_could_not_be_written_are_written_the_next_time() -> None:
    kept = Kept()
    seen = Seen("discord", kept)
    seen.handled(A, NOW, by=0)
    kept.away = True
    with pytest.raises(OSError):
        await seen.write()
    kept.away = False
    seen.handled(A, NOW + timedelta(seconds=1), by=0)
    await seen.write()
    assert kept.marks == {A: NOW + timedelta(seconds=1)}


async def test_known_marks_are_the_later_of_kept_and_own() -> None:
    kept = Kept()
    kept.marks = {A: NOW, B: NOW + timedelta(minutes=5)}
    seen = Seen("discord", kept)
    seen.handled(A, NOW + timedelta(minutes=1), by=0)
    seen.handled(B, NOW, by=0)
    assert await seen.known(NOW) == {A: NOW + timedelta(minutes=1), B: NOW + timedelta(minutes=5)}
    assert await seen.known(NOW + timedelta(minutes=3)) == {B: NOW + timedelta(minutes=5)}


async def test_marks_of_a_community_that_is_gone_are_not_written() -> None:
    kept = Kept()
    seen = Seen("discord", kept)
    seen.handled(A, NOW, by=0)
    seen.handled(("9", "2"), NOW, by=0)
    seen.forget("1")
    await seen.write()
    assert kept.marks == {("9", "2"): NOW}


async def test_old_marks_are_dropped_once_they_are_written() -> None:
    kept = Kept()
    seen = Seen("discord", kept)
    seen.handled(A, NOW, by=0)
    await seen.prune(NOW + timedelta(days=1))
    assert seen.of(A) == NOW, "not written yet"
    await seen.write()
    await seen.prune(NOW + timedelta(days=1))
    assert seen.of(A) is None
    assert kept.marks == {}


async def test_sessions_of_one_bucket_keep_apart_and_a_lone_one_does_not_wait() -> None:
    clock = Clock()
    pace = _Pace(0.05, clock)
    await asyncio.wait_for(pace.wait(0), 0.02)
    await asyncio.wait_for(pace.wait(1), 0.02)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pace.wait(0), 0.02)
    clock.seconds += 1
    await asyncio.wait_for(pace.wait(0), 0.02)


@given(st.text())
def test_a_nonce_fits_discord_and_depends_on_the_claim_alone(key: str) -> None:
    assert nonce_of(key) == nonce_of(key)
    assert len(nonce_of(key)) <= 25
    assert nonce_of(key) != nonce_of(key + "x")


async def test_a_burst_goes_through_at_once_and_the_rest_in_line() -> None:
    assert A_SECOND + AT_ONCE <= 50, "so many could come within one second"
    rate, began = Rate(100, 50), time.monotonic()
    await asyncio.gather(*(rate.wait() for _ in range(50)))
    assert time.monotonic() - began < 0.1
    began = time.monotonic()
    await asyncio.gather(*(rate.wait() for _ in range(20)))
    assert time.monotonic() - began > 0.1
