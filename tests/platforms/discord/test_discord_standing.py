"""What the web pages ask of Discord: what somebody is in a guild now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.emulators.discord import LoopbackDiscord

from safetybot.communities.access import Role
from safetybot.ports import PlatformError

Running = Callable[..., Any]


async def test_a_standing_is_asked_of_discord_as_it_is_now(running: Running, discord: LoopbackDiscord) -> None:
    discord.limits.lift()
    guild = discord.add_guild("A community")
    guild.add_channel("general")
    role = guild.add_role("moderators", "manage_messages")
    moderator, member = guild.add_member("moderator", role), guild.add_member("member")
    async with running() as bot:
        here = str(guild.id)
        assert await bot.platform.standing(here, str(moderator.id)) is Role.MODERATOR
        assert await bot.platform.standing(here, str(member.id)) is None
        assert await bot.platform.standing(here, "999999999999999999") is None
        role.revoke("manage_messages")
        assert await bot.platform.standing(here, str(moderator.id)) is None
        for unknown in ("1", "no number"):
            with pytest.raises(PlatformError):
                await bot.platform.standing(unknown, str(member.id))
