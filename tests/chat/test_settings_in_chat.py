"""Set-up, settings and exemptions in the chat: who decided what, seen and taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.services import Services
from safetybot.chat.setting_words import setting_name, setting_says
from safetybot.communities.access import Role
from safetybot.communities.setting_list import SETTINGS
from safetybot.model import Concern, Mode
from safetybot.translation import texts

Make = Callable[..., Caller]
HERE = ("discord", "100")


def pressable(answer: Answer) -> dict[str, Button]:
    choices = [Button(choice.label, choice.action) for choice in (answer.menu.choices if answer.menu else ())]
    return {button.label: button for button in (*(button for row in answer.rows for button in row), *choices)}


async def press(commands: Commands, caller: Caller, answer: Answer, label: str) -> Answer:
    action = pressable(answer)[label].action
    assert action is not None
    return await commands.act(caller, action)


async def holds(services: Services, caller: Caller, key: str, channel: str = "") -> object:
    return {one.key: one.value for one in await services.policy.effective(caller.actor, *HERE, channel)}[key]


async def test_set_up_begins_in_shadow_and_ends_with_what_happens_next(
    services: Services, commands: Commands, caller: Make, wall: Any
) -> None:
    admin = caller(Role.ADMIN)
    answer = await commands.run(admin, ("setup",), {})
    assert await holds(services, admin, "diy.mode") is Mode.REPLY, "looking at the first step changes nothing"
    answer = await press(commands, admin, answer, "Begin")
    for concern in Concern:
        assert await holds(services, admin, f"{concern.label}.mode") is Mode.SHADOW
    for label in ("Deutsch", "Here", "AT", "Symptoms: reply and alert", "Do it yourself: alert"):
        while label not in pressable(answer):
            answer = await press(commands, admin, answer, "Next page")
        answer = await press(commands, admin, answer, label)
    answer = await press(commands, admin, answer, "Finish")
    assert "Moderators are told in 200." in answer.text.plain
    assert "I may not read #quiet: nothing there is seen." in answer.text.plain
    chosen = ("language", "alert_channel", "region", "adverse.mode", "diy.mode", "supply.mode")
    assert [await holds(services, admin, key) for key in chosen] == [
        "de", "200", "AT", Mode.REPLY_ALERT, Mode.ALERT, Mode.SHADOW,
    ]  # fmt: skip
    changes = await services.policy.history(admin.actor, *HERE, "adverse.mode")
    assert [(change.by, change.value) for change in changes] == [("mia (42)", "shadow"), ("mia (42)", "reply+alert")]


async def test_a_second_set_up_leaves_what_was_decided(services: Services, commands: Commands, caller: Make) -> None:
    admin = caller(Role.ADMIN)
    await commands.run(admin, ("policy", "set"), {"key": "diy.mode", "value": "reply+alert"})
    await commands.run(admin, ("setup",), {"alerts": "here", "language": "fr", "region": "be"})
    assert await holds(services, admin, "diy.mode") is Mode.REPLY_ALERT
    assert await holds(services, admin, "supply.mode") is Mode.SHADOW
    assert await holds(services, admin, "region") == "BE"
    assert await holds(services, admin, "alert_channel") == "200"


async def test_a_mode_is_two_taps_from_the_settings(services: Services, commands: Commands, caller: Make) -> None:
    admin = caller(Role.ADMIN)
    answer = await commands.run(admin, ("policy", "show"), {})
    answer = await press(commands, admin, answer, "Supply")
    answer = await press(commands, admin, answer, "off")
    assert "from inherited to off" in answer.text.plain
    assert await holds(services, admin, "supply.mode") is Mode.OFF


async def test_a_viewer_sees_settings_and_no_button_that_changes_one(commands: Commands, caller: Make) -> None:
    viewer = caller(Role.VIEWER)
    answer = await commands.run(viewer, ("policy", "show"), {"key": "diy.mode"})
    assert set(pressable(answer)) == {"History", "Back", "Menu"}


async def test_a_setting_of_one_channel_leaves_the_others(services: Services, commands: Commands, caller: Make) -> None:
    admin = caller(Role.ADMIN)
    given = {"key": "diy.mode", "value": "off", "channel": "here"}
    answer = await commands.run(admin, ("policy", "set"), given)
    assert "As it holds in channel 200" in answer.text.plain
    assert await holds(services, admin, "diy.mode") is Mode.REPLY
    assert await holds(services, admin, "diy.mode", "200") is Mode.OFF
    await commands.run(admin, ("policy", "reset"), {"key": "diy.mode", "channel": "200"})
    assert await holds(services, admin, "diy.mode", "200") is Mode.REPLY
    shown = await commands.run(admin, ("policy", "history"), {"key": "diy.mode", "channel": "200"})
    assert shown.text.plain.count("Version") == 2


async def test_two_admins_do_not_overwrite_each_other(services: Services, commands: Commands, caller: Make) -> None:
    admin = caller(Role.ADMIN)
    seen = await commands.act(admin, Action("set.of", ("diy",)))
    await commands.run(admin, ("policy", "set"), {"key": "diy.mode", "value": "alert"})
    answer = await press(commands, admin, seen, "off")
    assert "Somebody was faster, so nothing was changed." in answer.text.plain
    assert await holds(services, admin, "diy.mode") is Mode.ALERT


async def test_a_change_is_taken_back_again_and_again(services: Services, commands: Commands, caller: Make) -> None:
    admin = caller(Role.ADMIN)
    for value in ("20m", "30m"):
        await commands.run(admin, ("policy", "set"), {"key": "diy.channel_cooldown", "value": value})
    answer = await commands.run(admin, ("policy", "undo"), {"key": "diy.channel_cooldown"})
    assert "from 30m to 20m, taking back version 2" in answer.text.plain
    answer = await press(commands, admin, answer, "Take back the last change")
    assert "from 20m to inherited, taking back version 1" in answer.text.plain


async def test_a_form_shows_what_holds_and_takes_a_new_value(
    services: Services, commands: Commands, caller: Make
) -> None:
    admin = caller(Role.ADMIN)
    asked = await press(
        commands, admin, await commands.act(admin, Action("set.one", ("diy.author_cooldown",))), "Change"
    )
    assert asked.form is not None
    assert asked.form.fields[0].value == "12h"
    await commands.act(admin, asked.form.action, {"value": "1d"})
    answer = await commands.act(admin, asked.form.action, {"value": "a while"})
    assert "cannot be a while" in answer.text.plain
    assert str(await holds(services, admin, "diy.author_cooldown")) == "1 day, 0:00:00"


@pytest.mark.parametrize("key", ["language", "region", "emergency_number", "alert_channel"])
async def test_none_is_how_people_write_that_a_setting_holds_nothing(
    services: Services, commands: Commands, caller: Make, key: str
) -> None:
    admin = caller(Role.ADMIN)
    await commands.run(admin, ("policy", "set"), {"key": key, "value": SETTINGS[key].example})
    assert await holds(services, admin, key) == SETTINGS[key].example
    await commands.run(admin, ("policy", "set"), {"key": key, "value": "none"})
    assert await holds(services, admin, key) is None


async def test_exemptions_are_added_listed_and_taken_back(services: Services, commands: Commands, caller: Make) -> None:
    admin = caller(Role.ADMIN)
    await commands.run(admin, ("exempt", "channel"), {})
    await commands.run(admin, ("exempt", "role"), {"role": "301"})
    answer = await commands.run(admin, ("exempt", "list"), {})
    assert "Channel 200" in answer.text.plain
    assert "Role 301" in answer.text.plain
    again = await commands.run(admin, ("exempt", "role"), {"role": "301"})
    assert "left alone already" in again.text.plain
    answer = await press(commands, admin, again, "Channel 200")
    await commands.run(admin, ("exempt", "remove"), {"id": "301"})
    assert await holds(services, admin, "exempt_channels") == []
    assert await holds(services, admin, "exempt_roles") == []


@pytest.mark.parametrize("key", list(SETTINGS))
def test_every_setting_has_words(key: str) -> None:
    said = texts("en")
    assert 3 <= len(setting_name(said, key)) <= 64
    assert 10 <= len(setting_says(said, key)) <= 200


async def test_status_tells_what_is_on_what_waits_and_what_is_missing(
    services: Services, commands: Commands, caller: Make, wall: Any, happened: Any
) -> None:
    await happened("1")
    answer = await commands.run(caller(Role.MODERATOR), ("status",), {})
    said = answer.text.plain
    assert "Symptoms: reply and alert" in said
    assert "No alert channel is chosen" in said
    assert "Today (UTC): 1 message of concern." in said
    assert "1 waits for a moderator's word." in said
    assert "I may not read #quiet: nothing there is seen." in said
    assert "connected" not in said, "what is well is not listed beside what is missing"
    assert "Open the review queue" in pressable(answer)
    assert "Open the review queue" not in pressable(await commands.run(caller(Role.VIEWER), ("status",), {}))
