"""What the web pages ask of Telegram: what somebody is in a group now."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import Bots

from safetybot.communities.access import Role


@pytest.mark.parametrize(("rights", "role"), [({}, Role.ADMIN), ({"can_change_info": False}, Role.MODERATOR)])
async def test_a_standing_is_asked_of_telegram(
    bots: Bots, telegram: LoopbackTelegram, rights: dict[str, Any], role: Role
) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    somebody, member = telegram.add_user("Somebody"), telegram.add_user("Member")
    telegram.make_admin(somebody, group, **rights)
    await member.says(group, "hello")
    assert await bot.platform.standing(str(group.id), str(somebody.id)) is role
    assert await bot.platform.standing(str(group.id), str(member.id)) is None
    assert await bot.platform.standing(str(group.id), "999") is None
