"""What the Watcher needs of the world outside: a platform to speak on, a store to remember in, a clock.

Protocols only. Implementations live in `platforms/` and `store/`; tests may bring their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from safetybot.model import (
    Assessment,
    Concern,
    Decision,
    History,
    Interaction,
    InteractionState,
    Level,
    Message,
    NewInteraction,
    Place,
    Policy,
    Response,
)


@dataclass(frozen=True, slots=True)
class Cooldowns:
    """The cooldowns that a reply has to win before it may be sent."""

    concern: Concern
    channel: timedelta | None
    """None where no channel cooldown applies (`ADVERSE`)."""
    author: timedelta
    level: Level | None = None
    """An emergency has a cooldown of its own: an earlier reply about less must not hold it back."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to `Store.claim`: the interaction's id and whether this caller may act on it.

    `won` is False where another replica, retry or edit came first (`interaction_id` is then the earlier row's),
    or where a cooldown was lost in a race (the row is then stored as `suppressed`).
    """

    interaction_id: int
    won: bool
    lost_to: str = ""
    """In words what won instead: `another handler`, `channel cooldown`, `author cooldown`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a platform says after sending: its id of the new message."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Alert:
    """What moderators are told of one message.

    A platform may show the found words with a little around them, to those who can read the channel anyway; it keeps
    none of them beyond the alert, and takes them out of the alert when the message is deleted.
    """

    about: Message
    interaction_id: int
    assessment: Assessment
    decision: Decision
    replied: bool
    """Whether a reply stands under the message."""
    channel: str | None
    """The community's alert channel, an id of the platform; None where it has chosen none."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where an alert stands, so that it can be edited later."""

    channel: str
    message_id: str


class PlatformError(Exception):
    """A platform refused or failed to send. `retry` says whether a later try could succeed."""

    def __init__(self, what: str, *, retry: bool = False) -> None:
        """Keep what happened in words and whether trying again makes sense."""
        super().__init__(what)
        self.retry = retry


class UnsureError(PlatformError):
    """Whether something was sent is not known: the request went out, and no answer came back."""


class Platform(Protocol):
    """A chat platform, as the Watcher sees it."""

    @property
    def name(self) -> str:
        """`discord`, `telegram`, `console`: the `platform` of every `Place` it produces."""
        ...

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        """Post `response.public` once in answer to `to`, with ways to the private card.

        `interaction_id` is what the buttons point at. `claim_key` is the same for every try at this reply; platforms
        with idempotency keys pass it on. Raises `UnsureError` where it may have been sent, and any other
        `PlatformError` where nothing was.
        """
        ...

    async def posted_reply(self, to: Message) -> Receipt | None:
        """The reply of ours that stands under `to` already; None where there surely is none.

        Raises `PlatformError` where that cannot be known: the platform has no history for bots, or it cannot be read.
        """
        ...

    async def alert(self, alert: Alert) -> Posted | None:
        """Tell the community's moderators; None where the platform's alerts cannot be edited.

        Raises `PlatformError`, also where the community has chosen no channel and the platform needs one.
        """
        ...

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        """Tell a community's moderators something that is about no message. Raises `PlatformError`."""
        ...


class Store(Protocol):
    """The memory of the bot, as the Watcher sees it."""

    async def policy(self, place: Place) -> Policy:
        """The policy in force at `place`: defaults, overridden by the community, overridden by the channel."""
        ...

    async def history(
        self, place: Place, message_id: str, author_pseudonym: str, concern: Concern, level: Level | None = None
    ) -> History:
        """What bears on a decision about this message; `level` as in `Cooldowns`."""
        ...

    async def claim(self, new: NewInteraction, cooldowns: Cooldowns | None) -> Claim:
        """Insert the interaction (durably, in one transaction with its cooldowns); exactly one caller wins.

        The row starts as `planned` where `new.decision.reply` holds and the cooldowns were won, else `suppressed`.
        """
        ...

    async def advance(
        self, interaction_id: int, to: InteractionState, *, reply_id: str | None = None, error: str = ""
    ) -> bool:
        """Move an interaction along its states, durably; False where it already is past `to` (idempotent)."""
        ...

    async def posted(self, interaction_id: int, where: Posted) -> None:
        """Remember where the alert about an interaction stands."""
        ...

    async def unfinished(self, platform: str) -> list[Interaction]:
        """Interactions left `planned` or `sending` by a process that died, oldest first."""
        ...


class Clock(Protocol):
    """The only source of time outside tests."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...
