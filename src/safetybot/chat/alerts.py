"""Alerts for moderators: what they show, one message for a burst, and how they follow what becomes of the interaction.

Lives here: posting, editing, wiping, what an alert shows. Does not live here: when there is an alert (`policy.py`),
what its buttons do (`review.py`), and how a platform posts.

The member's words stand in an alert only until somebody has judged it, and are never kept anywhere else: whoever
judged has read them, and the link still leads to the message.
"""

from __future__ import annotations

import structlog

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.finding_words import rule_sentence
from safetybot.chat.names import about, concern_name, reason_words, state_sentence, verdict_sentence
from safetybot.chat.services import Board, Services
from safetybot.chat.text import Form, Line, Span, bold, bullet, line, link, quote, text
from safetybot.communities.review import Explanation
from safetybot.model import Assessment, Concern, Decision, Interaction, Message, Place
from safetybot.ports import Alert, PlatformError, Posted
from safetybot.translation import Texts, marked, texts

log = structlog.get_logger(__name__)

CONFIRM, FALSE_ALARM, HANDLED, AGAIN = "alert.right", "alert.false", "alert.done", "alert.again"
MUTE, EXPLAIN, QUEUE = "alert.mute", "alert.why", "queue"
_AROUND = 60
"""Characters of the message shown on each side of a found word."""
_MOST_LINKS = 10
_FALLBACK = "en"


async def post_alert(services: Services, alert: Alert) -> Posted:
    """Post an alert, or fold it into the burst it belongs to; where it stands. Raises `PlatformError`."""
    place = alert.about.place
    board = services.boards[place.platform]
    if alert.channel is None:
        raise PlatformError("the community has chosen no alert channel; alerts wait in the review queue")
    said = await _language(services, place)
    concern = alert.assessment.concern
    assert concern is not None  # noqa: S101  # there is no alert about nothing
    folded = services.bursts.next((place.platform, place.community, concern), services.clock.now())
    if folded is None:
        return await board.post(place.community, alert.channel, _single(said, board, alert))
    folded.interactions.append(alert.interaction_id)
    folded.links.append(board.jump(place, alert.about.id) or str(alert.interaction_id))
    answer = _burst(said, concern, folded.links)
    if folded.where is None:
        folded.where = await board.post(place.community, alert.channel, answer)
    else:
        await board.edit(folded.where, answer)
    return folded.where


async def refresh_alert(services: Services, interaction_id: int, *, open_again: bool = False) -> None:
    """Let the alert about an interaction, if it stands alone, show what became of it. Failing to is logged."""
    where = await services.alerts.of(interaction_id)
    if where is None or len(await services.alerts.sharing(where)) > 1:
        return
    interaction = await services.store.interaction(interaction_id)
    board = services.boards.get(interaction.place.platform)
    if board is None:
        return
    said = await _language(services, interaction.place)
    await _edit(board, where, _judged(said, board, interaction, open_again=open_again))


async def wipe_alerts(services: Services, platform: str, community: str, alerts: list[Posted]) -> None:
    """Take every word of a member out of alerts whose interactions are erased. Failing to is logged."""
    board = services.boards.get(platform)
    if board is None or not alerts:
        return
    said = await _language(services, Place(platform, community, ""))
    gone = Answer(text(said.say(marked("What this was about is deleted."))))
    # One after the other, so that a flood of deletions stays within the platform's limits.
    for where in alerts:
        await _edit(board, where, gone)


def found_words(message_text: str, assessment: Assessment) -> tuple[Line, ...]:
    """The words that the answer rests on, in place: each bold, with a little of the message around."""
    spans = sorted({(hit.span.start, hit.span.end) for hit in assessment.telling})
    if not spans:
        return quote(_cut(message_text, 2 * _AROUND))
    parts: list[Span] = []
    at = max(0, spans[0][0] - _AROUND)
    if at:
        parts.append(Span("…"))
    for start, end in spans[:8]:
        if start < at:
            continue  # inside the word before
        if start - at > 2 * _AROUND:
            parts += [Span(message_text[at : at + _AROUND] + " … " + message_text[start - _AROUND : start])]
        else:
            parts.append(Span(message_text[at:start]))
        parts.append(bold(message_text[start:end]))
        at = end
    rest = message_text[at : at + _AROUND]
    parts.append(Span(rest + ("…" if len(message_text) > at + _AROUND else "")))
    return (line(*parts, form=Form.QUOTE),)


