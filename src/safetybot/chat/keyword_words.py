"""Keywords as people read them in a chat: states, what they are bound to, previews, changes. Words only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safetybot.chat.finding_words import doubt_reason
from safetybot.chat.names import concern_name
from safetybot.chat.screens import phrase_line, short
from safetybot.chat.text import Form, Line, bold, bullet, code, line, quote
from safetybot.communities.keyword import Keyword, KeywordState, Override, read_keyword
from safetybot.communities.keyword_checks import Doubt, Warn
from safetybot.communities.preview import Effect, Preview
from safetybot.communities.records import Change
from safetybot.model import Strength
from safetybot.translation import Texts, marked

_STATES = {
    KeywordState.DRAFT: marked("draft"),
    KeywordState.SHADOW: marked("shadow"),
    KeywordState.LIVE: marked("live"),
    KeywordState.RETIRED: marked("retired"),
}
_STATE_SAYS = {
    KeywordState.DRAFT: marked("It is a draft and does nothing yet."),
    KeywordState.SHADOW: marked("It is in shadow: what it would do is logged, and nothing is sent."),
    KeywordState.LIVE: marked("It is live."),
    KeywordState.RETIRED: marked("It is retired and does nothing; its history is kept."),
}
_DOUBTS = {
    Doubt.COVERED: marked("known already"),
    Doubt.CONFLICT: marked("contradiction"),
    Doubt.OVERLAP: marked("overlap"),
    Doubt.SHORT: marked("very short"),
    Doubt.WIDE: marked("very wide"),
    Doubt.COMMON: marked("common"),
    Doubt.NO_EFFECT: marked("no effect"),
}
_EXAMPLE = 120


def state_name(said: Texts, state: KeywordState) -> str:
    """A state in a word."""
    return said.say(_STATES[state])


def bound_words(said: Texts, keyword: Keyword) -> str:
    """What a keyword is bound to."""
    if keyword.concept is not None:
        if keyword.strength is Strength.WEAK:
            return said.say("one more word for {concept}, beside another sign only", concept=keyword.concept)
        return said.say("one more word for {concept}", concept=keyword.concept)
    if keyword.concern is not None:
        return said.say("makes a message {concern}", concern=concern_name(said, keyword.concern))
    if keyword.allowed:
        return said.say("allowed phrase: what stands in it counts for nothing")
    if keyword.override is Override.OFF:
        return said.say("a packaged word, switched off here")
    return said.say("a packaged word, counting beside another sign only")


def keyword_lines(said: Texts, keyword: Keyword) -> tuple[Line, ...]:
    """A keyword with what it is bound to and where it stands."""
    return (
        line(code(keyword.term)),
        bullet(bound_words(said, keyword)),
        bullet(said.say(_STATE_SAYS[keyword.state])),
    )


def warning_lines(said: Texts, warnings: Sequence[Warn]) -> tuple[Line, ...]:
    """What is doubtful about a keyword."""
    return tuple(
        bullet("⚠ ", bold(said.say(_DOUBTS[warn.doubt])), " · ", doubt_reason(said, warn)) for warn in warnings
    )


def preview_lines(said: Texts, found: Preview) -> tuple[Line, ...]:
    """What a keyword would do, live: among ordinary messages, the last ones here, and in the log."""
    lines = [line(bold(said.say("What it would do, live")))]
    lines += _effect(said, marked("Ordinary chat: {effect}"), found.ordinary)
    if found.too_broad:
        lines.append(bullet("⚠ ", said.say("That is too broad: it would make more noise than sense.")))
    if found.recent is not None and found.recent.messages:
        lines += _effect(said, marked("The last messages here: {effect}"), found.recent)
    logged = found.logged
    if logged.interactions:
        told = said.say("Logged so far: it stands in {part} of {all}.", part=logged.with_term, all=logged.interactions)
        lines.append(bullet(told))
    examples = [*found.ordinary.examples[:1], *(found.recent.examples[:2] if found.recent else ())]
    if examples:
        lines.append(line(said.say("For example:")))
        lines += [one for example in examples for one in quote(short(" ".join(example.split()), _EXAMPLE))]
    return tuple(lines)


def change_line(said: Texts, before: Mapping[str, Any] | None, change: Change) -> Line:
    """What a change of a keyword did: who, when, from what to what."""
    old = read_keyword("", before) if before else None
    new = read_keyword("", change.value) if change.value else None
    told = {"number": str(change.version), "who": change.by, "when": f"{change.at:%Y-%m-%d %H:%M}"}
    if old is None or new is None:
        what = _come_or_gone(said, old, new)
    else:
        pairs = (
            (state_name(said, old.state), state_name(said, new.state)),
            (bound_words(said, old), bound_words(said, new)),
        )
        what = "; ".join(f"{was} → {now}" for was, now in pairs if was != now) or said.say("no difference")
    if change.undoes is not None:
        message = marked("Version {number}, {when} (UTC), {who}: {what} (taking back version {undone})")
        return phrase_line(said, message, form=Form.BULLET, what=what, undone=str(change.undoes), **told)
    return phrase_line(
        said, marked("Version {number}, {when} (UTC), {who}: {what}"), form=Form.BULLET, what=what, **told
    )


def _come_or_gone(said: Texts, old: Keyword | None, new: Keyword | None) -> str:
    if new is not None:
        return said.say(
            "added as {state}: {meaning}", state=state_name(said, new.state), meaning=bound_words(said, new)
        )
    return said.say("taken away again") if old is not None else said.say("no difference")


def _effect(said: Texts, message: str, effect: Effect) -> tuple[Line, ...]:
    found = said.many(
        "found in {part} of {number} message", "found in {part} of {number} messages", effect.messages,
        part=effect.found,
    )  # fmt: skip
    lines = [phrase_line(said, message, form=Form.BULLET, effect=found)]
    if effect.added:
        lines.append(bullet(said.say("It would act on about 1 in {number} of them.", number=effect.one_in)))
    if effect.taken:
        lines.append(
            bullet(
                said.many(
                    "{number} message that is acted on now would be left alone.",
                    "{number} messages that are acted on now would be left alone.",
                    effect.taken,
                )
            )
        )
    if not (effect.added or effect.taken):
        lines.append(bullet(said.say("It would change nothing there.")))
    return tuple(lines)
