"""What will be done about an assessed message: a plain function of what is known, with every reason told.

Lives here: `decide` and the cooldowns that a reply must win. Does not live here: what a community wants (`Policy` in
`model.py`, kept by the store) and doing it (`watcher.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safetybot.model import Assessment, Concern, Decision, History, Message, Mode, Policy, Reason


def decide(assessment: Assessment, message: Message, policy: Policy, history: History, now: datetime) -> Decision:
    """What the bot will do about `message`, and why; the same arguments always give the same decision.

    A reply is held back by anything that speaks against it; an alert to moderators only by what takes the message out
    of the bot's business altogether (mode, exemption, opt-out, handled before), never by a cooldown. `ADVERSE` is
    never held back by the channel's cooldown: two people may need help at once.

    Args:
        assessment: What the message is about.
        message: The message; its place and author are looked at, never its words.
        policy: What the community wants.
        history: What the log knows that bears on it.
        now: The present, aware.

    Returns:
        The decision, with at least one reason.
    """
    concern = assessment.concern
    if concern is None:
        return Decision(reply=False, alert=False, shadow=False, reasons=(Reason.NO_CONCERN,))
    wanted = policy.concerns[concern]
    outside = _outside(message, policy, history)
    if wanted.mode is Mode.OFF:
        outside.insert(0, Reason.MODE_OFF)
    if outside:
        return Decision(reply=False, alert=False, shadow=False, reasons=tuple(outside))
    if assessment.confidence < wanted.min_confidence:
        return Decision(reply=False, alert=False, shadow=False, reasons=(Reason.LOW_CONFIDENCE,))
    cooling = _cooling(concern, policy, history, now)
    if wanted.mode is Mode.SHADOW:
        return Decision(reply=False, alert=False, shadow=True, reasons=(Reason.SHADOW, *cooling))
    reply = wanted.mode.replies and not cooling
    reasons: list[Reason] = []
    if reply:
        reasons.append(Reason.REPLY)
    if wanted.mode.alerts:
        reasons.append(Reason.ALERT)
    if wanted.mode.replies:
        reasons += cooling
    return Decision(reply=reply, alert=wanted.mode.alerts, shadow=False, reasons=tuple(reasons))


def cooldowns_for(concern: Concern, policy: Policy) -> tuple[timedelta | None, timedelta]:
    """The channel's and the author's cooldown that a reply about `concern` must win; no channel's for `ADVERSE`."""
    wanted = policy.concerns[concern]
    return (None if concern is Concern.ADVERSE else wanted.channel_cooldown), wanted.author_cooldown


def _outside(message: Message, policy: Policy, history: History) -> list[Reason]:
    """Why the message is none of the bot's business at all."""
    reasons: list[Reason] = []
    if message.author.is_bot:
        reasons.append(Reason.AUTHOR_IS_BOT)
    places = {message.place.channel, message.place.thread}
    if places & policy.exempt_channels:
        reasons.append(Reason.EXEMPT_CHANNEL)
    if message.author.roles & policy.exempt_roles:
        reasons.append(Reason.EXEMPT_ROLE)
    if history.author_opted_out:
        reasons.append(Reason.OPTED_OUT)
    if history.already_answered:
        reasons.append(Reason.ALREADY_ANSWERED)
    return reasons


def _cooling(concern: Concern, policy: Policy, history: History, now: datetime) -> list[Reason]:
    """The cooldowns that a reply would break."""
    channel, author = cooldowns_for(concern, policy)
    reasons: list[Reason] = []
    if channel is not None and _within(history.last_reply_in_channel, channel, now):
        reasons.append(Reason.CHANNEL_COOLDOWN)
    if _within(history.last_reply_to_author, author, now):
        reasons.append(Reason.AUTHOR_COOLDOWN)
    return reasons


def _within(last: datetime | None, cooldown: timedelta, now: datetime) -> bool:
    return last is not None and now - last < cooldown
