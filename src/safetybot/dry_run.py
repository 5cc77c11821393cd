"""The same assess and decide as live traffic, with nothing sent and nothing stored: for exports and previews."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from safetybot.model import Assessment, Concern, Decision, History, Level, Message, Place, Policy
from safetybot.policy import decide
from safetybot.watcher import Assessor, RecentMessages


@dataclass(frozen=True, slots=True)
class DryOutcome:
    """What would have become of one message; `decision` is None where nothing of concern was found."""

    message: Message
    assessment: Assessment
    decision: Decision | None


class DryRun:
    """Plays messages in order through detector and policy; cooldowns are kept in memory, by the messages' own time."""

    def __init__(self, detector: Assessor, policy: Policy) -> None:
        """Use one policy for every place."""
        self._detector = detector
        self._policy = policy
        self._recent = RecentMessages()
        self._channel: dict[tuple[Place, Concern], datetime] = {}
        self._author: dict[tuple[str, Concern, bool], datetime] = {}
        self._answered: set[tuple[Place, str]] = set()

    def handle(self, message: Message) -> DryOutcome:
        """What the bot would have done with `message`, after all that came before."""
        if message.author.is_bot:
            return DryOutcome(message, Assessment(None, 1.0, "und"), None)
        thread = self._recent.before(message)
        self._recent.add(message)
        assessment = self._detector.assess(message, thread)
        concern = assessment.concern
        if concern is None:
            return DryOutcome(message, assessment, None)
        # As in the store, an emergency has a cooldown of its own.
        author = (message.author.id, concern, assessment.level is Level.EMERGENCY)
        history = History(
            already_answered=(message.place, message.id) in self._answered,
            last_reply_in_channel=self._channel.get((message.place, concern)),
            last_reply_to_author=self._author.get(author),
        )
        decision = decide(assessment, message, self._policy, history, message.sent_at)
        if decision.reply:
            self._channel[message.place, concern] = message.sent_at
            self._author[author] = message.sent_at
        if decision.acts:
            self._answered.add((message.place, message.id))
        return DryOutcome(message, assessment, decision)


@dataclass(slots=True)
class Count:
    """How many messages of one kind were found, would have been answered, would have alerted."""

    found: int = 0
    replies: int = 0
    alerts: int = 0


@dataclass(slots=True)
class Tally:
    """Adds outcomes up. Keeps the outcomes of concern, of which `found` is bounded by `keep`."""

    keep: int = 2_000
    messages: int = 0
    by_concern: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    by_channel: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    by_day: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    reasons: Counter[str] = field(default_factory=Counter)
    found: list[DryOutcome] = field(default_factory=list)

    def add(self, outcome: DryOutcome) -> None:
        """Count one outcome."""
        self.messages += 1
        decision = outcome.decision
        if decision is None:
            return
        message = outcome.message
        self.reasons.update(decision.reasons)
        for counts, key in (
            (self.by_concern, outcome.assessment.label),
            (self.by_channel, message.place.channel),
            (self.by_day, message.sent_at.date().isoformat()),
        ):
            count = counts[key]
            count.found += 1
            count.replies += decision.reply
            count.alerts += decision.alert
        if len(self.found) < self.keep:
            self.found.append(outcome)

    @property
    def of_concern(self) -> int:
        """Messages of any concern."""
        return sum(count.found for count in self.by_concern.values())

    @property
    def replies(self) -> int:
        """Replies that would have been sent."""
        return sum(count.replies for count in self.by_concern.values())

    @property
    def alerts(self) -> int:
        """Alerts that would have been sent."""
        return sum(count.alerts for count in self.by_concern.values())

    def as_json(self) -> dict[str, object]:
        """The counts as plain data, without any message's text."""
        return {
            "messages": self.messages,
            "of_concern": self.of_concern,
            "replies": self.replies,
            "alerts": self.alerts,
            "reasons": dict(sorted(self.reasons.items())),
            "by_concern": _plain(self.by_concern),
            "by_channel": _plain(self.by_channel),
            "by_day": _plain(self.by_day),
        }


def _plain(counts: Mapping[str, Count]) -> dict[str, dict[str, int]]:
    return {
        key: {"found": count.found, "replies": count.replies, "alerts": count.alerts}
        for key, count in sorted(counts.items())
    }
