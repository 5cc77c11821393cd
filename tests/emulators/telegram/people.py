"""What people do: write, forward, quote, edit, delete, press buttons, come and go.

The test's side of the emulator, one coroutine for each thing a member can do in an app. The bot's side is in the
modules that register API methods.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypedDict, Unpack
from urllib.parse import parse_qs, urlsplit

from .core import CallbackAnswer, CallbackQuery, Core
from .entities import find_entities, parse_html, utf16_length, with_found
from .markup import signed_address
from .sending import external_reply, file_json, origin_of, thread_of_reply
from .visibility import reaction_type
from .world import Account, Chat, Json, Membership, Message, Topic, Upload

Wait = Callable[[Callable[[], bool], float, str], Awaitable[None]]


class Manner(TypedDict, total=False):
    """How something is said. All keys are optional."""

    topic: Topic | None
    """In this topic of a forum; without it, in General."""
    reply_to: Message | None
    """In answer to this message, of this chat or another."""
    quote: str | None
    """With this part of `reply_to` quoted."""
    forward_from: Account | Chat | Message | str | None
    """Forwarded from an account, a channel or group, a message, or somebody who hides their account (a name)."""
    as_chat: Chat | None
    """In the name of this channel."""
    anonymous: bool
    """As an administrator who remains anonymous: in the name of the group itself."""
    html: bool
    """The text is given as HTML and arrives formatted, with links behind words and spoilers."""


@dataclass(eq=False, slots=True)
class Tap:
    """A pressed button and what came of it.

    Attributes:
        url: Where a URL button leads; the bot learns nothing of such a press.
        query: The query the bot was sent, or `None` for a URL button.
    """

    message: Message
    url: str
    query: CallbackQuery | None
    _wait: Wait
    _versions_before: int

    @property
    def answer(self) -> CallbackAnswer | None:
        """The bot's answer so far (the last one, should there be several)."""
        return self.query.answers[-1] if self.query is not None and self.query.answers else None

    @property
    def edits(self) -> list[str]:
        """The texts that the bot gave the message since, oldest first."""
        texts = [*self.message.versions, self.message.text or ""]
        return texts[self._versions_before + 1 :]

    async def answered(self, within: float = 5.0) -> CallbackAnswer:
        """Wait for the bot's answer.

        Raises:
            TimeoutError: It did not come within so many real seconds.
        """
        await self._wait(lambda: self.answer is not None, within, "an answer to the pressed button")
        answer = self.answer
        if answer is None:
            raise TimeoutError("no answer to the pressed button")
        return answer