def explained(said: Texts, found: Explanation) -> tuple[Line, ...]:
    """Why an interaction came about, from the log."""
    one = found.details.interaction
    lines = [line(bold(about(said, one.concern, one.level, one.confidence)))]
    lines += [bullet(rule_sentence(said, rule)) for rule in found.rules[:6]]
    terms = ", ".join(dict.fromkeys(term or concept for concept, term in found.terms))
    if terms:
        lines.append(line(said.say(marked("Found: {terms}"), terms=terms)))
    reasons = "; ".join(reason_words(said, reason) for reason in one.reasons)
    why = said.say(marked("Why: {reasons}."), reasons=reasons) if reasons else ""
    lines.append(line(state_sentence(said, one.state), f" {why}".rstrip()))
    if found.details.error:
        lines.append(line(found.details.error))
    lines += [line(verdict_sentence(said, v.kind, v.by), f" {v.reason}".rstrip()) for v in found.details.verdicts[-3:]]
    lines += [bullet(f"{note.by}: {note.text}") for note in found.details.notes[-3:]]
    if found.excerpt:
        lines += quote(found.excerpt)
    return tuple(lines)


def verdict_buttons(said: Texts, interaction_id: int) -> tuple[Button, ...]:
    """The three words a moderator may say."""
    number = (str(interaction_id),)
    return (
        Button(said.say(marked("Confirm")), Action(CONFIRM, number), Weight.MAIN),
        Button(said.say(marked("False alarm")), Action(FALSE_ALARM, number)),
        Button(said.say(marked("Handled")), Action(HANDLED, number)),
    )


async def _language(services: Services, place: Place) -> Texts:
    return texts((await services.store.policy(place)).language or _FALLBACK)


def _single(said: Texts, board: Board, alert: Alert) -> Answer:
    message, assessment = alert.about, alert.assessment
    lines = [
        *_heading(said, board, assessment, message),
        *found_words(message.text, assessment),
        *(bullet(rule_sentence(said, rule.says)) for rule in assessment.rules[:3]),
        line(_outcome(said, alert.decision, replied=alert.replied)),
    ]
    number = str(alert.interaction_id)
    mute = Button(said.say(marked("Don't reply to this member")), Action(MUTE, (number, message.author.id)))
    why = Button(said.say(marked("Explain")), Action(EXPLAIN, (number,)))
    return Answer(text(lines), (verdict_buttons(said, alert.interaction_id), (why, mute)))


def _heading(said: Texts, board: Board, assessment: Assessment, message: Message) -> tuple[Line, ...]:
    head = bold(about(said, assessment.concern, assessment.level, assessment.confidence))
    url = board.jump(message.place, message.id)
    return (line(head, " · ", link(said.say(marked("Go to the message")), url)) if url else line(head),)


def _outcome(said: Texts, decision: Decision, *, replied: bool) -> str:
    if replied:
        return said.say(marked("A reply stands under it."))
    reasons = "; ".join(reason_words(said, reason) for reason in decision.reasons if reason.name != "ALERT")
    return said.say(marked("No reply was sent: {reasons}."), reasons=reasons or said.say(marked("the mode is alert")))


def _burst(said: Texts, concern: Concern, links: list[str]) -> Answer:
    heading = said.many(
        "{concern}: {number} more in the last minutes",
        "{concern}: {number} more in the last minutes",
        len(links),
        concern=concern_name(said, concern),
    )
    lines = [
        line(bold(heading)),
        *(bullet(link(url, url) if "/" in url else f"#{url}") for url in links[-_MOST_LINKS:]),
    ]
    queue = Button(said.say(marked("Open the review queue")), Action(QUEUE), Weight.MAIN)
    return Answer(text(lines), ((queue,),))


def _judged(said: Texts, board: Board, one: Interaction, *, open_again: bool) -> Answer:
    head: list[str | Span] = [bold(about(said, one.concern, one.level, one.confidence))]
    url = board.jump(one.place, one.message_id)
    if url:
        head += [" · ", link(said.say(marked("Go to the message")), url)]
    lines = [line(*head), line(state_sentence(said, one.state))]
    why = Button(said.say(marked("Explain")), Action(EXPLAIN, (str(one.id),)))
    if one.verdict is None or open_again:
        return Answer(text(lines), (verdict_buttons(said, one.id), (why,)))
    verdict = one.verdict
    lines.append(line(verdict_sentence(said, verdict.kind, verdict.by), f" {verdict.reason}".rstrip()))
    again = Button(said.say(marked("Judge again")), Action(AGAIN, (str(one.id),)))
    return Answer(text(lines), ((why, again),))


async def _edit(board: Board, where: Posted, answer: Answer) -> None:
    try:
        await board.edit(where, answer)
    except PlatformError as error:
        log.warning("alert_not_edited", platform=board.name, error=str(error))


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[:most] + "…"
