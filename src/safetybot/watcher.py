"""The way of a message, from end to end: assess, decide, claim, reply or alert, record.

Lives here: the only orchestration there is, and the recent messages of each place, in memory only. Does not live
here: what a message means (`detection`), what is wanted (`policy`), how anything is stored or sent (`ports`).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from safetybot.detection.own_terms import CommunityTerms
from safetybot.model import (
    Assessment,
    Author,
    Concern,
    Decision,
    Interaction,
    InteractionState,
    Level,
    Message,
    NewInteraction,
    Place,
    Policy,
    Reason,
    Response,
    ThreadLine,
)
from safetybot.policy import cooldowns_for, decide
from safetybot.ports import Alert, Clock, Cooldowns, Platform, PlatformError, Store, UnsureError

log = structlog.get_logger(__name__)

_UNLOGGED = frozenset(
    {Reason.NO_CONCERN, Reason.MODE_OFF, Reason.EXEMPT_CHANNEL, Reason.EXEMPT_ROLE, Reason.AUTHOR_IS_BOT,
     Reason.OPTED_OUT, Reason.ALREADY_ANSWERED}
)  # fmt: skip
"""Reasons with which a message leaves no trace: nobody asked us to watch it, or somebody asked us not to."""

LATEST_REPLY = timedelta(minutes=5)
"""A reply left over from a crash is still sent within this time; later it would surprise more than help."""


class Assessor(Protocol):
    """What the Watcher needs of a detector."""

    def assess(
        self, message: Message, thread: Sequence[ThreadLine] = (), own: CommunityTerms | None = None
    ) -> Assessment:
        """The whole answer to one message, given the lines before it and the community's own terms."""
        ...


class OwnTerms(Protocol):
    """Where communities' own terms come from."""

    async def terms(self, platform: str, community: str) -> CommunityTerms | None:
        """The terms of one community, None where it has none."""
        ...


class Library(Protocol):
    """What the Watcher needs of the responses."""

    def choose(
        self,
        concern: Concern,
        level: Level | None,
        language: str,
        *,
        region: str | None = None,
        emergency_number: str | None = None,
    ) -> Response:
        """The text for a concern, in the nearest language there is."""
        ...


class Observer(Protocol):
    """Counts what happens; `telemetry` implements it."""

    def assessed(self, assessment: Assessment) -> None:
        """A message was assessed."""
        ...

    def decided(self, assessment: Assessment, decision: Decision) -> None:
        """A decision was made about a message of concern."""
        ...

    def ended(self, platform: str, state: InteractionState) -> None:
        """An interaction reached `state`."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message; everything after `assessment` is None where nothing of concern was found."""

    assessment: Assessment
    decision: Decision | None = None
    response: Response | None = None
    interaction_id: int | None = None
    state: InteractionState | None = None


