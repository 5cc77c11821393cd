"""Every command as a member, a moderator and an admin, and every button, menu and form that comes back, once each.

Nothing here knows which screens there are: what the registry holds is run, and what is shown is pressed.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.emulators.discord import Channel, File, Guild, InteractionResult, LoopbackDiscord, Member, MessageRecord

from safetybot.chat import registry
from safetybot.chat.services import Pages
from safetybot.communities.access import BOT
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.model import Concern

DIY = "I want to inject mesotherapy into my face at home, where do I start?"
Running = Callable[..., Any]
PAGE, DANGER = 2000, 4


@pytest.fixture
def people(guild: Guild) -> dict[str, Member]:
    return {
        "member": guild.add_member("member one"),
        "moderator": guild.add_member("moderator", guild.add_role("mods", "manage_messages")),
        "admin": guild.add_member("admin", guild.add_role("admins", "manage_guild")),
    }


async def set_up(bot: Any, discord: LoopbackDiscord, alerts: Channel) -> None:
    """A community that replies and alerts about everything."""
    bot.services.pages = Pages("https://bot.example.org", vouching=frozenset({"telegram"}))
    await discord.until(lambda: discord.commands, what="registering")
    where = "discord", str(alerts.guild.id)
    await bot.services.policy.put(BOT, *where, "alert_channel", str(alerts.id), expected=0)
    for concern in ("mention", "supply", "diy", "adverse"):
        await bot.services.policy.put(BOT, *where, f"{concern}.mode", "reply+alert", expected=0)
    await bot.services.policy.put(BOT, *where, "excerpts", value=True, expected=0)
    keyword = Keyword("glow party", KeywordState.DRAFT, concern=Concern.DIY)
    await bot.services.keywords.add(BOT, *where, keyword)
    await bot.services.keywords.move(BOT, *where, keyword.term, KeywordState.LIVE)


def leaves(node: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    below = [option for option in node.get("options", ()) if option["type"] in (1, 2)]
    if not below:
        yield name, node
    for option in below:
        yield from leaves(option, f"{name} {option['name']}")


def values_for(node: dict[str, Any], alerts: Channel, member: Member) -> dict[str, object]:
    """Something fitting for every option of a command."""
    texts = {"language": "de", "region": "AT", "concern": "supply", "text": DIY, "term": "glow party"}
    made: dict[str, object] = {}
    for option in node.get("options", ()):
        name, kind = option["name"], option["type"]
        if option.get("choices"):
            made[name] = option["choices"][0]["value"]
        elif kind in (7, 6, 8, 11):
            role = next(iter(alerts.guild.roles))
            words = File("words.csv", data=b"term,concern,state\nglow party,supply,draft\n")
            things: dict[int, object] = {6: member, 7: alerts, 8: role, 11: words}
            made[name] = things[kind]
        elif kind in (4, 10):
            made[name] = 1
        elif kind == 5:
            made[name] = True
        elif option.get("required"):
            made[name] = texts.get(name, "glow party")
    return {name: value for name, value in made.items() if value is not None}


def well_formed(result: InteractionResult, doing: str, *, public: MessageRecord | None = None) -> None:
    """An answer as it has to be: in time, to the presser alone, within a page, pinging nobody."""
    assert not result.failed, f"{doing}: {[(one.text, one.errors) for one in result.problems]}"
    assert not result.problems, f"{doing}: {result.problems}"
    if result.modal is not None:
        return
    message = result.message
    assert message is not None, doing
    assert message is public or result.ephemeral, f"{doing} is answered for all to see"
    assert message is not public or public.ephemeral, f"{doing} replaces what everybody sees"
    for one in (message, *result.followups):
        assert 0 < len(one.content) <= PAGE, doing
        assert "went wrong on our side" not in one.content, doing
        assert (one.allowed_mentions or {}).get("parse") == [], doing


def came_too_late(result: InteractionResult) -> bool:
    """Whether the answer is that the press took too long for the form that it opens."""
    return any("press the button again" in one.content for one in (result.message, *result.followups) if one)


class Crawler:
    """Presses everything that somebody is shown, each kind of button once."""

    def __init__(self, who: Member, alerts: Channel) -> None:
        self.who, self.alerts = who, alerts
        self.done: set[str] = set()
        self.screens: deque[tuple[MessageRecord, list[dict[str, Any]]]] = deque()
        self.last: deque[tuple[MessageRecord, list[dict[str, Any]], dict[str, Any]]] = deque()
        """What deletes or undoes something, for the end: else there is nothing left to press."""

    def shown(self, result: InteractionResult) -> None:
        """Remember what can be pressed on an answer."""
        for message in (result.message, *result.followups):
            if message is not None:
                self.see(message)

    def see(self, message: MessageRecord) -> None:
        """Remember what can be pressed on a message, as it is now."""
        if message.components:
            self.screens.append((message, copy.deepcopy(message.components)))

    async def crawl(self) -> None:
        """Press until nothing new is shown."""
        while self.screens or self.last:
            if not self.screens:
                await self._press(*self.last.popleft())
                continue
            message, components = self.screens.popleft()
            for component in [inner for row in components for inner in row["components"]]:
                if component.get("style") == DANGER:
                    self.last.append((message, components, component))
                else:
                    await self._press(message, components, component)

    async def _press(self, message: MessageRecord, components: list[dict[str, Any]], one: dict[str, Any]) -> None:
        if one["type"] == 2:
            if "custom_id" in one and self._new(one["custom_id"]):
                message.components = copy.deepcopy(components)  # as if the screen had just been opened
                result = await self.who.taps(message, one["custom_id"])
                while came_too_late(result):  # a form, on a busy machine: the answer asks for what is done here
                    message.components = copy.deepcopy(components)
                    result = await self.who.taps(message, one["custom_id"])
                await self._follow(result, message, one["label"])
                if message.components != components:
                    self.see(message)  # an alert that follows what became of it
            return
        for option in one["options"]:
            if self._new(option["value"]):
                message.components = copy.deepcopy(components)
                chosen = await self.who.chooses(message, one["custom_id"], option["value"])
                await self._follow(chosen, message, option["label"])

    async def _follow(self, result: InteractionResult, pressed: MessageRecord, doing: str) -> None:
        well_formed(result, doing, public=pressed)
        if result.modal is None:
            self.shown(result)
            return
        given = {}
        for field in (component["component"] for component in result.modal["components"]):
            words = {"channel": str(self.alerts.id), "reason": "a quote", "text": DIY}
            fitting = words.get(field["custom_id"], "glow party")
            given[field["custom_id"]] = (field.get("value") or fitting)[: field.get("max_length", 4000)]
        sent = await self.who.submits_modal(result, given)
        well_formed(sent, f"the form of {doing}", public=pressed)
        self.done.add(result.modal["custom_id"].partition(":")[0])
        self.shown(sent)

    def _new(self, carried: str) -> bool:
        """Whether a button of this name was not pressed yet; of another number of arguments is another one."""
        name, *rest = carried.split(":")
        key = f"{name}/{len(rest)}"
        if key in self.done:
            return False
        self.done |= {key, name}
        return True


@pytest.mark.parametrize("role", ["member", "moderator", "admin"])
async def test_whatever_is_run_and_pressed_is_answered_well(
    role: str, running: Running, discord: LoopbackDiscord, general: Channel, alerts: Channel, people: dict[str, Member]
) -> None:
    async with running() as bot:
        await set_up(bot, discord, alerts)
        who = people[role]
        # What was said rests on a keyword of the community too, so that every repair is offered.
        message = await who.says(general, f"{DIY} Is there a glow party?")
        reply = await general.reply_to(message)
        alert = await alerts.message(lambda one: str(message.id) in one.content)
        for number in range(2):
            await general.reply_to(await who.says(general, f"{DIY} ({number})"))
        await bot.settled()
        crawler, ran = Crawler(who, alerts), 0
        # An admin twice, for what was done changes what is shown: a verdict, a keyword, an opt-out.
        for _ in range(2 if role == "admin" else 1):
            crawler.see(reply)
            crawler.see(alert)
            await crawler.crawl()
            for name, node in leaves(discord.commands[0], "safety"):
                wanted = values_for(node, alerts, people["member"])
                for values in ({}, wanted) if wanted else ({},):
                    if all(one["name"] in values for one in node.get("options", ()) if one.get("required")):
                        result = await who.runs(name, channel=general, by_override=True, options=values)
                        well_formed(result, f"/{name}")
                        crawler.shown(result)
                        ran += 1
            await crawler.crawl()
        again = await general.reply_to(message)
        assert again.id == reply.id
    assert ran >= len(registry.all_commands())
    if role == "admin":
        missing = set(bot.platform._commands._handlers) - crawler.done
        assert missing <= NOT_SHOWN_HERE


NOT_SHOWN_HERE = frozenset({"filter", "filter.on", "filter.off", "aid", "welcome", "stop.where", "run", "alerts.to"})
"""The filter's only where messages may not be read (`test_discord_automod.py`), the rest in private chats alone."""


