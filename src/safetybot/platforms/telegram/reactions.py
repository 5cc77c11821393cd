"""Reactions to our replies, from Telegram's updates to counts. Nobody who reacted is looked at.

Lives here: reading what changed. Does not live here: what a sign says (`communities/reactions.py`), counting each
change once (the store). Telegram tells changes one by one where members are shown (groups), and totals where they are
not (channels); it has no way to ask how many there are.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import telegram
from telegram.constants import ChatType

from safetybot.communities.reactions import ReactionRows, Seen, counted
from safetybot.platforms.telegram.surfaces import NAME

_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each look for a reply that was sent just now: it is seen a moment before the store knows of it."""
_REMEMBERED = 500


class Reactions:
    """Counts reactions."""

    def __init__(self, rows: ReactionRows) -> None:
        """Keep counts in `rows`."""
        self._rows = rows
        self._sent: OrderedDict[tuple[str, str], None] = OrderedDict()

    def sent(self, chat: str, message_id: str) -> None:
        """A reply was sent, of which the store will know in a moment."""
        self._sent[chat, message_id] = None
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    async def take(self, update: telegram.Update) -> bool:
        """Take an update; False where it is about no reaction. Raises what the store raises while it is away."""
        if (change := update.message_reaction) is not None:
            added = [(sign, 1) for sign in _signs(change.new_reaction)]
            gone = [(sign, -1) for sign in _signs(change.old_reaction)]
            await self._told(update, change, [*added, *gone], total=False)
            return True
        if (count := update.message_reaction_count) is not None:
            total = [(_sign(one.type), one.total_count) for one in count.reactions]
            await self._told(update, count, total, total=True)
            return True
        return False

    async def _told(
        self,
        update: telegram.Update,
        about: telegram.MessageReactionUpdated | telegram.MessageReactionCountUpdated,
        emojis: Iterable[tuple[str | None, int]],
        *,
        total: bool,
    ) -> None:
        if about.chat.type == ChatType.PRIVATE:
            return
        seen, here, reactions = Seen(about.date, update.update_id), str(about.chat.id), counted(emojis)
        message_id = str(about.message_id)
        for pause in _PAUSES:
            if pause:
                await asyncio.sleep(pause)
            known = await self._rows.told(NAME, here, message_id, seen, reactions, total=total)
            if known is not None or (here, message_id) not in self._sent:
                break
        self._sent.pop((here, message_id), None)


def _signs(reactions: Iterable[telegram.ReactionType]) -> Iterator[str | None]:
    return map(_sign, reactions)


def _sign(reaction: telegram.ReactionType) -> str | None:
    """The emoji; None for a picture of somebody's own, and for stars that were paid."""
    return reaction.emoji if isinstance(reaction, telegram.ReactionTypeEmoji) else None
