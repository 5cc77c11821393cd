"""Reactions at the loopback Discord, heard and seen by the real discord.py."""

from __future__ import annotations

from typing import Any

from tests.emulators.discord import LoopbackDiscord
from tests.emulators.discord.client import discord, running


class Listener(discord.AutoShardedClient):
    """Notes what it hears of reactions."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), max_messages=None)
        self.events: list[tuple[str, Any]] = []

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.events.append(("reacted", (payload.message_id, payload.message_author_id, str(payload.emoji))))

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        self.events.append(("unreacted", (payload.message_id, payload.message_author_id, str(payload.emoji))))

    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        self.events.append(("cleared", payload.message_id))

    async def on_raw_reaction_clear_emoji(self, payload: discord.RawReactionClearEmojiEvent) -> None:
        self.events.append(("cleared", (payload.message_id, str(payload.emoji))))


async def test_reactions_are_told_and_shown_on_the_message() -> None:
    async with LoopbackDiscord() as loopback:
        await _play(loopback)


async def _play(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    channel, one, two = guild.add_channel("c"), guild.add_member("one"), guild.add_member("two")
    client = Listener()
    async with running(loopback, client):
        message = await one.says(channel, "text")
        await one.reacts(message, "👍", "blob:77")
        await two.reacts(message, "👍")
        seen = await client.get_partial_messageable(channel.id).fetch_message(message.id)
        assert [(str(each.emoji), each.count) for each in seen.reactions] == [("👍", 2), ("<:blob:77>", 1)]
        await two.unreacts(message, "👍")
        await two.clears_reactions(message, "👍")
        await two.clears_reactions(message)
        await loopback.until(lambda: len(client.events) == 6)
        assert (await client.get_partial_messageable(channel.id).fetch_message(message.id)).reactions == []
    number = message.id
    assert client.events == [
        ("reacted", (number, one.id, "👍")), ("reacted", (number, one.id, "<:blob:77>")),
        ("reacted", (number, one.id, "👍")), ("unreacted", (number, None, "👍")),
        ("cleared", (number, "👍")), ("cleared", number),
    ]  # fmt: skip
