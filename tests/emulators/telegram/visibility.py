"""Which events reach the bot: privacy mode, bots among themselves, membership, rights.

Rules T1, T2, T8 and T33. It turns what happened into updates; the queue decides on `allowed_updates`.
"""

from __future__ import annotations

from .clock import Clock
from .updates import UpdateQueue
from .world import Account, Chat, Json, Membership, Message, World


class Visibility:
    """Reports events to the bot that the bot would get from Telegram, and no others."""

    def __init__(self, world: World, queue: UpdateQueue, clock: Clock) -> None:
        self._world = world
        self._queue = queue
        self._clock = clock

    def message(self, message: Message, *, edited: bool = False) -> bool:
        """Report a new or edited message. Answers whether the bot is told of it."""
        chat = message.chat
        if not self.sees(message):
            return False
        kind = "channel_post" if chat.kind == "channel" else "message"
        if edited:
            kind = f"edited_{kind}"
        return self._queue.add(kind, message.json(), ("chat", chat.id)) is not None

    def sees(self, message: Message) -> bool:
        """Whether the bot would be sent this message at all."""
        chat, bot = message.chat, self._world.bot
        if message.author is not None and message.author.is_bot and not message.is_service:
            return False  # T2: bots do not see bots, nor themselves
        if chat.kind == "private":
            return chat.peer is not None and not chat.peer.blocked
        membership = chat.member(bot)
        if not membership.inside:
            return False
        if chat.kind == "channel":
            return membership.is_admin
        if membership.is_admin or membership.reads_all or message.is_service:
            return True
        if message.sender_chat is not None and message.sender_chat.kind == "channel" and message.author is None:
            return True  # automatic forwards are channel messages, which privacy mode does not hide
        return self._meant_for_bot(message)

    def my_chat_member(self, chat: Chat, by: Account, old: Membership, new: Membership) -> None:
        """Report that the bot's own standing changed."""
        self._queue.add("my_chat_member", self._change(chat, by, old, new), ("chat", chat.id))

    def chat_member(self, chat: Chat, by: Account, old: Membership, new: Membership) -> None:
        """Report that somebody's standing changed, to a bot that is administrator and asked for it (T8)."""
        if chat.member(self._world.bot).is_admin:
            self._queue.add("chat_member", self._change(chat, by, old, new), ("chat", chat.id))

    def callback(self, body: Json, by: Account) -> None:
        """Report that somebody pressed a button."""
        self._queue.add("callback_query", body, ("callback", by.id))

    def reaction(self, message: Message, by: Account, old: list[Json], new: list[Json], counts: Json) -> None:
        """Report that somebody reacted, to a bot that is administrator and asked for it (T8).

        Where members are shown, who did what; in a channel only how many there are now of each kind.
        """
        chat = message.chat
        if chat.kind != "private" and not chat.member(self._world.bot).is_admin:
            return
        if by.is_bot:
            return
        body: Json = {"chat": chat.json(), "message_id": message.message_id, "date": self._clock.stamp()}
        if chat.kind == "channel":
            totals = [{"type": reaction_type(kind), "total_count": count} for kind, count in counts.items() if count]
            self._queue.add("message_reaction_count", {**body, "reactions": totals}, ("chat", chat.id))
            return
        body |= {"user": by.json(), "old_reaction": old, "new_reaction": new}
        self._queue.add("message_reaction", body, ("chat", chat.id))

    def _change(self, chat: Chat, by: Account, old: Membership, new: Membership) -> Json:
        return {
            "chat": chat.json(),
            "from": by.json(),
            "date": self._clock.stamp(),
            "old_chat_member": old.json(),
            "new_chat_member": new.json(),
        }

    def _meant_for_bot(self, message: Message) -> bool:
        """Privacy mode: a reply to the bot, or a command for it.

        A command without a name counts unless another bot spoke last here; that is the stricter reading of the
        two that Telegram's pages give.
        """
        bot = self._world.bot
        target = message.reply_to
        if target is not None and target.author is bot and not target.is_service:
            return True
        text = message.text or ""
        if not text.startswith("/"):
            return False
        _, at, name = text.split(maxsplit=1)[0].partition("@")
        if at:
            return name.lower() == (bot.username or "").lower()
        for earlier in reversed(message.chat.messages):
            if earlier.from_bot:
                return earlier.author is bot
        return True


def reaction_type(kind: str) -> Json:
    """The `ReactionType` object of an emoji, or of a custom one by its number."""
    custom = kind.isascii() and kind.isdigit()
    return {"type": "custom_emoji", "custom_emoji_id": kind} if custom else {"type": "emoji", "emoji": kind}
