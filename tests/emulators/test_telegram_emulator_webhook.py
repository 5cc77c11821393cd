"""Webhook delivery to a real HTTP server: order within a chat, side by side across chats, retries and their pauses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import BadRequest

from tests.emulators.telegram import SECRET_HEADER, Chat, LoopbackTelegram

Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]


class Receiver:
    """The bot's side: keeps what was posted and answers as the test says."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.open_now = 0
        self.most_open = 0
        self.answer: Answer | None = None

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.got.append(update)
        self.secrets.append(request.headers.get(SECRET_HEADER))
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            return web.Response() if self.answer is None else await self.answer(update)
        finally:
            self.open_now -= 1


async def started(receiver: Receiver) -> web.AppRunner:
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    return runner


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    runner = await started(one)
    yield one
    await runner.cleanup()


def group_of(telegram: LoopbackTelegram) -> Chat:
    return telegram.add_supergroup(bot="administrator")


async def test_updates_are_posted_with_the_secret_and_confirmed_by_2xx(
    telegram: LoopbackTelegram, bot: Bot, receiver: Receiver
) -> None:
    await telegram.add_user().says(group_of(telegram), "before")
    await bot.set_webhook(receiver.url, secret_token="s3cret_-", max_connections=7, allowed_updates=["message"])
    await telegram.add_user().says(group_of(telegram), "after")
    await telegram.until(lambda: telegram.pending_updates == [], what="delivery")
    assert sorted(receiver.texts) == ["after", "before"]
    assert receiver.secrets == ["s3cret_-", "s3cret_-"]
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections, info.allowed_updates) == (receiver.url, 7, ("message",))
    assert info.pending_update_count == 0


async def test_one_chat_keeps_its_order_and_has_one_post_in_flight(
    telegram: LoopbackTelegram, bot: Bot, receiver: Receiver
) -> None:
    async def slowly(update: dict[str, Any]) -> web.Response:
        await asyncio.sleep(0.01)
        return web.Response()

    receiver.answer = slowly
    await bot.set_webhook(receiver.url)
    group, member = group_of(telegram), telegram.add_user()
    message = await member.says(group, "0")
    for number in range(1, 9):
        await member.says(group, str(number))
    await member.edits(message, "edited")
    await telegram.until(lambda: telegram.pending_updates == [], what="delivery")
    assert [update["message"]["text"] for update in receiver.got[:-1]] == [str(number) for number in range(9)]
    assert "edited_message" in receiver.got[-1]
    assert receiver.most_open == 1


async def test_a_refusal_holds_back_its_own_chat_only(telegram: LoopbackTelegram, bot: Bot, receiver: Receiver) -> None:
    async def refuse_the_stuck(update: dict[str, Any]) -> web.Response:
        stuck = update["message"]["text"].startswith("stuck") and telegram.clock.now() < healed[0]
        return web.Response(status=500 if stuck else 200)

    healed = [telegram.clock.now() + 1_000]
    receiver.answer = refuse_the_stuck
    await bot.set_webhook(receiver.url)
    member, stuck, fine = telegram.add_user(), group_of(telegram), group_of(telegram)
    await member.says(stuck, "stuck 1")
    await member.says(stuck, "stuck 2")
    for number in range(5):
        await member.says(fine, f"fine {number}")
    await telegram.until(lambda: len(telegram.pending_updates) == 2, what="the other chat's delivery")
    assert receiver.texts.count("stuck 2") == 0
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert info.pending_update_count == 2
    telegram.clock.advance(2_000)
    await telegram.until(lambda: telegram.pending_updates == [], what="the retry")
    assert receiver.texts[-2:] == ["stuck 1", "stuck 2"]


async def test_retries_pause_longer_each_time(receiver: Receiver) -> None:
    async def refuse(update: dict[str, Any]) -> web.Response:
        return web.Response(status=503)

    receiver.answer = refuse
    async with LoopbackTelegram(clock_scale=50) as telegram, Bot(telegram.token, base_url=telegram.base_url) as bot:
        await bot.set_webhook(receiver.url)
        await telegram.add_user().says(group_of(telegram), "x")
        await telegram.until(lambda: len(telegram.deliveries) >= 5, what="five tries")
        times = [delivery.at for delivery in telegram.deliveries]
        pauses = [later - earlier for earlier, later in pairwise(times)]
        assert [pause >= least for pause, least in zip(pauses, (1, 2, 4, 8), strict=False)] == [True] * 4


