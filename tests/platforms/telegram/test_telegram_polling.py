"""Polling: one message one reply, whatever the network, the store and other pollers do."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest
from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import DIY, HARMLESS, HURRY, Bots, Logs

from safetybot.model import InteractionState, Place


async def test_a_message_of_concern_is_answered_once_and_logged(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    await member.says(group, HARMLESS)
    asked = await member.says(group, DIY)
    answer = await telegram.answer_to(asked)
    assert answer.silent
    assert "link_preview_options" in answer.extra
    (row,) = await bot.log()
    assert row.state is InteractionState.SENT
    assert row.reply_id == str(answer.message_id)
    assert row.place == Place("telegram", str(group.id), str(group.id))
    assert len(group.from_bot()) == 1


async def test_an_odd_update_is_counted_set_aside_and_passed(
    bots: Bots, telegram: LoopbackTelegram, logs: Logs
) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    telegram.push_raw({"message": {"message_id": "none", "words": DIY}})
    telegram.push_raw({"message": {"message_id": 1, "chat": {"id": 1, "type": 7}, "date": [DIY], "text": 5}})
    telegram.push_raw({"something_new": {"id": 1}})
    asked = await member.says(group, DIY)
    await telegram.answer_to(asked)
    await telegram.until(lambda: not telegram.pending_updates, 5, "all to be confirmed")
    assert bot.platform.health()["odd_updates"] == 2
    assert DIY not in logs.text
    assert logs.count("update_set_aside") == 2


async def test_updates_that_come_again_are_answered_once(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    telegram.duplicate_updates(4)
    asked = [await member.says(group, f"{DIY}, try {number}") for number in range(2)]
    for one in asked:
        await telegram.answer_to(one)
    await telegram.until(lambda: not telegram.pending_updates, 5, "all to be confirmed")
    assert len(await bot.log()) == 2
    assert len(group.from_bot()) == 2


async def test_a_changed_word_brings_no_second_answer(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    asked = await member.says(group, DIY)
    await telegram.answer_to(asked)
    await member.edits(asked, DIY + " yesterday")
    await member.reedits(asked)
    later = await member.says(group, HARMLESS)
    await member.edits(later, DIY)
    await telegram.answer_to(later)
    assert len(group.from_bot()) == 2
    assert len(await bot.log()) == 2


async def test_of_two_processes_one_polls_and_the_other_takes_over(
    bots: Bots, telegram: LoopbackTelegram, logs: Logs
) -> None:
    first = await bots.start()
    second = await bots.start()
    await asyncio.sleep(0.3)
    assert first.platform.health()["holds_lease"]
    assert not second.platform.health()["holds_lease"]
    assert logs.count("another_poller") == 0
    await first.stop()
    group = telegram.add_supergroup()
    asked = await telegram.add_user().says(group, DIY)
    await telegram.answer_to(asked, 10)
    assert second.platform.health()["holds_lease"]


async def test_a_poller_elsewhere_is_told_once_and_outlived(bots: Bots, telegram: LoopbackTelegram, logs: Logs) -> None:
    bot = await bots.start()
    telegram.fail("getUpdates", 409, 5, description="Conflict: terminated by other getUpdates request")
    telegram.cut_open_connections()
    await telegram.until(lambda: logs.count("another_poller") > 0, 5, "the conflict to be told")
    assert "another bot" in str(bot.platform.health()["problem"])
    group = telegram.add_supergroup()
    asked = await telegram.add_user().says(group, DIY)
    await telegram.answer_to(asked)
    assert logs.count("another_poller") == 1
    await telegram.until(lambda: bot.platform.health()["problem"] == "", 5, "the trouble to be over")


async def test_a_webhook_that_is_still_set_is_ended(bots: Bots, telegram: LoopbackTelegram) -> None:
    await bots.start()
    assert telegram.requests_of("deleteWebhook")[0].status == 200


async def test_a_refused_token_is_loud_and_never_shown(bots: Bots, telegram: LoopbackTelegram, logs: Logs) -> None:
    bot = await bots.start()
    telegram.revoke_token()
    await telegram.until(lambda: logs.count("token_refused") > 0, 5, "the refusal to be told")
    assert "token" in str(bot.platform.health()["problem"])
    assert telegram.token.partition(":")[2] not in logs.text
    assert "[error" in logs.text


async def test_a_bot_that_starts_with_a_refused_token_says_so(
    bots: Bots, telegram: LoopbackTelegram, logs: Logs
) -> None:
    bot = await bots.start(token="8000000001:never-given-to-anybody-by-anyone", well=False)
    await telegram.until(lambda: logs.count("token_refused") > 1, 5, "the refusal to be told")
    assert "token" in str(bot.platform.health()["problem"])
    assert "never-given" not in logs.text


async def test_telegram_away_costs_no_message_and_no_second_reply(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    telegram.refuse(0.5)
    asked = [await member.says(group, f"{DIY}, try {number}") for number in range(3)]
    for one in asked:
        await telegram.answer_to(one, 20)
    assert len(group.from_bot()) == 3
    assert {row.state for row in await bot.log()} == {InteractionState.SENT}


async def test_health_tells_the_age_of_the_last_good_poll(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start(pace=replace(HURRY, poll=replace(HURRY.poll, poll=1.0)))
    await telegram.until(lambda: len(telegram.requests_of("getUpdates")) > 1, 5, "a second poll")
    assert float(str(bot.platform.health()["last_good_seconds"])) < 1.5


async def test_a_stop_sees_through_what_came_in(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    asked = await telegram.add_user().says(group, DIY)
    await telegram.until(lambda: not telegram.is_polled, 5, "the message to be fetched")
    began = time.monotonic()
    await bot.stop()
    assert time.monotonic() - began < 5
    if not telegram.pending_updates:  # fetched before the stop
        assert (await telegram.answer_to(asked, 1)).reply_to is asked
    again = await bots.start()
    await telegram.answer_to(asked)
    assert len(group.from_bot()) == 1
    assert len(await again.log()) == 1


async def test_while_the_store_is_away_nothing_is_confirmed(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    with closing(sqlite3.connect(bots.folder / "safetybot.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = await telegram.add_user().says(group, DIY)
        await telegram.until(lambda: not telegram.is_polled, 5, "the message to be fetched")
        await asyncio.sleep(0.6)
        assert telegram.pending_updates
        assert not group.from_bot()
        other.execute("ROLLBACK")
    await telegram.answer_to(asked, 20)
    await telegram.until(lambda: not telegram.pending_updates, 5, "the message to be confirmed")
    assert len(await bot.log()) == 1


async def test_a_group_that_removes_the_bot_is_forgotten(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group, other = telegram.add_supergroup(), telegram.add_supergroup()
    member = telegram.add_user()
    for place in (group, other):
        await telegram.answer_to(await member.says(place, DIY))
    assert len(await bot.log()) == 2
    telegram.kick_bot(group)
    async with asyncio.timeout(5):
        while len(await bot.log()) == 2:  # noqa: ASYNC110  # it is asked, not told
            await asyncio.sleep(0.02)
    assert [row.place.community for row in await bot.log()] == [str(other.id)]


async def test_a_group_that_becomes_a_supergroup_keeps_its_data(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_group()
    member = telegram.add_user()
    await telegram.answer_to(await member.says(group, DIY))
    new = telegram.migrate(group)
    await telegram.answer_to(await member.says(new, DIY + " again"))
    rows = await bot.log()
    assert [row.place.community for row in rows] == [str(group.id)] * 2
    assert [row.place.channel for row in rows] == [str(group.id), str(new.id)]


async def test_a_bot_that_slept_through_the_move_is_told_by_the_refusal(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_group(bot="administrator")
    telegram.migrate(group)
    await telegram.until(lambda: not telegram.pending_updates, 5, "the move to be read")
    await bot.platform.notice(str(group.id), str(group.id), "a notice")
    new = group.migrated_to
    assert new is not None
    assert [one.text for one in new.from_bot()] == ["a notice"]


@pytest.mark.parametrize("after_effect", [True, False])
async def test_a_send_without_an_answer_is_never_repeated(
    bots: Bots, telegram: LoopbackTelegram, after_effect: bool
) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    telegram.drop_connections(1, "sendMessage", after_effect=after_effect)
    await telegram.add_user().says(group, DIY)
    async with asyncio.timeout(10):
        while not await bot.log():  # noqa: ASYNC110  # it is asked, not told
            await asyncio.sleep(0.02)
    (row,) = await bot.log()
    assert row.state is InteractionState.UNKNOWN
    assert len(group.from_bot()) == int(after_effect)
    assert len(telegram.requests_of("sendMessage")) == 1
