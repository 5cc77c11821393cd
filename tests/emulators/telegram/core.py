"""The server's parts in one place, and what the API methods share: finding a chat, the registry of methods.

The methods themselves are in `sending.py`, `editing.py`, `chats.py`, `commands.py` and `fetching.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .commands import CommandBook
from .errors import ApiError, bad_request, forbidden, upgraded
from .flood import FloodGate, FloodLimits
from .parameters import Parameters
from .updates import UpdateQueue
from .visibility import Visibility
from .webhook import WebhookSender
from .world import Account, Chat, Json, Membership, Message, World


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What answerCallbackQuery showed to the member who pressed the button."""

    text: str
    show_alert: bool
    url: str


@dataclass(eq=False, slots=True)
class CallbackQuery:
    """One press of a button: who, on what, and what the bot made of it."""

    id: str
    by: Account
    message: Message
    data: str
    expires: float
    answers: list[CallbackAnswer] = field(default_factory=list)


class Core:
    """Everything one emulated server consists of, behind its HTTP side and its driver."""

    def __init__(
        self,
        *,
        bot: Account,
        clock: Clock,
        first_update_id: int,
        limits: FloodLimits | None,
        privacy_mode: bool,
        callback_lifetime: float,
    ) -> None:
        self.bot = bot
        self.clock = clock
        self.world = World(bot)
        self.queue = UpdateQueue(clock, first_update_id)
        self.webhook = WebhookSender(clock, self.queue)
        self.visibility = Visibility(self.world, self.queue, clock)
        self.flood = FloodGate(clock, limits)
        self.commands = CommandBook()
        self.queries: dict[str, CallbackQuery] = {}
        self.privacy_mode = privacy_mode
        self.callback_lifetime = callback_lifetime
        self.logged_out = False
        self.revoked = False
        self.domain = ""
        """What BotFather's /setdomain was told."""
        self.token = ""
        self.profile: dict[tuple[str, str], str] = {}

    def chat_of(self, parameters: Parameters) -> Chat:
        """The chat that `chat_id` names, with no regard to whether the bot may speak there.

        Raises:
            ApiError: 400 `chat not found`, or the new id of a group that became a supergroup.
        """
        named = parameters.text("chat_id").strip()
        if not named:
            raise bad_request("chat_id is empty")
        if named.startswith("@"):
            chat = self.world.by_username(named[1:])
        else:
            try:
                chat = self._chat_by_id(int(named))
            except ValueError:
                chat = None
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise upgraded(chat.migrated_to.id)
        return chat

    def reachable(self, chat: Chat) -> Membership | None:
        """Check that the bot is still in touch with a chat; answer its standing there (private: `None`).

        Raises:
            ApiError: 403 in Telegram's words: blocked, kicked, never started, no longer a member; 400 `chat not
                found` for a closed chat that the bot never was in.
        """
        if chat.peer is not None:
            _check_peer(chat.peer)
            return None
        if self.bot.id not in chat.members and not chat.username:
            raise bad_request("chat not found")
        membership = chat.member(self.bot)
        if membership.status == "kicked":
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        if not membership.inside:
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        return membership

    def writable(self, chat: Chat, right: str, what: str) -> None:
        """Check that the bot may send `what` (`text messages`) to a chat.

        Raises:
            ApiError: 403 as `reachable`, 400 where a right is missing.
        """
        membership = self.reachable(chat)
        if membership is None or membership.is_admin:
            if membership is not None and chat.kind == "channel" and not membership.may("can_post_messages"):
                raise bad_request("need administrator rights in the channel chat")
            return
        if chat.kind == "channel":
            raise bad_request("need administrator rights in the channel chat")
        allowed = membership.may(right) if membership.status == "restricted" else chat.permissions.get(right, True)
        if not allowed:
            raise bad_request(f"not enough rights to send {what} to the chat")

    def new_message(self, chat: Chat, author: Account | None, **fields: Any) -> Message:
        """Add a message to a chat under the next id; `fields` are attributes of `Message`."""
        chat.last_message_id += 1
        fields.setdefault("shown_from", author)
        message = Message(chat, chat.last_message_id, self.clock.stamp(), author, **fields)
        chat.add(message)
        return message

    def service_message(self, chat: Chat, by: Account, extra: Json, thread_id: int | None = None) -> Message:
        """Add a message that reports an event, and report it to the bot."""
        message = self.new_message(chat, by, extra=extra, thread_id=thread_id)
        self.visibility.message(message)
        return message

    def _chat_by_id(self, chat_id: int) -> Chat | None:
        chat = self.world.chats.get(chat_id)
        account = self.world.accounts.get(chat_id)
        return chat if chat is not None or account is None else self.world.private(account)


def _check_peer(peer: Account) -> None:
    if peer.is_bot:
        raise forbidden("bot can't send messages to bots")
    if peer.deactivated:
        raise forbidden("user is deactivated")
    if peer.blocked:
        raise forbidden("bot was blocked by the user")
    if not peer.started:
        raise forbidden("bot can't initiate conversation with a user")


Method = Callable[[Core, Parameters], Awaitable[object]]
METHODS: dict[str, Method] = {}
"""All methods of the server by their lower-case names; the Bot API does not mind case."""


def method(name: str) -> Callable[[Method], Method]:
    """Register the handler of one Bot API method."""

    def register(handler: Method) -> Method:
        METHODS[name.lower()] = handler
        return handler

    return register


__all__ = ["METHODS", "ApiError", "CallbackAnswer", "CallbackQuery", "Core", "Method", "method"]
