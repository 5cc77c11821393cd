"""The console as a platform: lines in, replies out. For trying the bot, for the demo, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from safetybot.model import Author, Concern, Message, Place, Response, Surface, SurfaceKind
from safetybot.ports import Receipt

NAME = "console"


@dataclass(slots=True)
class ConsolePlatform:
    """Hands replies and alerts to two functions, which show them."""

    show_reply: Callable[[Message, Response], None]
    show_alert: Callable[[Message, Concern, str], None]
    _sent: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`console`."""
        return NAME

    async def reply(self, to: Message, response: Response, claim_key: str) -> Receipt:
        """Show a reply; a second try with the same key gives the first one's receipt."""
        if claim_key not in self._sent:
            self._sent[claim_key] = f"r{len(self._sent) + 1}"
            self.show_reply(to, response)
        return Receipt(self._sent[claim_key])

    async def alert(self, about: Message, interaction_id: int, concern: Concern, summary: str) -> None:
        """Show an alert to moderators."""
        self.show_alert(about, concern, f"#{interaction_id}: {summary}")


def console_message(
    number: int, text: str, now: datetime, *, community: str = "console", channel: str = "here", member: str = "you"
) -> Message:
    """A line typed by `member` as a message."""
    place = Place(NAME, community, channel)
    return Message(str(number), place, Author(member, member), (Surface(SurfaceKind.TEXT, text),), now)
