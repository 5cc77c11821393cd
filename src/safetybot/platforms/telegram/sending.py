"""Sends that end: in turn, in time, never twice, with an error that says what to do.

Lives here: trying again where that is harmless, what Telegram's refusals mean. Does not live here: what is sent.
Telegram has no key by which it would know a repeat (T30). So a send that may have been done is never done again: only
refusals (a flood limit, a moved chat) and connections that never came about are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from telegram import (
    ForceReply,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from safetybot.chat.answers import File
from safetybot.platforms.telegram.connection import Connection, NotSent
from safetybot.platforms.telegram.limits import Outbox, TooLate, shown
from safetybot.platforms.telegram.places import Places
from safetybot.ports import Clock, PlatformError, UnsureError

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_GONE = {
    "message to be replied not found": "the message that was to be answered",
    "message to edit not found": "the message that was to be changed",
    "message can't be edited": "the message that was to be changed",
    "message thread not found": "the topic",
    "topic_deleted": "the topic",
    "chat not found": "the chat",
}
_RIGHTS = ("not enough rights", "have no rights", "write_forbidden", "topic_closed", "need administrator rights")
_STRANGERS = ("can't initiate conversation", "blocked by the user", "user is deactivated", "peer_id_invalid")
_SITE = "bot_domain_invalid"
_UNCHANGED = "message is not modified"
_MAY_QUOTE = "parse entities"


class NotAllowed(PlatformError):
    """The bot may not write in a chat; carries the chat."""

    def __init__(self, chat: str, why: str) -> None:
        """Keep the chat; `why` is what Telegram said."""
        super().__init__(
            f"Telegram does not let the bot write in chat {shown(chat)} ({why}): give it the right to send there"
        )
        self.chat = chat


class Gone(PlatformError):
    """What was to be answered, changed or written in is no longer there."""

    def __init__(self, what: str) -> None:
        """Name it."""
        super().__init__(f"{what} is gone")


class Stranger(PlatformError):
    """Somebody has never started the bot, or has blocked it, so it may not write to them. Carries nobody's id."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("that person has not started the bot, or has blocked it: they have to press Start first")


class SiteUnknown(PlatformError):
    """Telegram vouches for nobody at a site that was not named to it."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Telegram does not know the pages' site: name the host of `web.url` to @BotFather, /setdomain")


class TokenRefused(PlatformError):
    """Telegram does not take the token."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Telegram refused the bot's token: set `telegram.token` to the one that BotFather shows")


class Unanswered(UnsureError):
    """A send went out, and no answer came back."""

    def __init__(self, why: str) -> None:
        """Keep why."""
        super().__init__(f"whether Telegram sent it is not known ({why}); it is not sent again")


def refusal(error: TelegramError, chat: str) -> PlatformError:
    """What Telegram refused, in words that say what to do. It was not done."""
    said = error.message.lower()
    for sign, what in _GONE.items():
        if sign in said:
            return Gone(what)
    if any(sign in said for sign in _STRANGERS):
        return Stranger()
    if _SITE in said:
        return SiteUnknown()
    if isinstance(error, InvalidToken):
        return TokenRefused()
    if isinstance(error, Forbidden) or any(sign in said for sign in _RIGHTS):
        return NotAllowed(chat, _told(error))
    return PlatformError(f"Telegram refused: {_told(error)}")


class Sender:
    """Speaks through one connection."""

    def __init__(self, connection: Connection, outbox: Outbox, places: Places, clock: Clock, within: timedelta) -> None:
        """Give what no message asks for (a press, a command) `within` this time."""
        self.connection, self._outbox, self._places = connection, outbox, places
        self._clock, self._within = clock, within

    async def say(
        self,
        chat: str,
        page: str,
        *,
        markup: InlineKeyboardMarkup | ForceReply | None = None,
        reply_to: str | None = None,
        thread: str | None = None,
        before: datetime | None = None,
        silent: bool = True,
    ) -> Message:
        """Send one page of HTML, at most once, without a preview.

        Raises:
            UnsureError: It may have been sent.
            PlatformError: It was not.
        """
        answered = ReplyParameters(int(reply_to)) if reply_to is not None else None

        async def send(to: int) -> Message:
            return await self.connection.send_message(
                to, page, parse_mode=ParseMode.HTML, reply_markup=markup, reply_parameters=answered,
                message_thread_id=int(thread) if thread is not None else None, disable_notification=silent,
                link_preview_options=_NO_PREVIEW,
            )  # fmt: skip

        return await self._do(chat, send, before, repeatable=False)

    async def hand_out(self, chat: str, file: File, *, reply_to: str | None = None, thread: str | None = None) -> None:
        """Send a file, at most once. Raises as `say` does."""
        answered = ReplyParameters(int(reply_to)) if reply_to is not None else None

        async def send(to: int) -> Message:
            return await self.connection.send_document(
                to, InputFile(file.data, filename=file.name), reply_parameters=answered, disable_notification=True,
                message_thread_id=int(thread) if thread is not None else None,
            )  # fmt: skip

        await self._do(chat, send, None, repeatable=False)

    async def edit(self, chat: str, message_id: str, page: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """Replace a message of ours; one that says this already is left as it is. Raises `PlatformError`."""

        async def change(to: int) -> object:
            try:
                return await self.connection.edit_message_text(
                    page, to, int(message_id), parse_mode=ParseMode.HTML, reply_markup=markup,
                    link_preview_options=_NO_PREVIEW,
                )  # fmt: skip
            except BadRequest as error:
                if _UNCHANGED not in error.message.lower():
                    raise
                return None

        await self._do(chat, change, None, repeatable=True)

    async def ask(self, what: Callable[[Connection], Awaitable[T]], chat: str = "") -> T:
        """Ask for something that counts for no limit and is harmless to ask twice; `chat` names it in an error.

        Raises `PlatformError`, its own kinds where the answer was a refusal.
        """
        pause, until = _FIRST_PAUSE, self._clock.now() + self._within
        while True:
            try:
                return await what(self.connection)
            except RetryAfter as error:
                wait = _seconds(error)
            except (BadRequest, Forbidden, InvalidToken, ChatMigrated) as error:
                raise refusal(error, chat) from None
            except NetworkError:
                wait = pause
            except TelegramError as error:
                raise refusal(error, chat) from None
            if self._clock.now() + timedelta(seconds=wait) > until:
                raise PlatformError("Telegram gave no answer in time", retry=True)
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _do(
        self, chat: str, send: Callable[[int], Awaitable[T]], before: datetime | None, *, repeatable: bool
    ) -> T:
        """Send in turn; again only where nothing was done, or where twice is as good as once."""
        until = before or self._clock.now() + self._within
        pause = _FIRST_PAUSE
        here = self._places.present(chat)
        while True:
            try:
                async with self._outbox.turn(int(here), before=until):
                    return await send(int(here))
            except RetryAfter as error:
                await self._outbox.hold(int(here), timedelta(seconds=_seconds(error)))
                continue
            except ChatMigrated as error:
                await self._places.moved(here, error.new_chat_id)
                here = str(error.new_chat_id)
                continue
            except (BadRequest, Forbidden, InvalidToken) as error:
                raise refusal(error, here) from None
            except NotSent:
                wait = pause
            except TelegramError as error:
                if not repeatable:
                    raise Unanswered(type(error).__name__) from None
                wait = pause
            if self._clock.now() + timedelta(seconds=wait) > until:
                raise TooLate(wait)
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _told(error: TelegramError) -> str:
    """Telegram's own words, except where they could quote what was to be sent."""
    return "malformed text" if _MAY_QUOTE in error.message.lower() else error.message
