"""What will be done about an assessed message: a plain function of what is known, with every reason told.

Lives here: `decide` and the cooldowns that a reply must win. Does not live here: what a community wants (`Policy` in
`model.py`, kept by the store) and doing it (`watcher.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safetybot.model import Assessment, Concern, ConcernPolicy, Decision, History, Message, Mode, Policy, Reason


def decide(assessment: Assessment, message: Message, policy: Policy, history: History, now: datetime) -> Decision:
    """What the bot will do about `message`, and why; the same arguments always give the same decision.

    A reply is held back by anything that speaks against it; an alert to moderators only by what takes the message out
    of the bot's business (mode, exemption, opt-out, handled before) and by low confidence, never by a cooldown.
    `ADVERSE` is never held back by the channel's cooldown: two people may need help at once.

    Args:
        assessment: What the message is about.
        message: The message; its place and author are looked at, never its words.
        policy: What the community wants.
        history: What the log knows that bears on it.
        now: The present, aware.

    Returns:
        The decision with every reason that holds, at least one, in the order of `Reason`.
    """
    concern = assessment.concern
    if concern is None:
        return Decision(reply=False, alert=False, shadow=False, reasons=(Reason.NO_CONCERN,))
    wanted = policy.concerns[concern]
    outside = _outside(wanted, message, policy, history)
    unsure = {Reason.LOW_CONFIDENCE} if assessment.confidence < wanted.min_confidence else set()
    cooling = _cooling(concern, policy, history, now)
    watched = bool(assessment.rules) and all(rule.rule in policy.shadow_rules for rule in assessment.rules)
    quiet = assessment.only_shadow or watched
    reply = wanted.mode.replies and not (outside or unsure or cooling or quiet)
    alert = wanted.mode.alerts and not (outside or unsure or quiet)
    shadow = (wanted.mode is Mode.SHADOW or quiet) and not outside
    reasons = outside | unsure
    if wanted.mode.replies or shadow:
        reasons |= cooling
    for holds, reason in ((reply, Reason.REPLY), (alert, Reason.ALERT), (shadow, Reason.SHADOW)):
        if holds:
            reasons.add(reason)
    return Decision(reply, alert, shadow, tuple(reason for reason in Reason if reason in reasons))


def cooldowns_for(concern: Concern, policy: Policy) -> tuple[timedelta | None, timedelta]:
    """The channel's and the author's cooldown that a reply about `concern` must win; no channel's for `ADVERSE`."""
    wanted = policy.concerns[concern]
    return (None if concern is Concern.ADVERSE else wanted.channel_cooldown), wanted.author_cooldown


def _outside(wanted: ConcernPolicy, message: Message, policy: Policy, history: History) -> set[Reason]:
    """Why the message is none of the bot's business at all."""
    place, author = message.place, message.author
    holds = {
        Reason.MODE_OFF: wanted.mode is Mode.OFF,
        Reason.EXEMPT_CHANNEL: not policy.exempt_channels.isdisjoint((place.channel, place.thread)),
        Reason.EXEMPT_ROLE: not policy.exempt_roles.isdisjoint(author.roles),
        Reason.AUTHOR_IS_BOT: author.is_bot,
        Reason.OPTED_OUT: history.author_opted_out,
        Reason.ALREADY_ANSWERED: history.already_answered,
    }
    return {reason for reason, held in holds.items() if held}


def _cooling(concern: Concern, policy: Policy, history: History, now: datetime) -> set[Reason]:
    """The cooldowns that a reply would break."""
    channel, author = cooldowns_for(concern, policy)
    reasons: set[Reason] = set()
    if channel is not None and _within(history.last_reply_in_channel, channel, now):
        reasons.add(Reason.CHANNEL_COOLDOWN)
    if _within(history.last_reply_to_author, author, now):
        reasons.add(Reason.AUTHOR_COOLDOWN)
    return reasons


def _within(last: datetime | None, cooldown: timedelta, now: datetime) -> bool:
    # No cooldown is none even where another replica's clock runs ahead of ours.
    return last is not None and cooldown > timedelta() and now - last < cooldown
