"""Turns option values of a test into the data of a command interaction, refusing what Discord's client would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_type

from .core import Core
from .errors import Json
from .payloads import attachment_payload, channel_payload, member_payload, role_payload, user_payload
from .permissions import channel_permissions
from .state import AttachmentRecord, GuildRecord

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
_BY_ID = frozenset({USER, CHANNEL, ROLE, MENTIONABLE})
_RESOLVED = _BY_ID | {ATTACHMENT}


class BadOption(AssertionError):
    """A value that Discord's client would not let a member enter."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a member attaches to a message or gives to a command: its name, its alt text, its bytes."""

    name: str
    description: str | None = None
    data: bytes = b"\x00"

    def uploaded(self, core: Core) -> AttachmentRecord:
        """The attachment that it becomes; the content type follows from the name, as Discord guesses it."""
        return AttachmentRecord(core.world.new_id(), self.name, self.data, guess_type(self.name)[0], self.description)


def with_files(core: Core, values: Mapping[str, object]) -> dict[str, object]:
    """The values with each `File` uploaded and replaced by its attachment."""
    found: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, File):
            upload = value.uploaded(core)
            core.uploads[upload.id] = upload
            found[name] = upload
        else:
            found[name] = value
    return found


def filled(node: Json, values: Mapping[str, object]) -> tuple[list[Json], list[int]]:
    """Option data for a command or sub-command, and the ids to resolve.

    Raises:
        BadOption: an unknown or missing option, a wrong type, length, range or choice.
    """
    known = {option["name"]: option for option in node.get("options") or []}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadOption(f"{node['name']!r} has no option {unknown}; it has {sorted(known)}")
    given, ids = [], []
    for name, option in known.items():
        if values.get(name) is None:
            if option.get("required"):
                raise BadOption(f"{node['name']!r} needs option {name!r}")
            continue
        value = _value(option, values[name])
        given.append({"name": name, "type": option["type"], "value": value})
        if option["type"] in _RESOLVED:
            ids.append(int(str(value)))
    return given, ids


def focused(node: Json, name: str, typed: str, others: Mapping[str, object]) -> tuple[list[Json], int]:
    """Option data while a member types into one option, and that option's type.

    Raises:
        BadOption: no such option, or one without autocomplete.
    """
    known = {option["name"]: option for option in node.get("options") or []}
    if not known.get(name, {}).get("autocomplete"):
        raise BadOption(f"option {name!r} of {node['name']!r} has no autocomplete")
    given = [
        {"name": other, "type": known[other]["type"], "value": _value(known[other], value)}
        for other, value in others.items()
    ]
    kind: int = known[name]["type"]
    # While typing, the value is a string whatever the type.
    return [*given, {"name": name, "type": kind, "value": typed, "focused": True}], kind


def options_of(path: list[Json], given: list[Json]) -> list[Json]:
    """Wraps options into the groups and sub-commands on the way to them."""
    wrapped = given
    for node in reversed(path):
        wrapped = [{"name": node["name"], "type": node["type"], "options": wrapped}]
    return wrapped


def resolved(core: Core, guild: GuildRecord, ids: list[int]) -> Json:
    """The ``resolved`` objects for ids of members, users, roles, channels and attachments."""
    found: Json = {}
    for wanted in ids:
        if wanted in core.uploads:
            # These lie outside of any channel; the emulator serves them under the application's id.
            shown = attachment_payload(core.uploads[wanted], core.world.application_id, core.origin)
            found.setdefault("attachments", {})[str(wanted)] = shown
        if wanted in guild.members:
            member = member_payload(guild.members[wanted], with_user=False)
            found.setdefault("members", {})[str(wanted)] = {**member, "permissions": "0"}
        if wanted in core.world.users:
            found.setdefault("users", {})[str(wanted)] = user_payload(core.world.users[wanted])
        if wanted in guild.roles:
            found.setdefault("roles", {})[str(wanted)] = role_payload(guild.roles[wanted])
        if wanted in guild.channels:
            channel = guild.channels[wanted]
            permissions = str(channel_permissions(guild, channel, guild.members[core.world.bot.id]))
            found.setdefault("channels", {})[str(wanted)] = {**channel_payload(channel), "permissions": permissions}
    return found


def _value(option: Json, value: object) -> object:
    kind, name = option["type"], option["name"]
    if kind in _BY_ID:
        return str(getattr(value, "id", value))
    if kind == ATTACHMENT:
        if not isinstance(value, AttachmentRecord):
            raise BadOption(f"option {name!r} takes a File, not {value!r}")
        return str(value.id)
    wanted: dict[int, tuple[type, ...]] = {STRING: (str,), BOOLEAN: (bool,), INTEGER: (int,), NUMBER: (int, float)}
    if not isinstance(value, wanted[kind]) or (isinstance(value, bool) and kind != BOOLEAN):
        raise BadOption(f"option {name!r} does not take {value!r}")
    choices = option.get("choices")
    if choices:
        # A member picks by name; a test may give either.
        picked = next((c["value"] for c in choices if value in {c["value"], c["name"]}), None)
        if picked is None:
            raise BadOption(f"option {name!r} has no choice {value!r}; it has {[c['name'] for c in choices]}")
        return picked
    _within(option, value)
    return value


def _within(option: Json, value: object) -> None:
    size = len(value) if isinstance(value, str) else value
    low, high = ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    if not isinstance(size, (int, float)):
        return
    if option.get(low) is not None and size < option[low]:
        raise BadOption(f"option {option['name']!r} must not be below {option[low]}")
    most = option.get(high) or (6000 if isinstance(value, str) else None)
    if most is not None and size > most:
        raise BadOption(f"option {option['name']!r} must not be above {most}")
