"""How members take replies: which reactions say welcome, which say unwelcome, and what is kept of them.

Lives here: the table of signs, and what platforms need of the store. Does not live here: any platform's events, rows
(the store). Nobody is named anywhere: there are counts of a reply, and nothing else (D9, G2).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from safetybot.communities.records import Reactions

MOST = 1_000_000
"""Of one kind and reply; more are counted as so many."""


class ReactionKind(enum.StrEnum):
    """What a reaction says of a reply."""

    WELCOME = "welcome"
    UNWELCOME = "unwelcome"
    OTHER = "other"


WELCOME = frozenset("👍👌✅❤🧡💛💚💙💜🤍🤎🖤💕💖💗💓💞💘🥰😍🤩🤗🙏🙌👏💯🔥⭐🌟🎉🫶🤝🫡🏆🆒⚡")
"""Thanks and praise; a heart of any colour."""
UNWELCOME = frozenset("👎❌🖕😠😡🤬🤮🤢💩🤡🙄🥱😴🚫🛑🤦🥴💔")
"""Anger, disgust, mockery, boredom. Laughter, surprise and sadness are in neither: they may be about the member."""
_DRESS = re.compile("[\ufe0e\ufe0f\u200d\u2640\u2642\U0001f3fb-\U0001f3ff]")
"""Style, colour of skin and gender of a sign, which do not change what it says."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When a platform told of a change, so that what it tells twice counts once. A later one is greater."""

    at: datetime
    number: int


def kind_of(emoji: str | None) -> ReactionKind:
    """What an emoji says; a community's own picture, which nobody can read, is None and says neither."""
    sign = _DRESS.sub("", emoji or "")
    if sign in WELCOME:
        return ReactionKind.WELCOME
    return ReactionKind.UNWELCOME if sign in UNWELCOME else ReactionKind.OTHER


def counted(emojis: Iterable[tuple[str | None, int]]) -> Reactions:
    """Emojis with how often each stands there, or is to be added or taken away, by kind."""
    found = dict.fromkeys(ReactionKind, 0)
    for emoji, times in emojis:
        found[kind_of(emoji)] += times
    return Reactions(*(found[kind] for kind in ReactionKind))


class ReactionRows(Protocol):
    """What platforms need of the store."""

    async def replies(self, platform: str, message_ids: Sequence[str]) -> Mapping[str, int]:
        """Which of these messages are replies of ours, with their interactions; ids are unique on the platform."""
        ...

    async def put(self, interaction_id: int, total: Reactions) -> None:
        """Keep what stands under a reply now."""
        ...

    async def told(
        self, platform: str, channel: str, message_id: str, seen: Seen, reactions: Reactions, *, total: bool
    ) -> bool | None:
        """Keep what a platform tells of one of its messages: all that stands there, or what was added and taken away.

        None where it is no reply of ours, False where it was told before. Changes of one message are to come one after
        the other: one that comes after a later one counts as told before.
        """
        ...
