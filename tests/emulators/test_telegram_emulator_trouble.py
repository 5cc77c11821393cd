"""Flood limits, faults on order, and what a request log keeps."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import aiohttp
import pytest
from telegram import Bot
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TimedOut

from tests.emulators.telegram import FloodLimits, LoopbackTelegram

JSON = {"Content-Type": "application/json"}


async def sends_until_refused(bot: Bot, chat_id: int, most: int) -> tuple[int, float]:
    """How many messages went through, and how many seconds the refusal asked for."""
    for number in range(most):
        try:
            await bot.send_message(chat_id, str(number))
        except RetryAfter as flood:
            wait = flood.retry_after
            return number, wait.total_seconds() if isinstance(wait, dt.timedelta) else float(wait)
    return most, 0.0


async def test_one_chat_takes_a_short_burst_and_then_waits() -> None:
    async with (
        LoopbackTelegram(limits=FloodLimits()) as telegram,
        Bot(telegram.token, base_url=telegram.base_url) as bot,
    ):
        group, other = telegram.add_supergroup(), telegram.add_supergroup()
        went, wait = await sends_until_refused(bot, group.id, 10)
        assert went == 3
        assert 1 <= wait <= 3
        assert (await sends_until_refused(bot, other.id, 2))[0] == 2
        assert telegram.requests_of("sendMessage")[3].status == 429
        assert telegram.requests_of("sendMessage")[3].description == f"Too Many Requests: retry after {wait:.0f}"
        telegram.clock.advance(wait)
        await bot.send_message(group.id, "later")
        assert telegram.floods_refused == 1


async def test_a_group_takes_20_a_minute_and_a_private_chat_more() -> None:
    limits = FloodLimits(chat_burst=1_000)
    async with (
        LoopbackTelegram(limits=limits) as telegram,
        Bot(telegram.token, base_url=telegram.base_url) as bot,
    ):
        went, wait = await sends_until_refused(bot, telegram.add_group().id, 40)
        assert went == 20
        assert 50 <= wait <= 60
        telegram.clock.advance(1)
        assert (await sends_until_refused(bot, telegram.add_user(started=True).id, 25))[0] == 25


async def test_all_chats_together_have_a_limit_and_edits_count() -> None:
    limits = FloodLimits(overall_sends=3, overall_window=10.0)
    async with (
        LoopbackTelegram(limits=limits, clock_scale=20) as telegram,
        Bot(telegram.token, base_url=telegram.base_url) as bot,
    ):
        group = telegram.add_supergroup()
        sent = await bot.send_message(group.id, "one")
        await bot.edit_message_text("two", group.id, sent.message_id)
        await bot.send_message(telegram.add_supergroup().id, "x")
        began = time.monotonic()
        went, wait = await sends_until_refused(bot, telegram.add_supergroup().id, 1)
        assert (went, wait) == (0, 1.0)
        await telegram.clock.sleep_until(telegram.clock.now() + 10)
        await bot.send_message(group.id, "three")
        assert time.monotonic() - began < 3


async def test_a_method_can_be_made_to_fail_a_number_of_times(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    telegram.fail("sendMessage", 502, 2)
    for _ in range(2):
        with pytest.raises(NetworkError, match="Bad Gateway"):
            await bot.send_message(group.id, "x")
    await bot.send_message(group.id, "y")
    telegram.fail("getMe", 401)
    with pytest.raises(InvalidToken):
        await bot.get_me()
    telegram.fail("sendMessage", 400, description="Bad Request: something odd")
    with pytest.raises(BadRequest, match="Something odd"):
        await bot.send_message(group.id, "x")
    assert [message.text for message in group.from_bot()] == ["y"]


async def test_an_answer_can_be_lost_after_the_message_was_sent(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    telegram.fail("sendMessage", 504, after_effect=True)
    telegram.drop_connections(1, "sendMessage", after_effect=True)
    for text in ("one", "two"):
        with pytest.raises(NetworkError):
            await bot.send_message(group.id, text)
    assert [message.text for message in group.from_bot()] == ["one", "two"]


async def test_connections_can_be_cut_before_anything_happens(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    telegram.drop_connections(2)
    for _ in range(2):
        with pytest.raises(NetworkError):
            await bot.send_message(group.id, "x")
    await bot.send_message(group.id, "y")
    assert [message.text for message in group.from_bot()] == ["y"]
    assert [request.status for request in telegram.requests_of("sendMessage")] == [0, 0, 200]


async def test_a_flood_on_order_names_its_seconds(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    telegram.flood("sendMessage", 7)
    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(group.id, "x")
    assert flood.value.retry_after == dt.timedelta(seconds=7)
    await bot.send_message(group.id, "x")


async def test_a_slow_method_is_slow_until_told_otherwise(telegram: LoopbackTelegram, bot: Bot) -> None:
    telegram.delay("getMe", 0.2)
    began = time.monotonic()
    await bot.get_me()
    assert time.monotonic() - began >= 0.2
    telegram.delay("getMe", 0)
    telegram.fail("getMe", 500)
    telegram.clear_faults()
    await bot.get_me()


async def test_a_client_that_gives_up_may_have_been_served(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    telegram.delay("sendMessage", 1.0, after_effect=True)
    with pytest.raises(TimedOut):
        await bot.send_message(group.id, "done", read_timeout=0.2)
    telegram.delay("sendMessage", 0, after_effect=True)
    telegram.delay("sendMessage", 1.0)
    with pytest.raises(TimedOut):
        await bot.send_message(group.id, "not done", read_timeout=0.2)
    assert [message.text for message in group.from_bot()] == ["done"]


async def test_a_waiting_poll_is_cut_when_telegram_goes_away(telegram: LoopbackTelegram, bot: Bot) -> None:
    for cut in (telegram.cut_open_connections, lambda: telegram.refuse(60)):
        poll = asyncio.create_task(bot.get_updates(timeout=30))
        await telegram.until(lambda: telegram.is_polled, what="the poll")
        cut()
        with pytest.raises(NetworkError):
            await asyncio.wait_for(poll, 3)
        await telegram.until(lambda: not telegram.is_polled, what="the end of the poll")


async def test_the_server_can_be_away_for_a_while(telegram: LoopbackTelegram, bot: Bot) -> None:
    telegram.refuse(60)
    with pytest.raises(NetworkError):
        await bot.get_me()
    telegram.clock.advance(61)
    assert (await bot.get_me()).id == telegram.bot.id


async def test_unknown_methods_are_not_found_and_a_logged_out_bot_is_refused(
    telegram: LoopbackTelegram, bot: Bot
) -> None:
    with pytest.raises(Exception, match="not found"):
        await bot.do_api_request("makeTea")
    await bot.close()
    await bot.log_out()
    with pytest.raises(BadRequest, match="Logged out"):
        await bot.get_me()


async def test_errors_have_the_bot_apis_shape_on_any_path(telegram: LoopbackTelegram) -> None:
    odd_reply = {
        "chat_id": telegram.add_supergroup().id,
        "text": "x",
        "reply_parameters": '{"message_id": "no number"}',
    }
    asked = {
        f"{telegram.base_url}{telegram.token}": (404, "Not Found"),
        f"{telegram.base_url}{telegram.token}/makeTea": (404, "Not Found"),
        f"{telegram.base_url}1:wrong/getMe": (401, "Unauthorized"),
        f"{telegram.base_url}{telegram.token}/sendMessage": (400, "Bad Request: message to be replied not found"),
    }
    async with aiohttp.ClientSession() as session:
        for url, (status, description) in asked.items():
            async with session.post(url, data=odd_reply) as response:
                assert response.status == status
                assert await response.json() == {"ok": False, "error_code": status, "description": description}
        async with session.post(f"{telegram.base_url}{telegram.token}/SENDMESSAGE", data="{", headers=JSON) as response:
            assert (await response.json())["description"] == "Bad Request: can't parse JSON object"
        async with session.get(f"{telegram.base_url}{telegram.token}/getme?x=1") as response:
            assert (await response.json())["result"]["is_bot"] is True


async def test_the_log_keeps_requests_but_never_the_token(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    await bot.send_message(group.id, "x")
    assert [request.method for request in telegram.requests] == ["getMe", "sendMessage"]
    assert telegram.token not in repr(telegram.requests)
