"""getUpdates as python-telegram-bot sees it: offsets, long polls, conflicts, what is kept and for how long."""

from __future__ import annotations

import asyncio
import time

import pytest
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.emulators.telegram import LoopbackTelegram


async def say(telegram: LoopbackTelegram, *texts: str) -> None:
    group = telegram.add_supergroup(bot="administrator")
    member = telegram.add_user()
    for text in texts:
        await member.says(group, text)


def texts(updates: tuple[Update, ...]) -> list[str | None]:
    return [update.message.text if update.message else None for update in updates]


async def test_unconfirmed_updates_come_again(telegram: LoopbackTelegram, bot: Bot) -> None:
    await say(telegram, "one", "two")
    assert texts(await bot.get_updates()) == ["one", "two"]
    assert texts(await bot.get_updates()) == ["one", "two"]


async def test_a_higher_offset_confirms_what_is_below_it(telegram: LoopbackTelegram, bot: Bot) -> None:
    await say(telegram, "one", "two", "three")
    first, second, _ = await bot.get_updates()
    assert texts(await bot.get_updates(offset=second.update_id)) == ["two", "three"]
    assert texts(await bot.get_updates(offset=first.update_id)) == ["two", "three"]
    assert await bot.get_updates(offset=second.update_id + 2) == ()
    assert telegram.pending_updates == []


async def test_a_negative_offset_keeps_the_last_and_forgets_the_rest(telegram: LoopbackTelegram, bot: Bot) -> None:
    await say(telegram, "one", "two", "three")
    assert texts(await bot.get_updates(offset=-1)) == ["three"]
    assert texts(await bot.get_updates()) == ["three"]


async def test_a_batch_holds_at_most_the_limit_and_never_more_than_100(telegram: LoopbackTelegram, bot: Bot) -> None:
    await say(telegram, *(str(number) for number in range(130)))
    assert len(await bot.get_updates(limit=3)) == 3
    assert len(await bot.get_updates()) == 100
    assert len(await bot.get_updates(limit=500)) == 100


async def test_a_long_poll_ends_when_somebody_speaks(telegram: LoopbackTelegram, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.is_polled, what="the poll")
    await say(telegram, "hello")
    assert texts(await asyncio.wait_for(poll, 3)) == ["hello"]


async def test_a_long_poll_ends_empty_after_its_timeout() -> None:
    async with LoopbackTelegram(clock_scale=20) as telegram, Bot(telegram.token, base_url=telegram.base_url) as bot:
        began = time.monotonic()
        assert await bot.get_updates(timeout=4) == ()
        assert 0.15 < time.monotonic() - began < 2


async def test_a_second_poller_ends_the_first_with_a_conflict(telegram: LoopbackTelegram, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.is_polled, what="the first poll")
    async with Bot(telegram.token, base_url=telegram.base_url) as other:
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await asyncio.wait_for(first, 3)
        await telegram.until(lambda: telegram.is_polled, what="the second poll")
        await say(telegram, "hello")
        assert texts(await asyncio.wait_for(second, 3)) == ["hello"]


async def test_a_poller_that_hung_up_is_no_poller(telegram: LoopbackTelegram, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.is_polled, what="the poll")
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    await telegram.until(lambda: not telegram.is_polled, what="the end of the poll")
    await say(telegram, "hello")
    assert texts(await bot.get_updates()) == ["hello"]
    assert [request.status for request in telegram.requests_of("getUpdates")] == [200]


async def test_polling_is_refused_while_a_webhook_is_set(telegram: LoopbackTelegram, bot: Bot) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_setting_a_webhook_ends_a_long_poll(telegram: LoopbackTelegram, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.is_polled, what="the poll")
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await asyncio.wait_for(poll, 3)