class Watcher:
    """Takes messages one by one and sees each through to its end. Safe to call from many tasks of one loop."""

    def __init__(
        self,
        *,
        detector: Assessor,
        library: Library,
        store: Store,
        platforms: Mapping[str, Platform],
        clock: Clock,
        pseudonym: Callable[[Place, str], str],
        observer: Observer,
        recent: RecentMessages | None = None,
        terms: OwnTerms | None = None,
    ) -> None:
        """Wire the parts together.

        `pseudonym` maps a place and an author id to what the log may keep; without `terms` no community has its own.
        """
        self._terms = terms
        self._detector = detector
        self._library = library
        self._store = store
        self._platforms = platforms
        self._clock = clock
        self._pseudonym = pseudonym
        self._observer = observer
        self.recent = recent or RecentMessages()

    def use(self, detector: Assessor, library: Library) -> None:
        """From the next message on, work with these (a reloaded configuration)."""
        self._detector, self._library = detector, library

    async def handle(self, message: Message) -> Outcome:
        """See one message (new or edited) through: at most one reply, at most one row in the log.

        Raises what the store raises, and may then be called again with the same message; a platform that fails to
        send is logged and recorded, never raised.
        """
        if message.author.is_bot:
            return Outcome(_NOTHING)
        thread = self.recent.before(message)
        if not self.recent.add(message):
            return Outcome(_NOTHING)  # an edit that changed no word
        try:
            return await self._see_through(message, thread)
        except BaseException:
            # Not seen through, so not known: else the next try would look like an edit that changed no word.
            self.recent.forget(message.place, message.id)
            raise

    async def _see_through(self, message: Message, thread: Sequence[ThreadLine]) -> Outcome:
        own = None
        if self._terms is not None:
            own = await self._terms.terms(message.place.platform, message.place.community)
        assessment = self._detector.assess(message, thread, own)
        self._observer.assessed(assessment)
        if assessment.concern is None:
            return Outcome(assessment)
        policy = await self._store.policy(message.place)
        author = self._pseudonym(message.place, message.author.id)
        history = await self._store.history(message.place, message.id, author, assessment.concern, assessment.level)
        decision = decide(assessment, message, policy, history, self._clock.now())
        self._observer.decided(assessment, decision)
        if _UNLOGGED.intersection(decision.reasons):
            return Outcome(assessment, decision)
        return await self._act(message, assessment, decision, policy, author)

    async def resume(self, platform: str) -> int:
        """Finish what a dead process left behind on `platform`; returns how many replies were sent or found.

        A reply that was planned but never tried is sent if it is still timely. One that may have been sent is looked
        for where the platform has a history, and sent only where it surely was not; else its state becomes `unknown`.
        """
        sent = 0
        for left in await self._store.unfinished(platform):
            timely = self._clock.now() - left.at <= LATEST_REPLY
            response = None
            if timely:
                policy = await self._store.policy(left.place)
                response = self._choose(left.concern, left.level, left.language, policy)
            if left.state is InteractionState.SENDING:
                state = await self._settle(_remembered(left), response, left.id)
            elif response is None:
                state = await self._end(
                    left.id, platform, InteractionState.SUPPRESSED, error="too late after a restart"
                )
            else:
                state = await self._reply(_remembered(left), response, left.id)
            sent += state is InteractionState.SENT
        return sent

    async def _act(
        self, message: Message, assessment: Assessment, decision: Decision, policy: Policy, author: str
    ) -> Outcome:
        concern = assessment.concern
        assert concern is not None  # noqa: S101  # narrowed by `handle`
        response = None
        if decision.reply or decision.shadow:
            response = self._choose(concern, assessment.level, assessment.language, policy)
        wanted: Cooldowns | None = None
        if decision.reply:
            channel, per_author = cooldowns_for(concern, policy)
            wanted = Cooldowns(concern, channel, per_author, assessment.level)
        claim = await self._store.claim(
            NewInteraction(
                place=message.place,
                message_id=message.id,
                author_pseudonym=author,
                at=self._clock.now(),
                assessment=assessment,
                decision=decision,
                response_id=response.id if response else None,
                excerpt=message.text if policy.excerpts else None,
            ),
            wanted,
        )
        if not claim.won:
            lost = {"channel cooldown": Reason.CHANNEL_COOLDOWN, "author cooldown": Reason.AUTHOR_COOLDOWN}
            reason = lost.get(claim.lost_to, Reason.ALREADY_ANSWERED)
            decision = replace(decision, reply=False, reasons=(*decision.reasons, reason))
            state = InteractionState.SUPPRESSED
            if reason is Reason.ALREADY_ANSWERED:
                return Outcome(assessment, replace(decision, alert=False), None, claim.interaction_id, state)
        elif decision.reply and response is not None:
            state = await self._reply(message, response, claim.interaction_id)
        else:
            state = InteractionState.SUPPRESSED
            self._observer.ended(message.place.platform, state)
        if decision.alert:
            await self._alert(message, assessment, decision, claim.interaction_id, state, policy)
        return Outcome(assessment, decision, response, claim.interaction_id, state)

    async def _reply(self, message: Message, response: Response, interaction_id: int) -> InteractionState:
        """Send one reply, with the state kept durably on both sides of it."""
        name = message.place.platform
        if not await self._store.advance(interaction_id, InteractionState.SENDING):
            return InteractionState.UNKNOWN  # somebody else is sending it
        key = f"{message.place}/{message.id}"
        try:
            receipt = await self._platforms[name].reply(message, response, interaction_id, key)
        except UnsureError as error:
            log.warning("reply_unsure", interaction=interaction_id, place=str(message.place), error=str(error))
            return await self._settle(message, response, interaction_id)
        except PlatformError as error:
            log.warning("reply_failed", interaction=interaction_id, place=str(message.place), error=str(error))
            return await self._end(interaction_id, name, InteractionState.FAILED, error=str(error))
        return await self._end(interaction_id, name, InteractionState.SENT, reply_id=receipt.message_id)

    async def _settle(self, message: Message, response: Response | None, interaction_id: int) -> InteractionState:
        """Find out what became of a reply that may have been sent; send it only where it surely was not.

        Where that cannot be known it is never tried again: its state becomes `unknown` (DESIGN law 6). Without a
        `response` it is not sent at all, only looked for.
        """
        platform = self._platforms[message.place.platform]
        try:
            found = await platform.posted_reply(message)
            if found is None and response is not None:
                found = await platform.reply(message, response, interaction_id, f"{message.place}/{message.id}")
        except PlatformError as error:
            return await self._end(interaction_id, platform.name, InteractionState.UNKNOWN, error=str(error))
        if found is None:
            return await self._end(interaction_id, platform.name, InteractionState.UNKNOWN, error="too late to send")
        return await self._end(interaction_id, platform.name, InteractionState.SENT, reply_id=found.message_id)

    async def _end(
        self,
        interaction_id: int,
        platform: str,
        state: InteractionState,
        *,
        reply_id: str | None = None,
        error: str = "",
    ) -> InteractionState:
        await self._store.advance(interaction_id, state, reply_id=reply_id, error=error)
        self._observer.ended(platform, state)
        return state

    async def _alert(
        self,
        message: Message,
        assessment: Assessment,
        decision: Decision,
        interaction_id: int,
        state: InteractionState,
        policy: Policy,
    ) -> None:
        replied = state is InteractionState.SENT
        alert = Alert(message, interaction_id, assessment, decision, replied, policy.alert_channel)
        try:
            where = await self._platforms[message.place.platform].alert(alert)
        except PlatformError as error:
            log.warning("alert_failed", interaction=interaction_id, place=str(message.place), error=str(error))
        else:
            if where is not None:
                await self._store.posted(interaction_id, where)

    def _choose(self, concern: Concern, level: Level | None, language: str, policy: Policy) -> Response:
        return self._library.choose(
            concern,
            level,
            policy.language or language,
            region=policy.region,
            emergency_number=policy.emergency_number,
        )


