"""What the use cases read back from the store, as plain data: versions, what the log keeps, what was forgotten.

The store, a floor above, makes these; nothing here reads or writes anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safetybot.model import Concern, HitPath, Interaction, InteractionState, Span, Verdict, VerdictKind


@dataclass(frozen=True, slots=True)
class Change:
    """One version of one thing. `value` is None where it has none (again); `undoes` is the version taken back."""

    version: int
    value: Any
    by: str
    at: datetime
    undoes: int | None = None


def standing(changes: Sequence[Change]) -> list[Change]:
    """The changes that no undo has taken back, oldest first; the last one's value is the one in force."""
    stack: list[Change] = []
    for change in changes:
        if change.undoes is None:
            stack.append(change)
        else:
            stack.pop()
    return stack


@dataclass(frozen=True, slots=True)
class Filters:
    """Which interactions to list; None means any."""

    platform: str | None = None
    community: str | None = None
    channel: str | None = None
    concern: Concern | None = None
    state: InteractionState | None = None
    verdict: VerdictKind | None = None
    author: str | None = None
    """A pseudonym."""
    since: datetime | None = None
    until: datetime | None = None
    language: str | None = None
    waiting: bool = False
    """Only those that something was sent about and that have no verdict yet: the review queue."""


@dataclass(frozen=True, slots=True)
class StoredHit:
    """A hit as the log keeps it: what was found, where and how, without the member's words."""

    concept: str
    span: Span
    path: HitPath
    mark: str
    """`term_mark` of the term: tells which one it was to those who have the lexicon, and nothing to others."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a reviewer wrote about an interaction."""

    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Reactions:
    """How many reactions of each kind stand under a reply (`reactions.py` has the kinds)."""

    welcome: int = 0
    unwelcome: int = 0
    other: int = 0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.welcome or self.unwelcome or self.other)


@dataclass(frozen=True, slots=True)
class InteractionDetails:
    """All that is kept of one interaction, beside its excerpt."""

    interaction: Interaction
    hits: tuple[StoredHit, ...]
    error: str
    """What the platform said when the reply failed, or why it came to nothing."""
    sending_at: datetime | None
    ended_at: datetime | None
    config_version: str
    has_excerpt: bool
    verdicts: tuple[Verdict, ...]
    """All of them, oldest first; the last one counts."""
    notes: tuple[Note, ...]
    reactions: Reactions = Reactions()  # frozen
    """To the reply."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten."""

    interactions: int = 0
    excerpts: int = 0
    cooldowns: int = 0
    opt_outs: int = 0
    settings: int = 0
    """Versions of settings and keywords."""
    views: int = 0
    """Saved views of the log."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An interaction that has a verdict, as far as figures need it."""

    id: int
    verdict: VerdictKind
    rules: tuple[str, ...]
    hits: tuple[StoredHit, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """When somebody was last answered about something, so that they are not answered again too soon."""

    about: str
    """A concern, or `emergency`."""
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One interaction of a member. `excerpt` is in the clear; None where none is kept, or its key is gone."""

    details: InteractionDetails
    excerpt: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SavedView:
    """Filters of the log that somebody keeps under a name."""

    id: int
    name: str
    filters: Mapping[str, str]
    """As the log's address has them."""
    made_at: datetime
    used_at: datetime
    """When it was last looked at; exact to a day."""


@dataclass(frozen=True, slots=True)
class MemberData:
    """All that is kept about one member of one community."""

    opted_out_at: datetime | None
    answered: tuple[Remembered, ...]
    interactions: tuple[MemberRow, ...]
    """Oldest first."""
    views: tuple[SavedView, ...] = ()
    """The member's own, where they look after the community."""


def term_mark(language: str, term: str) -> str:
    """Twelve hexadecimal digits by which a term of the lexicon is known again."""
    return hashlib.blake2b(f"{language}/{term}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
