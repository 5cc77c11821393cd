"""What a member can see, take and delete by themselves, in their own language; help, trying, figures."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from safetybot.chat.answers import Answer, Button
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.registry import all_commands
from safetybot.chat.services import Services
from safetybot.chat.trying import check_message
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.communities.access import Role
from safetybot.communities.records import Filters, Reactions
from safetybot.communities.saved_views import SavedViews
from safetybot.communities.sign_in import Grant
from safetybot.model import InteractionState, Place, VerdictKind
from safetybot.ports import Posted

Make = Callable[..., Caller]
Happened = Callable[..., Awaitable[int]]
HERE = ("discord", "100")


def pressable(answer: Answer) -> dict[str, Button]:
    return {button.label: button for row in answer.rows for button in row}


async def press(commands: Commands, caller: Caller, answer: Answer, label: str) -> Answer:
    action = pressable(answer)[label].action
    assert action is not None
    return await commands.act(caller, action)


@pytest.mark.parametrize("language", ["en", "de", "ja", "ar"])
async def test_a_member_sees_takes_and_deletes_what_is_kept(
    services: Services, commands: Commands, caller: Make, happened: Happened, wall: Any, language: str
) -> None:
    ui, member = services.library.ui(language), caller(language=language)
    number = await happened("1")
    await happened("2")
    await services.alerts.put(number, Posted("900", "1"))
    answer = await commands.run(member, ("privacy",), {})
    assert re.search(rf"{re.escape(ui.kept)}\n- \d{{4}}-\d\d-\d\d: 2\n", answer.text.plain)
    copied = await press(commands, member, answer, ui.hand_out)
    (file,) = copied.files
    assert [row["message_id"] for row in json.loads(file.data)["interactions"]] == ["1", "2"]
    asked = await press(commands, member, answer, ui.erase)
    assert asked.text.plain == ui.erase_sure
    assert len((await services.privacy.show(member.actor, *HERE, "42")).interactions) == 2, "it is asked once more"
    gone = await press(commands, member, asked, ui.erase_yes)
    assert ui.erased in gone.text.plain
    assert ui.nothing_kept in gone.text.plain
    assert wall.posts["1"].text.plain == "What this was about is deleted."


async def test_a_moderator_sees_takes_and_deletes_their_saved_views(
    services: Services, commands: Commands, caller: Make, runtime: tuple[Any, Runtime]
) -> None:
    ui, moderator = services.library.ui("en"), caller(Role.MODERATOR)
    _, opened = runtime
    views = SavedViews(opened.store.views, opened.clock, opened.pseudonyms)
    await views.save(Grant("ann", Role.MODERATOR, *HERE, "42"), *HERE, "*mine* @everyone", {"state": "sent"})
    answer = await commands.run(moderator, ("privacy",), {})
    assert f"{ui.kept}\n- “*mine* @everyone”" in answer.text.plain
    assert ui.nothing_kept not in answer.text.plain
    (file,) = (await press(commands, moderator, answer, ui.hand_out)).files
    assert [view["name"] for view in json.loads(file.data)["saved_views"]] == ["*mine* @everyone"]
    asked = await press(commands, moderator, answer, ui.erase)
    assert ui.nothing_kept in (await press(commands, moderator, asked, ui.erase_yes)).text.plain
    assert await opened.store.views.listed(f"member/{opened.pseudonyms(Place(*HERE, ''), '42')}", *HERE) == []


async def test_a_member_stops_the_replies_and_lets_them_begin_again(
    services: Services, commands: Commands, caller: Make
) -> None:
    ui, member = services.library.ui("en"), caller()
    answer = await commands.run(member, ("privacy",), {})
    await press(commands, member, answer, ui.stop)
    answer = await commands.run(member, ("privacy",), {})
    assert ui.opted_out in answer.text.plain
    answer = await press(commands, member, answer, ui.resume)
    assert ui.resumed in answer.text.plain
    assert ui.stop in pressable(answer)
    assert (await services.privacy.show(member.actor, *HERE, "42")).opted_out_at is None


async def test_outside_of_any_group_the_policy_is_told_and_where_to_ask(
    services: Services, commands: Commands, caller: Make
) -> None:
    alone = replace(caller(), place=Place("telegram", "", "42"))
    answer = await commands.run(alone, ("privacy",), {})
    assert services.library.ui("en").elsewhere in answer.text.plain
    assert set(pressable(answer)) == {"Menu"}


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.MODERATOR, Role.ADMIN])
async def test_help_lists_what_the_role_may_and_nothing_else(
    services: Services, commands: Commands, caller: Make, role: Role | None
) -> None:
    held = caller(role)
    answer = await commands.run(held, ("help",), {})
    assert " ".join(services.library.ui("en").about.split()) in answer.text.plain
    told = set()
    while True:
        told |= {choice.label for choice in answer.menu.choices} if answer.menu else set()
        if "Next page" not in pressable(answer):
            break
        answer = await press(commands, held, answer, "Next page")
    assert told == {
        one.name for one in all_commands() if one.right is None or (role is not None and role >= one.right.least)
    }
    assert await commands.complete(held, ("help",), "command", "") == [
        one.name for one in all_commands() if one.name in told
    ][:25]  # fmt: skip


async def test_help_about_one_command_tells_its_options(commands: Commands, caller: Make) -> None:
    answer = await commands.run(caller(Role.MODERATOR), ("help",), {"command": "Keyword Add"})
    assert "term · The keyword; a * at an end stands for any letters (needed)" in answer.text.plain
    assert "mention, supply, diy, adverse" in answer.text.plain


async def test_trying_shows_hits_rules_decision_and_the_reply(
    services: Services, commands: Commands, caller: Make
) -> None:
    answer = await commands.run(caller(Role.VIEWER), ("try",), {"text": "I do lemon bottle on my chin at home, alone"})
    said = answer.text.plain
    assert "Do it yourself (" in said
    assert "> I do lemon bottle on my chin at home" in said
    assert "The member would get a reply." in said
    assert "A member would read:" in said
    risks = await press(commands, caller(Role.VIEWER), answer, services.library.ui("en").risks)
    assert risks.text.plain
    assert services.library.ui("en").not_for_me not in pressable(answer), "there is nothing that could be called wrong"
    page = await services.reviews.page(caller(Role.MODERATOR).actor, Filters(*HERE))
    assert page == [], "nothing is kept"


async def test_a_message_of_nothing_says_so(commands: Commands, caller: Make) -> None:
    answer = await commands.run(caller(Role.VIEWER), ("try",), {"text": "what a lovely evening"})
    assert "Nothing of concern" in answer.text.plain
    assert "Nothing would be done." in answer.text.plain


async def test_checking_a_message_is_for_moderators(services: Services, caller: Make) -> None:
    words = "I do lemon bottle on my chin at home"
    refused = await check_message(services, caller(Role.VIEWER), words)
    assert "It needs the role: moderator." in refused.text.plain
    answer = await check_message(services, caller(Role.MODERATOR), words, ["anybody tried it?"])
    assert "Do it yourself (" in answer.text.plain


async def test_figures_come_with_a_picture_and_how_right_the_bot_was(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    moderator = caller(Role.MODERATOR)
    await services.reviews.judge(moderator.actor, await happened("1"), VerdictKind.CONFIRMED)
    await services.reviews.judge(moderator.actor, await happened("2"), VerdictKind.FALSE_ALARM, reason="a lantern")
    answer = await commands.run(caller(Role.VIEWER), ("stats",), {"days": 7.0})
    said = answer.text.plain
    assert said.startswith("The last 7 days")
    assert "2 messages of concern" in said
    assert "Right in 50 % of what moderators judged: 1 confirmed, 1 false alarms." in said
    (file,) = answer.files
    assert file.data.startswith(b"\x89PNG")


async def test_figures_tell_how_replies_were_taken(
    services: Services, runtime: tuple[Session, Runtime], commands: Commands, caller: Make, happened: Happened
) -> None:
    first, second = await happened("1"), await happened("2")
    for number in (first, second):
        await runtime[1].store.advance(number, InteractionState.SENDING)
        await runtime[1].store.advance(number, InteractionState.SENT, reply_id=f"r{number}")
    assert "reactions" not in (await commands.run(caller(Role.VIEWER), ("stats",), {})).text.plain
    await services.reactions.put(first, Reactions(welcome=4, unwelcome=1))
    await services.reactions.put(second, Reactions(welcome=1))
    said = (await commands.run(caller(Role.VIEWER), ("stats",), {})).text.plain
    assert "By members' reactions: 100 % of the replies were welcome, 50 % unwelcome." in said


async def test_without_anything_there_is_no_picture(commands: Commands, caller: Make) -> None:
    answer = await commands.run(caller(Role.VIEWER), ("stats",), {})
    assert answer.files == ()
    assert "nobody has reviewed anything" in answer.text.plain


async def test_where_nothing_can_be_drawn_the_figures_are_told_in_words(
    services: Services, commands: Commands, caller: Make, happened: Happened
) -> None:
    await happened("1")
    services.draw = lambda rows, title: None
    answer = await commands.run(caller(Role.VIEWER), ("stats",), {})
    assert answer.files == ()
    assert "There is no picture" in answer.text.plain
