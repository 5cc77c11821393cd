"""Settings in the chat: what is done about each concern, one setting, its history; changed with a tap or a form.

Lives here: these screens and forms. Does not live here: the commands that lead to them (`policy_commands.py`), what a
setting holds and who may change it (`communities/settings.py`), their words (`setting_words.py`), who is left alone
(`exempt.py`).

Each button carries the version that its presser saw, so that nobody overwrites what somebody else has just decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Choice, Field, FormToFill, Menu, Weight
from safetybot.chat.commands import ActionHandler, Caller
from safetybot.chat.names import concern_name
from safetybot.chat.refusals import Missing, refusal
from safetybot.chat.screens import (
    EXEMPT,
    POLICY,
    SETUP,
    Paged,
    back,
    form,
    number_in,
    paged,
    phrase_line,
    screen,
    short,
    where,
)
from safetybot.chat.services import FormValues, Services
from safetybot.chat.setting_words import (
    change_sentence,
    concern_of,
    in_force_line,
    mode_name,
    mode_says,
    other_keys,
    setting_name,
    setting_says,
    value_words,
)
from safetybot.chat.text import Line, bold, bullet, channel_span, code, line, text
from safetybot.communities.access import Right, may, require
from safetybot.communities.errors import ChangedMeanwhile
from safetybot.communities.setting_list import COMMUNITY, from_text, setting, to_text
from safetybot.communities.settings import InForce
from safetybot.model import Concern, Mode
from safetybot.translation import Texts, marked

ONE = "set.one"
_CONCERN, _CHANGE, _TYPED, _PUT, _RESET, _UNDO, _PAST, _ALL = (
    "set.of", "set.ask", "set.typed", "set.to", "set.reset", "set.undo", "set.past", "set.all",
)  # fmt: skip
_BOTH = "both"
"""How a button carries `reply+alert`, whose `+` it cannot."""
HERE = "here"
_NONE = "none"
"""How people write that a setting holds nothing; lists read it by themselves."""
_CHANGES_PER_PAGE = 8
_PER_PAGE = 10
_LONG = 300
Newest = dict[str, InForce]


async def in_force(services: Services, caller: Caller, channel: str = COMMUNITY) -> Newest:
    """Every setting as it holds. Raises `Refused`."""
    return {one.key: one for one in await services.policy.effective(caller.actor, *where(caller), channel)}


async def put(
    services: Services, caller: Caller, key: str, value: object, *, expected: int, channel: str = COMMUNITY
) -> Line:
    """Set a setting (None inherits again); what that changed, in a line. Raises as `CommunityPolicy.put`."""
    here = where(caller)
    before = (await services.policy.history(caller.actor, *here, key, channel=channel))[-1:]
    change = await services.policy.put(caller.actor, *here, key, value, channel=channel, expected=expected)
    told = change_sentence(caller.texts, key, before[0].value if before else None, change)
    return line(bold(setting_name(caller.texts, key)), " · ", told)


# --- screens ----------------------------------------------------------------------------------------------


async def overview(services: Services, caller: Caller, done: Sequence[Line] = ()) -> Answer:
    """What is done about each concern, and the way to every setting. Raises `Refused`."""
    said, found = caller.texts, await in_force(services, caller)
    lines = [*done, *([Line()] if done else []), line(bold(said.say("What I do here")))]
    for concern in reversed(Concern):
        mode = found[f"{concern.label}.mode"].value
        lines.append(bullet(f"{concern_name(said, concern)} · ", bold(mode_name(said, mode))))
    lines.append(line(said.say("Choose a concern to change what is done about it.")))
    concerns = [Button(concern_name(said, one), Action(_CONCERN, (one.label,))) for one in reversed(Concern)]
    choices = tuple(_choice(said, found[key]) for key in other_keys())
    rest = [
        Button(said.say("Who is left alone"), Action(EXEMPT)),
        Button(said.say("All settings"), Action(_ALL)),
    ]
    if may(caller.actor, Right.CHANGE_POLICY, *where(caller)):
        rest.append(Button(said.say("Set up step by step"), Action(SETUP)))
    return screen(text(lines), concerns, rest, [back(said)], menu=Menu(said.say("Other settings"), choices))


async def concern_screen(services: Services, caller: Caller, concern: Concern, done: Sequence[Line] = ()) -> Answer:
    """All that holds for one concern. Raises `Refused`."""
    said, found = caller.texts, await in_force(services, caller)
    key = f"{concern.label}.mode"
    own = [one for one in found.values() if concern_of(one.key) is concern]
    lines = [*done, *([Line()] if done else []), line(bold(concern_name(said, concern)))]
    lines += [in_force_line(said, one, whole=False) for one in own]
    buttons: list[Button] = []
    if may(caller.actor, Right.CHANGE_POLICY, *where(caller)):
        lines += [Line(), *(bullet(bold(mode_name(said, mode)), " · ", mode_says(said, mode)) for mode in Mode)]
        buttons = [
            Button(mode_name(said, mode), Action(_PUT, (key, _carried(mode), str(found[key].version))), _weight(mode))
            for mode in Mode
            if mode is not found[key].value
        ]
    choices = tuple(_choice(said, one, whole=False) for one in own)
    menu = Menu(said.say("More about one of these"), choices)
    return screen(text(lines), buttons, [back(said, POLICY), back(said)], menu=menu)


async def setting_screen(
    services: Services, caller: Caller, key: str, done: Sequence[Line] = (), channel: str = COMMUNITY
) -> Answer:
    """One setting: what it means, what it is, how it can be changed. Raises `UnknownSetting`, `Refused`."""
    said = caller.texts
    one = setting(key)
    holds = (await in_force(services, caller, channel))[key]
    lines = [*done, *([Line()] if done else []), line(bold(setting_name(said, key)), " ", code(key))]
    lines.append(line(setting_says(said, key)))
    if channel != COMMUNITY:
        lines.append(phrase_line(said, marked("As it holds in channel {channel}:"), channel=channel_span(channel)))
    lines.append(in_force_line(said, holds))
    lines.append(phrase_line(said, marked("For example: {example}"), example=code(one.example)))
    change: list[Button] = []
    if may(caller.actor, Right.CHANGE_POLICY, *where(caller)):
        version = str(holds.version)
        if one.kind == "on or off":
            wanted = "off" if holds.value else "on"
            label = said.say("Switch on") if wanted == "on" else said.say("Switch off")
            change.append(Button(label, Action(_PUT, (key, wanted, version)), Weight.MAIN))
        elif key.endswith(".mode"):
            change += [
                Button(mode_name(said, mode), Action(_PUT, (key, _carried(mode), version)))
                for mode in Mode
                if mode is not holds.value
            ]
        else:
            change.append(Button(said.say("Change"), Action(_CHANGE, (key, version)), Weight.MAIN))
            if key == "alert_channel" and caller.place.channel != holds.value:
                change.append(Button(said.say("Here"), Action(_PUT, (key, HERE, version))))
    mend = []
    if change and holds.version:
        mend = [
            Button(said.say("By default again"), Action(_RESET, (key, version))),
            Button(said.say("Take back the last change"), Action(_UNDO, (key, version))),
        ]
    concern = concern_of(key)
    home = back(said, _CONCERN, concern.label) if concern else back(said, POLICY)
    return screen(
        text(lines), change, [*mend, Button(said.say("History"), Action(_PAST, (key,)))], [home, back(said)]
    )  # fmt: skip


async def history_screen(services: Services, caller: Caller, key: str, number: int, channel: str = COMMUNITY) -> Answer:
    """Every change of a setting, the newest first. Raises `UnknownSetting`, `Refused`."""
    said = caller.texts
    changes = await services.policy.history(caller.actor, *where(caller), key, channel=channel)
    pairs = list(zip([None, *(change.value for change in changes)], changes, strict=False))[::-1]
    page = paged(said, pairs, number, _CHANGES_PER_PAGE, _PAST, key)
    lines = [phrase_line(said, marked("History of {setting}"), setting=bold(setting_name(said, key)))]
    lines += [bullet(change_sentence(said, key, before, change)) for before, change in page.items]
    if not changes:
        lines.append(line(said.say("It was never changed here.")))
    if page.says:
        lines.append(line(page.says))
    # The pages of a channel's own history are not offered: a button has no room for its id.
    return screen(text(lines), page.buttons if channel == COMMUNITY else (), [back(said, ONE, key), back(said)])


async def all_settings(services: Services, caller: Caller, number: int, channel: str = COMMUNITY) -> Answer:
    """A page of all settings as they hold. Raises `Refused`."""
    said = caller.texts
    found = list((await in_force(services, caller, channel)).values())
    page: Paged[InForce] = paged(said, found, number, _PER_PAGE if channel == COMMUNITY else len(found), _ALL)
    lines = [line(bold(said.say("All settings")))]
    if channel != COMMUNITY:
        lines = [
            phrase_line(said, marked("All settings as they hold in channel {channel}"), channel=channel_span(channel))
        ]
    lines += [in_force_line(said, one) for one in page.items]
    if page.says:
        lines.append(line(page.says))
    choices = tuple(_choice(said, one) for one in page.items[:25])
    menu = Menu(said.say("Choose a setting"), choices) if channel == COMMUNITY else None
    return screen(text(lines), page.buttons, [back(said, POLICY), back(said)], menu=menu)


def _choice(said: Texts, one: InForce, *, whole: bool = True) -> Choice:
    name = short(setting_name(said, one.key, whole=whole), 60)
    return Choice(name, Action(ONE, (one.key,)), short(value_words(said, one.key, one.value), 90))


def _carried(mode: Mode) -> str:
    return _BOTH if mode is Mode.REPLY_ALERT else mode.value


def _weight(mode: Mode) -> Weight:
    return Weight.DANGER if mode is Mode.OFF else Weight.NORMAL


def read_typed(caller: Caller, key: str, typed: str) -> object:
    """What somebody typed, as files hold it; None inherits. Raises `UnusableValue`."""
    value = typed.strip()
    if key == "alert_channel" and value.lower() == HERE:
        return caller.place.channel
    if value.lower() == _NONE and setting(key).kind in ("language", "region", "text", "channel"):
        return None
    return from_text(key, value)


async def set_value(
    services: Services, caller: Caller, key: str, value: object, expected: int, channel: str = COMMUNITY
) -> Answer:
    """Set a setting, and show where it stands; what somebody else changed first is told instead."""
    try:
        done: Sequence[Line] = (await put(services, caller, key, value, expected=expected, channel=channel),)
    except ChangedMeanwhile as error:
        done = refusal(caller.texts, error).lines
    concern = concern_of(key)
    if concern is not None and key.endswith(".mode") and channel == COMMUNITY:
        return await concern_screen(services, caller, concern, done)
    return await setting_screen(services, caller, key, done, channel)


async def take_back(
    services: Services, caller: Caller, key: str, expected: int | None, channel: str = COMMUNITY
) -> Answer:
    """Take the newest change of a setting back, and show where it stands."""
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    before = (await services.policy.history(caller.actor, *where(caller), key, channel=channel))[-1:]
    try:
        change = await services.policy.undo(caller.actor, *where(caller), key, channel=channel, expected=expected)
        told = change_sentence(caller.texts, key, before[0].value if before else None, change)
        done: Sequence[Line] = (line(told),)
    except ChangedMeanwhile as error:
        done = refusal(caller.texts, error).lines
    return await setting_screen(services, caller, key, done, channel)


# --- buttons ----------------------------------------------------------------------------------------------


async def _overview(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return await overview(services, caller)


async def _concern(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await concern_screen(services, caller, Concern[arguments[0].upper()])


async def _one(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await setting_screen(services, caller, arguments[0])


async def _all(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await all_settings(services, caller, number_in(arguments, 0))


async def _past(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await history_screen(services, caller, arguments[0], number_in(arguments, 1))


async def _ask(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    key = arguments[0]
    one, holds = setting(key), (await in_force(services, caller))[key]
    said = caller.texts
    field = Field(
        "value", short(setting_name(said, key, whole=False), 45), most=1_000,
        value=to_text(holds.value) if holds.value not in (None, frozenset()) else "",
        hint=short(said.say("For example: {example}", example=one.example), 100), long=len(one.example) > _LONG,
    )  # fmt: skip
    return form(FormToFill(short(setting_name(said, key), 45), Action(_TYPED, arguments), (field,)))


async def _typed(services: Services, caller: Caller, arguments: tuple[str, ...], values: FormValues) -> Answer:
    key, version = arguments
    if not values.get("value", "").strip():
        raise Missing("value", f"policy set {key} {setting(key).example}")
    return await set_value(services, caller, key, read_typed(caller, key, values["value"]), int(version))


async def _put(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    key, carried, version = arguments
    value = {_BOTH: Mode.REPLY_ALERT.value, HERE: caller.place.channel}.get(carried, carried)
    return await set_value(services, caller, key, from_text(key, value), int(version))


async def _reset(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await set_value(services, caller, arguments[0], None, int(arguments[1]))


async def _undone(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await take_back(services, caller, arguments[0], int(arguments[1]))


HANDLERS: dict[str, ActionHandler] = {
    POLICY: _overview,
    _CONCERN: _concern,
    ONE: _one,
    _ALL: _all,
    _PAST: _past,
    _CHANGE: _ask,
    _TYPED: _typed,
    _PUT: _put,
    _RESET: _reset,
    _UNDO: _undone,
}
