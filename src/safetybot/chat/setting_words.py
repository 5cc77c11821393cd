"""Settings as people read them in a chat: a short name and a sentence for each, modes, values, changes.

Lives here: words. Does not live here: which settings there are and what they hold (`communities/setting_list.py`).
"""

from __future__ import annotations

from safetybot.chat.names import concern_name
from safetybot.chat.text import Form, Line, Span, channel_span, code, line, role_span
from safetybot.communities.records import Change
from safetybot.communities.setting_list import SETTINGS, to_text
from safetybot.communities.settings import InForce, Origin
from safetybot.model import Concern, Mode
from safetybot.translation import Texts, marked

MODES = {
    Mode.OFF: marked("off"),
    Mode.SHADOW: marked("shadow"),
    Mode.ALERT: marked("alert"),
    Mode.REPLY: marked("reply"),
    Mode.REPLY_ALERT: marked("reply and alert"),
}
_MODE_SAYS = {
    Mode.OFF: marked("nothing is done"),
    Mode.SHADOW: marked("decided and logged, nothing is sent"),
    Mode.ALERT: marked("moderators are told"),
    Mode.REPLY: marked("the member gets a reply"),
    Mode.REPLY_ALERT: marked("the member gets a reply and moderators are told"),
}
_OF_CONCERNS = {
    "mode": (marked("What is done"), marked("What is done about {concern}.")),
    "channel_cooldown": (
        marked("Pause in a channel"),
        marked("At most one reply about {concern} in a channel in this time. An emergency is never held back by it."),
    ),
    "author_cooldown": (
        marked("Pause for a member"),
        marked("At most one reply about {concern} to the same member in this time."),
    ),
    "min_confidence": (
        marked("How sure to be"),
        marked("Act on {concern} only from this confidence on: 0 is always, 1 is only when certain."),
    ),
}
_OTHERS = {
    "exempt_channels": (
        marked("Exempt channels"), marked("Channels and threads in which the bot neither acts nor logs."),
    ),
    "exempt_roles": (
        marked("Exempt roles"), marked("Members with one of these roles are neither answered nor logged."),
    ),
    "shadow_rules": (
        marked("Rules in shadow"),
        marked("Rules that are only watched: what rests on nothing else is logged, and nothing is sent."),
    ),
    "language": (
        marked("Language of replies"), marked("Answer in this language; without one, in the message's own."),
    ),
    "region": (
        marked("Region"), marked("Whose emergency number replies name; without one, the line that fits everywhere."),
    ),
    "emergency_number": (
        marked("Own emergency line"), marked("An emergency line of your own; it wins over the region."),
    ),
    "excerpts": (
        marked("Excerpts"), marked("Whether a short encrypted excerpt of each message is kept for reviewers."),
    ),
    "alert_channel": (
        marked("Alert channel"), marked("Where moderators are told; without one, alerts wait in the review queue."),
    ),
    "retention": (marked("How long the log is kept"), marked("Interactions older than this are deleted.")),
    "excerpt_retention": (marked("How long excerpts are kept"), marked("Excerpts older than this are deleted.")),
}  # fmt: skip
_SPANS = {"alert_channel": channel_span, "exempt_channels": channel_span, "exempt_roles": role_span}
"""Settings that hold ids of the platform."""
_ORIGINS = {
    Origin.DEFAULT: marked("by default"),
    Origin.COMMUNITY: marked("chosen here"),
    Origin.CHANNEL: marked("chosen for this channel"),
}


def mode_name(said: Texts, mode: Mode) -> str:
    """A mode in a word or two."""
    return said.say(MODES[mode])


def mode_says(said: Texts, mode: Mode) -> str:
    """What a mode does."""
    return said.say(_MODE_SAYS[mode])


def concern_of(key: str) -> Concern | None:
    """The concern that a setting is about, None for the others."""
    name, dot, _ = key.partition(".")
    return Concern.from_label(name) if dot else None


def setting_name(said: Texts, key: str, *, whole: bool = True) -> str:
    """A setting's short name; `whole` with its concern."""
    concern = concern_of(key)
    if concern is None:
        return said.say(_OTHERS[key][0])
    name = said.say(_OF_CONCERNS[key.partition(".")[2]][0])
    return said.say("{concern}: {setting}", concern=concern_name(said, concern), setting=name) if whole else name


def setting_says(said: Texts, key: str) -> str:
    """What a setting means."""
    concern = concern_of(key)
    if concern is None:
        return said.say(_OTHERS[key][1])
    return said.say(_OF_CONCERNS[key.partition(".")[2]][1], concern=concern_name(said, concern))


def value_words(said: Texts, key: str, value: object) -> str:
    """A value, kept or in force, as people read it."""
    if value is None or value in ([], frozenset()):
        return said.say("none")
    if key.endswith(".mode"):
        return mode_name(said, Mode(str(value)))
    if isinstance(value, bool):
        return said.say("on") if value else said.say("off")
    return to_text(value)


def origin_words(said: Texts, origin: Origin) -> str:
    """Where a value comes from."""
    return said.say(_ORIGINS[origin])


def in_force_line(said: Texts, one: InForce, *, whole: bool = True) -> Line:
    """A setting with its value and where that comes from."""
    name = Span(said.say("{setting}:", setting=setting_name(said, one.key, whole=whole)))
    origin = said.say("({origin})", origin=origin_words(said, one.origin))
    return line(name, " ", *_value_spans(said, one), " ", origin, form=Form.BULLET)


def _value_spans(said: Texts, one: InForce) -> list[Span]:
    """A value; channels and roles as the platform shows them."""
    if not one.value or one.key not in _SPANS:
        return [code(value_words(said, one.key, one.value))]
    ids = [one.value] if isinstance(one.value, str) else sorted(one.value)
    spans: list[Span] = []
    for number, each in enumerate(ids):
        spans += [Span(" ")] * bool(number) + [_SPANS[one.key](each)]
    return spans


def change_sentence(said: Texts, key: str, before: object, change: Change) -> str:
    """What a change of a setting did: who, when, from what to what."""
    old, new = (
        said.say("inherited") if value is None else value_words(said, key, value) for value in (before, change.value)
    )
    told = {
        "number": change.version, "who": change.by, "when": f"{change.at:%Y-%m-%d %H:%M}", "old": old, "new": new,
    }  # fmt: skip
    if change.undoes is not None:
        return said.say(
            "Version {number}, {when} (UTC), {who}: from {old} to {new}, taking back version {undone}.",
            undone=change.undoes, **told,
        )  # fmt: skip
    return said.say("Version {number}, {when} (UTC), {who}: from {old} to {new}.", **told)


def other_keys() -> tuple[str, ...]:
    """The settings that are about no single concern."""
    return tuple(key for key in SETTINGS if "." not in key)
