"""Text commands: from what somebody typed to `Commands.run`, and the answer to where only they read it.

Lives here: which words are commands, which group is meant, where the answer goes. Does not live here: reading options
(`arguments.py`), what a command does (`chat/`), presses and forms (`presses.py`).

In a community's own chat an answer would be for all to see. So it goes into the private chat, and where the bot may not
write there (T36: it was never started), a short line with a link says so and nothing is done. In the chat into which a
community's alerts go, moderators are among themselves: answers stand there.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
import telegram
from telegram.constants import ChatAction, ChatType

from safetybot.chat.actions import Action
from safetybot.chat.alerts_here import to_here
from safetybot.chat.answers import Answer, Button, Choice, Menu
from safetybot.chat.cards import STOP
from safetybot.chat.commands import MENU, Arguments, Caller, Command, Commands
from safetybot.chat.first_aid import AID, STOP_WHERE, WELCOME
from safetybot.chat.running import to_run
from safetybot.chat.text import bold, line, text
from safetybot.communities.access import Right, may
from safetybot.communities.errors import CommunityError
from safetybot.model import Place
from safetybot.platforms.telegram.arguments import Head, arguments_of, command_in, head_of
from safetybot.platforms.telegram.caller import People
from safetybot.platforms.telegram.files import BYTES, document_of, fetched
from safetybot.platforms.telegram.giving import Giver, Spot
from safetybot.platforms.telegram.groups import Groups
from safetybot.platforms.telegram.places import Places
from safetybot.platforms.telegram.polling import Leases
from safetybot.platforms.telegram.presses import Presses
from safetybot.platforms.telegram.sealing import Sealing, tagged
from safetybot.platforms.telegram.sending import Gone, NotAllowed, Sender, Stranger
from safetybot.platforms.telegram.surfaces import NAME, place_of
from safetybot.platforms.telegram.usage import alerts_here, malformed, no_group, unknown, which_group
from safetybot.ports import PlatformError
from safetybot.translation import Texts, marked, texts

log = structlog.get_logger(__name__)

SAFETY, START, STOP_WORD, FIRST_AID, ALERTS = "safety", "start", "stop", "first_aid", "alerts"
_ACTIONS = {START: WELCOME, STOP_WORD: STOP, FIRST_AID: AID}
"""Words that are no commands of the registry, and what they do."""
_FOR_ALL = frozenset({SAFETY, "menu", "help", START})
"""Words that show more to whoever has a role in a group."""
_QUIET = 30.0
"""Seconds in which the same person is not led into the private chat again by a line for all to see."""
_GREETED = 60.0
_TAKEN = timedelta(minutes=10)
"""For so long a command is not answered again."""
_REMEMBERED = 5_000
_CHOICES = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line asks for: an action, a command with what was typed after it, or a word that is neither."""

    word: str
    action: Action | None = None
    command: Command | None = None
    typed: str = ""

    @property
    def opening(self) -> Action:
        """What a link does that leads to the same: without options, as those have no room in it."""
        if self.action is not None:
            return self.action
        return Action(MENU) if self.command is None else to_run(self.command)

    @property
    def is_for_roles(self) -> bool:
        """Whether only somebody with a role in a group can want it."""
        return self.command is not None and self.command.right is not None


