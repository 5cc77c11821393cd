"""A platform's own word filter, where it stands in for reading messages: what it looks for, switching it on and off.

Lives here: this screen. Does not live here: which words a filter gets and how it is kept in step (the platform's
adapter). Discord's AutoMod is the one there is.
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.commands import ActionHandler, Caller
from safetybot.chat.platform_filter import Filtering
from safetybot.chat.screens import SETUP, back, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, bold, bullet, line, text
from safetybot.communities.access import Right, require
from safetybot.ports import PlatformError
from safetybot.translation import Texts, marked

FILTER = "filter"
_ON, _OFF = "filter.on", "filter.off"


def filter_button(services: Services, caller: Caller) -> tuple[Button, ...]:
    """The way to this screen, where the caller's platform has a filter that stands in for reading."""
    if caller.place.platform not in services.filters:
        return ()
    return (Button(caller.texts.say(marked("Word filter")), Action(FILTER)),)


async def _show(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.SEE_POLICY, *where(caller))
    return await _screen(services, caller)


async def _on(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    say = caller.texts.say
    if (await services.store.policy(caller.place)).alert_channel is None:
        return await _screen(services, caller, (say(marked("First choose an alert channel: finds are told there.")),))
    try:
        found = await services.filters[caller.place.platform].bring(caller.place.community)
    except (PlatformError, KeyError) as error:
        return await _screen(services, caller, (_not_done(caller.texts, error),))
    return _shown(caller, found, (say(marked("Done. The filter is in step with your keywords, and I keep it so.")),))


async def _off(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.CHANGE_POLICY, *where(caller))
    say = caller.texts.say
    try:
        await services.filters[caller.place.platform].remove(caller.place.community)
    except (PlatformError, KeyError) as error:
        return await _screen(services, caller, (_not_done(caller.texts, error),))
    return await _screen(services, caller, (say(marked("Done. The rules I made are deleted; yours stand.")),))


HANDLERS: dict[str, ActionHandler] = {FILTER: _show, _ON: _on, _OFF: _off}


async def _screen(services: Services, caller: Caller, done: tuple[str, ...] = ()) -> Answer:
    said = caller.texts
    one = services.filters.get(caller.place.platform)
    if one is None:
        return screen(
            text(*done, said.say(marked("There is no word filter here: I read the messages themselves."))),
            [back(said, SETUP)],
        )  # fmt: skip
    try:
        found = await one.look(caller.place.community)
    except PlatformError as error:
        return screen(text(*done, _not_done(said, error)), [back(said, SETUP), back(said)])
    return _shown(caller, found, done)


def _shown(caller: Caller, found: Filtering, done: tuple[str, ...]) -> Answer:
    said = caller.texts
    lines: list[Line] = [line(one) for one in done] + ([Line()] if done else [])
    lines += [
        line(bold(said.say(marked("Word filter")))),
        line(
            said.say(
                marked(
                    "I may not read messages here, so Discord's AutoMod looks for words and tells me. I then see the "
                    "word, not what is written around it. Nothing is blocked."
                )
            )
        ),
    ]
    if found.rules:
        lines.append(
            bullet(
                said.many("{number} rule of mine stands.", "{number} rules of mine stand.", found.rules),
                " ",
                said.many("It looks for {number} word.", "They look for {number} words.", found.words),
            )
        )
    else:
        lines.append(bullet(said.say(marked("None of my rules stands here: nothing is found."))))
    if found.rules and not found.in_step:
        lines.append(bullet(said.say(marked("They are not in step with your keywords."))))
    if found.left_out:
        lines.append(
            bullet(
                said.many(
                    "{number} word finds no room or cannot be looked for.",
                    "{number} words find no room or cannot be looked for.",
                    found.left_out,
                )
            )
        )
    if found.switched_off:
        lines.append(
            bullet(
                said.many(
                    "{number} of them is switched off in the server's settings.",
                    "{number} of them are switched off in the server's settings.",
                    found.switched_off,
                )
            )
        )
    label = said.say(marked("Bring into step")) if found.rules else said.say(marked("Make the rules"))
    buttons = [] if found.rules and found.in_step else [Button(label, Action(_ON), Weight.MAIN)]
    if found.rules:
        buttons.append(Button(said.say(marked("Delete my rules")), Action(_OFF), Weight.DANGER))
    return screen(text(lines), buttons, [back(said, SETUP), back(said)])


def _not_done(said: Texts, error: Exception) -> str:
    return said.say(marked("That did not work: {reason}."), reason=str(error).rstrip("."))