class RecentMessages:
    """The last few messages of each place, in memory only and bounded, so that a message is read in its thread."""

    def __init__(
        self, *, lines: int = 6, age: timedelta = timedelta(minutes=30), places: int = 5_000, chars: int = 600
    ) -> None:
        """Keep at most `lines` messages of `chars` characters a place, none older than `age`, of `places` places."""
        self._lines, self._age, self._max_places, self._chars = lines, age, places, chars
        self._places: OrderedDict[Place, deque[_Line]] = OrderedDict()

    def before(self, message: Message) -> tuple[ThreadLine, ...]:
        """The lines before `message` in its place, oldest first; the message that it answers comes last, if known."""
        kept = self._places.get(message.place)
        if not kept:
            return ()
        since = message.sent_at - self._age
        lines = [line for line in kept if line.message_id != message.id and since <= line.at <= message.sent_at]
        if message.reply_to is not None:
            lines.sort(key=lambda line: line.message_id == message.reply_to)
        return tuple(ThreadLine(line.text, line.author == message.author.id) for line in lines)

    def add(self, message: Message) -> bool:
        """Remember `message`; False where it was known with the very same text (an edit of other things)."""
        kept = self._places.get(message.place)
        if kept is None:
            kept = self._places[message.place] = deque(maxlen=self._lines)
            if len(self._places) > self._max_places:
                self._places.popitem(last=False)
        else:
            self._places.move_to_end(message.place)
        line = _Line(message.id, message.author.id, message.text[: self._chars], message.sent_at)
        for position, known in enumerate(kept):
            if known.message_id == message.id:
                kept[position] = line
                return known.text != line.text
        kept.append(line)
        return True

    def forget(self, place: Place, message_id: str) -> None:
        """Drop a message that was deleted."""
        kept = self._places.get(place)
        if kept:
            self._places[place] = deque((k for k in kept if k.message_id != message_id), maxlen=self._lines)

    def lines(self, place: Place) -> tuple[str, ...]:
        """The remembered texts of one place, oldest first; for previews, never for storing."""
        return tuple(line.text for line in self._places.get(place, ()))


@dataclass(frozen=True, slots=True)
class _Line:
    message_id: str
    author: str
    text: str
    at: datetime


_NOTHING = Assessment(None, 1.0, "und")


def _remembered(left: Interaction) -> Message:
    """The message behind a log row, as far as it is needed to answer it."""
    return Message(left.message_id, left.place, Author(""), (), left.at)
