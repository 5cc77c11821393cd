"""Concerns, levels, states and reasons as moderators read them, in their language. Words only."""

from __future__ import annotations

from safetybot.model import Concern, InteractionState, Level, Reason, VerdictKind
from safetybot.translation import Texts, marked

_CONCERNS = {
    Concern.MENTION: marked("Mention"),
    Concern.SUPPLY: marked("Supply"),
    Concern.DIY: marked("Do it yourself"),
    Concern.ADVERSE: marked("Symptoms"),
}
_LEVELS = {
    Level.DAYS: marked("see a doctor within days"),
    Level.TODAY: marked("be seen today"),
    Level.EMERGENCY: marked("emergency"),
}
_STATES = {
    InteractionState.PLANNED: marked("A reply is on its way."),
    InteractionState.SENDING: marked("A reply is on its way."),
    InteractionState.SENT: marked("A reply was sent."),
    InteractionState.SUPPRESSED: marked("No reply was sent."),
    InteractionState.FAILED: marked("The reply could not be sent."),
    InteractionState.UNKNOWN: marked("Whether the reply was sent is not known; it is not tried again."),
}
_REASONS = {
    Reason.REPLY: marked("policy asks for a reply"),
    Reason.ALERT: marked("policy asks for an alert"),
    Reason.NO_CONCERN: marked("nothing of concern"),
    Reason.MODE_OFF: marked("switched off for this concern"),
    Reason.SHADOW: marked("shadow: decided, not sent"),
    Reason.LOW_CONFIDENCE: marked("below the confidence asked for"),
    Reason.EXEMPT_CHANNEL: marked("exempt channel"),
    Reason.EXEMPT_ROLE: marked("author has an exempt role"),
    Reason.AUTHOR_IS_BOT: marked("author is a bot"),
    Reason.OPTED_OUT: marked("author opted out"),
    Reason.ALREADY_ANSWERED: marked("this message was handled before"),
    Reason.CHANNEL_COOLDOWN: marked("on cooldown in this channel"),
    Reason.AUTHOR_COOLDOWN: marked("on cooldown for this author"),
}
_VERDICTS = {
    VerdictKind.CONFIRMED: marked("Confirmed by {who}."),
    VerdictKind.FALSE_ALARM: marked("Called a false alarm by {who}."),
    VerdictKind.HANDLED: marked("Handled by {who}."),
}


def concern_name(texts: Texts, concern: Concern | None) -> str:
    """A concern as a heading; None is nothing of concern."""
    return texts.say(_CONCERNS[concern]) if concern is not None else texts.say(marked("Nothing of concern"))


def about(texts: Texts, concern: Concern | None, level: Level | None, confidence: float) -> str:
    """What it is, how urgent, how sure, in a few words."""
    if concern is None:
        return concern_name(texts, concern)  # how sure it is of nothing would only puzzle
    if level is not None:
        return texts.say(
            marked("{concern}, {level} ({percent} % sure)"),
            concern=concern_name(texts, concern), level=texts.say(_LEVELS[level]), percent=round(confidence * 100),
        )  # fmt: skip
    return texts.say(
        marked("{concern} ({percent} % sure)"), concern=concern_name(texts, concern), percent=round(confidence * 100)
    )


def state_sentence(texts: Texts, state: InteractionState) -> str:
    """What became of the reply."""
    return texts.say(_STATES[state])


def reason_words(texts: Texts, reason: str) -> str:
    """A reason of a decision; one of another version as it stands in the log."""
    try:
        return texts.say(_REASONS[Reason(reason)])
    except ValueError:
        return reason


def verdict_sentence(texts: Texts, kind: VerdictKind, who: str) -> str:
    """Who said what."""
    return texts.say(_VERDICTS[kind], who=who)
