"""The bot's own data: command lists by scope and language, name and descriptions."""

from __future__ import annotations

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
)
from telegram.error import BadRequest

from tests.emulators.telegram import LoopbackTelegram


def listed(*names: str) -> list[BotCommand]:
    return [BotCommand(name, f"about {name}") for name in names]


async def test_each_scope_and_language_has_its_own_list(telegram: LoopbackTelegram, bot: Bot) -> None:
    await bot.set_my_commands(listed("help", "privacy"))
    await bot.set_my_commands(listed("hilfe"), scope=BotCommandScopeAllPrivateChats(), language_code="de")
    assert [command.command for command in await bot.get_my_commands()] == ["help", "privacy"]
    assert await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats()) == ()
    german = await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats(), language_code="de")
    assert [(command.command, command.description) for command in german] == [("hilfe", "about hilfe")]
    assert telegram.commands[("default",), ""] == {"help": "about help", "privacy": "about privacy"}
    await bot.delete_my_commands()
    assert set(telegram.commands) == {(("all_private_chats",), "de")}


async def test_a_member_is_shown_the_narrowest_list_in_their_language(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member, admin = telegram.add_supergroup(), telegram.add_user(language_code="de"), telegram.add_user()
    await member.joins(group)
    telegram.make_admin(admin, group)
    await bot.set_my_commands(listed("default"))
    assert list(telegram.commands_for(member, group)) == ["default"]
    await bot.set_my_commands(listed("groups"), scope=BotCommandScopeAllGroupChats())
    await bot.set_my_commands(listed("gruppen"), scope=BotCommandScopeAllGroupChats(), language_code="de")
    await bot.set_my_commands(listed("admins"), scope=BotCommandScopeAllChatAdministrators())
    await bot.set_my_commands(listed("private"), scope=BotCommandScopeAllPrivateChats())
    assert list(telegram.commands_for(member, group)) == ["gruppen"]
    assert list(telegram.commands_for(admin, group)) == ["admins"]
    assert list(telegram.commands_for(member)) == ["private"]
    await bot.set_my_commands(listed("here"), scope=BotCommandScopeChat(group.id))
    assert list(telegram.commands_for(admin, group)) == ["here"]
    await bot.set_my_commands(listed("admins_here"), scope=BotCommandScopeChatAdministrators(group.id))
    assert list(telegram.commands_for(admin, group)) == ["admins_here"]
    await bot.set_my_commands(listed("you"), scope=BotCommandScopeChatMember(group.id, member.id))
    assert list(telegram.commands_for(member, group)) == ["you"]


@pytest.mark.parametrize(
    ("command", "description", "error"),
    [
        ("Help", "x", "BOT_COMMAND_INVALID"),
        ("help me", "x", "BOT_COMMAND_INVALID"),
        ("x" * 33, "x", "BOT_COMMAND_INVALID"),
        ("", "x", "command must be non-empty"),
        ("help", " ", "command description must be non-empty"),
        ("help", "x" * 257, "BOT_COMMAND_DESCRIPTION_INVALID"),
    ],
)
async def test_commands_that_telegram_would_not_take_are_refused(
    telegram: LoopbackTelegram, bot: Bot, command: str, description: str, error: str
) -> None:
    with pytest.raises(BadRequest):
        await bot.set_my_commands([(command, description)])
    assert telegram.requests[-1].description == f"Bad Request: {error}"
    assert telegram.commands == {}


async def test_a_list_has_at_most_100_commands_and_a_real_language(telegram: LoopbackTelegram, bot: Bot) -> None:
    await bot.set_my_commands(listed(*(f"c{number}" for number in range(100))))
    with pytest.raises(BadRequest, match="Bot_commands_too_much"):
        await bot.set_my_commands(listed(*(f"c{number}" for number in range(101))))
    with pytest.raises(BadRequest, match="Invalid language code specified"):
        await bot.set_my_commands(listed("help"), language_code="pt-br")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_my_commands(listed("help"), scope=BotCommandScopeChat(-4711))


async def test_name_and_descriptions_fall_back_to_no_language(telegram: LoopbackTelegram, bot: Bot) -> None:
    assert (await bot.get_my_name()).name == telegram.bot.first_name
    await bot.set_my_description("What it does")
    await bot.set_my_description("Was es tut", language_code="de")
    await bot.set_my_short_description("In short")
    assert (await bot.get_my_description()).description == "What it does"
    assert (await bot.get_my_description(language_code="de")).description == "Was es tut"
    assert (await bot.get_my_description(language_code="fr")).description == "What it does"
    assert (await bot.get_my_short_description()).short_description == "In short"
    with pytest.raises(BadRequest, match="Bot_description_invalid"):
        await bot.set_my_description("x" * 513)
