"""Every command as a member, a moderator and an admin, and every button and form that comes back, once each.

Nothing here knows which screens there are: what the registry holds is typed, and what is shown is pressed.
"""

from __future__ import annotations

from collections import deque

import pytest
from tests.emulators.telegram import LoopbackTelegram, Message, User
from tests.platforms.telegram.bots import DIY, Bots
from tests.platforms.telegram.town import PACE, Town

from safetybot.chat.commands import Command, OptionKind, Value
from safetybot.chat.registry import all_commands
from safetybot.chat.services import Pages
from safetybot.communities.access import BOT
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.model import Concern
from safetybot.platforms.telegram.arguments import typed
from safetybot.platforms.telegram.forms import MARK

CSV = b"term,state,does,to\nglow party,draft,concern,diy\n"
TYPED = {
    "language": "de", "region": "AT", "concern": "supply", "text": DIY, "term": "glow party", "key": "diy.mode",
    "value": "reply", "role": "administrator", "id": "-100777", "channel": "here", "alerts": "here", "reason": "a film",
    "file": CSV.decode(), "concept": "", "command": "keyword add",
}  # fmt: skip
SORRY = ("went wrong on our side", "is of another version", "no longer know")


async def set_up(town: Town) -> None:
    """A group that replies and alerts about everything, and pages to be led to."""
    town.bot.services.pages = Pages("https://bot.example.org", vouching=frozenset({"telegram"}))
    town.telegram.set_domain("bot.example.org")
    policy, keywords = town.bot.services.policy, town.bot.services.keywords
    await town.alerts_go_to_the_room()
    for concern in Concern:
        await policy.put(BOT, *town.where, f"{concern.label}.mode", "reply+alert", expected=0)
    await policy.put(BOT, *town.where, "excerpts", value=True, expected=0)
    keyword = Keyword("glow party", KeywordState.DRAFT, concern=Concern.DIY)
    await keywords.add(BOT, *town.where, keyword)
    await keywords.move(BOT, *town.where, keyword.term, KeywordState.LIVE)


def line_for(command: Command) -> str:
    """A command with something fitting for every option."""
    given: dict[str, Value] = {}
    for option in command.options:
        if option.choices:
            given[option.name] = option.choices[0]
        elif option.kind is OptionKind.NUMBER:
            given[option.name] = 7.0
        elif option.kind is OptionKind.TRUTH:
            given[option.name] = True
        elif option.kind is not OptionKind.FILE and (value := TYPED.get(option.name)) and option.name != "channel":
            given[option.name] = value
    return typed(command, given)


class Crawler:
    """Presses everything that somebody is shown, each kind of button once."""

    def __init__(self, town: Town, who: User) -> None:
        self.town, self.who = town, who
        self.chat = town.private(who)
        self.done: set[str] = set()
        self.waiting: deque[tuple[Message, str, str]] = deque()
        self._looked: dict[int, int] = {}

    async def crawl(self) -> None:
        """Press until nothing new is shown."""
        await self.look("what was typed")
        while self.waiting:
            message, label, data = self.waiting.popleft()
            tap = await self.who.taps_again(message, data)
            answer = await tap.answered(10)
            assert not any(sorry in (answer.text or "") for sorry in SORRY), f"{label}: {answer.text}"
            if answer.url:
                self.done.add("link")
                await self.who.follows(answer.url)
            await self.look(label, message)

    async def look(self, doing: str, pressed: Message | None = None) -> None:
        """Remember what can be pressed on what is new and on what was pressed, and answer what is asked."""
        await self.town.quiet()
        looked = self._looked.get(self.chat.id, 0)
        mine = self.chat.from_bot()
        self._looked[self.chat.id] = len(mine)
        changed = [pressed] if pressed is not None else []
        for message in (*changed, *mine[looked:], *self.town.room.from_bot(), *self.town.group.from_bot()):
            assert not any(sorry in (message.text or "") for sorry in SORRY), f"{doing}: {message.text}"
            await self._note(message, doing)

    async def _note(self, message: Message, doing: str) -> None:
        if (message.text or "").startswith(MARK) and message is self.chat.from_bot()[-1]:
            await self._fill_in(message, doing)
        for button in message.buttons:
            data = str(button.get("callback_data", ""))
            if data and self._is_new(data):
                self.waiting.append((message, f"{doing} > {button['text']}", data))

    async def _fill_in(self, question: Message, doing: str) -> None:
        filling = self.town.bot.platform.presses.forms.of(self.who.id)
        if filling is None:
            return
        self.done.add(filling.form.action.name)
        asked = filling.asked
        words = asked.value or TYPED.get(asked.name) or "glow party"
        await self.who.says_privately(words[: asked.most], reply_to=question)
        await self.look(f"the form of {doing}")

    def _is_new(self, data: str) -> bool:
        name, *rest = data.split(":")
        key = f"{name}/{len([one for one in rest[:-1] if not one.startswith('.')])}"
        if key in self.done:
            return False
        self.done |= {key, name}
        return True


@pytest.mark.parametrize("role", ["member", "moderator", "admin"])
async def test_whatever_is_typed_and_pressed_is_answered_well(
    role: str, bots: Bots, telegram: LoopbackTelegram
) -> None:
    town = Town(telegram, await bots.start(pace=PACE))
    await set_up(town)
    who = {"member": town.member, "moderator": town.moderator, "admin": town.admin}[role]
    asked = await who.says(town.group, f"{DIY} Is there a glow party?")
    await telegram.answer_to(asked)
    crawler = Crawler(town, who)
    await town.in_group(who, "/safety")  # from here on, the private chat is about the group
    for word in ("/start", "/first_aid", "/policy show diy.author_cooldown"):
        await town.in_private(who, word)
    for command in all_commands():
        told = await town.in_private(who, line_for(command))
        assert (told.text or "").strip() or told.upload is not None, command.name
        await crawler.look(command.name)
    await who.sends_document(town.private(who), "words.csv", "/keyword import", data=CSV)
    await crawler.crawl()
    for request in telegram.requests:
        fine = request.status == 200 or "not modified" in request.description
        assert fine, (request.method, request.description, request.params)
    refused = [one.text for one in town.private(who).from_bot() if "may not do that" in (one.text or "")]
    if role == "admin":
        assert refused == []
        missing = set(town.bot.platform.presses._commands._handlers) - crawler.done
        assert missing <= NOT_SHOWN_HERE, f"never pressed: {' '.join(sorted(missing))}"


NOT_SHOWN_HERE = frozenset({"filter", "filter.on", "filter.off", "run", "welcome", "stop.where", "alerts.to"})
"""The filter's on Discord alone; the last four are typed, or behind links of `test_telegram_commands.py`."""
