"""From Telegram's updates to the queue before the Watcher, to presses and commands, to oblivion.

Lives here: what becomes of each update, and when it counts as seen through. Does not live here: how updates come
(`polling.py`, `webhook.py`) and answering (`platform.py`, `presses.py`). Every update is decoded by itself, so that an
odd one is counted, set aside and passed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
import telegram
from telegram.constants import ChatMemberStatus, ChatType

from safetybot.chat.services import Services
from safetybot.communities.access import BOT
from safetybot.intake import Intake
from safetybot.model import Message, Place
from safetybot.platforms.telegram.caller import People
from safetybot.platforms.telegram.connection import Connection
from safetybot.platforms.telegram.limits import Metrics
from safetybot.platforms.telegram.places import Places
from safetybot.platforms.telegram.presses import Presses
from safetybot.platforms.telegram.reactions import Reactions
from safetybot.platforms.telegram.surfaces import NAME, place_of, to_message
from safetybot.ports import PlatformError

log = structlog.get_logger(__name__)

_POSTS = 2_000
"""Channel posts remembered, so that their copies in the discussion group are not answered too."""
_TRIES = 2
"""Times that an update is handed in while it fails by a fault of ours; then it is passed over, told in the log."""
_START = "/start"
_GONE = frozenset({ChatMemberStatus.LEFT, ChatMemberStatus.BANNED})


class Full(Exception):
    """The queue before the Watcher is full: to be offered again in a moment."""


@dataclass(frozen=True, slots=True)
class WebhookPace:
    """How long a webhook waits; seconds, all of them; tests are in more of a hurry."""

    commit_within: float = 25.0
    """A post that is not seen through by then is asked for again; seeing it through goes on meanwhile."""
    retry_after: int = 5


class Listener(Protocol):
    """Text commands, and whatever else is said to the bot itself."""

    async def hear(self, message: telegram.Message) -> bool:
        """Take a message: in private any, in a group one that begins with `/`. False where it is none of ours."""
        ...


class Inbox:
    """Takes updates in."""

    def __init__(
        self, connection: Connection, services: Services, people: People, places: Places, presses: Presses,
        metrics: Metrics, store_writes: Callable[[], Awaitable[object]],
    ) -> None:  # fmt: skip
        """Prepare; `connect` says where messages go. `store_writes` raises what the store raises while it is away."""
        self._connection, self._services, self._people, self._places = connection, services, people, places
        self._presses, self._metrics, self._store_writes = presses, metrics, store_writes
        self.reactions = Reactions(services.reactions)
        self._intake: Intake | None = None
        self.listeners: list[Listener] = []
        """Asked in turn about what is said to the bot; to be filled before `run`."""
        self.odd = 0
        """Updates that could not be read."""
        self._flying: dict[tuple[Place, str], tuple[Message, asyncio.Future[bool]]] = {}
        self._posts: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._failed: OrderedDict[int, int] = OrderedDict()
        self._tasks: set[asyncio.Task[bool]] = set()

    def connect(self, intake: Intake) -> None:
        """Hand messages to `intake`."""
        self._intake = intake

    async def answered(self, within: float) -> None:
        """Wait until every press and command is answered, at most `within` seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    async def accept(self, raw: Mapping[str, Any]) -> asyncio.Future[bool]:
        """Take one update; the future says at last whether it was seen through as far as it must be.

        Raises:
            Full: There is no room; nothing was taken.
            Exception: What the store raises while it is away; nothing was taken.
        """
        update = self._decoded(raw)
        if update is None:
            return _settled()
        if update.my_chat_member is not None:
            await self._standing_changed(update.my_chat_member)
            return _settled()
        if update.callback_query is not None:
            return self._begin(self._presses.press(update.callback_query))
        # One after the other, as they come: what was added last must not be counted before what was taken away first.
        if await self.reactions.take(update):
            return _settled()
        message = update.effective_message
        return _settled() if message is None else await self._message(message)

    async def confirmed(self, update_id: int, done: asyncio.Future[bool]) -> bool:
        """Whether an update may be confirmed, once `done` is. One that fails by a fault of ours is passed at last.

        Raises what the store raises while it is away: then nothing may be confirmed.
        """
        if await done:
            self._failed.pop(update_id, None)
            return True
        await self._store_writes()
        tries = self._failed.get(update_id, 0) + 1
        self._failed[update_id] = tries
        if len(self._failed) > _POSTS:
            self._failed.popitem(last=False)
        if tries < _TRIES:
            return False
        del self._failed[update_id]
        log.error("update_passed_over", tries=tries)
        return True

    def committed(self, place: Place, message_id: str) -> None:
        """The store knows all that it has to of a message: it may be confirmed while its reply waits for a turn."""
        flying = self._flying.get((place, message_id))
        if flying is not None and not flying[1].done():
            flying[1].set_result(True)

    def set_aside(self) -> None:
        """Count something that is no update."""
        self.odd += 1
        self._metrics.dropped("odd update")

    def _decoded(self, raw: Mapping[str, Any]) -> telegram.Update | None:
        try:
            return telegram.Update.de_json(dict(raw), self._connection)
        except Exception:  # whatever an odd update does to the library; told without its content
            self.set_aside()
            log.exception("update_set_aside", kinds=sorted(str(kind) for kind in raw if kind != "update_id")[:3])
            return None

    # Messages -----------------------------------------------------------------------------------------------

    async def _message(self, message: telegram.Message) -> asyncio.Future[bool]:
        chat = message.chat
        if message.migrate_to_chat_id is not None:
            await self._places.moved(chat.id, message.migrate_to_chat_id)
            return _settled()
        if message.migrate_from_chat_id is not None:
            await self._places.moved(message.migrate_from_chat_id, chat.id)
            return _settled()
        edited = message.edit_date is not None
        if chat.type == ChatType.PRIVATE:
            return _settled() if edited else self._begin(self._in_private(message))
        if (message.text or "").startswith("/") and not edited:
            return self._begin(self._heard_or_watched(message))
        return await self._watched(message)

    async def _heard_or_watched(self, message: telegram.Message) -> bool:
        """What begins as a command may be one of another bot, or just words."""
        if await self._heard(message):
            return True
        return await (await self._watched(message))

    async def _heard(self, message: telegram.Message) -> bool:
        for listener in self.listeners:
            if await listener.hear(message):
                return True
        return False

    async def _in_private(self, message: telegram.Message) -> None:
        said = (message.text or "").strip()
        command, _, payload = said.partition(" ")
        try:
            if command == _START and payload:
                await self._presses.started(message, payload.strip())
            elif said.startswith("/") or not await self._presses.typed(message):
                await self._heard(message)
        except PlatformError as error:
            log.warning("not_answered", why=type(error).__name__, reason=str(error))

    async def _watched(self, message: telegram.Message) -> asyncio.Future[bool]:
        assert self._intake is not None  # noqa: S101  # `connect` comes before any update
        if self._is_copy(message):
            return _settled()
        community = await self._places.community_of(message.chat.id)
        roles = await self._roles(message, community)
        ours = to_message(message, community, roles=roles)
        if ours is None:
            return _settled()
        key = (ours.place, ours.id)
        flying = self._flying.get(key)
        if flying is not None and flying[0].surfaces == ours.surfaces:
            return flying[1]  # handed out once more before it was seen through: the answer is the same
        done = self._intake.offer(ours)
        if done is None:
            raise Full
        seen: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._flying[key] = (ours, seen)

        def landed(future: asyncio.Future[bool]) -> None:
            if self._flying.get(key, (None, None))[1] is seen:
                del self._flying[key]
            if not seen.done():
                seen.set_result(not future.cancelled() and future.result())

        done.add_done_callback(landed)
        return seen

    def _is_copy(self, message: telegram.Message) -> bool:
        """Whether a message is a discussion group's copy of a channel post that came by itself."""
        if message.chat.type == ChatType.CHANNEL:
            self._posts[message.chat.id, message.message_id] = None
            if len(self._posts) > _POSTS:
                self._posts.popitem(last=False)
            return False
        origin = message.forward_origin
        if not message.is_automatic_forward or not isinstance(origin, telegram.MessageOriginChannel):
            return False
        return (origin.chat.id, origin.message_id) in self._posts

    async def _roles(self, message: telegram.Message, community: str) -> frozenset[str]:
        """The author's standing, asked for only where the community exempts any."""
        place = place_of(message, community)
        if message.from_user is None or message.sender_chat is not None:
            return frozenset()
        if not (await self._services.store.policy(place)).exempt_roles:
            return frozenset()
        try:
            return await self._people.roles(str(message.chat.id), message.from_user.id)
        except PlatformError as error:
            log.warning("standing_unknown", place=str(place), why=type(error).__name__)
            return frozenset()

    # What else happens --------------------------------------------------------------------------------------

    async def _standing_changed(self, change: telegram.ChatMemberUpdated) -> None:
        """The bot was added, promoted, restricted or removed. Raises what the store raises."""
        chat = change.chat
        if chat.type == ChatType.PRIVATE:
            return  # somebody blocked or unblocked the bot
        self._people.forget(str(chat.id))
        community = await self._places.community_of(chat.id)
        status = change.new_chat_member.status
        log.info("standing_changed", community=community, status=str(status))
        # A group that became a supergroup is left too, and its data has moved on.
        if status in _GONE and not self._places.has_moved(chat.id):
            await self._services.privacy.community_left(BOT, NAME, community)

    def _begin(self, work: Coroutine[Any, Any, object]) -> asyncio.Future[bool]:
        """Do something beside the messages; a fault of ours in it is told, and the update passed."""

        async def through() -> bool:
            try:
                return (await work) is not False
            except Full:
                return False
            except Exception:  # told in full; the person was told too
                self._metrics.dropped("fault")
                log.exception("update_failed")
                return True

        task = asyncio.create_task(through())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _settled() -> asyncio.Future[bool]:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    future.set_result(True)
    return future
