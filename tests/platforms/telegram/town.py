"""A group with its people and the chat of its moderators, on the loopback Telegram, with a bot in it."""

from __future__ import annotations

import socket
from collections.abc import Awaitable
from dataclasses import replace

from tests.emulators.telegram import Chat, LoopbackTelegram, Message, User
from tests.platforms.telegram.bots import HURRY, Running, unlimited

from safetybot.communities.access import BOT

PACE = replace(HURRY, rates=unlimited())


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Town:
    """The people: a member, a moderator (an administrator who may not change the group), an admin."""

    def __init__(
        self, telegram: LoopbackTelegram, bot: Running, *, language: str | None = "en", forum: bool = False
    ) -> None:
        self.telegram, self.bot = telegram, bot
        self.group = telegram.add_supergroup("The group", forum=forum)
        self.room = telegram.add_supergroup("Moderators")
        self.member = telegram.add_user("Member", started=True, language_code=language)
        self.moderator = telegram.add_user("Moderator", started=True, language_code=language)
        self.admin = telegram.add_user("Admin", started=True, language_code=language)
        telegram.make_admin(self.moderator, self.group, can_change_info=False)
        telegram.make_admin(self.admin, self.group)

    @property
    def where(self) -> tuple[str, str]:
        """Platform and community of the group."""
        return "telegram", str(self.group.id)

    async def alerts_go_to_the_room(self) -> None:
        """Choose the moderators' chat for alerts."""
        await self.bot.services.policy.put(BOT, *self.where, "alert_channel", str(self.room.id), expected=0)

    def private(self, user: User) -> Chat:
        """Somebody's private chat with the bot."""
        return self.telegram.private_chat(user)

    async def answer(self, chat: Chat, doing: Awaitable[Message]) -> Message:
        """The newest that the bot says in a chat once what was done is dealt with."""
        before = len(chat.from_bot())
        await doing
        await self.quiet()
        await self.telegram.bot_message(chat, before + 1)
        return chat.from_bot()[-1]

    async def in_private(self, user: User, words: str) -> Message:
        """What somebody is told of what they wrote to the bot."""
        return await self.answer(self.private(user), user.says_privately(words))

    async def in_group(self, user: User, words: str) -> Message:
        """What somebody is told in private of what they typed in the group."""
        return await self.answer(self.private(user), user.says(self.group, words))

    async def quiet(self) -> None:
        """Wait until everything that was said and pressed is dealt with."""
        await self.telegram.until(lambda: not self.telegram.pending_updates, 10, "all to be confirmed")
        await self.bot.platform.inbox.answered(10)
