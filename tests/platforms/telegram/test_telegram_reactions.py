"""Reactions to replies on Telegram: counted by kind, each change once, nobody remembered."""

from __future__ import annotations

import asyncio

import telegram as telegram_library
from tests.conftest import New
from tests.emulators.telegram import LoopbackTelegram
from tests.emulators.telegram.world import Chat, Message
from tests.platforms.telegram.bots import DIY, HARMLESS, Bots, Logs, Running

from safetybot.communities.records import Reactions
from safetybot.model import InteractionState, Place


async def all_read(telegram: LoopbackTelegram) -> None:
    await telegram.until(lambda: not telegram.pending_updates, 10, "all updates to be confirmed")


async def answered(bots: Bots, telegram: LoopbackTelegram, chat: Chat) -> tuple[Running, Message]:
    bot = await bots.start()
    reply = await telegram.answer_to(await telegram.add_user().says(chat, DIY))
    await bot.log()  # the store knows of it
    return bot, reply


async def counts(bot: Running, telegram: LoopbackTelegram) -> Reactions:
    await all_read(telegram)
    [row] = await bot.log()
    return (await bot.runtime.store.details(row.id)).reactions


async def test_members_reactions_are_counted_by_kind(bots: Bots, telegram: LoopbackTelegram) -> None:
    group = telegram.add_supergroup(bot="administrator")
    bot, reply = await answered(bots, telegram, group)
    one, two, three = telegram.add_user(), telegram.add_user(), telegram.add_user()
    await one.reacts(reply, "👍")
    await two.reacts(reply, "❤", "😢")
    await three.reacts(reply, "👎")
    assert await counts(bot, telegram) == Reactions(2, 1, 1)
    await three.reacts(reply, "🙏")
    await two.reacts(reply)
    await one.reacts(reply, "👍", "5368324170671202286")
    assert await counts(bot, telegram) == Reactions(2, 0, 1)


async def test_what_telegram_hands_out_again_counts_once(bots: Bots, telegram: LoopbackTelegram) -> None:
    group = telegram.add_supergroup(bot="administrator")
    bot, reply = await answered(bots, telegram, group)
    telegram.duplicate_updates(5)
    for _ in range(5):
        await telegram.add_user().reacts(reply, "👍")
    assert await counts(bot, telegram) == Reactions(5, 0, 0)


async def test_counting_goes_on_after_a_restart(bots: Bots, telegram: LoopbackTelegram) -> None:
    group = telegram.add_supergroup(bot="administrator")
    bot, reply = await answered(bots, telegram, group)
    member = telegram.add_user()
    await member.reacts(reply, "👍")
    assert await counts(bot, telegram) == Reactions(1, 0, 0)
    await bot.stop()
    await member.reacts(reply, "👎")
    bot = await bots.start()
    assert await counts(bot, telegram) == Reactions(0, 1, 0)


async def test_a_channel_tells_totals(bots: Bots, telegram: LoopbackTelegram) -> None:
    channel = telegram.add_channel(bot="administrator")
    bot = await bots.start()
    reply = await telegram.answer_to(await telegram.channel_posts(channel, DIY))
    await bot.log()
    one, two = telegram.add_user(), telegram.add_user()
    await one.reacts(reply, "🔥")
    await two.reacts(reply, "👎")
    assert await counts(bot, telegram) == Reactions(1, 1, 0)
    await two.reacts(reply)
    assert await counts(bot, telegram) == Reactions(1, 0, 0)


async def test_a_reaction_that_is_faster_than_the_store_is_counted(
    bots: Bots, telegram: LoopbackTelegram, new: New
) -> None:
    bot = await bots.start()
    store, reactions = bot.runtime.store, bot.platform.inbox.reactions
    claim = await store.claim(new("1", place=Place("telegram", "-1001", "-1001")), None)
    await store.advance(claim.interaction_id, InteractionState.SENDING)
    reactions.sent("-1001", "77")
    change = telegram_library.MessageReactionUpdated(
        telegram_library.Chat(-1001, "supergroup"), 77, bot.runtime.clock.now(), (),
        (telegram_library.ReactionTypeEmoji("👍"),),
    )  # fmt: skip
    taking = asyncio.create_task(reactions.take(telegram_library.Update(900, message_reaction=change)))
    await asyncio.sleep(0.02)
    await store.advance(claim.interaction_id, InteractionState.SENT, reply_id="77")
    assert await taking
    assert (await store.details(claim.interaction_id)).reactions == Reactions(1)


async def test_reactions_to_others_leave_nothing(bots: Bots, telegram: LoopbackTelegram) -> None:
    group = telegram.add_supergroup(bot="administrator")
    bot, _ = await answered(bots, telegram, group)
    member = telegram.add_user()
    other = await telegram.add_user().says(group, HARMLESS)
    await member.reacts(other, "👍")
    await member.reacts(await member.says_privately("/start"), "👎")
    assert await counts(bot, telegram) == Reactions()


async def test_without_being_an_administrator_the_bot_is_told_of_none(bots: Bots, telegram: LoopbackTelegram) -> None:
    group = telegram.add_supergroup()
    bot, reply = await answered(bots, telegram, group)
    await telegram.add_user().reacts(reply, "👍")
    assert await counts(bot, telegram) == Reactions()


async def test_who_reacted_stands_nowhere(bots: Bots, telegram: LoopbackTelegram, logs: Logs) -> None:
    group = telegram.add_supergroup(bot="administrator")
    bot, reply = await answered(bots, telegram, group)
    member = telegram.add_user("Reacting Person")
    await member.reacts(reply, "👎")
    assert await counts(bot, telegram) == Reactions(0, 1, 0)
    await bot.stop()
    # All that the store has on disk, whatever it is called.
    kept = b"".join(path.read_bytes() for path in bots.folder.rglob("*") if path.is_file())
    assert str(member.id).encode() not in kept
    assert "Reacting" not in logs.text
    assert str(member.id) not in logs.text
