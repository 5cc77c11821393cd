"""Telegram's flood limits: which send comes too soon, and how long it has to wait.

Rule T20; off unless a test asks for it. Messages, files and edits count; a refused one does not. Chat actions,
deletions and answers to buttons are free.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from math import ceil

from .clock import Clock
from .errors import too_many_requests
from .world import Chat


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """How much the bot may send. Windows are seconds of the server's clock.

    Attributes:
        chat_burst: Messages to one chat within `chat_window`; Telegram grants short bursts above one a second.
        group_sends: Messages to one group or channel within `group_window`.
        overall_sends: Messages to all chats within `overall_window`.
    """

    chat_burst: int = 3
    chat_window: float = 3.0
    group_sends: int = 20
    group_window: float = 60.0
    overall_sends: int = 30
    overall_window: float = 1.0


class FloodGate:
    """Counts what was sent and refuses what is too much with 429 (T21)."""

    def __init__(self, clock: Clock, limits: FloodLimits | None) -> None:
        self._clock = clock
        self.limits = limits
        self._sent: dict[tuple[str, int], deque[float]] = defaultdict(deque)
        self.refused = 0

    def check(self, chat: Chat) -> None:
        """Count one send to a chat.

        Raises:
            ApiError: 429 with `retry_after`, in whole seconds of real time as the bot counts them.
        """
        limits = self.limits
        if limits is None:
            return
        windows = [
            (("chat", chat.id), limits.chat_burst, limits.chat_window),
            (("all", 0), limits.overall_sends, limits.overall_window),
        ]
        if chat.kind != "private":
            windows.append((("group", chat.id), limits.group_sends, limits.group_window))
        now = self._clock.now()
        wait = max(self._wait(self._sent[key], allowed, window, now) for key, allowed, window in windows)
        if wait > 0:
            self.refused += 1
            raise too_many_requests(max(1, ceil(self._clock.real(wait))))
        for key, _, _ in windows:
            self._sent[key].append(now)

    def _wait(self, sent: deque[float], allowed: int, window: float, now: float) -> float:
        while sent and sent[0] <= now - window:
            sent.popleft()
        return 0.0 if len(sent) < allowed else sent[0] + window - now
