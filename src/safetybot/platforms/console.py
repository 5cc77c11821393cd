"""The console as a platform: lines in, replies out. For trying the bot, for the demo, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from safetybot.model import Assessment, Author, Message, Place, Response, Surface, SurfaceKind
from safetybot.ports import Alert, PlatformError, Posted, Receipt

NAME = "console"


@dataclass(slots=True)
class ConsolePlatform:
    """Hands replies, and what moderators are told, to two functions, which show them."""

    show_reply: Callable[[Message, Response], None]
    show_moderators: Callable[[str, str], None]
    """Takes what it is about (a concern, or a community) and a line."""
    _sent: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`console`."""
        return NAME

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        """Show a reply; a second try with the same key gives the first one's receipt."""
        if claim_key not in self._sent:
            self._sent[claim_key] = f"r{len(self._sent) + 1}"
            self.show_reply(to, response)
        return Receipt(self._sent[claim_key])

    async def posted_reply(self, to: Message) -> Receipt | None:
        """What was printed cannot be looked up."""
        raise PlatformError("the console has no history")

    async def alert(self, alert: Alert) -> Posted | None:
        """Show an alert to moderators; what is printed cannot be edited."""
        self.show_moderators(alert.assessment.label, f"#{alert.interaction_id}: {summary(alert.assessment)}")
        return None

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        """Show moderators a line."""
        self.show_moderators(f"{NAME}/{community}", text)


def summary(assessment: Assessment) -> str:
    """An assessment in a line without a word of the member."""
    level = f", {assessment.level.label}" if assessment.level else ""
    says = assessment.rules[0].says if assessment.rules else "The words together read like it."
    return f"{assessment.label}{level} ({assessment.confidence:.0%} sure). {says}"


def console_message(
    number: int, text: str, now: datetime, *, community: str = "console", channel: str = "here", member: str = "you"
) -> Message:
    """A line typed by `member` as a message."""
    place = Place(NAME, community, channel)
    return Message(str(number), place, Author(member, member), (Surface(SurfaceKind.TEXT, text),), now)
