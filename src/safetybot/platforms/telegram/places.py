"""Which chat is which community: a group that becomes a supergroup gets a new id, and its data stays where it is (T35).

Lives here: the two ids of moved chats, in memory, as the store has them. Does not live here: the rows
(`store/chats.py`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

import structlog

from safetybot.platforms.telegram.surfaces import NAME

log = structlog.get_logger(__name__)

_KNOWN = 50_000


class Moves(Protocol):
    """Where moves are kept; `store.chats.Moves` is one."""

    async def put(self, platform: str, old: str, new: str) -> str:
        """From now on `new` is the chat that was `old`; returns the id under which its data stays."""
        ...

    async def all(self, platform: str) -> dict[str, str]:
        """For each moved chat the id under which its data stays, the oldest move first."""
        ...


class Places:
    """Translates between a chat's present id and its community's."""

    def __init__(self, moves: Moves) -> None:
        """Ask `moves`."""
        self._moves = moves
        self._community: dict[str, str] = {}
        self._chat: dict[str, str] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    async def community_of(self, chat: int | str) -> str:
        """The community that a chat is. Raises what the store raises.

        At a chat's first sight the store is asked: another replica may have been told of its move.
        """
        name = str(chat)
        if name not in self._known:
            await self._read()
            self._known[name] = None
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return self._community.get(name, name)

    def chat_of(self, community: str) -> str:
        """The present id of a community's chat."""
        return self._chat.get(community, community)

    def present(self, chat: str) -> str:
        """The present id of a chat by any id that it had."""
        return self.chat_of(self._community.get(chat, chat))

    def has_moved(self, chat: int | str) -> bool:
        """Whether this id is one that a chat had before."""
        return self.present(str(chat)) != str(chat)

    async def moved(self, old: int | str, new: int | str) -> str:
        """A chat moved; returns its community. Raises what the store raises."""
        community = await self._moves.put(NAME, str(old), str(new))
        self._note(str(new), community)
        log.info("chat_moved", community=community, chat=str(new))
        return community

    async def _read(self) -> None:
        for chat, community in (await self._moves.all(NAME)).items():
            self._note(chat, community)

    def _note(self, chat: str, community: str) -> None:
        self._community[chat] = community
        self._chat[community] = chat
        self._known[chat] = None