class TextCommands:
    """Hears commands; implements `inbox.Listener`."""

    def __init__(
        self, commands: Commands, sender: Sender, giver: Giver, people: People, places: Places, sealing: Sealing,
        presses: Presses, groups: Groups, leases: Leases, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Put together from the parts; `clock` gives seconds."""
        self._commands, self._sender, self._giver, self._people = commands, sender, giver, people
        self._places, self._sealing, self._presses, self._groups = places, sealing, presses, groups
        self._leases = leases
        self._taken = _Lately(_TAKEN.total_seconds(), clock)
        self._led = _Lately(_QUIET, clock)
        self._greeted = _Lately(_GREETED, clock)

    async def hear(self, message: telegram.Message) -> bool:
        """Take what is said to the bot itself. Raises what the store raises; what Telegram refuses is logged."""
        private = message.chat.type == ChatType.PRIVATE
        if message.from_user is None or _is_foreign(message):
            return False  # somebody else's words are no command of whoever carries them here
        wanted = self._wanted(message, private=private)
        if wanted is None:
            return await self._spoken(message) if private else False
        if not await self._is_ours_to_answer(message):
            return True
        try:
            await (self._privately if private else self._in_group)(message, message.from_user, wanted)
        except PlatformError as error:
            log.warning("command_not_answered", why=type(error).__name__, reason=str(error))
        except Exception:
            await self._apologise(message, message.from_user)
            raise
        return True

    async def _is_ours_to_answer(self, message: telegram.Message) -> bool:
        """Whether nobody has taken this command yet: it may be handed in again, and to another replica too."""
        name = f"telegram-command:{message.chat.id}.{message.message_id}"
        return self._taken.anew(name) and await self._leases.take(name, _TAKEN)

    # What is meant ------------------------------------------------------------------------------------------

    def _wanted(self, message: telegram.Message, *, private: bool) -> Wanted | None:
        head = head_of(message.text or message.caption or "")
        own = (self._sender.connection.bot.username or "").lower()
        if head is None or (head.to and head.to != own):
            return None
        found = self._named(head)
        # In a group, a word that is none of ours may be another bot's; said to us by name, it is a slip.
        return found if found is not None or not (private or head.to) else Wanted(head.word)

    def _named(self, head: Head) -> Wanted | None:
        if head.word == ALERTS:
            return Wanted(ALERTS, Action(MENU))
        if head.word in _ACTIONS:
            return Wanted(head.word, Action(_ACTIONS[head.word]))
        words = f"{head.word} {head.rest}"
        if head.word == SAFETY:
            if not head.rest:
                return Wanted(SAFETY, Action(MENU))
            words = head.rest
        found = command_in(self._commands.all, words)
        if found is None and "_" in head.word:  # `/keyword_add`, as a tap can write it
            found = command_in(self._commands.all, f"{head.word.replace('_', ' ')} {head.rest}")
        if found is not None:
            return Wanted(found[0].path[0], command=found[0], typed=found[1])
        if head.word == SAFETY or any(path[0] == head.word for path in self._commands.all):
            return Wanted(" ".join(words.split()[:2]))
        return None

    async def _answer(self, caller: Caller, wanted: Wanted, message: telegram.Message) -> Answer:
        """Do what is wanted; what cannot be read is answered with how it is written."""
        command = wanted.command
        if command is None:
            if wanted.action is not None:
                return await self._commands.act(caller, wanted.action)
            return unknown(
                caller.texts, wanted.word, [SAFETY, *_ACTIONS, *(one.name for one in self._commands.all.values())]
            )
        try:
            arguments: Arguments = arguments_of(command, wanted.typed)
        except CommunityError as error:
            allowed = command.right is None or may(
                caller.actor, command.right, caller.place.platform, caller.place.community
            )
            # Whoever may not run it is told that, not how it is written.
            return malformed(caller.texts, command, error) if allowed else await self._run(caller, command, {})
        if (document := document_of(command, message)) is not None:
            upload = await fetched(self._sender, document)
            if upload is None:
                return _unreadable(caller.texts)
            arguments = {**arguments, "file": upload}
        return await self._run(caller, command, arguments)

    async def _run(self, caller: Caller, command: Command, arguments: Arguments) -> Answer:
        return await self._commands.run(caller, command.path, arguments)

    # In private ---------------------------------------------------------------------------------------------

    async def _privately(self, message: telegram.Message, user: telegram.User, wanted: Wanted) -> None:
        if wanted.word == ALERTS:
            said = texts(await self._people.language(user.language_code, Place(NAME, "", str(user.id)), None))
            await self._giver.give(Spot(str(message.chat.id)), alerts_here(said, ()), None)
            return
        community = self._named_by(message) or self._groups.last(user.id)
        spot = Spot(str(message.chat.id))
        offered: list[str] = []
        if community is None and (
            wanted.is_for_roles or wanted.opening.name in (MENU, WELCOME) or wanted.word == "help"
        ):
            offered = await self._groups.of(user.id)
            community = offered[0] if len(offered) == 1 else None
        caller = await self._caller(user, community or "")
        if community is None and wanted.is_for_roles:
            await self._giver.give(spot, await self._which(caller.texts, offered, wanted), None)
            return
        if community is None and wanted.opening.name == STOP:
            wanted = Wanted(wanted.word, Action(STOP_WHERE))
        answer = await self._answer(caller, wanted, message)
        if community is None and len(offered) > 1:
            answer = _with_menu(answer, caller.texts, await self._choices(offered, Action(MENU)))
        elif community and answer.form is None:
            answer = _headed(answer, await self._groups.title(community))
        if community:
            self._groups.remember(user.id, community)
        await self._presses.give(user, spot, caller, answer, None if wanted.typed else wanted.opening)

    async def _spoken(self, message: telegram.Message) -> bool:
        """Somebody talks to the bot: it does not talk back, but says once what it is and where help is."""
        user = message.from_user
        if user is None or not (message.text or message.effective_attachment) or not self._greeted.anew(str(user.id)):
            return False
        await self._privately(message, user, Wanted(START, Action(WELCOME)))
        return True

    async def _which(self, said: Texts, offered: list[str], wanted: Wanted) -> Answer:
        if not offered:
            return no_group(said)
        choices = await self._choices(offered, wanted.opening)
        return which_group(said, choices, again=bool(wanted.typed))

    async def _choices(self, offered: list[str], action: Action) -> tuple[Choice, ...]:
        titles = [await self._groups.title(one) for one in offered[:_CHOICES]]
        return tuple(Choice(title, tagged(action, one)) for title, one in zip(titles, offered, strict=False))

    # In a group ---------------------------------------------------------------------------------------------

    async def _in_group(self, message: telegram.Message, user: telegram.User, wanted: Wanted) -> None:
        chat = message.chat
        here = await self._places.community_of(chat.id)
        rooms = [one for one in await self._groups.alerting_into(chat.id) if one != here]
        about = self._named_by(message) or (rooms[0] if len(rooms) == 1 else None)
        if about is not None and about not in rooms:
            about = None
        topic = place_of(message, here).thread
        spot = Spot(str(chat.id), topic, str(message.message_id))
        if wanted.word == ALERTS and message.sender_chat is None:
            await self._alerts_here(user, spot, here)
        elif message.sender_chat is not None:
            await self._lead(spot, user, here if about is None else about, wanted, _ANONYMOUS)
        elif about is not None:
            await self._in_room(message, user, spot, about, wanted)
        elif rooms:
            said = texts(await self._people.language(user.language_code, Place(NAME, here, str(chat.id)), None))
            await self._giver.give(spot, await self._which(said, rooms, wanted), None)
        else:
            await self._in_public(message, user, spot, here, wanted)

    async def _in_room(
        self, message: telegram.Message, user: telegram.User, spot: Spot, about: str, wanted: Wanted
    ) -> None:
        # What is meant by "here" is this chat, though what is done is done to the community.
        caller = await self._people.caller(user, about, Place(NAME, about, str(message.chat.id)))
        answer = await self._answer(caller, wanted, message)
        if answer.form is not None:
            await self._lead(spot, user, about, wanted, _FORM)
        else:
            await self._giver.give(spot, answer, about)

    async def _in_public(
        self, message: telegram.Message, user: telegram.User, spot: Spot, here: str, wanted: Wanted
    ) -> None:
        reachable = await self._reachable(user)
        if not reachable and wanted.opening.name != STOP:
            await self._lead(spot, user, here, wanted, _START)
            return
        caller = await self._caller(user, here)
        answer = await self._answer(caller, wanted, message)
        self._groups.remember(user.id, here)
        if reachable:
            opening = None if wanted.typed else wanted.opening
            if answer.form is None:
                answer = _headed(answer, await self._groups.title(here))
            await self._presses.give(user, Spot(str(user.id)), caller, answer, opening)
        elif answer.brief:
            # They said for all to read that they want no replies; that it is done may be read as well.
            await self._giver.give(spot, Answer(answer.text), None)

    async def _alerts_here(self, user: telegram.User, spot: Spot, here: str) -> None:
        """Offer to let the alerts of somebody's groups come into this chat."""
        choices: list[Choice] = []
        for one in await self._groups.of(user.id):
            caller = await self._people.caller(user, one, Place(NAME, one, spot.chat))
            if one == here or not may(caller.actor, Right.CHANGE_POLICY, NAME, one):
                continue
            action = await to_here(self._commands.services, caller, spot.chat)
            choices.append(Choice(await self._groups.title(one), tagged(action, one)))
        said = texts(await self._people.language(user.language_code, Place(NAME, here, spot.chat), None))
        await self._giver.give(spot, alerts_here(said, tuple(choices[:_CHOICES])), None)

    async def _reachable(self, user: telegram.User) -> bool:
        """Whether the bot may write to somebody in private: it shows there that it is at work."""
        try:
            await self._sender.ask(lambda connection: connection.send_chat_action(user.id, ChatAction.TYPING))
        except (Stranger, NotAllowed, Gone):
            return False
        return True

    async def _lead(self, spot: Spot, user: telegram.User, about: str, wanted: Wanted, why: str) -> None:
        """Lead somebody into the private chat, by a line for all to see, once in a while."""
        if not self._led.anew(f"{spot.chat} {user.id}"):
            return
        place = Place(NAME, about, self._places.chat_of(about))
        language = None if why == _ANONYMOUS else user.language_code
        said = texts(await self._people.language(language, place, None))
        again = why == _START and wanted.typed
        lines = [line(said.say(why)), *([line(said.say(_AGAIN))] if again else [])]
        url = await self._presses.link(wanted.opening, about)
        button = Button(said.say(marked("Open in private")), url=url)
        await self._giver.give(spot, Answer(text(lines), ((button,),)), None)

    # Parts --------------------------------------------------------------------------------------------------

    def _named_by(self, message: telegram.Message) -> str | None:
        """The community that the message of ours is about to which this one answers, as its buttons say."""
        target = message.reply_to_message
        if target is None or target.reply_markup is None:
            return None
        for row in target.reply_markup.inline_keyboard:
            for button in row:
                if isinstance(button.callback_data, str) and (
                    named := self._sealing.open(button.callback_data).community
                ):
                    return named
        return None

    async def _caller(self, user: telegram.User, community: str) -> Caller:
        place = Place(NAME, community, self._places.chat_of(community) if community else str(user.id))
        return await self._people.caller(user, community, place)

    async def _apologise(self, message: telegram.Message, user: telegram.User) -> None:
        say = texts(user.language_code or "en").say
        sorry = say(marked("Something went wrong on our side. Please try again in a moment."))
        try:
            await self._giver.give(
                Spot(str(message.chat.id), reply_to=str(message.message_id)), Answer(text(sorry)), None
            )
        except PlatformError as error:
            log.warning("apology_not_given", why=type(error).__name__)


_START = marked("I answer commands in our private chat, where nobody else reads along. Open it and press Start.")
_FORM = marked("I ask that in our private chat, where nobody else reads along.")
_ANONYMOUS = marked("I cannot see who writes anonymously. Please go on in our private chat.")
_AGAIN = marked("Then send the command again: nothing was done yet.")


class _Lately:
    """Remembers for some seconds what happened, so that it does not happen at once again."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = seconds, clock
        self._at: OrderedDict[str, float] = OrderedDict()

    def anew(self, what: str) -> bool:
        """Whether it has not happened lately; from now on it has."""
        now = self._clock()
        if now - self._at.get(what, -self._seconds) < self._seconds:
            return False
        self._at[what] = now
        self._at.move_to_end(what)
        if len(self._at) > _REMEMBERED:
            self._at.popitem(last=False)
        return True


def _is_foreign(message: telegram.Message) -> bool:
    """Whether the words are not the sender's own, or were said in the name of another chat."""
    other = message.sender_chat is not None and message.sender_chat.id != message.chat.id
    return message.forward_origin is not None or message.via_bot is not None or other


def _headed(answer: Answer, title: str) -> Answer:
    """An answer with the group's name on top, as somebody may look after several."""
    return Answer(
        text(line(bold(title))) + answer.text, answer.rows, answer.menu, answer.files, answer.form,
        answer.replaces, answer.brief,
    )  # fmt: skip


def _with_menu(answer: Answer, said: Texts, choices: tuple[Choice, ...]) -> Answer:
    """An answer with the groups to choose from; its own menu gives way, as it comes back with the choice."""
    menu = Menu(said.say(marked("Which group is it about?")), choices)
    return Answer(answer.text, answer.rows, menu, replaces=answer.replaces)


def _unreadable(said: Texts) -> Answer:
    too_large = marked("That file could not be read. It may have {number} kB at most; please try again.")
    return Answer(text(said.say(too_large, number=BYTES // 1_000)))