async def test_a_button_that_is_not_ours_or_was_changed_is_answered_with_what_to_do(
    running: Running, discord: LoopbackDiscord, general: Channel, alerts: Channel, people: dict[str, Member]
) -> None:
    async with running() as bot:
        await set_up(bot, discord, alerts)
        reply = await general.reply_to(await people["member"].says(general, DIY))
        button = reply.components[0]["components"][-1]
        answers = []
        other_end = "A" if button["custom_id"].endswith("_") else "_"
        for forged in ("erase:AAAAAAAA", "bygone.action:7:AAAAAAAA", button["custom_id"][:-1] + other_end):
            button["custom_id"] = forged
            answers.append(await people["member"].taps(reply, forged))
        assert len(await bot.log()) == 1
    for answer in answers:
        assert answer.ephemeral
        assert "run the command again" in answer.content or "another version" in answer.content


async def test_buttons_work_after_a_restart_in_the_language_of_whoever_presses(
    running: Running, discord: LoopbackDiscord, general: Channel, alerts: Channel, people: dict[str, Member]
) -> None:
    async with running() as bot:
        await set_up(bot, discord, alerts)
        reply = await general.reply_to(await people["member"].says(general, DIY))
        await bot.settled()
    async with running() as bot:
        card = await people["member"].taps(reply, "Sources", locale="de")
        mine = bot.services.library.ui("de")
        labels = [c["label"] for row in card.components for c in row["components"]]
    assert card.ephemeral
    assert mine.first_aid in labels
