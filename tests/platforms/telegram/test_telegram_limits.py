"""Telegram's limits: kept by two replicas together, one chat's flood is no other's, late answers stay unsaid."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from tests.emulators.telegram import FloodLimits, LoopbackTelegram
from tests.platforms.telegram.bots import DIY, HARMLESS, HURRY, Bots, Logs

from safetybot.model import InteractionState
from safetybot.platforms.telegram.limits import Limit, Outbox, Rates, Stopping, TooLate, TooMany
from safetybot.telemetry import Metrics

FAST = Rates(
    Limit("chat", timedelta(milliseconds=105)), Limit("group", timedelta(milliseconds=400), 4),
    Limit("all", timedelta(milliseconds=4), 4),
)  # fmt: skip
"""Telegram's limits under a clock that runs ten times as fast."""


KEY = b"a token"


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class NoBudgets:
    """A store of one process: it always says yes, and remembers what it was told to hold."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.away = False

    async def take(self, limits: Sequence[Limit]) -> timedelta:
        if self.away:
            raise OSError("away")
        return timedelta()

    async def hold(self, name: str, until: datetime) -> None:
        self.held.append(name)


def outbox(rates: Rates = FAST, budgets: NoBudgets | None = None, most: int = 50) -> Outbox:
    return Outbox(
        "telegram:1", budgets or NoBudgets(), WallClock(), Metrics(), key=KEY, rates=rates, most_per_chat=most
    )


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_sends_to_one_chat_keep_their_order_and_distance() -> None:
    box, sent = outbox(), list[tuple[int, float]]()

    async def send(number: int) -> None:
        async with box.turn(5, before=soon(5)):
            sent.append((number, time.monotonic()))

    await asyncio.gather(*(send(number) for number in range(4)))
    assert [number for number, _ in sent] == [0, 1, 2, 3]
    assert all(later - sooner > 0.1 for (_, sooner), (_, later) in pairwise(sent))


async def test_a_busy_chat_does_not_hold_up_a_quiet_one() -> None:
    box = outbox()

    async def send(chat: int) -> float:
        async with box.turn(chat, before=soon(10)):
            return time.monotonic()

    busy = [asyncio.create_task(send(-5)) for _ in range(10)]
    await asyncio.sleep(0.01)
    began = time.monotonic()
    assert await send(-6) - began < 0.2
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    assert box.waiting == 0


async def test_what_would_go_out_late_is_not_waited_for() -> None:
    box = outbox()
    async with box.turn(5, before=soon(1)):
        pass
    began = time.monotonic()
    with pytest.raises(TooLate):
        async with box.turn(5, before=soon(0.02)):
            pass
    assert time.monotonic() - began < 0.1
    with pytest.raises(TooLate):
        async with box.turn(6, before=soon(-1)):
            pass


async def test_the_queue_of_a_chat_is_bounded() -> None:
    box = outbox(most=2)

    async def send() -> None:
        async with box.turn(5, before=soon(5)):
            await asyncio.sleep(0.01)

    results = await asyncio.gather(*(send() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in results].count(TooMany) == 3
    assert box.waiting == 0


async def test_a_chat_that_telegram_wants_left_alone_is_and_no_other() -> None:
    budgets = NoBudgets()
    box = outbox(budgets=budgets)
    await box.hold(5, timedelta(seconds=0.3))
    assert len(budgets.held) == 1
    began = time.monotonic()
    async with box.turn(6, before=soon(1)):
        assert time.monotonic() - began < 0.1
    async with box.turn(5, before=soon(1)):
        assert time.monotonic() - began > 0.25


async def test_the_store_is_told_nobodys_id() -> None:
    budgets = NoBudgets()
    box = outbox(budgets=budgets)
    await box.hold(5000000001, timedelta())
    await box.hold(-1002100000001, timedelta())
    private, group = budgets.held
    assert "5000000001" not in private
    assert group == "telegram:1:chat:-1002100000001"


async def test_who_waits_when_the_bot_stops_is_told_that_nothing_was_sent() -> None:
    box = outbox()
    await box.hold(5, timedelta(seconds=60))

    async def send() -> None:
        async with box.turn(5, before=soon(120)):
            pass

    waiting = [asyncio.create_task(send()) for _ in range(3)]
    await asyncio.sleep(0.01)
    box.close()
    results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
    assert [type(one) for one in results] == [Stopping] * 3


async def test_without_the_store_a_process_keeps_its_own_limits() -> None:
    budgets = NoBudgets()
    budgets.away = True
    box = outbox(budgets=budgets)
    began = time.monotonic()
    for _ in range(3):
        async with box.turn(5, before=soon(2)):
            pass
    assert time.monotonic() - began > 0.2


async def test_twenty_a_minute_are_never_exceeded_however_it_begins() -> None:
    rates, now, sent = Rates(), 0.0, list[float]()
    # The arithmetic of the limit itself, without waiting: each send leaves as soon as it may.
    free = 0.0
    every, burst = rates.group.every.total_seconds(), rates.group.burst
    for _ in range(100):
        now = max(now, free - burst * every)
        free = max(free, now) + every
        sent.append(now)
    assert all(sum(at <= one < at + 60 for one in sent) <= 20 for at in sent)


@pytest.mark.parametrize("telegram", [{"limits": FloodLimits(), "clock_scale": 10.0}], indirect=True)
async def test_two_replicas_stay_within_telegrams_limits_together(
    bots: Bots, telegram: LoopbackTelegram, record_property: Callable[[str, object], None]
) -> None:
    one = await bots.start(pace=replace(HURRY, rates=FAST))
    two = await bots.start(pace=replace(HURRY, rates=FAST), well=False)
    group = telegram.add_supergroup()
    sends = [
        bot.platform.notice(str(group.id), str(group.id), f"notice {number}")
        for number in range(8)
        for bot in (one, two)
    ]
    began = time.monotonic()
    await asyncio.gather(*sends)
    assert len(group.from_bot()) == 16
    # Under a clock ten times as fast a busy machine's hiccup is ten times as long; each on its own, they get nine.
    assert telegram.floods_refused <= 2
    record_property("16 sends of two replicas, in seconds of Telegram's clock", (time.monotonic() - began) * 10)


async def test_a_429_holds_that_chat_only(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    flooded, quiet = telegram.add_supergroup(), telegram.add_supergroup()
    member = telegram.add_user()
    telegram.flood("sendMessage", 2)
    held = await member.says(flooded, DIY)
    await telegram.until(lambda: telegram.requests_of("sendMessage") != [], 5, "the refused send")
    began = time.monotonic()
    await telegram.answer_to(await member.says(quiet, DIY))
    assert time.monotonic() - began < 1.5
    await telegram.answer_to(held)
    assert time.monotonic() - began > 1.5
    assert {row.state for row in await bot.log()} == {InteractionState.SENT}


async def test_while_a_reply_waits_for_its_turn_updates_are_confirmed(bots: Bots, telegram: LoopbackTelegram) -> None:
    await bots.start()
    group = telegram.add_supergroup()
    telegram.flood("sendMessage", 2)
    await telegram.add_user().says(group, DIY)
    await telegram.until(lambda: telegram.requests_of("sendMessage") != [], 5, "the refused send")
    await telegram.until(lambda: not telegram.pending_updates, 1, "the update to be confirmed meanwhile")
    assert not group.from_bot()


async def test_a_stop_while_a_reply_waits_is_quick_and_known(
    bots: Bots, telegram: LoopbackTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safetybot.platforms.telegram.platform._DRAIN", 0.3)
    bot = await bots.start()
    group = telegram.add_supergroup()
    telegram.flood("sendMessage", 60)
    await telegram.add_user().says(group, DIY)
    await telegram.until(lambda: telegram.requests_of("sendMessage") != [], 5, "the refused send")
    began = time.monotonic()
    await bot.stop()
    assert time.monotonic() - began < 3
    (row,) = await bot.log()
    assert row.state is InteractionState.FAILED


async def test_an_answer_that_would_come_too_late_is_not_sent(
    bots: Bots, telegram: LoopbackTelegram, logs: Logs
) -> None:
    bot = await bots.start(late_after="2s")
    group = telegram.add_supergroup()
    telegram.flood("sendMessage", 30)
    await telegram.add_user().says(group, DIY)
    await telegram.until(lambda: logs.count("reply_failed") > 0, 5, "the reply to be given up")
    (row,) = await bot.log()
    assert row.state is InteractionState.FAILED
    assert not group.from_bot()
    assert 'safetybot_dropped_total{why="late answer"} 1.0' in bot.metrics.exposition().decode()


async def test_what_was_said_while_the_bot_was_away_for_long_is_logged_and_not_answered(
    bots: Bots, telegram: LoopbackTelegram
) -> None:
    group = telegram.add_supergroup()
    member = telegram.add_user()
    await member.says(group, HARMLESS)
    await member.says(group, DIY)
    telegram.pending_updates[-1]["message"]["date"] = telegram.clock.stamp() - 3_600
    bot = await bots.start()
    await telegram.until(lambda: not telegram.pending_updates, 5, "all to be confirmed")
    (row,) = await bot.log()
    assert row.state is InteractionState.FAILED
    assert not group.from_bot()
