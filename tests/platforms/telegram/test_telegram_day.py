"""A whole day of a Telegram community, by polling and by webhook: the same log, and the one that it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.emulators.telegram import LoopbackTelegram, Message
from tests.platforms.day import CHANNELS, MEMBERS, Said, play
from tests.platforms.telegram.bots import Bots, Running
from tests.platforms.telegram.town import PACE, Town, free_port

from safetybot.model import Interaction, VerdictKind

_BUTTONS = {
    VerdictKind.CONFIRMED: "Confirm",
    VerdictKind.FALSE_ALARM: "False alarm",
    VerdictKind.HANDLED: "Handled",
}


class TelegramStage:
    """The day in a forum of the loopback Telegram: a topic for each channel, alerts into the moderators' chat."""

    deletions_are_told = False
    cooldown_is_shared = True

    def __init__(self, telegram: LoopbackTelegram, bot: Running) -> None:
        self.telegram, self.bot = telegram, bot
        self.town = Town(telegram, bot, forum=True)
        self.topics = [telegram.add_topic(self.town.group, f"room {number}") for number in range(CHANNELS)]
        self.members = [telegram.add_user(f"member {number}") for number in range(MEMBERS)]
        self.written: dict[int, Message] = {}
        self.said: dict[int, Said] = {}

    async def says(self, said: Said) -> None:
        self.said[said.key] = said
        topic = self.topics[said.channel]
        self.written[said.key] = await self.members[said.member].says(self.town.group, said.text, topic=topic)
        if said.concern is not None:
            await self.settled()  # topics share their cooldowns, so that it matters who comes first

    async def edits(self, key: int, text: str) -> None:
        await self.members[self.said[key].member].edits(self.written[key], text)

    async def deletes(self, key: int) -> None:
        await self.members[self.said[key].member].deletes(self.written[key])

    async def settled(self) -> None:
        await self.town.quiet()
        await self.bot.log()

    async def reads(self, key: int, *, language: str) -> str:
        who = self.members[self.said[key].member]
        who.language_code = language
        card = await self._follows(key, "What are the risks")
        who.language_code = "en"
        return card.text or ""

    async def opts_out(self, key: int) -> str:
        asked = await self._follows(key, "Not for me")
        tap = await self.members[self.said[key].member].taps(asked, "Stop replying to me")
        await tap.answered()
        await self.town.quiet()
        return asked.text or ""

    async def alerts(self) -> Sequence[int]:
        return [key for post in self.town.room.from_bot() for key in self.written if self._is_about(post, key)]

    async def judges(self, key: int, verdict: VerdictKind, reason: str = "") -> str:
        moderator = self.town.moderator
        alert = next(post for post in self.town.room.from_bot() if self._is_about(post, key))
        tap = await moderator.taps(alert, _BUTTONS[verdict])
        answer = await tap.answered()
        if verdict is not VerdictKind.FALSE_ALARM:
            await self.town.quiet()
            return answer.text or (self.town.room.from_bot()[-1].text or "")
        private = self.town.private(moderator)
        question = await self.town.answer(private, moderator.follows(answer.url))
        done = await self.town.answer(private, moderator.says_privately(reason, reply_to=question))
        return done.text or ""

    async def admin_runs(self, command: str, **options: str) -> str:
        line = " ".join([f"/{command}", *(f'{name}="{value}"' for name, value in options.items())])
        return (await self.town.in_group(self.town.admin, line)).text or ""

    async def moderator_runs(self, command: str, **options: str) -> str:
        line = " ".join([f"/{command}", *(f'{name}="{value}"' for name, value in options.items())])
        return (await self.town.answer(self.town.room, self.town.moderator.says(self.town.room, line))).text or ""

    async def switches_on(self, term: str) -> None:
        asked = self.town.moderator.says(self.town.room, f'/keyword live term="{term}"')
        preview = await self.town.answer(self.town.room, asked)
        tap = await self.town.moderator.taps(preview, "Switch on")
        await tap.answered()
        await self.town.quiet()

    async def log(self) -> Mapping[int, Interaction]:
        keys = {str(message.message_id): key for key, message in self.written.items()}
        return {keys[row.message_id]: row for row in await self.bot.log()}

    def _is_about(self, post: Message, key: int) -> bool:
        """Whether a post is the alert about this message, and about no other."""
        end = f"/{self.written[key].message_id}"
        leads = any(str(one.get("url", "")).endswith(end) for one in post.entities)
        return leads and any(button["text"] == "Confirm" for button in post.buttons)

    async def _follows(self, key: int, button: str) -> Message:
        """Press a button under a reply; it leads into the private chat, where the answer stands."""
        who = self.members[self.said[key].member]
        reply = await self.telegram.answer_to(self.written[key])
        tap = await who.taps(reply, button)
        url = (await tap.answered()).url
        return await self.town.answer(self.town.private(who), who.follows(url))


async def a_day(folder: Path, monkeypatch: pytest.MonkeyPatch, *, webhook: bool) -> dict[int, object]:
    """Play it; what the log holds in the end, without times and numbers."""
    monkeypatch.setenv("SAFETYBOT_DATA_DIR", str(folder))
    async with LoopbackTelegram(privacy_mode=False) as telegram, AsyncExitStack() as stack:
        bots = Bots(telegram, folder, stack)
        try:
            bot = await bots.start(pace=PACE, webhook=webhook, webhook_port=free_port() if webhook else 0)
            stage = TelegramStage(telegram, bot)
            told = await stage.admin_runs("policy set", key="alert_channel", value=str(stage.town.room.id))
            assert str(stage.town.room.id) in told
            await play(stage)
            assert telegram.floods_refused == 0
            return {
                key: (row.concern, row.level, row.state, row.reasons, row.alerted, row.language, row.response_id,
                      row.verdict.kind if row.verdict else None)
                for key, row in (await stage.log()).items()
            }  # fmt: skip
        finally:
            await bots.stop()


async def test_a_day_by_polling_and_by_webhook_ends_in_the_log_that_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = await a_day(tmp_path / "polled", monkeypatch, webhook=False)
    posted = await a_day(tmp_path / "posted", monkeypatch, webhook=True)
    assert polled == posted
