"""Trouble on order: refusals, lost answers, slow answers, a server that is away.

Each fault is set by the test beforehand and used up by the requests that meet it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .clock import Clock
from .errors import ApiError

_WORDS = {
    400: "Bad Request: the emulator was told to refuse this",
    401: "Unauthorized",
    403: "Forbidden: bot was kicked from the group chat",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(eq=False, slots=True)
class Fault:
    """One kind of trouble for one method (`*`: any), for the next `times` requests.

    Attributes:
        error: The answer instead of the true one; `None` means the connection is cut without an answer.
        after_effect: The request is carried out first; only its answer is lost or replaced.
    """

    method: str
    times: int
    error: ApiError | None
    after_effect: bool


class Faults:
    """The faults still to come, in the order in which they were set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._planned: list[Fault] = []
        self._delays: dict[tuple[str, bool], float] = {}
        self._away_until = 0.0

    def fail(
        self,
        method: str,
        status: int,
        times: int,
        *,
        description: str | None,
        parameters: Mapping[str, int] | None,
        after_effect: bool,
    ) -> None:
        """Answer with an error."""
        words = description or _WORDS.get(status, f"Error {status}")
        self._planned.append(Fault(method.lower(), times, ApiError(status, words, parameters), after_effect))

    def drop(self, method: str, times: int, *, after_effect: bool) -> None:
        """Cut the connection without an answer."""
        self._planned.append(Fault(method.lower(), times, None, after_effect))

    def delay(self, method: str, seconds: float, *, after_effect: bool) -> None:
        """Hold every request of a method for some real seconds, before or after doing what it asks; 0 ends it."""
        self._delays[method.lower(), after_effect] = seconds

    def away(self, seconds: float) -> None:
        """Cut every connection for some seconds of the server's clock."""
        self._away_until = self._clock.now() + seconds

    @property
    def is_away(self) -> bool:
        """Whether every connection is cut now."""
        return self._clock.now() < self._away_until

    def delay_of(self, method: str, *, after_effect: bool) -> float:
        """Real seconds to hold this request at this point."""
        return self._delays.get((method, after_effect), self._delays.get(("*", after_effect), 0.0))

    def take(self, method: str) -> Fault | None:
        """The fault that this request meets, used up once."""
        for fault in self._planned:
            if fault.method in {"*", method}:
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget all faults."""
        self._planned.clear()
        self._delays.clear()
        self._away_until = 0.0
