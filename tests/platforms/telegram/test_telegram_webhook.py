"""Webhooks: nothing without the secret, a 200 only when the store knows, two replicas and still one reply."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from contextlib import closing
from dataclasses import replace
from io import BytesIO

import aiohttp
import pytest
from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import DIY, HARMLESS, HURRY, SECRET, Bots, Logs, Running

from safetybot.config.settings import TelegramSettings
from safetybot.documents import InvalidDocument
from safetybot.model import InteractionState
from safetybot.platforms.telegram.inbox import WebhookPace
from safetybot.platforms.telegram.platform import TelegramPlatform

IMPATIENT = replace(HURRY, webhook=WebhookPace(commit_within=0.3, retry_after=1))


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def post(bot: Running, body: bytes, secret: str | None = SECRET) -> tuple[int, str | None]:
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{bot.platform.webhook_port}/telegram", data=BytesIO(body), headers=headers
        ) as answer,
    ):
        return answer.status, answer.headers.get("Retry-After")


async def test_a_posted_message_is_answered_once(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start(webhook=True, webhook_port=free_port())
    group = telegram.add_supergroup()
    member = telegram.add_user()
    await member.says(group, HARMLESS)
    asked = await member.says(group, DIY)
    await telegram.answer_to(asked)
    assert [row.state for row in await bot.log()] == [InteractionState.SENT]
    await telegram.until(lambda: not telegram.pending_updates, 5, "both to be taken")
    assert {delivery.status for delivery in telegram.deliveries} == {200}
    assert bot.platform.health()["last_good_seconds"] is not None


async def test_telegram_is_asked_for_what_the_settings_say(bots: Bots, telegram: LoopbackTelegram) -> None:
    await bots.start(webhook=True, webhook_port=free_port())
    (asked,) = telegram.requests_of("setWebhook")
    assert asked.params["secret_token"] == SECRET
    assert str(asked.params["max_connections"]) == "40"
    assert "business_message" not in str(asked.params["allowed_updates"])


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "ü"])
async def test_without_the_secret_nothing_is_taken(bots: Bots, secret: str | None) -> None:
    bot = await bots.start(webhook=True, webhook_port=free_port())
    assert (await post(bot, b"{}", secret))[0] == 403
    assert await bot.log() == []


async def test_what_is_no_update_is_set_aside(bots: Bots, logs: Logs) -> None:
    bot = await bots.start(webhook=True, webhook_port=free_port())
    assert (await post(bot, b"no json"))[0] == 200
    assert (await post(bot, b"[1]"))[0] == 200
    assert (await post(bot, json.dumps({"update_id": 1, "message": {"text": DIY}}).encode()))[0] == 200
    assert bot.platform.health()["odd_updates"] == 3
    assert (await post(bot, b" " * 3_000_000))[0] == 413
    assert "hyaluron" not in logs.text


async def test_a_store_that_is_away_is_asked_again_later(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start(webhook=True, webhook_port=free_port(), pace=IMPATIENT)
    group = telegram.add_supergroup()
    with closing(sqlite3.connect(bots.folder / "safetybot.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = await telegram.add_user().says(group, DIY)
        await telegram.until(lambda: bool(telegram.deliveries), 5, "a first try")
        assert telegram.deliveries[0].status == 503
        assert not group.from_bot()
        other.execute("ROLLBACK")
    await telegram.answer_to(asked, 10)
    await telegram.until(lambda: not telegram.pending_updates, 10, "the message to be taken")
    assert telegram.deliveries[-1].status == 200
    assert len(await bot.log()) == len(group.from_bot()) == 1


async def test_a_refusal_says_when_to_come_again(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start(webhook=True, webhook_port=free_port(), pace=IMPATIENT)
    group = telegram.add_supergroup()
    await telegram.add_user().says(group, HARMLESS)
    await telegram.until(lambda: not telegram.pending_updates, 5, "the first to be taken")
    raw = {
        "update_id": 9,
        "message": {
            "message_id": 99, "date": telegram.clock.stamp(), "chat": {"id": group.id, "type": "supergroup"},
            "from": {"id": 5, "is_bot": False, "first_name": "Mia"}, "text": DIY,
        },
    }  # fmt: skip
    with closing(sqlite3.connect(bots.folder / "safetybot.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await post(bot, json.dumps(raw).encode()) == (503, "1")
        other.execute("ROLLBACK")


async def test_two_replicas_that_both_get_everything_answer_once(bots: Bots, telegram: LoopbackTelegram) -> None:
    ports = free_port(), free_port()
    one = await bots.start(webhook=True, webhook_port=ports[0])
    await bots.start(webhook=True, webhook_port=ports[1])
    telegram.also_post_to(f"http://127.0.0.1:{ports[0]}/telegram")
    group = telegram.add_supergroup()
    members = [telegram.add_user() for _ in range(3)]
    asked = [await member.says(group, f"{DIY}, member {at}") for at, member in enumerate(members)]
    for message in asked:
        await telegram.answer_to(message, 15)
    await telegram.until(lambda: not telegram.pending_updates, 10, "all to be taken")
    assert len(telegram.deliveries) == 6
    assert len(group.from_bot()) == 3
    assert [row.state for row in await one.log()] == [InteractionState.SENT] * 3


async def test_a_move_that_one_replica_was_told_of_holds_for_the_other(bots: Bots, telegram: LoopbackTelegram) -> None:
    await bots.start(webhook=True, webhook_port=free_port())
    second = await bots.start(webhook=True, webhook_port=free_port())
    group = telegram.add_group()
    member = telegram.add_user()
    await telegram.answer_to(await member.says(group, DIY))
    new = telegram.migrate(group)
    await telegram.until(lambda: not telegram.pending_updates, 5, "the move to be taken")
    await telegram.answer_to(await member.says(new, DIY + " again"))
    assert {row.place.community for row in await second.log()} == {str(group.id)}


async def test_polling_and_webhook_write_the_same_log(bots: Bots, telegram: LoopbackTelegram) -> None:
    async def a_day(title: str) -> None:
        group = telegram.add_supergroup(title)
        member = telegram.add_user()
        await member.says(group, HARMLESS)
        first = await member.says(group, DIY)
        await telegram.answer_to(first)
        await member.edits(first, HARMLESS)
        await telegram.answer_to(await member.sends_photo(group, DIY))
        await telegram.until(lambda: not telegram.pending_updates, 5, "all to be taken")

    polling = await bots.start()
    await a_day("polled")
    await polling.stop()
    posted = await bots.start(webhook=True, webhook_port=free_port())
    await a_day("posted")
    rows = [(row.concern, row.state, row.reasons, row.language) for row in await posted.log()]
    assert len(rows) == 4
    assert rows[:2] == rows[2:]


async def test_a_webhook_without_a_secret_is_refused(bots: Bots) -> None:
    bot = await bots.start()
    settings = TelegramSettings.model_validate({"token": "1:a", "webhook_url": "https://bot.example.org/telegram"})
    store = bot.runtime.store
    with pytest.raises(InvalidDocument, match="SAFETYBOT_TELEGRAM__WEBHOOK_SECRET"):
        TelegramPlatform(
            settings, bot.services, bot.commands, bot.metrics, budgets=bot.limits, moves=store.moves,
            leases=store.leases, clock=bot.runtime.clock,
        )  # fmt: skip


async def test_a_stopping_bot_takes_nothing_in(bots: Bots) -> None:
    bot = await bots.start(webhook=True, webhook_port=free_port())
    port = bot.platform.webhook_port
    await asyncio.wait_for(bot.stop(), 5)
    with pytest.raises(aiohttp.ClientError):
        await post(bot, b"{}")
    assert port
