"""Faults that a test puts into REST: cut connections, server errors, rate limits, slowness. Counted down, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Fault:
    """Something that will happen to the next ``times`` requests that match.

    Attributes:
        kind: ``drop`` (cut before it is carried out), ``drop_after`` (carried out, the answer is lost), ``status`` and
            ``status_after`` (the same two with an error answer), ``limit`` or ``delay``.
        path: a regular expression searched in the path below the API base; empty for all.
        method: the HTTP method, empty for all.
        status: of the error answer.
        seconds: of a ``delay``, or a ``limit``'s retry_after.
        scope: of a ``limit``: ``user``, ``shared`` or ``global``.
    """

    kind: str
    times: int
    path: str = ""
    method: str = ""
    status: int = 0
    seconds: float = 0.0
    scope: str = "user"

    def takes(self, method: str, path: str) -> bool:
        """Whether it happens to this request; if so it is counted."""
        if self.times <= 0 or (self.method and self.method != method) or not re.search(self.path, path):
            return False
        self.times -= 1
        return True


class Faults:
    """The faults that are still to come. A test adds them through the driver."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault at the end of the row."""
        self._coming.append(fault)

    def clear(self) -> None:
        """Take back all that have not happened."""
        self._coming.clear()

    @property
    def left(self) -> int:
        """How many have not happened yet."""
        return sum(fault.times for fault in self._coming)

    def taken_by(self, method: str, path: str) -> list[Fault]:
        """All faults that happen to this request: at most one of each kind, the earliest."""
        taken: dict[str, Fault] = {}
        for fault in self._coming:
            if fault.kind not in taken and fault.takes(method, path):
                taken[fault.kind] = fault
        self._coming = [fault for fault in self._coming if fault.times > 0]
        return list(taken.values())
