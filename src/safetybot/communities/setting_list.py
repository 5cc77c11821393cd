"""Every setting that a community or a channel may decide: what it means, what it may hold, how people write it.

Lives here: the list, with each setting's type, example and limits; checking and reading values. Does not live here:
who may change one and where its value comes from (`settings.py`), and how versions are kept (the store).

A setting stands here only if something reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from safetybot.communities.errors import CommunityError
from safetybot.config import Confidence, Duration, written
from safetybot.model import Concern, Mode

COMMUNITY = ""
"""The `channel` of a setting that holds for the whole community."""
_SHORTEST = timedelta(hours=1)


def _hour_or_more(value: timedelta) -> timedelta:
    if value < _SHORTEST:
        raise ValueError("it is shorter than 1h")
    return value


_Keep = Annotated[Duration, AfterValidator(_hour_or_more)]
_Truth = Annotated[bool, Field(strict=True)]
_Id = Annotated[str, Field(min_length=1, max_length=80)]
_Ids = Annotated[list[_Id], Field(max_length=500)]
_Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
_Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
_Number = Annotated[str, Field(min_length=1, max_length=80)]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, described."""

    key: str
    meaning: str
    kind: str
    """Its type in a word or two."""
    limits: str
    """What it may hold, in words."""
    example: str
    """As people write it."""
    adapter: TypeAdapter[Any]
    per_channel: bool = True
    """Whether a channel may have a value of its own."""


class UnknownSetting(CommunityError):
    """There is no setting of that name."""

    def __init__(self, key: str) -> None:
        """Keep the name."""
        super().__init__(f"there is no setting `{key}`; there are {', '.join(sorted(SETTINGS))}")
        self.key = key


class UnusableValue(CommunityError):
    """A setting cannot hold that value."""

    def __init__(self, key: str, value: object, reason: str) -> None:
        """Keep all three."""
        super().__init__(f"`{key}` cannot be {value!r}: {reason}")
        self.key, self.value, self.reason = key, value, reason


def setting(key: str) -> Setting:
    """The setting named `key`. Raises `UnknownSetting`."""
    try:
        return SETTINGS[key]
    except KeyError:
        raise UnknownSetting(key) from None


def stored(key: str, value: object) -> Any:
    """`value` in the form in which it is kept; None (inherited) stays. Raises `UnknownSetting`, `UnusableValue`."""
    adapter = setting(key).adapter
    if value is None:
        return None
    try:
        return adapter.dump_python(adapter.validate_python(value), mode="json")
    except ValidationError as error:
        found = error.errors()[0]
        where = f"at place {found['loc'][0] + 1}: " if found["loc"] and isinstance(found["loc"][0], int) else ""
        raise UnusableValue(key, value, f"{where}{found['msg']}; {setting(key).limits}") from error


def read(key: str, kept: object) -> Any:
    """A kept value as the program uses it. Raises `UnknownSetting`, `UnusableValue`."""
    try:
        return setting(key).adapter.validate_python(kept)
    except ValidationError as error:
        raise UnusableValue(key, kept, error.errors()[0]["msg"]) from error


def from_text(key: str, text: str) -> object:
    """What somebody typed as a value for `stored`: lists with commas, `on` and `off`, numbers. Raises as `stored`."""
    kind = setting(key).kind
    if kind == "list of ids":
        return [] if text.strip() == "none" else [part.strip() for part in text.split(",") if part.strip()]
    if kind == "on or off":
        words = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
        if text.lower() not in words:
            raise UnusableValue(key, text, "write on or off")
        return words[text.lower()]
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            raise UnusableValue(key, text, f"it is no number; {setting(key).limits}") from None
    return text


def to_text(value: object) -> str:
    """A value, kept or in use, as people write it: what `from_text` reads. Nothing is `none`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, timedelta):
        return written(value)
    if isinstance(value, list | frozenset):
        return ", ".join(sorted(map(str, value))) or "none"
    return str(value)


def _of_concern(concern: Concern) -> list[Setting]:
    name = concern.label
    never = " An emergency is never held back by the channel's." if concern is Concern.ADVERSE else ""
    return [
        Setting(
            f"{name}.mode", f"What is done about {name}.", "mode",
            "off, shadow (log only), alert (moderators only), reply, reply+alert", "shadow", TypeAdapter(Mode),
        ),
        Setting(
            f"{name}.channel_cooldown", f"At most one reply about {name} per channel in this time.{never}", "duration",
            "a number and a unit, up to 3650d; 0s for none", "10m", TypeAdapter(Duration),
        ),
        Setting(
            f"{name}.author_cooldown", f"At most one reply about {name} per member in this time.", "duration",
            "a number and a unit, up to 3650d; 0s for none", "12h", TypeAdapter(Duration),
        ),
        Setting(
            f"{name}.min_confidence", f"Act on {name} only from this confidence on.", "number",
            "0 (always) to 1 (only when certain)", "0.6", TypeAdapter(Confidence),
        ),
    ]  # fmt: skip


SETTINGS: Mapping[str, Setting] = {
    one.key: one
    for one in (
        *(part for concern in Concern for part in _of_concern(concern)),
        Setting(
            "exempt_channels", "Channels and threads in which the bot neither acts nor logs.", "list of ids",
            "ids of up to 500 channels, with commas between", "123, 456", TypeAdapter(_Ids), per_channel=False,
        ),
        Setting(
            "exempt_roles", "Members with one of these roles are neither answered nor logged.", "list of ids",
            "ids of up to 500 roles, with commas between", "789", TypeAdapter(_Ids),
        ),
        Setting(
            "shadow_rules", "Rules that are only watched: what rests on nothing else is logged, and nothing is sent. "
            "`review precision` and `review rates` name rules and tell how they fare.", "list of ids",
            "names of up to 500 rules, with commas between", "all-words-together, lay-hands", TypeAdapter(_Ids),
        ),
        Setting(
            "language", "Answer in this language, whatever the message's; none: in the message's own.", "language",
            "two or three small letters", "de", TypeAdapter(_Language),
        ),
        Setting(
            "region", "Whose emergency number replies name; none: the line that fits everywhere.", "region",
            "an ISO 3166 code, two capital letters", "AT", TypeAdapter(_Region),
        ),
        Setting(
            "emergency_number", "An emergency line of your own; wins over the region.", "text",
            "1 to 80 characters", "112", TypeAdapter(_Number),
        ),
        Setting(
            "excerpts", "Whether an encrypted excerpt of each message is kept for reviewers. Switching it off keeps "
            "those that there are until they expire; `privacy excerpts off` deletes them too.", "on or off",
            "on or off", "off", TypeAdapter(_Truth),
        ),
        Setting(
            "alert_channel", "Where moderators are told; none: nowhere, alerts wait in the review queue.", "channel",
            "the id of a channel, a group, or `admins` for private messages where the platform has them", "456",
            TypeAdapter(_Id), per_channel=False,
        ),
        Setting(
            "retention", "How long interactions are kept.", "duration",
            "1h or more, at most what the operator keeps", "30d", TypeAdapter(_Keep), per_channel=False,
        ),
        Setting(
            "excerpt_retention", "How long excerpts are kept.", "duration",
            "1h or more, at most what the operator keeps", "7d", TypeAdapter(_Keep), per_channel=False,
        ),
    )
}  # fmt: skip
"""Every setting by its key, in the order in which they are told."""
