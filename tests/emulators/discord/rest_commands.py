"""Application commands over REST, global and per guild. What makes one valid: `command_rules`."""

from __future__ import annotations

from typing import Any

from .command_rules import CHAT_INPUT, DAILY_CREATES, check_commands
from .core import Core
from .errors import (
    INVALID_FORM,
    MAX_COMMAND_CREATES,
    UNKNOWN_APPLICATION,
    UNKNOWN_COMMAND,
    ApiError,
    Json,
    missing_access,
    not_found,
)
from .http import Answer, Call, Endpoint
from .state import GuildRecord

CREATES_WAIT = 3600.0

_KEPT = (
    "name_localizations",
    "description_localizations",
    "options",
    "default_member_permissions",
    "nsfw",
    "contexts",
    "integration_types",
    "dm_permission",
)


async def listed(call: Call) -> Answer:
    """GET all commands of the scope; without ``with_localizations`` the localisations are left out."""
    commands, _ = _scope(call)
    if call.query.get("with_localizations") in {"1", "true"}:
        return commands
    return [{k: v for k, v in command.items() if not k.endswith("_localizations")} for command in commands]


async def overwrite(call: Call) -> Answer:
    """PUT all commands of the scope at once."""
    if not isinstance(call.body, list):
        problem = {"code": "LIST_TYPE_CONVERT", "message": "Only iterables may be used in a ListType"}
        raise ApiError(400, INVALID_FORM, errors={"_errors": [problem]})
    commands, guild = _scope(call)
    check_commands(call.body)
    made = [_made(call.core, command, commands, guild) for command in call.body]
    _count_creates(call.core, guild, made, commands)
    commands[:] = made
    call.core.touch()
    return commands


async def create(call: Call) -> Answer:
    """POST one command; the same type and name replaces the old one."""
    commands, guild = _scope(call)
    body = call.json
    others = [c for c in commands if (c["type"], c["name"]) != (body.get("type", CHAT_INPUT), body.get("name"))]
    _check_one(body, others)
    command = _made(call.core, body, commands, guild)
    _count_creates(call.core, guild, [command], commands)
    commands[:] = [*others, command]
    return command


async def read(call: Call) -> Answer:
    """GET one command."""
    return _one(call)[1]


async def edit(call: Call) -> Answer:
    """PATCH one command."""
    commands, command = _one(call)
    others = [c for c in commands if c is not command]
    _check_one({**command, **call.json}, others)
    command.update(call.json)
    command["version"] = str(call.core.world.new_id())
    return command


async def delete(call: Call) -> Answer:
    """DELETE one command."""
    commands, command = _one(call)
    commands.remove(command)
    return None


_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    (method, base + tail): endpoint
    for base in (_GLOBAL, _GUILD)
    for method, tail, endpoint in (
        ("GET", "", listed),
        ("PUT", "", overwrite),
        ("POST", "", create),
        ("GET", "/{command_id}", read),
        ("PATCH", "/{command_id}", edit),
        ("DELETE", "/{command_id}", delete),
    )
}


def _scope(call: Call) -> tuple[list[Json], GuildRecord | None]:
    core = call.core
    if call.id("application_id") != core.world.application_id:
        raise not_found(UNKNOWN_APPLICATION)
    if "guild_id" not in call.ids:
        return core.world.commands, None
    guild = core.world.guilds.get(call.id("guild_id"))
    if guild is None or not guild.has_bot:
        raise missing_access()
    return guild.commands, guild


def _one(call: Call) -> tuple[list[Json], Json]:
    commands, _ = _scope(call)
    wanted = str(call.id("command_id"))
    for command in commands:
        if command["id"] == wanted:
            return commands, command
    raise not_found(UNKNOWN_COMMAND)


def _check_one(command: Json, others: list[Json]) -> None:
    try:
        check_commands([command, *others])
    except ApiError as error:
        # One command's errors are not put under a list index.
        errors = (error.errors or {}).get("0", error.errors)
        raise ApiError(error.status, error.code, error.text, errors) from None


def _made(core: Core, body: Json, known: list[Json], guild: GuildRecord | None) -> Json:
    kind = body.get("type", CHAT_INPUT)
    old = next((c for c in known if (c["type"], c["name"]) == (kind, body["name"])), None)
    command: dict[str, Any] = {
        "id": old["id"] if old else str(core.world.new_id()),
        "application_id": str(core.world.application_id),
        "version": str(core.world.new_id()),
        "type": kind,
        "name": body["name"],
        "description": body.get("description") or "",
        "default_member_permissions": None,
        "nsfw": False,
    }
    command |= {key: body[key] for key in _KEPT if body.get(key) is not None}
    if command["default_member_permissions"] is not None:
        command["default_member_permissions"] = str(command["default_member_permissions"])
    if guild is not None:
        command["guild_id"] = str(guild.id)
    return command


def _count_creates(core: Core, guild: GuildRecord | None, made: list[Json], known: list[Json]) -> None:
    new = sum(command["id"] not in {c["id"] for c in known} for command in made)
    counted = guild if guild is not None else core.world
    if counted.command_creates + new > DAILY_CREATES:
        # Discord answers with a 429 whose wait lasts until the day is over.
        raise ApiError(429, MAX_COMMAND_CREATES, retry_after=CREATES_WAIT)
    counted.command_creates += new
