"""The queue between a platform's events and the Watcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from safetybot.intake import Intake
from safetybot.model import Author, Message, Place, Surface, SurfaceKind

NOW = datetime(2026, 3, 4, tzinfo=UTC)


class Counts:
    def __init__(self) -> None:
        self.seen = 0
        self.lost: list[str] = []

    def handled(self, seconds: float) -> None:
        self.seen += seconds >= 0

    def dropped(self, why: str) -> None:
        self.lost.append(why)


def message(number: int, channel: str = "room") -> Message:
    place = Place("fake", "guild", channel)
    return Message(str(number), place, Author("ann"), (Surface(SurfaceKind.TEXT, "hi"),), NOW)


@asynccontextmanager
async def running(
    handle: Callable[[Message], Awaitable[object]], counts: Counts, **more: float
) -> AsyncIterator[Intake]:
    intake = Intake(handle, counts, away=(ConnectionError,), **more)  # type: ignore[arg-type]
    task = asyncio.create_task(intake.run())
    yield intake
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_messages_of_one_place_stay_in_order_while_others_go_on() -> None:
    seen: list[tuple[str, str]] = []

    async def handle(one: Message) -> None:
        await asyncio.sleep(0.02 if one.place.channel == "slow" else 0)
        seen.append((one.place.channel, one.id))

    counts = Counts()
    async with running(handle, counts) as intake:
        for number in range(5):
            intake.offer(message(number, "slow"))
            intake.offer(message(number, "quick"))
        assert await intake.drained(5)
    assert [n for place, n in seen if place == "slow"] == list("01234")
    assert [n for place, n in seen if place == "quick"] == list("01234")
    assert [place for place, _ in seen[:4]].count("quick") >= 3
    assert counts.seen == 10


async def test_many_places_that_wait_hold_up_no_other() -> None:
    held = asyncio.Event()

    async def handle(one: Message) -> None:
        if one.place.channel.startswith("held"):
            await held.wait()

    async with running(handle, Counts()) as intake:
        for number in range(60):
            intake.offer(message(number, f"held {number}"))
            intake.offer(message(number + 60, f"held {number}"))
        free = [intake.offer(message(number, "free")) for number in range(20)]
        async with asyncio.timeout(2):
            assert all([await done for done in free if done is not None])
        held.set()
        assert await intake.drained(2)


async def test_places_take_turns() -> None:
    seen: list[str] = []

    async def handle(one: Message) -> None:
        await asyncio.sleep(0)
        seen.append(one.place.channel)

    async with running(handle, Counts(), workers=1) as intake:
        for number in range(5):
            intake.offer(message(number, "busy"))
        intake.offer(message(9, "quiet"))
        assert await intake.drained(2)
    assert seen.index("quiet") == 1


async def test_what_finds_no_room_is_dropped_and_counted() -> None:
    counts = Counts()
    async with running(lambda _: asyncio.sleep(0), counts, limit=2) as intake:
        offered = [intake.offer(message(number)) for number in range(3)]
        assert [one is None for one in offered] == [False, False, True]
        assert await intake.drained(5)
        assert intake.offer(message(4)) is not None
    assert counts.lost == ["queue full"]


async def test_a_message_waits_for_a_store_that_comes_back() -> None:
    tries = 0

    async def handle(_: Message) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionError

    counts = Counts()
    async with running(handle, counts) as intake:
        done = intake.offer(message(1))
        assert done is not None
        assert await done
    assert (tries, counts.lost) == (3, [])


async def test_patience_with_the_store_ends_and_is_counted() -> None:
    async def handle(_: Message) -> None:
        raise ConnectionError

    counts = Counts()
    async with running(handle, counts, patience=0.05) as intake:
        done = intake.offer(message(1))
        assert done is not None
        assert not await done
    assert counts.lost == ["store"]


async def test_a_fault_of_ours_costs_one_message_only(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(one: Message) -> None:
        if one.id == "1":
            raise ZeroDivisionError

    counts = Counts()
    async with running(handle, counts) as intake:
        one, two = intake.offer(message(1)), intake.offer(message(2))
        assert one is not None
        assert two is not None
        assert [await one, await two] == [False, True]
    assert counts.lost == ["fault"]
    # Where it is logged to depends on whether a test before this one has set logging up.
    assert "ZeroDivisionError" in "".join((*capsys.readouterr(), caplog.text))


async def test_what_is_left_when_time_is_up_is_told() -> None:
    async with running(lambda _: asyncio.sleep(60), Counts()) as intake:
        intake.offer(message(1))
        assert not await intake.drained(0.01)
