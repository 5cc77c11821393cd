"""The way of a message, with a store and a platform that live in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from safetybot.detection.own_terms import CommunityTerms
from safetybot.model import (
    Assessment,
    Author,
    Concern,
    ConcernPolicy,
    Decision,
    History,
    Interaction,
    InteractionState,
    Level,
    Message,
    Mode,
    NewInteraction,
    Place,
    Policy,
    Reason,
    Response,
    Surface,
    SurfaceKind,
    ThreadLine,
)
from safetybot.platforms.console import summary
from safetybot.ports import Alert, Claim, Cooldowns, PlatformError, Posted, Receipt, UnsureError
from safetybot.watcher import LATEST_REPLY, RecentMessages, Watcher

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HERE = Place("fake", "guild", "room")


def message(text: str, number: str = "1", **more: object) -> Message:
    given: dict[str, object] = {"author": Author("ann"), "sent_at": NOW} | more
    return Message(number, HERE, surfaces=(Surface(SurfaceKind.TEXT, text),), **given)  # type: ignore[arg-type]


class WordDetector:
    """Finds a concern where its label is the first word."""

    def assess(
        self, message: Message, thread: Sequence[ThreadLine] = (), own: CommunityTerms | None = None
    ) -> Assessment:
        first = message.text.split(" ", maxsplit=1)[0]
        concern = Concern.from_label(first) if first in ("mention", "supply", "diy", "adverse") else None
        return Assessment(concern, 0.9, "en", level=Level.TODAY if concern is Concern.ADVERSE else None)


class OneText:
    def choose(self, concern: Concern, level: Level | None, language: str, **_: object) -> Response:
        return Response(f"{language}/{concern.label}", concern, level, language, "public", "card", (), (), "2026-01-01")


@dataclass
class MemoryStore:
    mode: Mode = Mode.REPLY_ALERT
    rows: dict[int, Interaction] = field(default_factory=dict)
    opted_out: bool = False
    lose_to: str = ""
    excerpts: bool = False
    kept: list[NewInteraction] = field(default_factory=list)
    alerts: dict[int, Posted] = field(default_factory=dict)
    away: bool = False

    async def policy(self, place: Place) -> Policy:
        each = ConcernPolicy(self.mode, timedelta(0), timedelta(0))
        return Policy(dict.fromkeys(Concern, each), excerpts=self.excerpts)

    async def history(
        self, place: Place, message_id: str, author_pseudonym: str, concern: Concern, level: Level | None = None
    ) -> History:
        known = any(row.message_id == message_id for row in self.rows.values())
        return History(author_opted_out=self.opted_out, already_answered=known)

    async def claim(self, new: NewInteraction, cooldowns: Cooldowns | None) -> Claim:
        if self.away:
            raise ConnectionError("the database is away")
        self.kept.append(new)
        number = len(self.rows) + 1
        won = not (self.lose_to and cooldowns)
        state = InteractionState.PLANNED if new.decision.reply and won else InteractionState.SUPPRESSED
        concern = new.assessment.concern
        assert concern is not None
        self.rows[number] = Interaction(
            number, new.place, new.message_id, new.author_pseudonym, new.at, concern, new.assessment.level, 0.9, "en",
            (), (), (), state, new.decision.alert, new.decision.shadow, new.response_id, None,
        )  # fmt: skip
        return Claim(number, won=won, lost_to=self.lose_to if not won else "")

    async def advance(
        self, interaction_id: int, to: InteractionState, *, reply_id: str | None = None, error: str = ""
    ) -> bool:
        if to is InteractionState.SENDING and self.rows[interaction_id].state is not InteractionState.PLANNED:
            return False
        self.rows[interaction_id] = replace(self.rows[interaction_id], state=to, reply_id=reply_id)
        return True

    async def posted(self, interaction_id: int, where: Posted) -> None:
        self.alerts[interaction_id] = where

    async def unfinished(self, platform: str) -> list[Interaction]:
        return [r for r in self.rows.values() if r.state in (InteractionState.PLANNED, InteractionState.SENDING)]


@dataclass
class FakePlatform:
    replies: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    broken: bool = False
    unsure: int = 0
    """How many sends give no answer."""
    arrives: bool = True
    """Whether what gave no answer was posted all the same."""
    has_history: bool = True
    name: str = "fake"

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        if self.broken:
            raise PlatformError("no right to write here")
        if self.unsure:
            self.unsure -= 1
            if self.arrives:
                self.replies.append(to.id)
            raise UnsureError("no answer within 10 s")
        self.replies.append(to.id)
        return Receipt(f"re-{to.id}")

    async def posted_reply(self, to: Message) -> Receipt | None:
        if not self.has_history:
            raise PlatformError("bots cannot read back here")
        return Receipt(f"re-{to.id}") if to.id in self.replies else None

    async def alert(self, alert: Alert) -> Posted | None:
        if self.broken:
            raise PlatformError("no right to write here")
        self.alerts.append(summary(alert.assessment))
        return Posted("mods", f"al-{alert.about.id}")

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        self.alerts.append(text)


@dataclass
class Counting:
    ends: list[InteractionState] = field(default_factory=list)

    def assessed(self, assessment: Assessment) -> None: ...

    def decided(self, assessment: Assessment, decision: Decision) -> None: ...

    def ended(self, platform: str, state: InteractionState) -> None:
        self.ends.append(state)


class FixedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class World:
    store: MemoryStore = field(default_factory=MemoryStore)
    platform: FakePlatform = field(default_factory=FakePlatform)
    counting: Counting = field(default_factory=Counting)

    def __post_init__(self) -> None:
        self.watcher = Watcher(
            detector=WordDetector(), library=OneText(), store=self.store, platforms={"fake": self.platform},
            clock=FixedClock(), pseudonym=lambda place, author: f"pseudo-{author}", observer=self.counting,
        )  # fmt: skip


@pytest.fixture
def world() -> World:
    return World()


async def test_a_message_of_concern_is_answered_and_recorded_once(world: World) -> None:
    outcome = await world.watcher.handle(message("diy at home"))
    assert outcome.state is InteractionState.SENT
    assert world.platform.replies == ["1"]
    assert len(world.platform.alerts) == 1
    assert world.store.rows[1].reply_id == "re-1"


async def test_a_message_without_a_concern_leaves_no_trace(world: World) -> None:
    outcome = await world.watcher.handle(message("good morning"))
    assert outcome.decision is None
    assert not world.store.rows


async def test_bots_are_not_even_remembered(world: World) -> None:
    await world.watcher.handle(message("diy", author=Author("b", is_bot=True)))
    assert not world.store.rows
    assert world.watcher.recent.lines(HERE) == ()


async def test_an_edit_never_answers_twice(world: World) -> None:
    await world.watcher.handle(message("diy at home"))
    await world.watcher.handle(message("diy at home, twice", edited_at=NOW))
    assert world.platform.replies == ["1"]


async def test_an_edit_that_changes_no_word_is_not_looked_at_again(world: World) -> None:
    await world.watcher.handle(message("diy"))
    outcome = await world.watcher.handle(message("diy", edited_at=NOW))
    assert outcome.decision is None


async def test_an_edit_that_makes_a_harmless_message_one_of_concern_is_answered(world: World) -> None:
    await world.watcher.handle(message("hello"))
    await world.watcher.handle(message("diy", edited_at=NOW))
    assert world.platform.replies == ["1"]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW, Mode.ALERT, Mode.REPLY, Mode.REPLY_ALERT])
async def test_each_mode_does_what_it_says(mode: Mode) -> None:
    world = World(MemoryStore(mode))
    await world.watcher.handle(message("supply here"))
    assert bool(world.platform.replies) == mode.replies
    assert bool(world.platform.alerts) == mode.alerts
    assert bool(world.store.rows) == (mode is not Mode.OFF)


async def test_whoever_opted_out_is_neither_answered_nor_logged() -> None:
    world = World(MemoryStore(opted_out=True))
    outcome = await world.watcher.handle(message("diy"))
    assert outcome.decision is not None
    assert Reason.OPTED_OUT in outcome.decision.reasons
    assert not world.store.rows


async def test_a_cooldown_lost_in_a_race_suppresses_the_reply_but_not_the_alert() -> None:
    world = World(MemoryStore(lose_to="channel cooldown"))
    outcome = await world.watcher.handle(message("diy"))
    assert outcome.state is InteractionState.SUPPRESSED
    assert outcome.decision is not None
    assert Reason.CHANNEL_COOLDOWN in outcome.decision.reasons
    assert (world.platform.replies, len(world.platform.alerts)) == ([], 1)


async def test_a_message_that_another_replica_won_is_left_to_it() -> None:
    world = World(MemoryStore(lose_to="another handler"))
    await world.watcher.handle(message("diy"))
    assert (world.platform.replies, world.platform.alerts) == ([], [])


async def test_a_platform_that_refuses_is_recorded_not_raised(world: World) -> None:
    world.platform.broken = True
    outcome = await world.watcher.handle(message("diy"))
    assert outcome.state is InteractionState.FAILED
    assert world.counting.ends == [InteractionState.FAILED]


@pytest.mark.parametrize("excerpts", [True, False])
async def test_an_excerpt_is_handed_over_only_where_the_community_wants_it(*, excerpts: bool) -> None:
    world = World(MemoryStore(excerpts=excerpts))
    await world.watcher.handle(message("diy at home"))
    assert world.store.kept[0].excerpt == ("diy at home" if excerpts else None)


async def test_the_log_gets_a_pseudonym_never_the_authors_id(world: World) -> None:
    await world.watcher.handle(message("diy"))
    assert world.store.kept[0].author_pseudonym == "pseudo-ann"


def leftover(state: InteractionState, at: datetime = NOW) -> Interaction:
    return Interaction(
        1, HERE, "9", "p", at, Concern.DIY, None, 0.9, "en", (), (), (), state, False, False, "en/diy", None,
    )  # fmt: skip


async def test_after_a_crash_what_was_planned_is_sent(world: World) -> None:
    world.store.rows[1] = leftover(InteractionState.PLANNED)
    assert await world.watcher.resume("fake") == 1
    assert world.platform.replies == ["9"]


async def test_after_a_crash_what_may_have_been_sent_is_never_tried_again_without_a_history(world: World) -> None:
    world.platform.has_history = False
    world.store.rows[1] = leftover(InteractionState.SENDING)
    assert await world.watcher.resume("fake") == 0
    assert world.platform.replies == []
    assert world.store.rows[1].state is InteractionState.UNKNOWN


async def test_after_a_crash_a_reply_that_stands_in_the_history_is_recorded(world: World) -> None:
    world.platform.replies.append("9")
    world.store.rows[1] = leftover(InteractionState.SENDING)
    assert await world.watcher.resume("fake") == 1
    assert world.platform.replies == ["9"]
    assert (world.store.rows[1].state, world.store.rows[1].reply_id) == (InteractionState.SENT, "re-9")


async def test_after_a_crash_a_reply_that_surely_was_not_sent_is_sent(world: World) -> None:
    world.store.rows[1] = leftover(InteractionState.SENDING)
    assert await world.watcher.resume("fake") == 1
    assert world.platform.replies == ["9"]


async def test_long_after_a_crash_a_reply_is_looked_for_and_not_sent(world: World) -> None:
    world.store.rows[1] = leftover(InteractionState.SENDING, NOW - LATEST_REPLY - timedelta(seconds=1))
    assert await world.watcher.resume("fake") == 0
    assert world.platform.replies == []
    assert world.store.rows[1].state is InteractionState.UNKNOWN


@pytest.mark.parametrize(("arrives", "has_history"), [(True, True), (False, True), (True, False), (False, False)])
async def test_a_send_without_an_answer_never_becomes_two_replies(*, arrives: bool, has_history: bool) -> None:
    world = World(platform=FakePlatform(unsure=1, arrives=arrives, has_history=has_history))
    outcome = await world.watcher.handle(message("diy"))
    if has_history:
        assert (outcome.state, world.platform.replies) == (InteractionState.SENT, ["1"])
    else:
        assert outcome.state is InteractionState.UNKNOWN
        assert len(world.platform.replies) == arrives


async def test_after_a_long_outage_a_late_reply_is_not_sent(world: World) -> None:
    world.store.rows[1] = leftover(InteractionState.PLANNED, NOW - LATEST_REPLY - timedelta(seconds=1))
    assert await world.watcher.resume("fake") == 0
    assert world.store.rows[1].state is InteractionState.SUPPRESSED


async def test_where_an_alert_stands_is_remembered(world: World) -> None:
    outcome = await world.watcher.handle(message("diy"))
    assert world.store.alerts == {outcome.interaction_id: Posted("mods", "al-1")}


async def test_a_message_that_the_store_could_not_take_is_handled_when_it_comes_again(world: World) -> None:
    # The recent messages knew it already, so that the second try looked like an edit that changed no word.
    world.store.away = True
    with pytest.raises(ConnectionError):
        await world.watcher.handle(message("diy"))
    world.store.away = False
    outcome = await world.watcher.handle(message("diy"))
    assert outcome.state is InteractionState.SENT


# --- recent messages --------------------------------------------------------------------------------------


def test_the_lines_before_come_oldest_first_and_know_their_author() -> None:
    recent = RecentMessages()
    recent.add(message("one", "1"))
    recent.add(message("two", "2", author=Author("bob")))
    lines = recent.before(message("three", "3"))
    assert [(line.text, line.same_author) for line in lines] == [("one", True), ("two", False)]


def test_the_message_that_is_answered_comes_last() -> None:
    recent = RecentMessages()
    for number in "123":
        recent.add(message(f"line {number}", number))
    assert recent.before(message("yes", "4", reply_to="1"))[-1].text == "line 1"


def test_old_lines_too_many_lines_and_too_many_places_are_forgotten() -> None:
    recent = RecentMessages(lines=2, age=timedelta(minutes=5), places=1)
    for number in "123":
        recent.add(message(number, number))
    assert recent.lines(HERE) == ("2", "3")
    assert recent.before(message("x", "9", sent_at=NOW + timedelta(minutes=6))) == ()
    recent.add(replace(message("elsewhere", "5"), place=Place("fake", "guild", "other")))
    assert recent.lines(HERE) == ()


def test_a_deleted_message_is_forgotten() -> None:
    recent = RecentMessages()
    recent.add(message("secret", "1"))
    recent.forget(HERE, "1")
    assert recent.lines(HERE) == ()