async def test_allowed_updates_are_remembered_until_they_are_named_again(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup(bot="administrator")
    member = telegram.add_user()
    await bot.get_updates(allowed_updates=["edited_message"])
    message = await member.says(group, "one")
    await member.edits(message, "two")
    (update,) = await bot.get_updates()
    assert update.edited_message is not None
    assert update.edited_message.text == "two"
    await bot.get_updates(offset=update.update_id + 1, allowed_updates=[])
    await member.says(group, "three")
    assert texts(await bot.get_updates()) == ["three"]


async def test_member_changes_come_only_when_asked_for(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup(bot="administrator")
    await telegram.add_user().joins(group)
    (service,) = await bot.get_updates(allowed_updates=["message", "chat_member"])
    assert service.message is not None
    assert service.message.new_chat_members
    await telegram.add_user().joins(group)
    kinds = [update.chat_member is not None for update in await bot.get_updates(offset=service.update_id + 1)]
    assert kinds == [True, False]


async def test_updates_are_kept_for_a_day(telegram: LoopbackTelegram, bot: Bot) -> None:
    await say(telegram, "old")
    telegram.clock.advance(86_000)
    assert texts(await bot.get_updates()) == ["old"]
    await say(telegram, "new")
    telegram.clock.advance(1_000)
    assert texts(await bot.get_updates()) == ["new"]


# The library advises its own method, which drops what it cannot read; this test is about just that.
@pytest.mark.filterwarnings("ignore:Please use 'Bot.getUpdates':telegram.warnings.PTBUserWarning")
async def test_odd_updates_come_as_they_were_pushed(telegram: LoopbackTelegram, bot: Bot) -> None:
    telegram.push_raw({"message": {"no": "fields"}})
    telegram.push_raw({"update_id": 900_000_000, "from_the_future": {}})
    await say(telegram, "hello")
    raw = await bot.do_api_request("getUpdates")
    assert raw[0]["message"] == {"no": "fields"}
    assert raw[1] == {"update_id": 900_000_000, "from_the_future": {}}
    assert raw[2]["update_id"] == 900_000_001


async def test_a_confirmed_update_can_be_made_to_come_again(telegram: LoopbackTelegram, bot: Bot) -> None:
    await say(telegram, "one", "two")
    telegram.duplicate_updates(1)
    _, second = await bot.get_updates()
    assert texts(await bot.get_updates(offset=second.update_id + 1)) == ["one"]
    assert await bot.get_updates(offset=second.update_id + 1) == ()


async def test_a_revoked_token_is_unauthorized_and_a_malformed_one_not_found(
    telegram: LoopbackTelegram, bot: Bot
) -> None:
    telegram.revoke_token()
    with pytest.raises(InvalidToken, match="Unauthorized"):
        await bot.get_updates()
    nameless = Bot("nonsense", base_url=telegram.base_url)
    with pytest.raises(InvalidToken, match="rejected by the server"):
        await nameless.initialize()
    await nameless.shutdown()
    assert [request.status for request in telegram.requests][-2:] == [401, 404]


async def test_thousands_of_updates_wait_for_whoever_asks_in_their_order(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup(bot="administrator")
    member = telegram.add_user()
    for number in range(5_000):
        await member.says(group, f"message {number}")
    assert len(telegram.pending_updates) == 5_000
    first = await bot.get_updates(limit=100)
    assert [update.message.text for update in first if update.message] == [f"message {n}" for n in range(100)]


async def test_the_librarys_own_application_can_run_on_it(telegram: LoopbackTelegram) -> None:
    async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_text(f"you said {update.effective_message.text}", do_quote=True)

    builder = Application.builder().token(telegram.token).base_url(telegram.base_url).job_queue(None)
    application = builder.build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    async with application:
        assert application.updater is not None
        await application.start()
        await application.updater.start_polling()
        asked = await telegram.add_user().says(telegram.add_supergroup(bot="administrator"), "hello")
        assert (await telegram.answer_to(asked)).text == "you said hello"
        await application.updater.stop()
        await application.stop()
    assert telegram.pending_updates == []
