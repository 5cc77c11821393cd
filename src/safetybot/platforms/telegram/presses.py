"""Presses, deep links and answers to questions: from what somebody did to `Commands.act`, and its answer back (T36).

Lives here: who is answered how, in a group, in a moderators' room and in private. Does not live here: what an action
does (`chat/`), and text commands. Nothing about a button is kept in memory: it works after a restart and on another
replica.

In a community's own chat everybody would see a message, so there an answer is shown in passing where it fits, and else
behind a link into the private chat, where the same action is done again for the person who followed it.
"""

from __future__ import annotations

import asyncio

import structlog
import telegram
from telegram.constants import ChatType, MessageEntityType
from telegram.error import TelegramError

from safetybot.chat.actions import Action, UnusableAction
from safetybot.chat.answers import Answer
from safetybot.chat.cards import HANDLERS as CARDS
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.text import text
from safetybot.model import Place
from safetybot.platforms.telegram.caller import People
from safetybot.platforms.telegram.connection import Connection
from safetybot.platforms.telegram.forms import MARK, Filling, Forms, carried, found_in
from safetybot.platforms.telegram.giving import Giver, Spot
from safetybot.platforms.telegram.groups import Groups
from safetybot.platforms.telegram.places import Places
from safetybot.platforms.telegram.rendering import popup
from safetybot.platforms.telegram.sealing import Opened, Sealing
from safetybot.platforms.telegram.sending import Sender
from safetybot.platforms.telegram.surfaces import NAME
from safetybot.ports import PlatformError
from safetybot.translation import marked, texts

log = structlog.get_logger(__name__)

PATIENCE = 1.5
"""Seconds after which a press is answered, whatever becomes of it: it can be answered for some seconds only."""
_LANGUAGES = 5_000


