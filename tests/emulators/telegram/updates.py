"""Updates waiting for the bot, and getUpdates' rules for handing them out and confirming them.

Rules T22–T24 and T28. How an update leaves by webhook is in `webhook.py`; who sees which message is in
`visibility.py`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from .clock import Clock
from .errors import conflict
from .world import Json

LIFE_SECONDS = 86_400
"""How long Telegram keeps an update (T22)."""
NEEDS_ASKING = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Update types that only come if `allowed_updates` names them (T8)."""

OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
WEBHOOK_SET = "terminated by setWebhook request"


@dataclass(eq=False, slots=True)
class Update:
    """One update: its JSON, when it arose, and the lane in which a webhook delivers it in order (T27).

    `gone` once it was confirmed, dropped or too old.
    """

    id: int
    body: Json
    born: float
    lane: tuple[str, int]
    serial: int
    gone: bool = False


class UpdateQueue:
    """The bot's updates, oldest first.

    Attributes:
        allowed: The remembered `allowed_updates`; empty means the default set.
        on_new: Called after an update was added; the webhook listens here.
    """

    def __init__(self, clock: Clock, first_id: int) -> None:
        self._clock = clock
        self._next_id = first_id
        self._pending: OrderedDict[int, Update] = OrderedDict()
        self._serial = 0
        self._poller: asyncio.Future[None] | None = None
        self._repeat: int = 0
        self.allowed: frozenset[str] = frozenset()
        self.on_new: Callable[[Update], None] | None = None

    def __len__(self) -> int:
        self._expire()
        return len(self._pending)

    @property
    def waiting(self) -> list[Update]:
        """Not yet confirmed updates, oldest first."""
        self._expire()
        return list(self._pending.values())

    @property
    def is_polled(self) -> bool:
        """Whether a getUpdates request is waiting now."""
        return self._poller is not None

    def wants(self, kind: str) -> bool:
        """Whether the remembered `allowed_updates` lets this type through."""
        return kind in self.allowed if self.allowed else kind not in NEEDS_ASKING

    def add(self, kind: str, content: Json, lane: tuple[str, int]) -> Update | None:
        """Queue an update, unless the bot asked not to get this type; types unwanted now are lost for good."""
        if not self.wants(kind):
            return None
        return self.add_raw({"update_id": self._next_id, kind: content}, lane)

    def add_raw(self, body: Json, lane: tuple[str, int] = ("raw", 0)) -> Update:
        """Queue any JSON object as an update; one without `update_id` gets the next."""
        update_id = body.setdefault("update_id", self._next_id)
        if isinstance(update_id, int):
            self._next_id = max(self._next_id, update_id) + 1
        self._serial += 1
        known_id = update_id if isinstance(update_id, int) else self._next_id
        update = Update(known_id, body, self._clock.now(), lane, self._serial)
        self._pending[self._serial] = update
        self._wake()
        if self.on_new is not None:
            self.on_new(update)
        return update

    def repeat(self, times: int) -> None:
        """Hand out the next `times` confirmed updates once more, as after a confirmation that was lost."""
        self._repeat += times

    def take_repeat(self) -> bool:
        """Whether the update delivered just now has to come once more."""
        if not self._repeat:
            return False
        self._repeat -= 1
        return True

    def drop_all(self) -> None:
        """Forget everything that waits (`drop_pending_updates`)."""
        for update in self._pending.values():
            update.gone = True
        self._pending.clear()

    def remove(self, update: Update) -> None:
        """Confirm one update; the webhook does so after a 2xx."""
        if self._pending.pop(update.serial, None) is not None:
            update.gone = True

    def abort_poll(self, reason: str) -> None:
        """Answer a waiting getUpdates request with 409."""
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(conflict(reason))
        self._poller = None

    async def get(self, offset: int, limit: int, wait: float) -> list[Update]:
        """getUpdates: confirm below `offset`, then hand out up to `limit`, waiting up to `wait` seconds for one.

        Raises:
            ApiError: 409 in the request that waited, as soon as another one comes (T23).
        """
        self.abort_poll(OTHER_POLLER)
        self._expire()
        self._confirm(offset)
        if not self._pending and wait > 0:
            poller: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._poller = poller
            try:
                await asyncio.wait_for(poller, self._clock.real(wait))
            except TimeoutError:
                return []
            finally:
                if self._poller is poller:
                    self._poller = None
        return list(islice(self._pending.values(), limit))

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            for update in list(self._pending.values())[:offset]:
                self.remove(update)
            return
        below: list[Update] = []
        for update in self._pending.values():
            if update.id >= offset:
                break
            below.append(update)
        for update in below:
            if not self.take_repeat():
                self.remove(update)

    def _expire(self) -> None:
        oldest = self._clock.now() - LIFE_SECONDS
        while self._pending:
            update = next(iter(self._pending.values()))
            if update.born >= oldest:
                return
            update.gone = True
            del self._pending[update.serial]

    def _wake(self) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)
