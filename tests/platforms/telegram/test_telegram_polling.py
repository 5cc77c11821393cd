"""Polling: one message one reply, whatever the network, the store and other pollers do."""

from __future__ import annotations

from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import DIY, HARMLESS, Bots

from safetybot.model import InteractionState


async def test_a_message_of_concern_is_answered_once_and_logged(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    await member.says(group, HARMLESS)
    asked = await member.says(group, DIY)
    answer = await telegram.answer_to(asked)
    assert answer.silent
    assert (await bot.log())[0].state is InteractionState.SENT
