"""Reviewing in the chat: the buttons under an alert, the queue, a reason for a false alarm, the repairs that fit it.

Lives here: these screens. Does not live here: what a verdict is and who may (`communities/review.py`), what an alert
shows (`alerts.py`). Every verdict ends in the same place, so that an alert follows wherever it was judged.
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.alerts import (
    AGAIN,
    CONFIRM,
    EXPLAIN,
    FALSE_ALARM,
    HANDLED,
    MUTE,
    QUEUE,
    explained,
    refresh_alert,
    verdict_buttons,
)
from safetybot.chat.answers import Answer, Button, Field, FormToFill
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command
from safetybot.chat.finding_words import doubt_reason
from safetybot.chat.screens import back, screen
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, bullet, line, text
from safetybot.communities.access import Right
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.records import Filters
from safetybot.communities.review import NOTE_CHARS, Repair, RepairKind
from safetybot.model import VerdictKind
from safetybot.translation import marked

_SAY_WHY, _WORDS, _NOTE, _SAVE_NOTE = "review.reason", "review.words", "review.note", "review.noted"
_SHADOW, _RAISE, _ALLOW, _ALLOWED = "repair.shadow", "repair.raise", "repair.allow", "repair.allowed"
_REASON_CHARS = 400
_DONE = {
    VerdictKind.CONFIRMED: marked("Noted: confirmed."),
    VerdictKind.FALSE_ALARM: marked("Noted: a false alarm."),
    VerdictKind.HANDLED: marked("Noted: handled."),
}


async def _queue_command(services: Services, caller: Caller, _: Arguments) -> Answer:
    return await queue(services, caller, None)


COMMANDS = (Command(("review",), marked("Go through what waits for a moderator's word"), _queue_command, Right.REVIEW),)


async def queue(services: Services, caller: Caller, before: int | None, done: Line | None = None) -> Answer:
    """The next interaction that waits, the newest first, below the number `before`."""
    said = caller.texts
    place = caller.place
    filters = Filters(platform=place.platform, community=place.community, waiting=True)
    waiting = await services.reviews.page(caller.actor, filters, before=before, limit=2)
    top = (done, Line()) if done else ()
    if not waiting:
        return screen(text(top, line(said.say(marked("Nothing waits for you. Well done.")))), [back(said)])
    one = waiting[0]
    found = await services.reviews.see(
        caller.actor, one.id, own=await services.own_terms(place.platform, place.community)
    )
    board = services.boards.get(one.place.platform)
    url = board.jump(one.place, one.message_id) if board else None
    number = str(one.id)
    rest = [Button(said.say(marked("Note")), Action(_NOTE, (number,)))]
    if found.details.has_excerpt:
        rest.append(Button(said.say(marked("Show the words")), Action(_WORDS, (number,))))
    if url:
        rest.append(Button(said.say(marked("Go to the message")), url=url))
    if len(waiting) > 1:
        rest.append(Button(said.say(marked("Next")), Action(QUEUE, (number,))))
    return screen(text(top, explained(said, found)), verdict_buttons(said, one.id), rest, [back(said)])


async def _queue(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await queue(services, caller, int(arguments[0]) if arguments else None)


async def _confirm(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _judge(services, caller, int(arguments[0]), VerdictKind.CONFIRMED)


async def _handled(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _judge(services, caller, int(arguments[0]), VerdictKind.HANDLED)


async def _ask_why(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    said = caller.texts
    # Whoever may not see it is told so before they have typed a reason.
    await services.reviews.see(caller.actor, int(arguments[0]))
    field = Field(
        "reason", said.say(marked("Why was it wrong?")), long=True, most=_REASON_CHARS,
        hint=said.say(marked("What the message was really about")),
    )  # fmt: skip
    return Answer(form=FormToFill(said.say(marked("False alarm")), Action(_SAY_WHY, arguments), (field,)))


async def _false_alarm(services: Services, caller: Caller, arguments: tuple[str, ...], values: FormValues) -> Answer:
    return await _judge(services, caller, int(arguments[0]), VerdictKind.FALSE_ALARM, values.get("reason", ""))


async def _judge(services: Services, caller: Caller, number: int, kind: VerdictKind, reason: str = "") -> Answer:
    said = caller.texts
    own = await services.own_terms(caller.place.platform, caller.place.community)
    repairs = await services.reviews.judge(caller.actor, number, kind, reason=reason, own=own)
    await refresh_alert(services, number)
    lines = [line(said.say(_DONE[kind]))]
    if repairs:
        lines += [Line(), line(said.say(marked("So that it does not come again, you can:")))]
        lines += [bullet(_says(caller, repair)) for repair in repairs]
    buttons = tuple((_repair_button(caller, number, repair),) for repair in repairs)
    more = Button(said.say(marked("Open the review queue")), Action(QUEUE))
    return Answer(text(lines), (*buttons, (more, back(said))))


def _says(caller: Caller, repair: Repair) -> str:
    say = caller.texts.say
    if repair.kind is RepairKind.SHADOW:
        return say(marked("move your keyword {term} to shadow and watch it"), term=repair.terms[0])
    if repair.kind is RepairKind.ALLOW:
        return say(
            marked("allow a phrase that means something else here; found were: {terms}"),
            terms=", ".join(repair.terms),
        )  # fmt: skip
    return say(marked("act on this concern only from {value} on; it holds for every message"), value=repair.value)


def _repair_button(caller: Caller, number: int, repair: Repair) -> Button:
    say = caller.texts.say
    if repair.kind is RepairKind.SHADOW:
        return Button(say(marked("Move to shadow")), Action(_SHADOW, (str(number),)))
    if repair.kind is RepairKind.ALLOW:
        return Button(say(marked("Allow a phrase")), Action(_ALLOW, (str(number),)))
    return Button(say(marked("Ask for more certainty")), Action(_RAISE, (str(number),)))


async def _fitting(services: Services, caller: Caller, number: int, kind: RepairKind) -> Repair | None:
    own = await services.own_terms(caller.place.platform, caller.place.community)
    repairs = await services.reviews.repairs(caller.actor, number, own=own)
    return next((repair for repair in repairs if repair.kind is kind), None)


async def _move_to_shadow(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    say, where = caller.texts.say, (caller.place.platform, caller.place.community)
    repair = await _fitting(services, caller, int(arguments[0]), RepairKind.SHADOW)
    if repair is None:
        return _noted(caller, say(marked("That keyword is no longer there.")))
    entered = await services.keywords.move(caller.actor, *where, repair.terms[0], KeywordState.SHADOW)
    told = say(marked("{term} is in shadow now: it is logged, and nothing is sent."), term=entered.keyword.term)
    return _noted(caller, told)


async def _raise(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    say, where = caller.texts.say, (caller.place.platform, caller.place.community)
    repair = await _fitting(services, caller, int(arguments[0]), RepairKind.RAISE)
    if repair is None or repair.key is None:
        return _noted(caller, say(marked("There is nothing to raise here.")))
    in_force = {one.key: one for one in await services.policy.effective(caller.actor, *where)}
    expected = in_force[repair.key].version
    await services.policy.put(caller.actor, *where, repair.key, repair.value, expected=expected)
    return _noted(caller, say(marked("{key} is {value} now."), key=repair.key, value=repair.value))


async def _ask_phrase(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    say = caller.texts.say
    repair = await _fitting(services, caller, int(arguments[0]), RepairKind.ALLOW)
    field = Field(
        "phrase", say(marked("The phrase")), value=repair.terms[0] if repair else "", most=80,
        hint=say(marked("What stands within it will count for nothing")),
    )  # fmt: skip
    return Answer(form=FormToFill(say(marked("Allow a phrase")), Action(_ALLOWED), (field,)))


async def _allow(services: Services, caller: Caller, _: tuple[str, ...], values: FormValues) -> Answer:
    say, where = caller.texts.say, (caller.place.platform, caller.place.community)
    phrase = Keyword(values.get("phrase", "").strip(), KeywordState.LIVE, allowed=True)
    entered = await services.keywords.add(caller.actor, *where, phrase)
    lines = [line(say(marked("Allowed: {term}."), term=entered.keyword.term))]
    lines += [bullet(doubt_reason(caller.texts, warning)) for warning in entered.warnings]
    return Answer(text(lines), _ways_on(caller))


async def _explain(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _see(services, caller, int(arguments[0]), excerpt=False)


async def _words(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await _see(services, caller, int(arguments[0]), excerpt=True)


async def _see(services: Services, caller: Caller, number: int, *, excerpt: bool) -> Answer:
    own = await services.own_terms(caller.place.platform, caller.place.community)
    found = await services.reviews.see(caller.actor, number, excerpt=excerpt, own=own)
    lines = list(explained(caller.texts, found))
    if excerpt and found.excerpt is None:
        lines.append(line(caller.texts.say(marked("No words of the message are kept."))))
    return Answer(text(lines), _ways_on(caller))


async def _again(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    number = int(arguments[0])
    found = await services.reviews.see(caller.actor, number)
    await refresh_alert(services, number, open_again=True)
    said = caller.texts
    return Answer(text(explained(said, found)), (verdict_buttons(said, number), *_ways_on(caller)))


async def _mute(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    say, where = caller.texts.say, (caller.place.platform, caller.place.community)
    new = await services.privacy.opt_out(caller.actor, *where, arguments[1])
    if new:
        return _noted(caller, say(marked("Done. This member is neither answered nor logged here any more.")))
    return _noted(caller, say(marked("That held already: this member is neither answered nor logged here.")))


async def _ask_note(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    say = caller.texts.say
    await services.reviews.see(caller.actor, int(arguments[0]))
    field = Field("note", say(marked("For other moderators")), long=True, most=min(NOTE_CHARS, 1_000))
    return Answer(form=FormToFill(say(marked("Note")), Action(_SAVE_NOTE, arguments), (field,)))


async def _save_note(services: Services, caller: Caller, arguments: tuple[str, ...], values: FormValues) -> Answer:
    await services.reviews.note(caller.actor, int(arguments[0]), values.get("note", ""))
    return _noted(caller, caller.texts.say(marked("The note is kept with the interaction.")))


def _noted(caller: Caller, sentence: str) -> Answer:
    return Answer(text(sentence), _ways_on(caller))


def _ways_on(caller: Caller) -> tuple[tuple[Button, ...], ...]:
    said = caller.texts
    return ((Button(said.say(marked("Open the review queue")), Action(QUEUE)), back(said)),)


HANDLERS: dict[str, ActionHandler] = {
    QUEUE: _queue,
    CONFIRM: _confirm,
    HANDLED: _handled,
    FALSE_ALARM: _ask_why,
    _SAY_WHY: _false_alarm,
    EXPLAIN: _explain,
    _WORDS: _words,
    AGAIN: _again,
    MUTE: _mute,
    _NOTE: _ask_note,
    _SAVE_NOTE: _save_note,
    _SHADOW: _move_to_shadow,
    _RAISE: _raise,
    _ALLOW: _ask_phrase,
    _ALLOWED: _allow,
}
