"""Reactions to replies on Discord: what stands there is asked of Discord, so nothing is counted twice or for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.emulators.discord import Channel, Guild, LoopbackDiscord, Member, MessageRecord

from safetybot.communities.records import Reactions

DIY = "I want to inject mesotherapy into my face at home, where do I start?"

Running = Callable[..., Any]


@pytest.fixture
def people(guild: Guild) -> list[Member]:
    return [guild.add_member(f"member {number}") for number in range(4)]


async def answered(bot: Any, general: Channel, member: Member) -> MessageRecord:
    reply = await general.reply_to(await member.says(general, DIY))
    await bot.settled()
    assert isinstance(reply, MessageRecord)
    return reply


async def counts(bot: Any, wanted: Reactions) -> None:
    """Wait until so many are kept."""
    [row] = await bot.log()
    found = None
    for _ in range(200):
        found = (await bot.runtime.store.details(row.id)).reactions
        if found == wanted:
            return
        await asyncio.sleep(0.02)
    assert found == wanted


def looks(discord: LoopbackDiscord, message: MessageRecord) -> int:
    return sum(one.method == "GET" and one.path.endswith(f"/messages/{message.id}") for one in discord.requests)


async def test_members_reactions_are_counted_by_kind(running: Running, general: Channel, people: list[Member]) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
        await people[0].reacts(reply, "👍", "😂")
        await people[1].reacts(reply, "👍🏽")
        await people[2].reacts(reply, "👎", "blob:1234567890")
        await counts(bot, Reactions(2, 1, 2))
        await people[0].unreacts(reply, "👍")
        await counts(bot, Reactions(1, 1, 2))
        await people[3].clears_reactions(reply, "👎")
        await counts(bot, Reactions(1, 0, 2))
        await people[3].clears_reactions(reply)
        await counts(bot, Reactions())


async def test_a_reply_in_a_thread_is_ours_as_well(
    running: Running, guild: Guild, general: Channel, people: list[Member]
) -> None:
    async with running() as bot:
        reply = await answered(bot, guild.add_thread(general, "a thread"), people[0])
        await people[1].reacts(reply, "❤️")
        await counts(bot, Reactions(1))


async def test_many_who_react_at_once_cost_one_look(
    running: Running, discord: LoopbackDiscord, general: Channel, people: list[Member]
) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
        before = looks(discord, reply)
        for member in people:
            await member.reacts(reply, "👍", "🔥", "🎉")
        await counts(bot, Reactions(12))
        assert looks(discord, reply) - before <= 2


async def test_what_was_missed_is_made_good_at_the_next_reaction(
    running: Running, general: Channel, people: list[Member]
) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
    await people[0].reacts(reply, "👍")
    await people[1].reacts(reply, "👍")
    async with running() as bot:
        await bot.settled()
        await people[2].reacts(reply, "👎")
        await counts(bot, Reactions(2, 1))


async def test_an_outage_of_discord_only_delays_it(
    running: Running, discord: LoopbackDiscord, general: Channel, people: list[Member]
) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
        discord.rest_fails(503, times=3, path=f"/messages/{reply.id}$")
        await people[1].reacts(reply, "👍")
        await counts(bot, Reactions(1))


async def test_a_reply_that_is_gone_keeps_what_was_counted(
    running: Running, discord: LoopbackDiscord, general: Channel, people: list[Member]
) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
        await people[1].reacts(reply, "👍")
        await counts(bot, Reactions(1))
        await people[1].unreacts(reply, "👍")
        reply.deleted = True
        await asyncio.sleep(0.3)
        await counts(bot, Reactions(1))
        assert bot.task.done() is False


async def test_messages_of_others_are_never_looked_at(
    running: Running, discord: LoopbackDiscord, general: Channel, people: list[Member]
) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
        other = await people[0].says(general, "What a lovely day")
        for message in (other, await people[1].says(general, "And another one")):
            await people[1].reacts(message, "👍")
            await people[1].unreacts(message, "👍")
        await people[1].reacts(reply, "👍")
        await counts(bot, Reactions(1))
        assert looks(discord, other) == looks(discord, message) == 0


async def test_who_reacted_stands_nowhere(
    running: Running, general: Channel, people: list[Member], tmp_path: Path
) -> None:
    async with running() as bot:
        reply = await answered(bot, general, people[0])
        await people[3].reacts(reply, "👎")
        await counts(bot, Reactions(0, 1))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert str(people[3].id).encode() not in kept
