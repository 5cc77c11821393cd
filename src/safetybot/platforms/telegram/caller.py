"""Who presses or commands, with the rights they have at this moment (T9): from an account to a `Caller`.

Lives here: Telegram's standings to our roles, a short memory of them. Does not live here: what a role may do
(`communities/access.py`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import structlog
import telegram
from telegram.constants import ChatMemberStatus

from safetybot.chat.commands import Caller
from safetybot.chat.services import Services
from safetybot.communities.access import Actor, Role
from safetybot.model import Place
from safetybot.platforms.telegram.places import Places
from safetybot.platforms.telegram.sending import Gone, NotAllowed, Sender
from safetybot.platforms.telegram.surfaces import ANONYMOUS, NAME
from safetybot.ports import PlatformError

log = structlog.get_logger(__name__)

FRESH = 20.0
"""Seconds for which a standing is remembered. Somebody who is no administrator any more may act for so long."""
_REMEMBERED = 5_000
FALLBACK = "en"


def role_of(member: telegram.ChatMember) -> Role | None:
    """The role that a standing gives; None is a plain member.

    Whoever may change the group decides the policy; whoever may take messages down or restrict members reviews.
    """
    if member.status == ChatMemberStatus.OWNER:
        return Role.ADMIN
    if not isinstance(member, telegram.ChatMemberAdministrator):
        return None
    if member.can_change_info:
        return Role.ADMIN
    if member.can_delete_messages or member.can_restrict_members:
        return Role.MODERATOR
    # An administrator of a title only, with no right that has to do with what is written.
    return None


class People:
    """Asks Telegram how somebody stands in a chat."""

    def __init__(
        self, sender: Sender, services: Services, places: Places, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask through `sender`; `clock` gives seconds."""
        self._sender, self._services, self._places, self._clock = sender, services, places, clock
        self._known: OrderedDict[tuple[str, int], tuple[float, telegram.ChatMember | None]] = OrderedDict()

    async def standing(self, chat: str, user: int) -> telegram.ChatMember | None:
        """How somebody stands in a chat, as of some seconds ago at most; None where they are not known there.

        Raises `PlatformError` where Telegram does not answer.
        """
        key = (chat, user)
        known = self._known.get(key)
        if known is not None and self._clock() - known[0] < FRESH:
            return known[1]
        try:
            member = await self._sender.ask(lambda connection: connection.get_chat_member(chat, user), chat)
        except (Gone, NotAllowed):
            member = None
        except PlatformError as error:
            if error.retry:
                raise
            member = None  # "user not found": somebody who was never there
        self._known[key] = (self._clock(), member)
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return member

    def forget(self, chat: str) -> None:
        """Standings in a chat changed."""
        for key in [key for key in self._known if key[0] == chat]:
            del self._known[key]

    async def roles(self, chat: str, user: int) -> frozenset[str]:
        """Somebody's standing as exempt roles name it: `administrator` (the owner too), `creator`. Raises as above."""
        member = await self.standing(chat, user)
        if member is None or member.status not in (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR):
            return frozenset()
        return frozenset({str(member.status), ANONYMOUS})

    async def caller(self, user: telegram.User, community: str, place: Place, spoken: str | None = None) -> Caller:
        """Somebody who calls about a community, with the role they have there now. Raises as above.

        Args:
            user: Who.
            community: The community that it is about; empty where it is about none.
            place: Where they are read and answered.
            spoken: The language of what they answered to, where known.
        """
        member = await self.standing(self._places.chat_of(community), user.id) if community else None
        actor = Actor(
            name=f"{user.full_name} ({user.id})",
            role=role_of(member) if member is not None else None,
            platform=NAME,
            community=community,
            member=str(user.id),
        )
        return Caller(actor, place, await self.language(user.language_code, place, spoken))

    async def anonymous(self, chat: telegram.Chat, community: str, place: Place) -> Caller:
        """Somebody who writes in the name of the group itself; Telegram lets only its administrators do so."""
        actor = Actor(f"{chat.title or 'anonymous'} (anonymous)", Role.ADMIN, NAME, community, str(chat.id))
        return Caller(actor, place, await self.language(None, place, None))

    async def language(self, own: str | None, place: Place, spoken: str | None) -> str:
        """In which language somebody reads: their own (T38), else the community's, else that of the message."""
        if own:
            return own
        return (await self._services.store.policy(place)).language or spoken or FALLBACK
