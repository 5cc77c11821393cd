"""How the bot stands here: what is on, what waits, what happened, what is missing and what does not work without it.

Lives here: this one screen. Does not live here: looking (`Board.findings`), counting (`communities/figures.py`).
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.alerts import QUEUE
from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command
from safetybot.chat.filters import filter_button
from safetybot.chat.names import concern_name
from safetybot.chat.screens import SETUP, STATUS, back, phrase_line, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.setting_words import mode_name, mode_says
from safetybot.chat.text import Form, Line, bold, bullet, channel_span, code, line, text
from safetybot.communities.access import Right, may
from safetybot.communities.figures import MOST_WAITING, Overview
from safetybot.communities.settings import InForce
from safetybot.model import Concern
from safetybot.ports import PlatformError
from safetybot.translation import Texts, marked

_MOST_FINDINGS = 12


async def _status_command(services: Services, caller: Caller, _: Arguments) -> Answer:
    return await status(services, caller)


COMMANDS = (
    Command(("status",), marked("What is on, what waits, and what is missing"), _status_command, Right.SEE_POLICY),
)


async def status(services: Services, caller: Caller) -> Answer:
    """Everything that says how the bot stands in this community. Raises `Refused`."""
    said, actor, here = caller.texts, caller.actor, where(caller)
    in_force = {one.key: one for one in await services.policy.effective(actor, *here)}
    today = await services.figures.overview(actor, *here, days=1)
    jumped = [one for one in await services.rates.of(actor, *here) if one.jumped]
    names = services.words.with_own(await services.own_terms(*here))
    lines = [
        line(bold(said.say("How I stand here"))),
        *(_concern(said, concern, in_force) for concern in reversed(Concern)),
        *_where_and_how(said, caller, in_force),
        Line(),
        *_counts(said, today),
        *(
            phrase_line(
                said, marked("{rule}: {count} in the last day, {usual} a day before."), form=Form.BULLET,
                rule=code(names.rule_name(one.rule)), count=str(one.last_day), usual=f"{one.per_day:.1f}",
            )
            for one in jumped
        ),
        Line(),
        *await findings(services, caller),
    ]  # fmt: skip
    buttons = [Button(said.say("Look again"), Action(STATUS))]
    if today.waiting and may(actor, Right.REVIEW, *here):
        buttons.append(Button(said.say("Open the review queue"), Action(QUEUE), Weight.MAIN))
    if may(actor, Right.CHANGE_POLICY, *here):
        buttons += [Button(said.say("Set up step by step"), Action(SETUP)), *filter_button(services, caller)]
    return screen(text(lines), buttons, [back(said)])


async def findings(services: Services, caller: Caller) -> tuple[Line, ...]:
    """What the platform looked at; what is missing comes first. One sentence where all is well."""
    said = caller.texts
    board = services.boards.get(caller.place.platform)
    if board is None:
        return ()
    try:
        found = await board.findings(caller.place.community, caller.language)
    except PlatformError as error:
        return (line(said.say("I could not look at my rights here just now: {reason}.", reason=str(error))),)
    missing = [one for one in found if not one.well]
    if not missing:
        return (line(said.say("I have every right here that I need.")),)
    lines = [line(bold(said.say("What is missing")))]
    lines += [bullet("⚠ ", one.says) for one in missing[:_MOST_FINDINGS]]
    if len(missing) > _MOST_FINDINGS:
        lines.append(line(said.many("and {number} more", "and {number} more", len(missing) - _MOST_FINDINGS)))
    return tuple(lines)


def _concern(said: Texts, concern: Concern, in_force: dict[str, InForce]) -> Line:
    mode = in_force[f"{concern.label}.mode"].value
    return phrase_line(
        said, marked("{concern}: {mode} ({meaning})"), form=Form.BULLET,
        concern=concern_name(said, concern), mode=bold(mode_name(said, mode)), meaning=mode_says(said, mode),
    )  # fmt: skip


def _where_and_how(said: Texts, caller: Caller, in_force: dict[str, InForce]) -> list[Line]:
    channel, language = in_force["alert_channel"].value, in_force["language"].value
    if channel is None:
        alerts = bullet("⚠ ", said.say("No alert channel is chosen: alerts wait in the review queue alone."))
    elif channel == caller.place.channel:
        alerts = bullet(said.say("Alerts come here."))
    else:
        alerts = phrase_line(said, marked("Alerts go to {channel}."), form=Form.BULLET, channel=channel_span(channel))
    replies = (
        bullet(said.say("Replies are in the message's own language."))
        if language is None
        else phrase_line(said, marked("Replies are in {language}."), form=Form.BULLET, language=code(language))
    )
    exempt = len(in_force["exempt_channels"].value) + len(in_force["exempt_roles"].value)
    left_alone = said.many(
        "{number} channel or role is left alone.", "{number} channels and roles are left alone.", exempt
    )
    return [alerts, replies, *([bullet(left_alone)] if exempt else [])]


def _counts(said: Texts, today: Overview) -> list[Line]:
    interactions = said.many(
        "Today (UTC): {number} message of concern.", "Today (UTC): {number} messages of concern.", today.interactions
    )
    replies = said.many("{number} reply was sent.", "{number} replies were sent.", today.replies)
    if today.waiting >= MOST_WAITING:
        waiting = said.say("{number} or more wait for a moderator's word.", number=MOST_WAITING)
    elif today.waiting:
        waiting = said.many(
            "{number} waits for a moderator's word.", "{number} wait for a moderator's word.", today.waiting
        )
    else:
        waiting = said.say("Nothing waits for a moderator's word.")
    return [line(interactions, " ", replies), line(waiting)]


async def _status(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return await status(services, caller)


HANDLERS: dict[str, ActionHandler] = {STATUS: _status}
