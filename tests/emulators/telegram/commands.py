"""The bot's command lists: one for each scope and language, and which of them a member sees.

Rule T9: scopes only decide what is shown. The API methods on top are in `profile.py`.
"""

from __future__ import annotations

import re

from .errors import bad_request
from .world import Chat, Json, Membership

Scope = tuple[str | int, ...]
"""A scope's type and the ids that it names: `("default",)`, `("chat", -100...)`."""

_MOST = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_PLAIN_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}


class CommandBook:
    """Command lists as setMyCommands left them."""

    def __init__(self) -> None:
        self.lists: dict[tuple[Scope, str], dict[str, str]] = {}

    def set(self, scope: Scope, language: str, commands: object) -> None:
        """Replace the list of one scope and language; an empty one deletes it.

        Raises:
            ApiError: 400 for a name, description or number that Telegram refuses.
        """
        if not isinstance(commands, list):
            raise bad_request("expected an Array of BotCommand")
        if len(commands) > _MOST:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        checked: dict[str, str] = {}
        for command in commands:
            name, description = _command(command)
            checked[name] = description
        if checked:
            self.lists[scope, language] = checked
        else:
            self.lists.pop((scope, language), None)

    def get(self, scope: Scope, language: str) -> dict[str, str]:
        """The list of exactly this scope and language: description by command."""
        return self.lists.get((scope, language), {})

    def shown_to(self, membership: Membership | None, chat: Chat, language: str) -> dict[str, str]:
        """The list that a member sees in a chat: the narrowest scope that has one, their language before none."""
        scopes: list[Scope] = []
        if chat.kind == "private":
            scopes += [("chat", chat.id), ("all_private_chats",)]
        else:
            if membership is not None:
                scopes.append(("chat_member", chat.id, membership.account.id))
                if membership.is_admin:
                    scopes.append(("chat_administrators", chat.id))
            scopes.append(("chat", chat.id))
            if membership is not None and membership.is_admin:
                scopes.append(("all_chat_administrators",))
            scopes.append(("all_group_chats",))
        for scope in [*scopes, ("default",)]:
            for code in (language, ""):
                if commands := self.get(scope, code):
                    return commands
        return {}


def read_language(code: str) -> str:
    """A language code as command lists take it: two letters or none.

    Raises:
        ApiError: 400 for anything else.
    """
    if code and not _LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code


def read_scope(scope: Json | None, chat_id: int | None) -> Scope:
    """A scope's key. `chat_id` is that of the chat it names, already looked up.

    Raises:
        ApiError: 400 for an unknown type.
    """
    kind = (scope or {"type": "default"}).get("type")
    if kind in _PLAIN_SCOPES:
        return (str(kind),)
    if chat_id is None or kind not in {"chat", "chat_administrators", "chat_member"}:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if kind == "chat_member":
        user_id = (scope or {}).get("user_id")
        if not isinstance(user_id, int):
            raise bad_request('can\'t parse BotCommandScope: field "user_id" must be of type Number')
        return (kind, chat_id, user_id)
    return (str(kind), chat_id)


def _command(command: object) -> tuple[str, str]:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", ""))
    if not name:
        raise bad_request("command must be non-empty")
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not description.strip():
        raise bad_request("command description must be non-empty")
    if len(description) > 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return name, description
