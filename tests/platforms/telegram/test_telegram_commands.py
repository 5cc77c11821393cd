"""Text commands and the menu: who is answered what, where, and in which language."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

import pytest
from tests.emulators.telegram import Chat, LoopbackTelegram, Message, User
from tests.platforms.telegram.bots import HURRY, Bots, Running, unlimited

from safetybot.communities.access import BOT
from safetybot.model import Concern, Mode, Place

PACE = replace(HURRY, rates=unlimited())


class Town:
    """A group with its people, the chat of its moderators, and a bot."""

    def __init__(self, telegram: LoopbackTelegram, bot: Running) -> None:
        self.telegram, self.bot = telegram, bot
        self.group = telegram.add_supergroup("The group")
        self.room = telegram.add_supergroup("Moderators")
        self.member = telegram.add_user("Member", started=True)
        self.moderator = telegram.add_user("Moderator", started=True)
        self.admin = telegram.add_user("Admin", started=True)
        telegram.make_admin(self.moderator, self.group, can_change_info=False)
        telegram.make_admin(self.admin, self.group)

    async def alerts_go_to_the_room(self) -> None:
        where = "telegram", str(self.group.id)
        await self.bot.services.policy.put(BOT, *where, "alert_channel", str(self.room.id), expected=0)

    def private(self, user: User) -> Chat:
        return self.telegram.private_chat(user)

    async def answer(self, chat: Chat, doing: Awaitable[Message]) -> Message:
        """What the bot says in a chat after something was said."""
        before = len(chat.from_bot())
        await doing
        await self.telegram.bot_message(chat, before + 1)
        return chat.from_bot()[-1]

    async def in_private(self, user: User, words: str) -> Message:
        return await self.answer(self.private(user), user.says_privately(words))

    async def in_group(self, user: User, words: str) -> Message:
        """What somebody is told in private of what they typed in the group."""
        return await self.answer(self.private(user), user.says(self.group, words))

    async def quiet(self) -> None:
        """Wait until everything that was said is dealt with."""
        await self.telegram.until(lambda: not self.telegram.pending_updates, 5, "all to be confirmed")


@pytest.fixture
async def town(bots: Bots, telegram: LoopbackTelegram) -> Town:
    return Town(telegram, await bots.start(pace=PACE))


async def test_what_is_typed_in_the_group_is_answered_in_private(town: Town) -> None:
    told = await town.in_group(town.admin, "/status")
    assert "How I stand here" in (told.text or "")
    assert town.group.from_bot() == []


async def test_whoever_never_started_the_bot_is_led_by_a_link_and_nothing_is_done(town: Town) -> None:
    stranger = town.telegram.add_user("Stranger", language_code="en")
    town.telegram.make_admin(stranger, town.group)
    line = await town.answer(town.group, stranger.says(town.group, '/keyword add "glow party" diy'))
    assert "Press Start" in (line.text or "") or "press Start" in (line.text or "")
    assert "nothing was done yet" in (line.text or "")
    where = "telegram", str(town.group.id)
    assert await town.bot.services.keywords.listed(BOT, *where) == []
    tap = await stranger.taps(line, "Open in private")
    await town.answer(town.private(stranger), stranger.follows(tap.url))
    told = await town.in_private(stranger, '/keyword add "glow party" diy')
    assert "glow party" in (told.text or "")
    (listed,) = await town.bot.services.keywords.listed(BOT, *where)
    assert listed.keyword.term == "glow party"


async def test_answers_in_the_moderators_room_stand_there(town: Town) -> None:
    await town.alerts_go_to_the_room()
    told = await town.answer(town.room, town.moderator.says(town.room, "/review"))
    assert "Nothing waits for you" in (told.text or "")
    outsider = await town.answer(town.room, town.member.says(town.room, "/review"))
    assert "You may not do that here" in (outsider.text or "")


async def test_a_command_of_another_bot_is_left_alone(town: Town) -> None:
    await town.admin.says(town.group, "/status@another_bot")
    await town.admin.says(town.group, "/weather tomorrow")
    await town.quiet()
    assert town.group.from_bot() == []
    assert town.private(town.admin).from_bot() == []
    told = await town.in_group(town.admin, f"/statsu@{town.telegram.bot.username}")
    assert "There is no command /statsu" in (told.text or "")
    assert "/status" in (told.text or "")


async def test_a_forwarded_command_is_nobodys_command(town: Town) -> None:
    await town.admin.says(town.group, "/policy set diy.mode off", forward_from=town.member)
    await town.quiet()
    policy = await town.bot.services.store.policy(Place("telegram", str(town.group.id), str(town.group.id)))
    assert policy.concerns[Concern.DIY].mode is not Mode.OFF
    assert town.private(town.admin).from_bot() == []


async def test_rights_that_were_taken_away_are_refused_at_the_next_press(town: Town) -> None:
    menu = await town.in_group(town.admin, "/safety")
    assert any(button["text"] == "Settings" for button in menu.buttons)
    town.telegram.remove_admin(town.admin, town.group)
    town.bot.platform.people.forget(str(town.group.id))
    tap = await town.admin.taps(menu, "Settings")
    await tap.answered()
    await town.telegram.until(lambda: "You may not do that here" in str(town.private(town.admin).from_bot()[-1].text))