@dataclass(eq=False, slots=True)
class User(Account):
    """A person (or another bot) whom the test plays. Made by `LoopbackTelegram.add_user`."""

    core: Core = field(kw_only=True, repr=False)
    wait: Wait = field(kw_only=True, repr=False)

    async def says(self, chat: Chat, text: str, **manner: Unpack[Manner]) -> Message:
        """Write into a chat. Somebody not in it yet joins quietly first.

        Raises:
            ValueError: The person is banned from the chat.
        """
        return self._post(chat, manner, text=text)

    async def says_privately(self, text: str, **manner: Unpack[Manner]) -> Message:
        """Write to the bot in private; `/start` and anything else lets it answer from then on."""
        return self._post(self.core.world.private(self), manner, text=text)

    async def follows(self, url: str) -> Message:
        """Follow a deep link to the bot and press "Start".

        Raises:
            ValueError: The link leads elsewhere, or its payload is not one that Telegram passes on (T31).
        """
        parts = urlsplit(url)
        if parts.hostname != "t.me" or parts.path.strip("/").lower() != (self.core.bot.username or "").lower():
            raise ValueError(f"{url} does not lead to @{self.core.bot.username}")
        payload = parse_qs(parts.query).get("start", [""])[0]
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", payload):
            raise ValueError(f"{payload!r} is no start payload: up to 64 of A-Z, a-z, 0-9, _ and - may stand there")
        return await self.says_privately(f"/start {payload}".strip())

    async def sends_photo(
        self, chat: Chat, caption: str | None = None, *, data: bytes = b"a picture", **manner: Unpack[Manner]
    ) -> Message:
        """Send a picture."""
        return self._post_file(chat, manner, "photo", Upload("picture.jpg", "image/jpeg", data), caption, {})

    async def sends_document(
        self,
        chat: Chat,
        name: str,
        caption: str | None = None,
        *,
        data: bytes = b"a file",
        **manner: Unpack[Manner],
    ) -> Message:
        """Send a file."""
        upload = Upload(name, "application/octet-stream", data)
        return self._post_file(chat, manner, "document", upload, caption, {})

    async def sends_album(self, chat: Chat, captions: Sequence[str | None], **manner: Unpack[Manner]) -> list[Message]:
        """Send pictures as one album: a message and an update each, with one `media_group_id`."""
        group = {"media_group_id": str(13_000_000_000_000_000 + chat.last_message_id)}
        picture = Upload("picture.jpg", "image/jpeg", b"a picture")
        return [self._post_file(chat, manner, "photo", picture, caption, group) for caption in captions]

    async def edits(self, message: Message, text: str) -> None:
        """Change a text or caption."""
        message.versions.append(message.text or "")
        message.text, message.entities = text, find_entities(text)
        message.edit_date = self.core.clock.stamp()
        self.core.visibility.message(message, edited=True)

    async def reedits(self, message: Message) -> None:
        """Make Telegram report an edit that leaves the text as it was (T32)."""
        message.edit_date = self.core.clock.stamp()
        self.core.visibility.message(message, edited=True)

    async def deletes(self, message: Message) -> None:
        """Delete a message; the bot is not told (T33)."""
        message.deleted = True

    async def taps(self, message: Message, button: str) -> Tap:
        """Press the inline button with this label, or with this callback data.

        Raises:
            LookupError: The message has no such button, or is gone.
        """
        if message.deleted:
            raise LookupError("the message was deleted; nobody can press its buttons")
        pressed = next((one for one in message.buttons if button in (one["text"], one.get("callback_data"))), None)
        if pressed is None:
            labels = [one["text"] for one in message.buttons]
            raise LookupError(f"no button {button!r}; there are {labels}")
        data = pressed.get("callback_data")
        query = None if data is None else self._press(message, str(data))
        return Tap(message, str(pressed.get("url", "")), query, self.wait, len(message.versions))

    async def signs_in(self, message: Message, button: str, *, refuses: bool = False) -> str:
        """Press a `login_url` button and let Telegram tell who one is; the address that the app then opens.

        Raises:
            LookupError: The message has no such button.
        """
        found = next((one for one in message.buttons if one["text"] == button and "login_url" in one), None)
        if found is None:
            raise LookupError(f"no button {button!r} to sign in with")
        url = str(found["login_url"]["url"])
        if refuses:
            return url
        return signed_address(url, self.core.token, self, self.core.clock.stamp())

    async def taps_again(self, message: Message, data: str) -> Tap:
        """Press a button with any data, on the message or no longer: an old keyboard, a forged client."""
        return Tap(message, "", self._press(message, data), self.wait, len(message.versions))

    async def reacts(self, message: Message, *kinds: str) -> None:
        """Put these reactions below a message in place of one's own before; none takes them away.

        A kind is an emoji, or the number of a custom one.
        """
        old = message.reactions.get(self.id, ())
        message.reactions[self.id] = kinds
        counts = Counter(kind for theirs in message.reactions.values() for kind in theirs)
        self.core.visibility.reaction(
            message, self, [reaction_type(kind) for kind in old], [reaction_type(kind) for kind in kinds], dict(counts)
        )

    async def joins(self, chat: Chat) -> None:
        """Join a group, with its service message."""
        old = chat.member(self)
        new = chat.members[self.id] = Membership(self)
        self.core.visibility.chat_member(chat, self, old, new)
        if chat.kind != "channel":
            self.core.service_message(chat, self, {"new_chat_members": [self.json()]})

    async def leaves(self, chat: Chat) -> None:
        """Leave a group, with its service message."""
        old = chat.member(self)
        new = chat.members[self.id] = Membership(self, "left")
        self.core.visibility.chat_member(chat, self, old, new)
        if chat.kind != "channel":
            self.core.service_message(chat, self, {"left_chat_member": self.json()})

    async def blocks_bot(self) -> None:
        """Block the bot: it may not write any more."""
        self._set_blocked(blocked=True)

    async def unblocks_bot(self) -> None:
        """Unblock the bot."""
        self._set_blocked(blocked=False)

    def _set_blocked(self, *, blocked: bool) -> None:
        bot = self.core.bot
        old, new = Membership(bot, "member"), Membership(bot, "kicked")
        if not blocked:
            old, new = new, old
        self.blocked = blocked
        self.core.visibility.my_chat_member(self.core.world.private(self), self, old, new)

    def _press(self, message: Message, data: str) -> CallbackQuery:
        core = self.core
        query_id = str(4_000_000_000_000_000_000 + len(core.queries) + 1)
        query = CallbackQuery(query_id, self, message, data, core.clock.now() + core.callback_lifetime)
        core.queries[query_id] = query
        body = {
            "id": query_id,
            "from": self.json(),
            "message": _shown_in_query(message),
            "chat_instance": str(message.chat.id * 7919),
            "data": data,
        }
        core.visibility.callback(body, self)
        return query

    def _post_file(
        self, chat: Chat, manner: Manner, kind: str, upload: Upload, caption: str | None, extra: Json
    ) -> Message:
        file = file_json(kind, upload, f"{chat.id}-{chat.last_message_id + 1}")
        return self._post(
            chat,
            manner,
            text=caption,
            is_caption=True,
            upload=upload,
            extra={kind: file, **extra},
        )

    def _post(self, chat: Chat, manner: Manner, *, text: str | None, **fields: object) -> Message:
        chat = chat.migrated_to or chat
        self._be_member(chat)
        given = fields.pop("extra", None)
        extra: Json = dict(given) if isinstance(given, dict) else {}
        written, entities = parse_html(text) if manner.get("html") and text else (text, [])
        fields |= {"text": written, "entities": with_found(written or "", entities)}
        topic, target = manner.get("topic"), manner.get("reply_to")
        thread_id = topic.id if topic is not None else thread_of_reply(chat, target)
        if target is not None and (target.chat is not chat or (chat.is_forum and target.thread_id != thread_id)):
            extra["external_reply"] = external_reply(target)
            if quote := manner.get("quote"):
                extra["quote"] = _quote(target, quote)
            target = None
        elif target is not None and (quote := manner.get("quote")):
            extra["quote"] = _quote(target, quote)
        elif target is None and topic is not None:
            target = chat.message(topic.id)  # Telegram shows the topic's opening as the target of every message in it
        if (source := manner.get("forward_from")) is not None:
            extra["forward_origin"] = self._origin(source)
        shown: Json = self._shown(chat, manner)
        if "author_signature" in shown:
            extra["author_signature"] = shown.pop("author_signature")
        message = self.core.new_message(
            chat, self, reply_to=target, thread_id=thread_id, extra=extra, **shown, **fields
        )
        self.core.visibility.message(message)
        return message

    def _be_member(self, chat: Chat) -> None:
        if chat.peer is not None:
            self.started, self.blocked = True, False
            return
        membership = chat.members.get(self.id)
        if membership is None or membership.status == "left":
            chat.members[self.id] = Membership(self)
        elif membership.status == "kicked":
            raise ValueError(f"{self.first_name} is banned from {chat.title}")

    def _shown(self, chat: Chat, manner: Manner) -> Json:
        """The `from` and `sender_chat` that everybody else sees."""
        if manner.get("anonymous"):
            shown: Json = {"shown_from": self.core.world.anonymous, "sender_chat": chat}
            if title := chat.member(self).custom_title:
                shown["author_signature"] = title
            return shown
        if (channel := manner.get("as_chat")) is not None:
            return {"shown_from": self.core.world.channel_bot, "sender_chat": channel}
        return {}

    def _origin(self, source: Account | Chat | Message | str) -> Json:
        stamp = self.core.clock.stamp()
        if isinstance(source, Message):
            return origin_of(source)
        if isinstance(source, str):
            return {"type": "hidden_user", "date": stamp, "sender_user_name": source}
        if isinstance(source, Account):
            return {"type": "user", "date": stamp, "sender_user": source.json()}
        if source.kind == "channel":
            return {"type": "channel", "date": stamp, "chat": source.json(), "message_id": 1}
        return {"type": "chat", "date": stamp, "sender_chat": source.json()}


def _shown_in_query(message: Message) -> Json:
    """The message of a callback query; of one that was deleted only its place is told."""
    if message.deleted:
        return {"chat": message.chat.json(), "message_id": message.message_id, "date": 0}
    return message.json()


def _quote(target: Message, part: str) -> Json:
    text = target.text or ""
    position = text.find(part)
    if position < 0:
        raise ValueError("the quoted part is not in the message replied to")
    return {"text": part, "position": utf16_length(text[:position]), "is_manual": True}


async def until(changed: Callable[[], asyncio.Event], condition: Callable[[], bool], within: float, what: str) -> None:
    """Wait until a condition holds, looking after every change and every few milliseconds.

    Raises:
        TimeoutError: It did not hold within so many real seconds; names `what` was awaited.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not condition():
        left = deadline - loop.time()
        if left <= 0:
            raise TimeoutError(f"waited {within} s in vain for {what}")
        # Not `wait_for`: in Python 3.11 a cancel that comes in the moment of the timeout is lost in it.
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, 0.02)):
                await changed().wait()