class Presses:
    """Answers presses, deep links and what is typed into forms."""

    def __init__(
        self, commands: Commands, sender: Sender, giver: Giver, people: People, places: Places, sealing: Sealing,
        groups: Groups,
    ) -> None:  # fmt: skip
        """Put together from the parts."""
        self._commands, self._sender, self.giver = commands, sender, giver
        self._people, self._places, self._sealing, self._groups = people, places, sealing, groups
        self.forms = Forms()
        self._spoken: dict[tuple[str, str], str] = {}

    def speaks(self, chat: str, message_id: str, language: str) -> None:
        """A reply of ours in that language stands there: who presses under it may have told us none of their own."""
        self._spoken[chat, message_id] = language
        if len(self._spoken) > _LANGUAGES:
            del self._spoken[next(iter(self._spoken))]

    async def press(self, query: telegram.CallbackQuery) -> None:
        """Do what a button says for whoever pressed it, and answer them. A fault of ours is told, then raised."""
        message = query.message
        if message is None or query.data is None:
            await self._answer(query)  # a button of an inline message or a game; we have neither
            return
        opened = self._sealing.open(query.data)
        try:
            await self._press(query, message, opened)
        except PlatformError as error:
            log.warning("press_not_answered", why=type(error).__name__, reason=str(error))
            await self._answer(query, _apology(query.from_user))
        except Exception:
            await self._answer(query, _apology(query.from_user))
            raise

    async def _press(
        self, query: telegram.CallbackQuery, message: telegram.MaybeInaccessibleMessage, opened: Opened
    ) -> None:
        chat = message.chat
        here = await self._places.community_of(chat.id)
        private = chat.type == ChatType.PRIVATE
        community = opened.community or ((self._groups.last(query.from_user.id) or "") if private else here)
        public = not private and community == here
        if public and opened.action is not None and opened.action.name in CARDS:
            # Not done here at all: the answer is for one person only.
            await self._answer(query, url=await self.link(opened.action, community))
            return
        spoken = self._spoken.get((str(chat.id), str(message.message_id)))
        number = str(message.message_id)
        spot = Spot(str(chat.id), _topic(message), None if private else number, None if opened.stays else number)
        if private:
            await self._answer(query)
            caller = await self.caller(query.from_user, community, spoken)
            await self.give(
                query.from_user, spot, caller, await self._commands.act(caller, opened.action), opened.action
            )
            return
        caller = await self.caller(query.from_user, community, spoken)
        task = asyncio.create_task(self._commands.act(caller, opened.action))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            await self._answer(query)
        await self._beside(query, spot, caller, opened.action, await task, public=public, late=not done)

    async def _beside(
        self, query: telegram.CallbackQuery, spot: Spot, caller: Caller, action: Action | None, answer: Answer, *,
        public: bool, late: bool,
    ) -> None:  # fmt: skip
        """Answer a press in a group: in passing, in the moderators' room, or behind a link into the private chat."""
        passing = popup(answer.text)
        # One button that leads elsewhere is not worth a message that everybody in the room would see.
        plain = sum(map(len, answer.rows)) <= 1 and not (answer.menu or answer.files or answer.form)
        if passing and answer.form is None and (answer.brief or plain or public):
            if not late:
                await self._answer(query, passing)
            elif not public:
                await self.giver.give(spot, answer, caller.place.community)
        elif action is not None and (public or answer.form is not None):
            if not late:
                await self._answer(query, url=await self.link(action, caller.place.community))
        else:
            if not late:
                await self._answer(query)
            await self.giver.give(spot, answer, caller.place.community)

    async def give(
        self, user: telegram.User, spot: Spot, caller: Caller, answer: Answer, opening: Action | None = None
    ) -> None:
        """Give somebody an answer in private; a form is asked question by question. Raises `PlatformError`.

        `opening` is what led to it; with it, a form outlives a restart.
        """
        if answer.form is not None:
            filling = self.forms.begin(user.id, answer.form, caller.place.community, opening)
            await self._ask(spot.chat, filling, caller)
        else:
            await self.giver.give(spot, answer, caller.place.community or None)

    async def started(self, message: telegram.Message, payload: str) -> None:
        """Somebody followed a link of ours into the private chat. Raises `PlatformError`."""
        user = message.from_user
        if user is None:
            return
        opened = self._sealing.open_payload(payload)
        caller = await self.caller(user, opened.community or "")
        answer = await self._commands.act(caller, opened.action)
        await self.give(user, Spot(str(message.chat.id)), caller, answer, opened.action)

    async def typed(self, message: telegram.Message) -> bool:
        """Take an answer to an open question; False where the message is none. Raises `PlatformError`."""
        user, said = message.from_user, message.text
        if user is None or said is None:
            return False
        question = _question(message)
        filling = self.forms.of(user.id)
        if filling is None and question is not None:
            filling = await self._recovered(user, question)
            if filling is None:
                await self._sorry(user, message)
                return True
        if filling is None:
            return False
        caller = await self.caller(user, filling.community)
        fits = filling.answer(said)
        if not fits or not filling.done:
            await self._ask(str(message.chat.id), filling, caller, again=not fits)
            return True
        self.forms.end(user.id)
        answer = await self._commands.act(caller, filling.form.action, filling.values)
        await self.give(user, Spot(str(message.chat.id)), caller, answer)
        return True

    async def link(self, action: Action, community: str) -> str:
        """An address that opens the private chat with the bot and does `action` there. Raises `PlatformError`."""
        name = (await self._sender.ask(_me)).username
        try:
            return f"https://t.me/{name}?start={self._sealing.payload(action, community)}"
        except UnusableAction:
            log.warning("link_too_long", action=action.name)
            return f"https://t.me/{name}?start=0"

    async def _ask(self, chat: str, filling: Filling, caller: Caller, *, again: bool = False) -> None:
        link = ""
        if filling.opening is not None:
            link = carried(await self.link(filling.opening, filling.community), tuple(filling.values.values()))
        await self.giver.ask(chat, filling, caller.texts, link=link, again=again)

    async def _recovered(self, user: telegram.User, question: telegram.Message) -> Filling | None:
        """The form that a question belongs to, from what the question carries."""
        entities = (one for one in question.entities if one.type == MessageEntityType.TEXT_LINK and not one.offset)
        found = found_in(next((one.url for one in entities if one.url), ""))
        if found is None:
            return None
        opened = self._sealing.open_payload(found[0])
        if opened.action is None:
            return None
        caller = await self.caller(user, opened.community or "")
        form = (await self._commands.act(caller, opened.action)).form
        if form is None or len(found[1]) >= len(form.fields):
            return None  # what it was about is gone, or whoever answers may no longer do it
        return self.forms.begin(user.id, form, opened.community or "", opened.action, found[1])

    async def _sorry(self, user: telegram.User, message: telegram.Message) -> None:
        caller = await self.caller(user, "")
        sorry = marked("I no longer know what this was about. Please press the button again, or repeat the command.")
        await self.giver.give(Spot(str(message.chat.id)), Answer(text(caller.texts.say(sorry))), None)

    async def caller(self, user: telegram.User, community: str, spoken: str | None = None) -> Caller:
        """Somebody who calls about a community (empty: none), with their role there. Raises `PlatformError`."""
        if community:
            self._groups.remember(user.id, community)
        place = Place(NAME, community, self._places.chat_of(community) if community else str(user.id))
        return await self._people.caller(user, community, place, spoken)

    async def _answer(self, query: telegram.CallbackQuery, said: str | None = None, *, url: str | None = None) -> None:
        """Answer the press itself. Too late an answer is seen by nobody; what was asked for is done all the same."""
        try:
            await query.answer(said, show_alert=True if said else None, url=url)
        except TelegramError as error:
            log.warning("press_answered_too_late", why=type(error).__name__)


def _question(message: telegram.Message) -> telegram.Message | None:
    """The question of ours that a message answers."""
    target = message.reply_to_message
    return target if target is not None and (target.text or "").startswith(MARK) else None


def _topic(message: telegram.MaybeInaccessibleMessage) -> str | None:
    if isinstance(message, telegram.Message) and message.is_topic_message and message.message_thread_id:
        return str(message.message_thread_id)
    return None


async def _me(connection: Connection) -> telegram.User:
    return connection.bot


def _apology(user: telegram.User) -> str:
    say = texts(user.language_code or "en").say
    return say(marked("Something went wrong on our side. Please try again in a moment."))
