"""`LoopbackTelegram`: the whole emulator as a test holds it.

Starting and stopping, faults, and looking at what the bot did. The people and chats are in `scene.py`, what single
people do in `people.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from .clock import Clock
from .commands import Scope
from .core import Core
from .errors import ApiError, too_many_requests
from .faults import Faults
from .flood import FloodLimits
from .parameters import Parameters
from .people import User
from .scene import Scene
from .server import BotApiServer, Request
from .webhook import Delivery
from .world import Account, Chat, Json, Message


class LoopbackTelegram(Scene):
    """A Bot API server on 127.0.0.1 with people in it, for one bot. Use it as `async with`.

    Args:
        limits: Flood limits (T20); `None` sets none.
        clock_scale: Telegram seconds per real second: windows, pauses and ages shrink by it.
        privacy_mode: As in BotFather (T1); on by default, as there.
        callback_lifetime: Seconds in which a pressed button can be answered (T36).
        token: The bot's token; by default a new one.
        first_update_id: Where update ids begin.
        port: Port to listen on; 0 takes a free one.
    """

    def __init__(
        self,
        *,
        limits: FloodLimits | None = None,
        clock_scale: float = 1.0,
        privacy_mode: bool = True,
        callback_lifetime: float = 15.0,
        token: str | None = None,
        first_update_id: int = 700_000_001,
        port: int = 0,
    ) -> None:
        self.token = token or f"8{secrets.randbelow(10**9):09d}:{secrets.token_urlsafe(26)}"
        bot = Account(int(self.token.partition(":")[0]), "Safety bot", "loopback_safety_bot", is_bot=True)
        super().__init__(
            Core(
                bot=bot,
                clock=Clock(clock_scale),
                first_update_id=first_update_id,
                limits=limits,
                privacy_mode=privacy_mode,
                callback_lifetime=callback_lifetime,
            )
        )
        self._core.token = self.token
        self._faults = Faults(self.clock)
        self._server = BotApiServer(self._core, self._faults, self.token)
        self._port = port
        self._server.on_request = self._note_change
        self._core.webhook.on_reply = self._webhook_reply

    async def __aenter__(self) -> Self:
        await self._server.start(self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._core.webhook.stop()
        await self._server.stop()

    # --- what the bot is given -----------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """What python-telegram-bot takes as `base_url`: it appends the token."""
        return f"http://127.0.0.1:{self._server.port}/bot"

    # --- faults ----------------------------------------------------------------------------------------------

    def fail(
        self,
        method: str,
        status: int,
        times: int = 1,
        *,
        description: str | None = None,
        parameters: Mapping[str, int] | None = None,
        after_effect: bool = False,
    ) -> None:
        """Answer the next requests of a method (`*`: any) with an error.

        With `after_effect` they are carried out first and only the answer is replaced.
        """
        self._faults.fail(
            method, status, times, description=description, parameters=parameters, after_effect=after_effect
        )

    def flood(self, method: str, retry_after: int, times: int = 1) -> None:
        """Answer the next requests of a method with 429."""
        error: ApiError = too_many_requests(retry_after)
        self.fail(method, 429, times, description=error.description, parameters=error.parameters)

    def drop_connections(self, times: int = 1, method: str = "*", *, after_effect: bool = False) -> None:
        """Cut the next connections without an answer; with `after_effect` only after doing what was asked."""
        self._faults.drop(method, times, after_effect=after_effect)

    def delay(self, method: str, seconds: float, *, after_effect: bool = False) -> None:
        """Hold all requests of a method (`*`: any) for so many real seconds, until called with 0.

        A client that gives up meanwhile has had nothing done for it; with `after_effect`, what it asked was done.
        """
        self._faults.delay(method, seconds, after_effect=after_effect)

    def refuse(self, seconds: float) -> None:
        """Cut every connection, open ones too, for so many seconds of the server's clock: Telegram is away."""
        self._faults.away(seconds)
        self._server.cut_open()

    def cut_open_connections(self) -> None:
        """Cut the connections of all requests that wait for an answer now, such as a long poll."""
        self._server.cut_open()

    def clear_faults(self) -> None:
        """Forget all faults still to come."""
        self._faults.clear()

    def push_raw(self, update: Json) -> int:
        """Queue any JSON object as an update, however odd; answers its `update_id`, set if it had none."""
        return self._core.queue.add_raw(dict(update)).id

    def duplicate_updates(self, times: int) -> None:
        """Hand out the next `times` confirmed updates once more, as after a lost confirmation."""
        self._core.queue.repeat(times)

    def also_post_to(self, url: str) -> None:
        """Post every webhook update to a second server too; it counts as delivered when both took it."""
        self._core.webhook.mirrors.append(url)

    # --- what the bot did ------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Request]:
        """All requests of the bot, oldest first; the token is not in them."""
        return self._server.requests

    def requests_of(self, method: str) -> list[Request]:
        """The requests of one method."""
        return [request for request in self._server.requests if request.method.lower() == method.lower()]

    @property
    def commands(self) -> dict[tuple[Scope, str], dict[str, str]]:
        """Command lists by scope and language: description by command."""
        return self._core.commands.lists

    def commands_for(self, user: User, chat: Chat | None = None) -> dict[str, str]:
        """The commands that somebody is shown in a chat (default: in private), by Telegram's order of scopes."""
        where = chat or self.private_chat(user)
        return self._core.commands.shown_to(where.members.get(user.id), where, user.language_code or "")

    @property
    def deliveries(self) -> list[Delivery]:
        """All webhook posts tried, oldest first."""
        return self._core.webhook.deliveries

    @property
    def pending_updates(self) -> list[Json]:
        """Updates that the bot has not confirmed, oldest first."""
        return [update.body for update in self._core.queue.waiting]

    @property
    def floods_refused(self) -> int:
        """How many requests the flood limits refused."""
        return self._core.flood.refused

    @property
    def is_polled(self) -> bool:
        """Whether the bot waits in getUpdates now."""
        return self._core.queue.is_polled

    async def bot_message(self, chat: Chat, number: int = 1, within: float = 5.0) -> Message:
        """Wait until the bot said `number` things in a chat (deleted ones not counted); answer that one."""
        await self.until(lambda: len(chat.from_bot()) >= number, within, f"message {number} of the bot in {chat.title}")
        return chat.from_bot()[number - 1]

    async def answer_to(self, message: Message, within: float = 5.0) -> Message:
        """Wait for the bot's reply to a message; answer it."""
        chat = message.chat

        def reply() -> Message | None:
            return next((one for one in chat.from_bot() if one.reply_to is message), None)

        await self.until(lambda: reply() is not None, within, "a reply of the bot")
        found = reply()
        if found is None:
            raise TimeoutError("the bot's reply vanished")
        return found

    # --- inner parts -----------------------------------------------------------------------------------

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _webhook_reply(self, body: Json) -> None:
        """Carry out a method that came in a webhook's answer; nobody learns of its success (T29)."""
        name = str(body.pop("method"))
        try:
            await self._server.call(name, Parameters(body))
        except ApiError:
            return
        finally:
            self._note_change()
