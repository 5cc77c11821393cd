"""Figures in the chat: how much there was, how right it was, how fast, with a picture by day.

Lives here: this screen. Does not live here: counting (`communities/figures.py`), drawing (`Services.draw`).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, File, Weight
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command, Option, OptionKind
from safetybot.chat.names import concern_name
from safetybot.chat.refusals import Unfit
from safetybot.chat.screens import STATS, back, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, bold, bullet, line, text
from safetybot.communities.access import Right
from safetybot.communities.figures import MOST_WAITING, By, Overview
from safetybot.communities.records import Filters
from safetybot.communities.review import Tally
from safetybot.model import Concern
from safetybot.translation import Texts, marked

_DAYS = 30
_SPANS = (7, 30, 90)
_LONGEST = 365


async def _stats_command(services: Services, caller: Caller, arguments: Arguments) -> Answer:
    days = arguments.get("days", _DAYS)
    try:
        wanted = int(days) if not isinstance(days, bool) and isinstance(days, int | float | str) else 0
    except ValueError:
        wanted = 0
    if not 1 <= wanted <= _LONGEST:
        raise Unfit("days", str(days), ("7", "30", "90"))
    return await stats(services, caller, wanted)


COMMANDS = (
    Command(
        ("stats",), marked("How much there was, how right and how fast I was"), _stats_command, Right.SEE_FIGURES,
        (Option("days", marked("How many days, today among them; 30 without it"), OptionKind.NUMBER),),
    ),
)  # fmt: skip


async def stats(services: Services, caller: Caller, days: int) -> Answer:
    """The last `days` days in numbers and as a picture. Raises `Refused`."""
    said, here = caller.texts, where(caller)
    found = await services.figures.overview(caller.actor, *here, days=days)
    since = services.clock.now() - timedelta(days=days)
    judged = (await services.reviews.precision(caller.actor, Filters(*here, since=since))).overall
    title = said.many("The last {number} day", "The last {number} days", days)
    lines = [
        line(bold(title)),
        *_amounts(said, found),
        *_rightness(said, judged),
        *_reception(said, found),
        *_speed(said, found),
    ]
    files: tuple[File, ...] = ()
    if found.interactions:
        rows = [(row.name[5:], row.counts) for row in found.by[By.DAY]]
        picture = await asyncio.to_thread(services.draw, rows, title)
        if picture is None:
            lines.append(line(said.say("There is no picture: whoever runs me has not installed what draws it.")))
        else:
            files = (File("figures.png", picture),)
    spans = [
        Button(said.many("{number} day", "{number} days", span), Action(STATS, (str(span),)), _weight(span, days))
        for span in _SPANS
    ]
    answer = screen(text(lines), spans, [back(said)])
    return Answer(answer.text, answer.rows, files=files, replaces=True)


def _weight(span: int, days: int) -> Weight:
    return Weight.MAIN if span == days else Weight.NORMAL


def _amounts(said: Texts, found: Overview) -> list[Line]:
    lines = [
        bullet(said.many("{number} message of concern", "{number} messages of concern", found.interactions)),
        bullet(said.many("{number} reply", "{number} replies", found.replies)),
    ]
    for concern in reversed(Concern):
        count = sum(row.counts.get(concern, 0) for row in found.by[By.DAY])
        if count:
            told = said.say("{concern}: {number}", concern=concern_name(said, concern), number=count)
            lines.append(bullet(told))
    waiting = found.waiting
    more = said.say("{number} or more wait for a moderator's word.", number=MOST_WAITING)
    some = said.many("{number} waits for a moderator's word.", "{number} wait for a moderator's word.", waiting)
    lines.append(bullet(more if waiting >= MOST_WAITING else some))
    return lines


def _rightness(said: Texts, judged: Tally) -> list[Line]:
    if judged.precision is None:
        return [bullet(said.say("How right I was cannot be told yet: nobody has reviewed anything."))]
    return [
        bullet(
            said.say(
                "Right in {percent} % of what moderators judged: {right} confirmed, {wrong} false alarms.",
                percent=round(judged.precision * 100), right=judged.confirmed, wrong=judged.false_alarms,
            )
        )
    ]  # fmt: skip


def _reception(said: Texts, found: Overview) -> list[Line]:
    taken = found.reception
    if not (taken.reacted.welcome or taken.reacted.unwelcome):
        return []
    told = said.say(
        "By members' reactions: {welcome} % of the replies were welcome, {unwelcome} % unwelcome.",
        welcome=round((taken.welcome or 0.0) * 100), unwelcome=round((taken.unwelcome or 0.0) * 100),
    )  # fmt: skip
    return [bullet(told)]


def _speed(said: Texts, found: Overview) -> list[Line]:
    if found.speed is None:
        return []
    told = said.say(
        "From message to reply: {median} s, and {slow} s at most for 19 of 20.",
        median=f"{found.speed.median:.1f}", slow=f"{found.speed.slow:.1f}",
    )  # fmt: skip
    return [bullet(told)]


async def _stats(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    return await stats(services, caller, int(arguments[0]) if arguments else _DAYS)


HANDLERS: dict[str, ActionHandler] = {STATS: _stats}
