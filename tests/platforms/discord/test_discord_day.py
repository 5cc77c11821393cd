"""A whole day of a Discord community."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from tests.emulators.discord import LoopbackDiscord
from tests.platforms.day import CHANNELS, MEMBERS, Said, play

from safetybot.model import Concern, Interaction, VerdictKind

_BUTTONS = {
    VerdictKind.CONFIRMED: "Confirm",
    VerdictKind.FALSE_ALARM: "False alarm",
    VerdictKind.HANDLED: "Handled",
}


class DiscordStage:
    """The day on a server of the loopback Discord."""

    deletions_are_told = True
    cooldown_is_shared = False

    def __init__(self, discord: LoopbackDiscord, bot: Any) -> None:
        self.bot, self.discord = bot, discord
        guild = self.guild = discord.add_guild("A community")
        self.channels = [guild.add_channel(f"room-{number}") for number in range(CHANNELS)]
        self.mods = guild.add_channel("mods")
        self.members = [guild.add_member(f"member {number}") for number in range(MEMBERS)]
        self.moderator = guild.add_member("moderator", guild.add_role("mods", "manage_messages"))
        self.admin = guild.add_member("admin", guild.add_role("admins", "manage_guild"))
        self.written: dict[int, Any] = {}
        self.said: dict[int, Said] = {}

    async def says(self, said: Said) -> None:
        self.said[said.key] = said
        self.written[said.key] = await self.members[said.member].says(self.channels[said.channel], said.text)

    async def edits(self, key: int, text: str) -> None:
        await self.members[self.said[key].member].edits(self.written[key], text)

    async def deletes(self, key: int) -> None:
        await self.members[self.said[key].member].deletes(self.written[key])

    async def settled(self) -> None:
        await self.discord.flushed()
        await self.bot.settled()

    async def reads(self, key: int, *, language: str) -> str:
        said = self.said[key]
        reply = await self.channels[said.channel].reply_to(self.written[key])
        card = await self.members[said.member].taps(reply, "What are the risks", locale=language)
        assert card.ephemeral
        return str(card.content)

    async def opts_out(self, key: int) -> str:
        said = self.said[key]
        reply = await self.channels[said.channel].reply_to(self.written[key])
        asked = await self.members[said.member].taps(reply, "Not for me")
        done = await self.members[said.member].taps(asked, "Stop replying to me")
        return str(done.content)

    async def alerts(self) -> Sequence[int]:
        found = {str(self.written[key].id): key for key in self.written}
        return [
            key for post in self.mods.bot_messages for number, key in found.items()
            if f"/{number}" in post.content and "Confirm" in str(post.components)
        ]  # fmt: skip

    async def judges(self, key: int, verdict: VerdictKind, reason: str = "") -> str:
        number = str(self.written[key].id)
        alert = next(post for post in self.mods.bot_messages if f"/{number}" in post.content)
        done = await self.moderator.taps(alert, _BUTTONS[verdict])
        if verdict is VerdictKind.FALSE_ALARM:
            done = await self.moderator.submits_modal(done, {"Why was it wrong?": reason})
        assert done.ephemeral
        return str(done.content)

    async def admin_runs(self, command: str, **options: str) -> str:
        return str((await self.admin.runs(f"safety {command}", channel=self.mods, options=options)).content)

    async def moderator_runs(self, command: str, **options: str) -> str:
        return str((await self.moderator.runs(f"safety {command}", channel=self.mods, options=options)).content)

    async def switches_on(self, term: str) -> None:
        preview = await self.moderator.runs("safety keyword live", channel=self.mods, options={"term": term})
        await self.moderator.taps(preview, "Switch on")

    async def log(self) -> Mapping[int, Interaction]:
        keys = {str(message.id): key for key, message in self.written.items()}
        return {keys[row.message_id]: row for row in await self.bot.log()}


async def test_a_day_of_a_community_ends_in_the_log_that_it_must(
    discord: LoopbackDiscord, running: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for concern in Concern:
        for whose in ("CHANNEL", "AUTHOR"):
            monkeypatch.delenv(f"SAFETYBOT_POLICY__{concern.name}__{whose}_COOLDOWN")
    discord.limits.lift()
    async with running() as bot:
        stage = DiscordStage(discord, bot)
        assert "alert_channel" in await stage.admin_runs("policy set", key="alert_channel", value=str(stage.mods.id))
        await play(stage)
        assert discord.limits.invalid_requests == 0
