"""Which group somebody means when they write to the bot in private or in a moderators' room.

Lives here: whose alerts go into a chat, in which groups somebody has a role now (T9), which one they dealt with last.
Does not live here: what a role may do. In memory is only the last group; after a restart the bot asks for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

import structlog

from safetybot.chat.services import Communities
from safetybot.platforms.telegram.caller import People, role_of
from safetybot.platforms.telegram.places import Places
from safetybot.platforms.telegram.sending import Sender
from safetybot.platforms.telegram.surfaces import NAME
from safetybot.ports import PlatformError

log = structlog.get_logger(__name__)

FRESH = 5.0
"""Seconds for which the known communities are remembered."""
MOST_ASKED = 60
"""Groups in which somebody's standing is asked for at once; who has more names the group by writing in it."""
_REMEMBERED = 5_000


class Groups:
    """Finds the group that is meant."""

    def __init__(
        self, communities: Communities, people: People, places: Places, sender: Sender,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Ask `communities`, and Telegram by way of the others; `clock` gives seconds."""
        self._communities, self._people, self._places = communities, people, places
        self._sender, self._clock = sender, clock
        self._known: Mapping[str, str | None] = {}
        self._read_at: float | None = None
        self._last: OrderedDict[int, str] = OrderedDict()
        self._titles: OrderedDict[str, str] = OrderedDict()

    def remember(self, user: int, community: str) -> None:
        """Somebody deals with this group now: what they do may change what is known of it."""
        self._read_at = None
        self._last[user] = community
        self._last.move_to_end(user)
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def last(self, user: int) -> str | None:
        """The group that somebody dealt with last, as far as this process knows."""
        return self._last.get(user)

    async def alerting_into(self, chat: int) -> list[str]:
        """The communities whose alerts go into this chat. Raises what the store raises."""
        here = self._places.present(str(chat))
        known = await self._read()
        return sorted(one for one, channel in known.items() if channel and self._places.present(channel) == here)

    async def of(self, user: int) -> list[str]:
        """The communities in which somebody has a role now, the one they dealt with last in front.

        Raises what the store raises. A group that Telegram does not answer for is left out.
        """
        known = [one for one in sorted(await self._read()) if _is_group(one)]
        last = self._last.get(user)
        if last is not None:
            known = [last, *(one for one in known if one != last)]
        held = await asyncio.gather(*(self._has_role(one, user) for one in known[:MOST_ASKED]))
        return [one for one, has in zip(known, held, strict=False) if has]

    async def title(self, community: str) -> str:
        """A group's name; its number where Telegram does not tell it."""
        if community not in self._titles:
            chat = self._places.chat_of(community)
            try:
                found = await self._sender.ask(lambda connection: connection.get_chat(chat), chat)
            except PlatformError as error:
                log.warning("title_unknown", community=community, why=type(error).__name__)
                return chat
            self._titles[community] = found.title or chat
            if len(self._titles) > _REMEMBERED:
                self._titles.popitem(last=False)
        return self._titles[community]

    async def _read(self) -> Mapping[str, str | None]:
        if self._read_at is None or self._clock() - self._read_at >= FRESH:
            self._known, self._read_at = await self._communities.alert_channels(NAME), self._clock()
        return self._known

    async def _has_role(self, community: str, user: int) -> bool:
        try:
            member = await self._people.standing(self._places.chat_of(community), user)
        except PlatformError as error:
            log.warning("standing_unknown", community=community, why=type(error).__name__)
            return False
        return member is not None and role_of(member) is not None


def _is_group(community: str) -> bool:
    """Groups and channels have numbers below zero; private chats, which are nobody's community, above."""
    return community.startswith("-")
