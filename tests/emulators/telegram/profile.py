"""API methods about the bot itself: getMe, its command lists, its name and descriptions, logOut and close."""

from __future__ import annotations

from collections.abc import Callable

from .commands import Scope, read_language, read_scope
from .core import Core, Method, method
from .errors import bad_request
from .parameters import Parameters
from .updates import OTHER_POLLER

_PROFILE_LENGTHS = {"name": 64, "description": 512, "short_description": 120}


@method("getMe")
async def get_me(core: Core, parameters: Parameters) -> object:
    """The bot's own account, with `can_read_all_group_messages` (T1)."""
    del parameters
    return core.bot.json() | {
        "can_join_groups": True,
        "can_read_all_group_messages": not core.privacy_mode,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method("logOut")
async def log_out(core: Core, parameters: Parameters) -> object:
    """Leave this server; every later request is refused."""
    del parameters
    core.logged_out = True
    core.queue.abort_poll(OTHER_POLLER)
    return True


@method("close")
async def close(core: Core, parameters: Parameters) -> object:
    """Close the bot's instance; the next request opens it again."""
    del parameters
    core.queue.abort_poll(OTHER_POLLER)
    return True


@method("setMyCommands")
async def set_my_commands(core: Core, parameters: Parameters) -> object:
    """Set the command list of a scope and language."""
    scope, language = _key(core, parameters)
    core.commands.set(scope, language, parameters.decoded("commands", "commands"))
    return True


@method("getMyCommands")
async def get_my_commands(core: Core, parameters: Parameters) -> object:
    """The command list of exactly this scope and language."""
    commands = core.commands.get(*_key(core, parameters))
    return [{"command": name, "description": description} for name, description in commands.items()]


@method("deleteMyCommands")
async def delete_my_commands(core: Core, parameters: Parameters) -> object:
    """Forget the command list of a scope and language."""
    core.commands.lists.pop(_key(core, parameters), None)
    return True


def _key(core: Core, parameters: Parameters) -> tuple[Scope, str]:
    scope = parameters.object("scope", "BotCommandScope")
    chat_id = None
    if scope is not None and "chat_id" in scope:
        chat = core.chat_of(Parameters({"chat_id": scope["chat_id"]}))
        core.reachable(chat)
        chat_id = chat.id
    return read_scope(scope, chat_id), read_language(parameters.text("language_code"))


def _setter(field: str) -> Method:
    async def handler(core: Core, parameters: Parameters) -> object:
        value = parameters.text(field)
        if len(value) > _PROFILE_LENGTHS[field]:
            raise bad_request(f"BOT_{field.upper()}_INVALID")
        core.profile[field, read_language(parameters.text("language_code"))] = value
        return True

    return handler


def _getter(field: str) -> Method:
    async def handler(core: Core, parameters: Parameters) -> object:
        language = read_language(parameters.text("language_code"))
        fallback = core.bot.first_name if field == "name" else ""
        return {field: core.profile.get((field, language)) or core.profile.get((field, "")) or fallback}

    return handler


def _register(verb: str, make: Callable[[str], Method]) -> None:
    for field in _PROFILE_LENGTHS:
        method(f"{verb}My{field.title().replace('_', '')}")(make(field))


_register("set", _setter)
_register("get", _getter)
