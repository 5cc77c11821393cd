"""Giving an answer in a chat: as messages, in place of one, as files, as a form's first question.

Lives here: from an `Answer` to what is sent. Does not live here: looks (`rendering.py`), limits and faults
(`sending.py`), and who is answered (`presses.py`, commands).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog
from telegram import ForceReply

from safetybot.chat.answers import Answer
from safetybot.chat.text import Line, Span, Style, bold, line, text
from safetybot.platforms.telegram.forms import MARK, SKIP, Filling
from safetybot.platforms.telegram.rendering import html_of, keyboard, pages
from safetybot.platforms.telegram.sealing import Sealing
from safetybot.platforms.telegram.sending import Gone, Sender, SiteUnknown
from safetybot.translation import Texts, marked

log = structlog.get_logger(__name__)

_HINT = 64
"""Characters of an entry field's hint."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an answer goes."""

    chat: str
    thread: str | None = None
    reply_to: str | None = None
    pressed: str | None = None
    """The message of ours whose button was pressed: an answer may take its place."""


class Giver:
    """Gives answers."""

    def __init__(self, sender: Sender, sealing: Sealing) -> None:
        """Send through `sender`; buttons are sealed by `sealing`."""
        self.sender, self._sealing = sender, sealing

    async def give(self, spot: Spot, answer: Answer, community: str | None) -> str:
        """Give an answer without a form; the id of its last message, the one with the buttons.

        Args:
            spot: Where.
            answer: What.
            community: What its buttons are about; None where the chat itself says so.

        Raises:
            PlatformError: It was not given, or (`UnsureError`) that is not known.
        """
        try:
            return await self._give(spot, answer, community)
        except SiteUnknown as error:
            # The page that the plain link leads to says the same to whoever presses.
            log.warning("nobody_vouched_for", problem=str(error))
            rows = tuple(tuple(replace(button, vouched=False) for button in row) for row in answer.rows)
            return await self._give(spot, replace(answer, rows=rows), community)

    async def _give(self, spot: Spot, answer: Answer, community: str | None) -> str:
        said = answer.text if answer.menu is None else answer.text + text(answer.menu.says)
        *before, last = pages(said)
        markup = keyboard(answer, self._sealing.about(community))
        if answer.replaces and spot.pressed is not None and not before:
            try:
                await self.sender.edit(spot.chat, spot.pressed, last, markup)
            except Gone:
                pass  # too old to be changed, or deleted: it is said anew
            else:
                await self._files(spot, answer)
                return spot.pressed
        for page in before:
            await self.sender.say(spot.chat, page, reply_to=spot.reply_to, thread=spot.thread)
        sent = await self.sender.say(spot.chat, last, markup=markup, reply_to=spot.reply_to, thread=spot.thread)
        await self._files(spot, answer)
        return str(sent.message_id)

    async def ask(self, chat: str, filling: Filling, said: Texts, *, link: str, again: bool = False) -> None:
        """Ask a form's open question; `link`, if any, is what it carries. Raises `PlatformError`."""
        asked = filling.asked
        sign = Span(MARK, Style.LINK, link) if link else Span(MARK)
        lines: list[Line] = []
        if not filling.values:
            lines.append(line(sign, " ", bold(filling.form.title)))
            lines.append(line(asked.label))
        else:
            lines.append(line(sign, " ", asked.label))
        if again:
            lines.append(
                line(said.say(marked("That does not fit. Write 1 to {number} characters."), number=asked.most))
            )
        if asked.hint:
            lines.append(line(asked.hint))
        if asked.value:
            lines.append(line(said.say(marked("It is now: {value}"), value=asked.value)))
            lines.append(line(said.say(marked("Send {sign} to leave it as it is."), sign=SKIP)))
        elif not asked.required:
            lines.append(line(said.say(marked("Send {sign} to leave it empty."), sign=SKIP)))
        hint = (asked.hint or asked.label)[:_HINT]
        await self.sender.say(
            chat, html_of(text(lines)), markup=ForceReply(selective=True, input_field_placeholder=hint)
        )

    async def _files(self, spot: Spot, answer: Answer) -> None:
        for file in answer.files:
            await self.sender.hand_out(spot.chat, file, reply_to=spot.reply_to, thread=spot.thread)
