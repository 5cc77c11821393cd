"""Trying a message out: the whole answer, what would be done and what would be sent; nothing is sent, nothing kept.

Lives here: who may, putting detector, policy and responses together for one text. Does not live here: showing it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from safetybot.communities.access import Actor, Right, require
from safetybot.communities.errors import CommunityError
from safetybot.detection.detector import MAX_CHARS, Detector
from safetybot.detection.language import UNDETERMINED, language_of
from safetybot.detection.own_terms import CommunityTerms
from safetybot.detection.text import base_view, disguise_views
from safetybot.model import (
    Assessment,
    Author,
    Decision,
    History,
    Message,
    Place,
    Policy,
    Response,
    Surface,
    SurfaceKind,
    ThreadLine,
)
from safetybot.policy import decide
from safetybot.ports import Clock
from safetybot.responses.library import Card, CardKind, ResponseLibrary

MOST_LINES = 20
"""Earlier lines that are read with a message; the bot itself reads fewer."""


class NothingTyped(CommunityError):
    """There is no message to try."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("type a message first")


class OwnTerms(Protocol):
    """Where a community's own terms come from."""

    async def terms(self, platform: str, community: str) -> CommunityTerms | None:
        """The terms of one community, None where it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """All that would become of a message."""

    text: str = field(repr=False)
    thread: tuple[str, ...] = field(repr=False)
    assessment: Assessment
    language: str
    """The message's, told for silent answers too."""
    read_as: tuple[str, ...] = field(repr=False)
    """The text as it is read: folded, and with disguises undone."""
    decision: Decision
    response: Response | None
    """What would be sent, or in shadow would have been."""
    cards: tuple[tuple[str, Card], ...]
    """Each button of the reply in the member's words, and what it opens."""


class Trials:
    """Tries messages in a community's own terms and policy."""

    def __init__(
        self,
        detector: Detector,
        library: ResponseLibrary,
        policy: Callable[[Place], Awaitable[Policy]],
        terms: OwnTerms,
        clock: Clock,
    ) -> None:
        """Put together what is in force."""
        self._detector, self._library, self._policy, self._terms, self._clock = detector, library, policy, terms, clock

    async def of(
        self,
        actor: Actor,
        platform: str | None,
        community: str | None,
        text: str,
        *,
        thread: Sequence[str] = (),
        channel: str = "",
    ) -> Trial:
        """What would become of `text` after the lines of `thread` (oldest first), from a member new to the bot.

        Raises:
            Refused: The actor is no viewer there; without a community, no operator.
            NothingTyped: The text is empty.
        """
        require(actor, Right.TRY_MESSAGE, platform, community)
        if not text.strip():
            raise NothingTyped
        text, lines = text[:MAX_CHARS], tuple(thread)[-MOST_LINES:]
        place = Place(platform or "", community or "", channel)
        own = await self._terms.terms(platform, community) if platform and community else None
        policy = await self._policy(place)
        earlier = [ThreadLine(line) for line in lines]
        found = self._detector.assess_text(text, earlier, explain=True, own=own)
        decision = decide(found, _message(text, place, self._clock.now()), policy, History(), self._clock.now())
        response = self._response(found, decision, policy)
        base = base_view(text)
        return Trial(
            text,
            lines,
            found,
            found.language if found.language != UNDETERMINED else language_of(text),
            tuple(dict.fromkeys(view.text for view in (base, *disguise_views(text, base)))),
            decision,
            response,
            self._cards(response, policy) if response else (),
        )

    def _response(self, found: Assessment, decision: Decision, policy: Policy) -> Response | None:
        if found.concern is None or not (decision.reply or decision.shadow):
            return None
        return self._library.choose(
            found.concern,
            found.level,
            policy.language or found.language,
            region=policy.region,
            emergency_number=policy.emergency_number,
        )

    def _cards(self, response: Response, policy: Policy) -> tuple[tuple[str, Card], ...]:
        words = self._library.ui(response.language)
        named = {CardKind.RISKS: words.risks, CardKind.FIRST_AID: words.first_aid, CardKind.SOURCES: words.sources}
        return tuple(
            (
                named[kind],
                self._library.card(
                    kind, response.language, concern=response.concern, level=response.level,
                    region=policy.region, emergency_number=policy.emergency_number,
                ),
            )
            for kind in CardKind
        )  # fmt: skip


def _message(text: str, place: Place, at: datetime) -> Message:
    return Message("", place, Author(""), (Surface(SurfaceKind.TEXT, text),), at)
