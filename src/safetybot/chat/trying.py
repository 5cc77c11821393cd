"""Trying a message in the chat, and checking one that stands there: the whole answer on one screen.

Lives here: how a trial is shown. Does not live here: the trial itself (`communities/trying.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.chat.actions import Action
from safetybot.chat.alerts import found_words
from safetybot.chat.answers import Answer, Button, Field, FormToFill, Weight
from safetybot.chat.cards import reply_buttons
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option, told
from safetybot.chat.finding_words import near_miss_reason, rule_sentence
from safetybot.chat.names import about, reason_words
from safetybot.chat.screens import TRY, back, form, phrase_line, screen, short, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Form, Line, bold, bullet, code, line, quote, text
from safetybot.communities.access import Right, require
from safetybot.communities.trying import Trial
from safetybot.model import Decision
from safetybot.translation import Texts, marked

_TRIED = "try.text"
_MOST = 3
"""Rules shown of each kind, so that all fits one message."""
_CHARS = 160
_READ_AS = 200


async def _try_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    typed = str(arguments.get("text", ""))
    if not typed.strip():
        return _ask(caller)
    return await _tried(services, caller, typed)


COMMANDS = (
    Command(
        ("try",), marked("See what would become of a message; nothing is sent or kept"), _try_command,
        Right.TRY_MESSAGE, (Option("text", marked("The message to try"), required=True),),
    ),
)  # fmt: skip


async def check_message(services: Services, caller: Caller, words: str, thread: Sequence[str] = ()) -> Answer:
    """What the bot makes of a message that stands in the chat, for moderators; refusals come as an answer.

    Args:
        services: The bundle.
        caller: Who asks; their place is the message's.
        words: The message.
        thread: What was written before it, oldest first.
    """

    async def check() -> Answer:
        require(caller.actor, Right.REVIEW, *where(caller))
        trial = await services.trials.of(
            caller.actor, *where(caller), words, thread=thread, channel=caller.place.channel
        )
        return Answer(text(_shown(caller.texts, trial)), _buttons(services, trial))

    return await told(caller, check())


def _ask(caller: Caller) -> Answer:
    say = caller.texts.say
    field = Field(
        "text", say("The message"), long=True, most=1_500, hint=say("Nothing is sent, and nothing is kept."),
    )  # fmt: skip
    return form(FormToFill(say("Try a message"), Action(_TRIED), (field,)))


async def _tried(services: Services, caller: Caller, words: str) -> Answer:
    said = caller.texts
    trial = await services.trials.of(caller.actor, *where(caller), words, channel=caller.place.channel)
    again = Button(said.say("Try another"), Action(TRY), Weight.MAIN)
    return screen(text(_shown(said, trial)), *_buttons(services, trial), [again, back(said)])


def _shown(said: Texts, trial: Trial) -> list[Line]:
    found = trial.assessment
    lines = [line(bold(about(said, found.concern, found.level, found.confidence)))]
    lines += found_words(trial.text, found)
    lines += [bullet(short(rule_sentence(said, rule.says), _CHARS)) for rule in found.rules[:_MOST]]
    if found.near_misses:
        lines.append(line(said.say("Nearly:")))
        lines += [
            line(code(near.rule), " ", short(near_miss_reason(said, near), _CHARS), form=Form.BULLET)
            for near in found.near_misses[:_MOST]
        ]
    if len(trial.read_as) > 1:
        lines.append(phrase_line(said, marked("Read as: {text}"), text=code(short(trial.read_as[-1], _READ_AS))))
    lines += [Line(), line(bold(_decided(said, trial.decision)))]
    lines += [bullet(reason_words(said, reason)) for reason in trial.decision.reasons]
    if trial.response is not None:
        lines += [Line(), line(said.say("A member would read:")), *quote(trial.response.public)]
    return lines


def _decided(said: Texts, decision: Decision) -> str:
    if decision.shadow:
        return said.say("It would be logged, and nothing would be sent.")
    if decision.reply and decision.alert:
        return said.say("The member would get a reply, and moderators would be told.")
    if decision.reply:
        return said.say("The member would get a reply.")
    if decision.alert:
        return said.say("Moderators would be told.")
    return said.say("Nothing would be done.")


def _buttons(services: Services, trial: Trial) -> tuple[tuple[Button, ...], ...]:
    """The reply's own buttons, but the last one: there is no interaction that could be called wrong."""
    if trial.response is None:
        return ()
    return tuple(row[:-1] for row in reply_buttons(services, trial.response, 0))


async def _ask_text(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    require(caller.actor, Right.TRY_MESSAGE, *where(caller))
    return _ask(caller)


async def _filled(services: Services, caller: Caller, _: tuple[str, ...], values: FormValues) -> Answer:
    return await _tried(services, caller, values.get("text", ""))


HANDLERS: dict[str, ActionHandler] = {TRY: _ask_text, _TRIED: _filled}
