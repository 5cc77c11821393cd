"""A member reports a message: moderators are told once, with what the bot makes of it and where it stands.

Lives here: what moderators read. Does not live here: what the member reads (`responses/`), what counts as one report
too many (`reports.py`), how a platform offers it (a context menu on Discord). Who reported is told to nobody and kept
nowhere; of the message only its address is posted: moderators read it where it stands.
"""

from __future__ import annotations

import structlog

from safetybot.chat.answers import Answer
from safetybot.chat.commands import Caller
from safetybot.chat.finding_words import rule_sentence
from safetybot.chat.names import about
from safetybot.chat.reports import Taken
from safetybot.chat.services import Services
from safetybot.chat.text import Line, bold, bullet, line, link, text
from safetybot.model import Assessment, Message
from safetybot.ports import PlatformError
from safetybot.translation import Texts, marked, texts

log = structlog.get_logger(__name__)

_MOST_RULES = 3
_FALLBACK = "en"


async def report(services: Services, caller: Caller, message: Message | None) -> Answer:
    """Tell the community's moderators of `message`; None is one that no member wrote, or without words."""
    ui = services.library.ui(caller.language)
    if message is None:
        return _brief(ui.report_nothing)
    policy = await services.store.policy(message.place)
    board = services.boards.get(message.place.platform)
    if board is None or policy.alert_channel is None:
        return _brief(ui.report_unavailable)
    where = f"{message.place.platform}/{message.place.community}"
    taken = services.reports.take(where, message.id, caller.actor.member or "", services.clock.now())
    if taken is Taken.KNOWN:
        return _brief(ui.report_known)
    if taken is Taken.TOO_MANY:
        return _brief(ui.report_wait)
    own = await services.terms.terms(message.place.platform, message.place.community)
    found = services.detector.assess(message, services.recent.before(message), own)
    said = texts(policy.language or _FALLBACK)
    url = board.jump(message.place, message.id)
    try:
        await board.post(message.place.community, policy.alert_channel, Answer(text(_told(said, found, url))))
    except PlatformError as error:
        services.reports.drop(where, message.id)
        log.warning("report_failed", place=str(message.place), error=str(error))
        return _brief(ui.report_unavailable)
    return _brief(ui.reported)


def _told(said: Texts, found: Assessment, url: str | None) -> list[Line]:
    lines = [line(bold(said.say(marked("A member reported a message"))))]
    if url:
        lines.append(line(link(said.say(marked("Go to the message")), url)))
    lines.append(
        line(
            said.say(
                marked("What I make of it: {finding}"),
                finding=about(said, found.concern, found.level, found.confidence),
            )
        )
    )
    lines += [bullet(rule_sentence(said, rule.says)) for rule in found.rules[:_MOST_RULES]]
    return lines


def _brief(sentence: str) -> Answer:
    return Answer(text(sentence), brief=True)
