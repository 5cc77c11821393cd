"""Who is left alone: channels in which the bot does nothing, roles whose holders it does not answer.

Lives here: these commands and screens. Does not live here: the settings behind them (`communities/settings.py`).
"""

from __future__ import annotations

from typing import Literal

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Choice, Field, FormToFill, Menu, Weight
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option, OptionKind
from safetybot.chat.policy_commands import channel_given
from safetybot.chat.policy_screens import in_force, put
from safetybot.chat.refusals import Missing, refusal
from safetybot.chat.screens import EXEMPT, POLICY, back, form, number_in, paged, phrase_line, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Form, Line, bold, channel_span, line, role_span, text
from safetybot.communities.access import Right, may, require
from safetybot.communities.errors import ChangedMeanwhile
from safetybot.translation import marked

_ADD, _ADDED, _REMOVE = "exempt.ask", "exempt.add", "exempt.off"
_HERE = "exempt.here"
_PER_PAGE = 15
_ID_CHARS = 80
Key = Literal["exempt_channels", "exempt_roles"]
_SHORT: dict[str, Key] = {"c": "exempt_channels", "r": "exempt_roles"}
_CARRIED = {key: sign for sign, key in _SHORT.items()}
_KINDS = {"exempt_channels": marked("Channel {id}"), "exempt_roles": marked("Role {id}")}
_SPANS = {"exempt_channels": channel_span, "exempt_roles": role_span}


async def exempt_list(services: Services, caller: Caller, number: int, done: tuple[Line, ...] = ()) -> Answer:
    """Who is left alone, a page of it. Raises `Refused`."""
    said, found = caller.texts, await in_force(services, caller)
    entries = [(key, one) for key in _SHORT.values() for one in sorted(found[key].value)]
    page = paged(said, entries, number, _PER_PAGE, EXEMPT)
    lines = [*done, *([Line()] if done else []), line(bold(said.say("Who is left alone")))]
    lines += [phrase_line(said, _KINDS[key], form=Form.BULLET, id=_SPANS[key](one)) for key, one in page.items]
    if not entries:
        lines.append(line(said.say("Nobody: every channel is watched, and every member may be answered.")))
    if page.says:
        lines.append(line(page.says))
    menu, add = None, []
    if may(caller.actor, Right.CHANGE_POLICY, *where(caller)):
        choices = tuple(
            # An id may be longer than a button carries, or hold other signs; then the command is left.
            Choice(said.say(_KINDS[key], id=one), Action(_REMOVE, (_CARRIED[key], str(found[key].version), one)))
            for key, one in page.items
            if _fits(one)
        )
        menu = Menu(said.say("Watch again"), choices) if choices else None
        if caller.place.channel not in found["exempt_channels"].value:
            add.append(
                Button(said.say("Leave this channel alone"), Action(_HERE, (str(found["exempt_channels"].version),)))
            )
        add += [
            Button(said.say("Another channel"), Action(_ADD, ("c",)), Weight.NORMAL),
            Button(said.say("A role"), Action(_ADD, ("r",))),
        ]
    return screen(text(lines), page.buttons, add, [back(said, POLICY), back(said)], menu=menu)


def _fits(one: str) -> bool:
    return len(one) <= 30 and all(char.isascii() and (char.isalnum() or char in "._-") for char in one)


async def _with(
    services: Services, caller: Caller, key: Key, one: str, *, leave: bool, expected: int | None = None
) -> Answer:
    """Leave a channel or role alone, or watch it again; then the list."""
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    said = caller.texts
    holds = (await in_force(services, caller))[key]
    now = sorted(holds.value)
    if (one in now) == leave:
        says = said.say("It is left alone already.") if leave else said.say("It is not left alone.")
        return await exempt_list(services, caller, 0, (line(says),))
    wanted = [*now, one] if leave else [other for other in now if other != one]
    try:
        seen = holds.version if expected is None else expected
        done: tuple[Line, ...] = (await put(services, caller, key, wanted, expected=seen),)
    except ChangedMeanwhile as error:
        done = refusal(said, error).lines
    return await exempt_list(services, caller, 0, done)


async def _list_command(services: Services, caller: Caller, _: Arguments) -> Answer:
    return await exempt_list(services, caller, 0)


async def _channel_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    channel = channel_given(caller, arguments) or caller.place.channel
    return await _with(services, caller, "exempt_channels", channel, leave=True)


async def _role_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    role = str(arguments.get("role", "")).strip()
    if not role:
        return _form(caller, "r")
    return await _with(services, caller, "exempt_roles", role, leave=True)


async def _remove_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    one = str(arguments.get("id", "")).strip()
    if not one:
        asked = caller.texts.say("Which one do you mean? Choose it here, or write its id after the command.")
        return await exempt_list(services, caller, 0, (line(asked),))
    found = await in_force(services, caller)
    key: Key = "exempt_roles" if one in found["exempt_roles"].value else "exempt_channels"
    return await _with(services, caller, key, one, leave=False)


async def _complete(services: Services, caller: Caller, _: str, typed: str) -> list[str]:
    found = await in_force(services, caller)
    return [one for key in _SHORT.values() for one in sorted(found[key].value) if typed.strip() in one]


async def _list(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await exempt_list(services, caller, number_in(arguments, 0))


async def _leave_here(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    channel = caller.place.channel
    return await _with(services, caller, "exempt_channels", channel, leave=True, expected=int(arguments[0]))


async def _ask(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    return _form(caller, arguments[0])


def _form(caller: Caller, sign: str) -> Answer:
    say = caller.texts.say
    title = say("Leave a channel alone") if sign == "c" else say("Leave a role alone")
    field = Field("id", say("Its id"), most=_ID_CHARS, hint=say("The number by which the platform knows it"))
    return form(FormToFill(title, Action(_ADDED, (sign,)), (field,)))


async def _added(services: Services, caller: Caller, arguments: tuple[str, ...], values: FormValues) -> Answer:
    one = values.get("id", "").strip()
    if not one:
        raise Missing("id", "123456")
    return await _with(services, caller, _SHORT[arguments[0]], one, leave=True)


async def _removed(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    sign, version, one = arguments
    return await _with(services, caller, _SHORT[sign], one, leave=False, expected=int(version))


COMMANDS = (
    Command(("exempt", "list"), marked("Which channels and roles are left alone"), _list_command, Right.SEE_POLICY),
    Command(
        ("exempt", "channel"), marked("Neither act nor log in a channel; without one, in this one"),
        _channel_command, Right.CHANGE_POLICY,
        (Option("channel", marked("The channel to leave alone"), OptionKind.CHANNEL),),
    ),
    Command(
        ("exempt", "role"), marked("Neither answer nor log members with a role"), _role_command,
        Right.CHANGE_POLICY, (Option("role", marked("The role to leave alone"), OptionKind.ROLE, required=True),),
    ),
    Command(
        ("exempt", "remove"), marked("Watch a channel or a role again"), _remove_command, Right.CHANGE_POLICY,
        (Option("id", marked("The id of the channel or role"), required=True, completes=True),), _complete,
    ),
)  # fmt: skip
HANDLERS: dict[str, ActionHandler] = {
    EXEMPT: _list,
    _HERE: _leave_here,
    _ADD: _ask,
    _ADDED: _added,
    _REMOVE: _removed,
}
