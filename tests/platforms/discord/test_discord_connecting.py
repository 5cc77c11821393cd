"""The first contact: connect, answer, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulators.discord import LoopbackDiscord

DIY = "I want to inject mesotherapy into my face at home, where do I start?"


async def test_a_member_is_answered_in_reply_and_nobody_is_pinged(
    discord: LoopbackDiscord, running: Callable[..., Any]
) -> None:
    guild = discord.add_guild("A community")
    general = guild.add_channel("general")
    member = guild.add_member("member one")
    async with running() as bot:
        message = await member.says(general, DIY)
        reply = await general.reply_to(message)
        await bot.settled()
        [row] = await bot.log()
    assert reply.mentions == []
    assert row.reply_id == str(reply.id)
    assert row.state.value == "sent"
