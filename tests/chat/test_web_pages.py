"""The way from the chat to the web pages: for whom, and by which link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.screens import WEB
from safetybot.chat.services import Pages, Services
from safetybot.communities.access import Role
from safetybot.model import Place

SITE = "https://bot.example.org"
Make = Callable[..., Caller]


def links(answer: Answer) -> list[tuple[str, bool]]:
    return [(one.url, one.vouched) for row in answer.rows for one in row if one.url]


def on_telegram(caller: Caller) -> Caller:
    actor = replace(caller.actor, platform="telegram", community="-1001")
    return replace(caller, actor=actor, place=Place("telegram", "-1001", "-1001"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.ADMIN])
async def test_whoever_may_see_figures_is_led_to_the_door(
    services: Services, commands: Commands, caller: Make, role: Role
) -> None:
    services.pages = Pages(SITE, vouching=frozenset({"telegram"}))
    answer = await commands.run(caller(role), ("web",), {})
    assert links(answer) == [(f"{SITE}/sign-in", False)], "Discord puts nobody's name into a link"
    assert (await commands.act(caller(role), Action(WEB))).rows == answer.rows


async def test_telegram_vouches_where_the_pages_can_ask_the_bot(
    services: Services, commands: Commands, caller: Make
) -> None:
    services.pages = Pages(SITE, vouching=frozenset({"telegram"}))
    there = on_telegram(caller(Role.MODERATOR))
    assert links(await commands.run(there, ("web",), {})) == [(f"{SITE}/sign-in/telegram/-1001", True)]
    services.pages = Pages("http://localhost:8787")
    assert links(await commands.run(there, ("web",), {})) == [("http://localhost:8787/sign-in", False)]


async def test_members_are_refused(services: Services, commands: Commands, caller: Make) -> None:
    services.pages = Pages(SITE, vouching=frozenset({"telegram"}))
    for answer in (await commands.run(caller(), ("web",), {}), await commands.act(caller(), Action(WEB))):
        assert "It needs the role: viewer." in answer.text.plain
        assert links(answer) == []


async def test_the_menu_leads_there_only_where_there_are_pages(
    services: Services, commands: Commands, caller: Make
) -> None:
    def labels(answer: Answer) -> list[str]:
        return [one.label for row in answer.rows for one in row]

    assert "Web pages" not in labels(await commands.run(caller(Role.ADMIN), ("menu",), {}))
    services.pages = Pages(SITE)
    assert "Web pages" in labels(await commands.run(caller(Role.ADMIN), ("menu",), {}))
    assert "Web pages" not in labels(await commands.run(caller(), ("menu",), {}))
