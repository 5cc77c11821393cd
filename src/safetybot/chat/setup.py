"""Set-up step by step: language, alert channel, region, what is done about each concern, and how to go on.

Lives here: the steps. Does not live here: the settings that they change (`communities/settings.py`), what the platform
looks at (`Board.findings`). Everything begins in shadow, so that nobody is written to before somebody has decided it;
a community that has decided already is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Choice, Field, FormToFill, Menu, Weight
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option, OptionKind
from safetybot.chat.filters import filter_button
from safetybot.chat.names import concern_name
from safetybot.chat.policy_screens import in_force, put
from safetybot.chat.refusals import Missing, refusal
from safetybot.chat.screens import SETUP, STATUS, TRY, back, form, number_in, paged, phrase_line, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.setting_words import mode_name
from safetybot.chat.status import findings
from safetybot.chat.text import Form, Line, bold, bullet, channel_span, line, text
from safetybot.communities.access import Right, require
from safetybot.communities.errors import ChangedMeanwhile
from safetybot.model import Concern, Mode
from safetybot.translation import marked

_LANGUAGE, _ALERTS, _REGION, _MODES, _DONE = "setup.lang", "setup.where", "setup.land", "setup.modes", "setup.end"
_CHOOSE_LANGUAGE, _CHOOSE_ALERTS, _CHOOSE_REGION, _CHOOSE_MODE = "setup.l", "setup.w", "setup.r", "setup.m"
_ASK_ALERTS, _TYPED_ALERTS = "setup.ask", "setup.typed"
_NONE, _HERE, _ADMINS, _BOTH = "none", "here", "admins", "both"
_PRIVATE = frozenset({"telegram"})
"""Platforms on which alerts can go to admins in private."""
_REGIONS_PER_PAGE = 18
_NAMES = {
    "ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский",
    "tr": "Türkçe", "uk": "Українська", "zh": "中文",
}  # fmt: skip
"""Languages as they call themselves."""


async def _setup_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    given = {
        "language": str(arguments.get("language", "")).strip().lower(),
        "alert_channel": str(arguments.get("alerts", "")).strip(),
        "region": str(arguments.get("region", "")).strip().upper(),
    }
    if not any(given.values()):
        return _start(caller)
    done = await _begin_in_shadow(services, caller)
    for key, value in given.items():
        if value:
            done += await _put(services, caller, key, caller.place.channel if value == _HERE else value)
    return await _modes(services, caller, done)


async def _complete(services: Services, caller: Caller, option: str, typed: str) -> Sequence[str]:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    if option == "language":
        return [one for one in services.library.languages if one.startswith(typed.strip().lower())]
    return [one for one in sorted(services.library.files.regions.regions) if one.startswith(typed.strip().upper())]


COMMANDS = (
    Command(
        ("setup",), marked("Set me up step by step; everything begins in shadow"), _setup_command,
        Right.CHANGE_POLICY,
        (
            Option("alerts", marked("Where moderators are told; here is this channel"), OptionKind.CHANNEL),
            Option("language", marked("Answer in this language, whatever the message's"), completes=True),
            Option("region", marked("Whose emergency number replies name, such as AT"), completes=True),
        ),
        _complete,
    ),
)  # fmt: skip


# --- steps ------------------------------------------------------------------------------------------------


def _start(caller: Caller) -> Answer:
    say = caller.texts.say
    lines = [
        line(bold(say("Set up in four steps"))),
        line(say("Language, alert channel, region, and what is done about each concern.")),
        line(say("Everything begins in shadow: I decide and log, and send nothing, until you choose otherwise.")),
        line(say("Every choice can be changed or taken back later.")),
    ]
    return screen(text(lines), [Button(say("Begin"), Action(_LANGUAGE), Weight.MAIN)], [back(caller.texts)])


async def _language(services: Services, caller: Caller, done: Sequence[Line] = ()) -> Answer:
    said = caller.texts
    version = str((await in_force(services, caller))["language"].version)
    own = Choice(said.say("The message's own"), Action(_CHOOSE_LANGUAGE, (_NONE, version)))
    choices = tuple(
        Choice(_NAMES.get(one, one), Action(_CHOOSE_LANGUAGE, (one, version))) for one in services.library.languages
    )
    lines = [
        *_headed(done), line(bold(said.say("1 of 4: language"))),
        line(said.say("In which language shall I answer?")),
    ]  # fmt: skip
    menu = Menu(said.say("Choose a language"), (own, *choices)[:25])
    return screen(text(lines), [_skip(caller, _ALERTS), back(said)], menu=menu)


async def _alerts(services: Services, caller: Caller, done: Sequence[Line] = ()) -> Answer:
    said, holds = caller.texts, (await in_force(services, caller))["alert_channel"]
    version = str(holds.version)
    lines = [
        *_headed(done), line(bold(said.say("2 of 4: alert channel"))),
        line(said.say("Where shall I tell moderators? Choose a channel that only they can read.")),
    ]  # fmt: skip
    if holds.value is not None:
        lines.append(phrase_line(said, marked("Now it is {channel}."), channel=channel_span(holds.text)))
    buttons = [Button(said.say("Here"), Action(_CHOOSE_ALERTS, (_HERE, version)), Weight.MAIN)]
    if caller.place.platform in _PRIVATE:
        buttons.append(Button(said.say("Admins, in private"), Action(_CHOOSE_ALERTS, (_ADMINS, version))))
    buttons.append(Button(said.say("Another channel"), Action(_ASK_ALERTS, (version,))))
    return screen(text(lines), buttons, [back(said, _LANGUAGE), _skip(caller, _REGION), back(said)])


async def _region(services: Services, caller: Caller, number: int, done: Sequence[Line] = ()) -> Answer:
    said = caller.texts
    version = str((await in_force(services, caller))["region"].version)
    regions = sorted(services.library.files.regions.regions.items())
    page = paged(said, regions, number, _REGIONS_PER_PAGE, _REGION)
    anywhere = Choice(said.say("Everywhere"), Action(_CHOOSE_REGION, (_NONE, version)))
    choices = [
        Choice(region, Action(_CHOOSE_REGION, (region, version)), ", ".join(numbers)) for region, numbers in page.items
    ]
    lines = [
        *_headed(done), line(bold(said.say("3 of 4: region"))),
        line(said.say("Whose emergency number shall replies name? Countries stand here by their code.")),
    ]  # fmt: skip
    if page.says:
        lines.append(line(page.says))
    menu = Menu(said.say("Choose a country"), (anywhere, *choices))
    return screen(
        text(lines), page.buttons, [back(said, _ALERTS), _skip(caller, _MODES), back(said)], menu=menu
    )  # fmt: skip


async def _modes(services: Services, caller: Caller, done: Sequence[Line] = ()) -> Answer:
    said, found = caller.texts, await in_force(services, caller)
    lines = [*_headed(done), line(bold(said.say("4 of 4: what is done")))]
    rows: list[list[Button]] = []
    for concern in reversed(Concern):
        holds, name = found[f"{concern.label}.mode"], concern_name(said, concern)
        lines.append(bullet(f"{name} · ", bold(mode_name(said, holds.value))))
        rows.append(
            [
                Button(
                    said.say("{concern}: {mode}", concern=name, mode=mode_name(said, mode)),
                    Action(_CHOOSE_MODE, (concern.label, _carried(mode), str(holds.version))),
                )
                for mode in (Mode.SHADOW, Mode.ALERT, Mode.REPLY_ALERT)
                if mode is not holds.value
            ]
        )
    lines.append(line(said.say("In shadow nothing is sent. A tap changes it; the settings know more ways.")))
    finish = Button(said.say("Finish"), Action(_DONE), Weight.MAIN)
    return screen(text(lines), *rows, [back(said, _REGION), finish, back(said)])


async def _finish(services: Services, caller: Caller) -> Answer:
    said, found = caller.texts, await in_force(services, caller)
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    modes = [found[f"{concern.label}.mode"].value for concern in Concern]
    lines = [line(bold(said.say("That is all. From now on:")))]
    if all(mode in (Mode.SHADOW, Mode.OFF) for mode in modes):
        lines.append(bullet(said.say("I read, decide and log, and send nothing. Look at the figures in a few days.")))
    if any(mode.replies for mode in modes):
        lines.append(bullet(said.say("Whoever writes about it gets one short reply with sources.")))
    if any(mode.alerts for mode in modes):
        where_to = found["alert_channel"].value
        lines.append(
            bullet(said.say("Alerts wait in the review queue, as no alert channel is chosen."))
            if where_to is None
            else phrase_line(
                said, marked("Moderators are told in {channel}."), form=Form.BULLET, channel=channel_span(where_to)
            )
        )
    lines.append(bullet(said.say("Try a message to see what I would do with it; nothing is sent or kept.")))
    lines.append(bullet(said.say("The same settings can be changed at any time under Settings.")))
    lines += [Line(), *await findings(services, caller)]
    buttons = [
        Button(said.say("Try a message"), Action(TRY), Weight.MAIN),
        *filter_button(services, caller),
        Button(said.say("Status"), Action(STATUS)),
        back(said),
    ]
    return screen(text(lines), buttons)


async def _begin_in_shadow(services: Services, caller: Caller) -> list[Line]:
    """Put every concern into shadow about which nobody here has ever decided; what that changed."""
    found = await in_force(services, caller)
    done: list[Line] = []
    for concern in Concern:
        holds = found[f"{concern.label}.mode"]
        if holds.version == 0:
            done += await _put(services, caller, holds.key, Mode.SHADOW.value, expected=0)
    if not done:
        return []
    return [line(caller.texts.say("Every concern that nobody had decided about is in shadow now."))]


async def _choose(services: Services, caller: Caller, key: str, value: object, expected: int) -> list[Line]:
    """Set a setting that was chosen in a step; what is so already needs no new version and no words."""
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    if (await in_force(services, caller))[key].value == value:
        return []
    return await _put(services, caller, key, value, expected=expected)


async def _put(
    services: Services, caller: Caller, key: str, value: object, *, expected: int | None = None
) -> list[Line]:
    """Set a setting; what that changed, or that somebody was faster."""
    seen = (await in_force(services, caller))[key].version if expected is None else expected
    try:
        return [await put(services, caller, key, value, expected=seen)]
    except ChangedMeanwhile as error:
        return list(refusal(caller.texts, error).lines)


def _headed(done: Sequence[Line]) -> tuple[Line, ...]:
    return (*done, Line()) if done else ()


def _skip(caller: Caller, to: str) -> Button:
    return Button(caller.texts.say("Leave it as it is"), Action(to))


def _carried(mode: Mode) -> str:
    return _BOTH if mode is Mode.REPLY_ALERT else mode.value


# --- buttons ----------------------------------------------------------------------------------------------


async def _started(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    return _start(caller)


async def _begun(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    return await _language(services, caller, await _begin_in_shadow(services, caller))


async def _language_chosen(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    value, version = arguments
    chosen = None if value == _NONE else value
    return await _alerts(services, caller, await _choose(services, caller, "language", chosen, int(version)))


async def _alerts_step(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    return await _alerts(services, caller)


async def _alerts_chosen(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    value, version = arguments
    channel = caller.place.channel if value == _HERE else value
    done = await _choose(services, caller, "alert_channel", channel, int(version))
    return await _region(services, caller, 0, done)


async def _ask_alerts(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    say = caller.texts.say
    field = Field("channel", say("Its id"), most=80, hint=say("The number by which the platform knows it"))
    return form(FormToFill(say("Alert channel"), Action(_TYPED_ALERTS, arguments), (field,)))


async def _alerts_typed(services: Services, caller: Caller, arguments: tuple[str, ...], values: FormValues) -> Answer:
    channel = values.get("channel", "").strip()
    if not channel:
        raise Missing("channel", "123456")
    done = await _choose(services, caller, "alert_channel", channel, int(arguments[0]))
    return await _region(services, caller, 0, done)


async def _region_step(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    return await _region(services, caller, number_in(arguments, 0))


async def _region_chosen(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    value, version = arguments
    chosen = None if value == _NONE else value
    done = await _choose(services, caller, "region", chosen, int(version))
    return await _modes(services, caller, done)


async def _modes_step(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    return await _modes(services, caller)


async def _mode_chosen(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    label, carried, version = arguments
    mode = Mode.REPLY_ALERT if carried == _BOTH else Mode(carried)
    done = await _put(services, caller, f"{label}.mode", mode.value, expected=int(version))
    return await _modes(services, caller, done)


async def _finished(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return await _finish(services, caller)


HANDLERS: dict[str, ActionHandler] = {
    SETUP: _started,
    _LANGUAGE: _begun,
    _CHOOSE_LANGUAGE: _language_chosen,
    _ALERTS: _alerts_step,
    _CHOOSE_ALERTS: _alerts_chosen,
    _ASK_ALERTS: _ask_alerts,
    _TYPED_ALERTS: _alerts_typed,
    _REGION: _region_step,
    _CHOOSE_REGION: _region_chosen,
    _MODES: _modes_step,
    _CHOOSE_MODE: _mode_chosen,
    _DONE: _finished,
}
