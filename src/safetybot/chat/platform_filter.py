"""What the chat room asks of a platform's own word filter. Types only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Filtering:
    """How the filter of a community stands."""

    rules: int
    """Rules of ours."""
    words: int
    """Words that they look for."""
    left_out: int
    """Words that find no room, or that the filter cannot look for."""
    in_step: bool
    """Whether they are what the keywords in force ask for."""
    switched_off: int = 0
    """Rules of ours that somebody switched off."""


class PlatformFilter(Protocol):
    """A word filter of a platform that stands in for reading messages."""

    async def look(self, community: str) -> Filtering:
        """How it stands. Raises `PlatformError`."""
        ...

    async def bring(self, community: str) -> Filtering:
        """Make it what the keywords in force ask for; what is so already is left alone. Raises `PlatformError`."""
        ...

    async def remove(self, community: str) -> None:
        """Delete every rule of ours. Raises `PlatformError`."""
        ...