async def test_retry_after_sets_the_pause(receiver: Receiver) -> None:
    async def not_now(update: dict[str, Any]) -> web.Response:
        if len(receiver.got) > 1:
            return web.Response()
        return web.Response(status=503, headers={"Retry-After": "30"})

    receiver.answer = not_now
    async with LoopbackTelegram(clock_scale=100) as telegram, Bot(telegram.token, base_url=telegram.base_url) as bot:
        await bot.set_webhook(receiver.url)
        await telegram.add_user().says(group_of(telegram), "x")
        await telegram.until(lambda: telegram.pending_updates == [], what="the second try")
        first, second = telegram.deliveries
        assert (first.status, second.status) == (503, 200)
        assert second.at - first.at >= 30


async def test_at_most_max_connections_posts_are_open(telegram: LoopbackTelegram, bot: Bot, receiver: Receiver) -> None:
    async def slowly(update: dict[str, Any]) -> web.Response:
        await asyncio.sleep(0.02)
        return web.Response()

    receiver.answer = slowly
    await bot.set_webhook(receiver.url, max_connections=3)
    member = telegram.add_user()
    for _ in range(12):
        await member.says(group_of(telegram), "x")
    await telegram.until(lambda: telegram.pending_updates == [], what="delivery")
    assert receiver.most_open == 3


async def test_a_server_that_is_down_gets_everything_later(telegram: LoopbackTelegram, bot: Bot) -> None:
    late = Receiver()
    runner = await started(late)
    await runner.cleanup()
    await bot.set_webhook(late.url)
    await telegram.add_user().says(group_of(telegram), "x")
    await telegram.until(lambda: bool(telegram.deliveries), what="a try")
    assert telegram.deliveries[0].status == 0
    back = await started(late)
    await bot.set_webhook(late.url)
    await telegram.until(lambda: late.texts == ["x"], what="delivery")
    await back.cleanup()


async def test_a_gone_webhook_ends_after_23_hours(telegram: LoopbackTelegram, bot: Bot, receiver: Receiver) -> None:
    async def gone(update: dict[str, Any]) -> web.Response:
        return web.Response(status=410)

    receiver.answer = gone
    await bot.set_webhook(receiver.url)
    await telegram.add_user().says(group_of(telegram), "x")
    await telegram.until(lambda: len(telegram.deliveries) == 1, what="a try")
    telegram.clock.advance(22 * 3600)
    await telegram.until(lambda: len(telegram.deliveries) == 2, what="a try")
    assert (await bot.get_webhook_info()).url
    telegram.clock.advance(2 * 3600 - 600)
    await telegram.until(lambda: len(telegram.deliveries) == 3, what="a try")
    await telegram.until(lambda: telegram.pending_updates != [], what="the update to wait")
    assert (await bot.get_webhook_info()).url == ""
    assert len(await bot.get_updates()) == 1


async def test_deleting_the_webhook_gives_what_is_left_to_polling(
    telegram: LoopbackTelegram, bot: Bot, receiver: Receiver
) -> None:
    async def refuse(update: dict[str, Any]) -> web.Response:
        return web.Response(status=500)

    receiver.answer = refuse
    await bot.set_webhook(receiver.url)
    await telegram.add_user().says(group_of(telegram), "x")
    await telegram.until(lambda: bool(receiver.got), what="a try")
    await bot.delete_webhook()
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "x"
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    assert telegram.pending_updates == []


async def test_an_update_can_be_posted_twice_and_to_two_servers(
    telegram: LoopbackTelegram, bot: Bot, receiver: Receiver
) -> None:
    second = Receiver()
    runner = await started(second)
    telegram.duplicate_updates(1)
    telegram.also_post_to(second.url)
    await bot.set_webhook(receiver.url)
    await telegram.add_user().says(group_of(telegram), "x")
    await telegram.until(lambda: telegram.pending_updates == [], what="delivery")
    assert (receiver.texts, second.texts) == (["x", "x"], ["x", "x"])
    await runner.cleanup()


async def test_a_method_in_the_answer_is_carried_out(telegram: LoopbackTelegram, bot: Bot, receiver: Receiver) -> None:
    async def speak(update: dict[str, Any]) -> web.Response:
        return web.json_response({"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": "y"})

    receiver.answer = speak
    await bot.set_webhook(receiver.url)
    group = group_of(telegram)
    await telegram.add_user().says(group, "x")
    assert (await telegram.bot_message(group)).text == "y"
    assert telegram.requests_of("sendMessage") == []


@pytest.mark.parametrize(
    ("url", "secret", "error"),
    [
        ("http://example.org/hook", "", "An HTTPS URL must be provided"),
        ("https://example.org:9000/hook", "", "Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ("https://example.org/hook", "not allowed!", "Secret token contains unallowed characters"),
        ("https://example.org/hook", "x" * 257, "Secret token is too long"),
    ],
)
async def test_a_webhook_that_telegram_would_not_take_is_refused(
    telegram: LoopbackTelegram, bot: Bot, url: str, secret: str, error: str
) -> None:
    with pytest.raises(BadRequest, match=f"(?i){error}"):
        await bot.set_webhook(url, secret_token=secret or None)
