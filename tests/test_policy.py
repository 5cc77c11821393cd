"""What the bot does, and why: every rule by an example, and what must hold for all policies and histories."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safetybot.model import (
    Assessment,
    Author,
    Concern,
    ConcernPolicy,
    Decision,
    FiredRule,
    History,
    Message,
    Mode,
    Place,
    Policy,
    Reason,
    Surface,
    SurfaceKind,
)
from safetybot.policy import cooldowns_for, decide

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAIN = Message(
    "1", Place("discord", "10", "20"), Author("30"), (Surface(SurfaceKind.TEXT, "some words"),), sent_at=NOW
)  # fmt: skip
NOTHING = History()


def policy(mode: Mode = Mode.REPLY, **changes: object) -> Policy:
    wanted = ConcernPolicy(mode, 10 * MINUTE, 60 * MINUTE)
    made = Policy(dict.fromkeys(Concern, wanted))
    return replace(made, **changes)  # type: ignore[arg-type]


def about(concern: Concern | None, confidence: float = 0.9) -> Assessment:
    return Assessment(concern, confidence, "en")


def ago(minutes: float) -> datetime:
    return NOW - minutes * MINUTE


SILENT = {"reply": False, "alert": False, "shadow": False}

# --- modes ---


def test_nothing_of_concern_is_left_alone() -> None:
    assert decide(about(None), PLAIN, policy(), NOTHING, NOW) == Decision(**SILENT, reasons=(Reason.NO_CONCERN,))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.OFF, Decision(**SILENT, reasons=(Reason.MODE_OFF,))),
        (Mode.SHADOW, Decision(reply=False, alert=False, shadow=True, reasons=(Reason.SHADOW,))),
        (Mode.ALERT, Decision(reply=False, alert=True, shadow=False, reasons=(Reason.ALERT,))),
        (Mode.REPLY, Decision(reply=True, alert=False, shadow=False, reasons=(Reason.REPLY,))),
        (Mode.REPLY_ALERT, Decision(reply=True, alert=True, shadow=False, reasons=(Reason.REPLY, Reason.ALERT))),
    ],
)
@pytest.mark.parametrize("concern", Concern)
def test_a_mode_does_what_it_says(concern: Concern, mode: Mode, expected: Decision) -> None:
    assert decide(about(concern), PLAIN, policy(mode), NOTHING, NOW) == expected


def test_each_concern_has_its_own_mode() -> None:
    mixed = replace(
        policy(), concerns={**policy(Mode.OFF).concerns, Concern.DIY: ConcernPolicy(Mode.REPLY, MINUTE, MINUTE)}
    )
    assert decide(about(Concern.DIY), PLAIN, mixed, NOTHING, NOW).reply
    assert not decide(about(Concern.MENTION), PLAIN, mixed, NOTHING, NOW).acts


# --- what takes a message out of our business ---


@pytest.mark.parametrize(
    ("message", "changes", "history", "reason"),
    [
        (replace(PLAIN, author=Author("30", is_bot=True)), {}, NOTHING, Reason.AUTHOR_IS_BOT),
        (PLAIN, {"exempt_channels": frozenset({"20"})}, NOTHING, Reason.EXEMPT_CHANNEL),
        (replace(PLAIN, place=Place("discord", "10", "20", "21")), {"exempt_channels": frozenset({"21"})}, NOTHING,
         Reason.EXEMPT_CHANNEL),
        (replace(PLAIN, author=Author("30", roles=frozenset({"7", "8"}))), {"exempt_roles": frozenset({"8"})}, NOTHING,
         Reason.EXEMPT_ROLE),
        (PLAIN, {}, History(author_opted_out=True), Reason.OPTED_OUT),
        (PLAIN, {}, History(already_answered=True), Reason.ALREADY_ANSWERED),
    ],
)  # fmt: skip
@pytest.mark.parametrize("concern", Concern)
@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.ALERT, Mode.REPLY, Mode.REPLY_ALERT])
def test_neither_reply_nor_alert_nor_shadow_where_it_is_none_of_our_business(
    message: Message, changes: dict[str, object], history: History, reason: Reason, concern: Concern, mode: Mode
) -> None:
    decision = decide(about(concern), message, policy(mode, **changes), history, NOW)
    assert decision == Decision(**SILENT, reasons=(reason,))


def test_an_exemption_of_another_channel_or_role_changes_nothing() -> None:
    wanted = policy(exempt_channels=frozenset({"21", "10", "30"}), exempt_roles=frozenset({"20"}))
    message = replace(PLAIN, author=Author("30", roles=frozenset({"7"})))
    assert decide(about(Concern.DIY), message, wanted, NOTHING, NOW).reply


# --- confidence ---


@pytest.mark.parametrize(("confidence", "acts"), [(0.69, False), (0.7, True), (0.71, True)])
@pytest.mark.parametrize("mode", [Mode.ALERT, Mode.REPLY, Mode.REPLY_ALERT])
def test_low_confidence_holds_back_reply_and_alert(confidence: float, acts: bool, mode: Mode) -> None:
    sure = replace(policy(), concerns={Concern.DIY: ConcernPolicy(mode, MINUTE, MINUTE, min_confidence=0.7)})
    decision = decide(about(Concern.DIY, confidence), PLAIN, sure, NOTHING, NOW)
    assert decision.acts is acts
    assert (Reason.LOW_CONFIDENCE in decision.reasons) is not acts


# --- cooldowns ---


def test_a_channel_on_cooldown_gets_no_second_reply() -> None:
    decision = decide(about(Concern.DIY), PLAIN, policy(), History(last_reply_in_channel=ago(9.9)), NOW)
    assert decision == Decision(**SILENT, reasons=(Reason.CHANNEL_COOLDOWN,))


def test_an_author_on_cooldown_gets_no_second_reply() -> None:
    decision = decide(about(Concern.DIY), PLAIN, policy(), History(last_reply_to_author=ago(59.9)), NOW)
    assert decision == Decision(**SILENT, reasons=(Reason.AUTHOR_COOLDOWN,))


def test_a_cooldown_ends_to_the_moment() -> None:
    history = History(last_reply_in_channel=ago(10), last_reply_to_author=ago(60))
    assert decide(about(Concern.DIY), PLAIN, policy(), history, NOW).reply


def test_the_channels_cooldown_never_holds_back_somebody_with_symptoms() -> None:
    history = History(last_reply_in_channel=NOW)
    decision = decide(about(Concern.ADVERSE), PLAIN, policy(), history, NOW)
    assert decision == Decision(reply=True, alert=False, shadow=False, reasons=(Reason.REPLY,))


def test_the_authors_cooldown_holds_for_somebody_with_symptoms_too() -> None:
    decision = decide(about(Concern.ADVERSE), PLAIN, policy(), History(last_reply_to_author=ago(5)), NOW)
    assert decision.reasons == (Reason.AUTHOR_COOLDOWN,)


def test_moderators_are_told_whatever_cooldown_holds_the_reply_back() -> None:
    history = History(last_reply_in_channel=ago(1), last_reply_to_author=ago(1))
    decision = decide(about(Concern.DIY), PLAIN, policy(Mode.REPLY_ALERT), history, NOW)
    reasons = (Reason.ALERT, Reason.CHANNEL_COOLDOWN, Reason.AUTHOR_COOLDOWN)
    assert decision == Decision(reply=False, alert=True, shadow=False, reasons=reasons)


def test_an_alert_by_itself_knows_no_cooldown() -> None:
    decision = decide(about(Concern.DIY), PLAIN, policy(Mode.ALERT), History(last_reply_in_channel=ago(1)), NOW)
    assert decision.reasons == (Reason.ALERT,)


def test_shadow_says_what_would_have_held_a_reply_back() -> None:
    unsure = replace(policy(), concerns={Concern.DIY: ConcernPolicy(Mode.SHADOW, 10 * MINUTE, MINUTE, 0.95)})
    decision = decide(about(Concern.DIY), PLAIN, unsure, History(last_reply_in_channel=ago(1)), NOW)
    reasons = (Reason.SHADOW, Reason.LOW_CONFIDENCE, Reason.CHANNEL_COOLDOWN)
    assert decision == Decision(reply=False, alert=False, shadow=True, reasons=reasons)


def test_no_cooldown_is_none_even_if_another_clock_runs_ahead() -> None:
    free = replace(policy(), concerns={Concern.DIY: ConcernPolicy(Mode.REPLY, timedelta(), timedelta())})
    ahead = History(last_reply_in_channel=ago(-1), last_reply_to_author=ago(-1))
    assert decide(about(Concern.DIY), PLAIN, free, ahead, NOW).reply


def test_a_reply_has_to_win_the_cooldowns_of_its_concern() -> None:
    assert cooldowns_for(Concern.DIY, policy()) == (10 * MINUTE, 60 * MINUTE)
    assert cooldowns_for(Concern.ADVERSE, policy()) == (None, 60 * MINUTE)


# --- reasons ---


def test_all_reasons_that_hold_are_told_in_a_stable_order() -> None:
    message = replace(PLAIN, author=Author("30", is_bot=True, roles=frozenset({"8"})))
    strict = replace(
        policy(exempt_channels=frozenset({"20"}), exempt_roles=frozenset({"8"})),
        concerns={Concern.DIY: ConcernPolicy(Mode.REPLY, 10 * MINUTE, 60 * MINUTE, 0.95)},
    )
    history = History(author_opted_out=True, already_answered=True, last_reply_in_channel=NOW, last_reply_to_author=NOW)
    assert decide(about(Concern.DIY), message, strict, history, NOW).reasons == (
        Reason.LOW_CONFIDENCE,
        Reason.EXEMPT_CHANNEL,
        Reason.EXEMPT_ROLE,
        Reason.AUTHOR_IS_BOT,
        Reason.OPTED_OUT,
        Reason.ALREADY_ANSWERED,
        Reason.CHANNEL_COOLDOWN,
        Reason.AUTHOR_COOLDOWN,
    )


# --- for all policies and histories ---

ids = st.sampled_from(["1", "2", "3"])
spans = st.integers(0, 90).map(lambda minutes: minutes * MINUTE)
times = st.none() | st.integers(-5, 90).map(ago)
concern_policies = st.builds(ConcernPolicy, st.sampled_from(Mode), spans, spans, st.floats(0, 1))
policies = st.builds(
    Policy,
    st.fixed_dictionaries(dict.fromkeys(Concern, concern_policies)),
    exempt_channels=st.frozensets(ids, max_size=1),
    exempt_roles=st.frozensets(ids, max_size=1),
)
histories = st.builds(History, st.booleans(), st.booleans(), times, times)
assessments = st.builds(Assessment, st.none() | st.sampled_from(Concern), st.floats(0, 1), st.just("en"))
messages = st.builds(
    lambda place, author: replace(PLAIN, place=place, author=author),
    st.builds(Place, st.just("discord"), ids, ids, st.none() | ids),
    st.builds(Author, ids, is_bot=st.booleans(), roles=st.frozensets(ids, max_size=2)),
)


@given(assessments, messages, policies, histories)
def test_a_decision_always_has_reasons_and_is_the_same_each_time(
    assessment: Assessment, message: Message, wanted: Policy, history: History
) -> None:
    decision = decide(assessment, message, wanted, history, NOW)
    assert decision.reasons
    assert list(decision.reasons) == [reason for reason in Reason if reason in decision.reasons]
    assert decide(assessment, message, wanted, history, NOW) == decision


@given(assessments, messages, policies, histories)
def test_what_is_done_and_its_reasons_agree(
    assessment: Assessment, message: Message, wanted: Policy, history: History
) -> None:
    decision = decide(assessment, message, wanted, history, NOW)
    assert decision.reply is (Reason.REPLY in decision.reasons)
    assert decision.alert is (Reason.ALERT in decision.reasons)
    assert decision.shadow is (Reason.SHADOW in decision.reasons)
    if decision.reply:
        assert set(decision.reasons) <= {Reason.REPLY, Reason.ALERT}
    if decision.shadow:
        assert not decision.acts


@given(assessments, messages, policies, histories)
def test_nothing_is_sent_that_the_mode_does_not_ask_for(
    assessment: Assessment, message: Message, wanted: Policy, history: History
) -> None:
    decision = decide(assessment, message, wanted, history, NOW)
    if assessment.concern is None:
        assert decision.reasons == (Reason.NO_CONCERN,)
        return
    mode = wanted.concerns[assessment.concern].mode
    assert decision.reply <= mode.replies
    assert decision.alert <= mode.alerts
    assert decision.shadow <= (mode is Mode.SHADOW)


@given(assessments, messages, policies, histories)
def test_those_who_are_to_be_left_alone_are(
    assessment: Assessment, message: Message, wanted: Policy, history: History
) -> None:
    alone = (
        message.author.is_bot
        or history.author_opted_out
        or history.already_answered
        or message.place.channel in wanted.exempt_channels
        or message.place.thread in wanted.exempt_channels
        or bool(message.author.roles & wanted.exempt_roles)
    )
    assume(alone)
    decision = decide(assessment, message, wanted, history, NOW)
    assert not decision.acts
    assert not decision.shadow


@given(messages, policies, histories, st.floats(0, 1), times)
def test_the_channels_history_makes_no_difference_to_somebody_with_symptoms(
    message: Message, wanted: Policy, history: History, confidence: float, last: datetime | None
) -> None:
    other = replace(history, last_reply_in_channel=last)
    assessment = about(Concern.ADVERSE, confidence)
    assert decide(assessment, message, wanted, history, NOW) == decide(assessment, message, wanted, other, NOW)


@given(assessments, messages, policies, histories, times, times)
def test_cooldowns_make_no_difference_to_an_alert(
    assessment: Assessment,
    message: Message,
    wanted: Policy,
    history: History,
    channel: datetime | None,
    author: datetime | None,
) -> None:
    other = replace(history, last_reply_in_channel=channel, last_reply_to_author=author)
    first = decide(assessment, message, wanted, history, NOW)
    assert first.alert is decide(assessment, message, wanted, other, NOW).alert


@given(st.sampled_from(Concern), st.floats(0, 1), messages, policies)
def test_a_reply_that_is_asked_for_and_that_nothing_speaks_against_is_given(
    concern: Concern, confidence: float, message: Message, wanted: Policy
) -> None:
    mode = wanted.concerns[concern].mode
    assume(mode.replies)
    free = replace(wanted, exempt_channels=frozenset(), exempt_roles=frozenset())
    person = replace(message, author=replace(message.author, is_bot=False))
    sure = about(concern, max(confidence, wanted.concerns[concern].min_confidence))
    assert decide(sure, person, free, NOTHING, NOW).reply


@given(assessments, messages, policies, histories, st.text(max_size=20))
def test_the_words_of_a_message_make_no_difference(
    assessment: Assessment, message: Message, wanted: Policy, history: History, text: str
) -> None:
    other = replace(message, surfaces=(Surface(SurfaceKind.TEXT, text),))
    assert decide(assessment, message, wanted, history, NOW) == decide(assessment, other, wanted, history, NOW)


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.ALERT, Mode.REPLY, Mode.REPLY_ALERT])
def test_what_rests_on_a_keyword_in_shadow_alone_is_recorded_and_never_sent(mode: Mode) -> None:
    tried = replace(about(Concern.DIY), only_shadow=True)
    wanted = Decision(reply=False, alert=False, shadow=True, reasons=(Reason.SHADOW,))
    assert decide(tried, PLAIN, policy(mode), NOTHING, NOW) == wanted
    assert decide(tried, PLAIN, policy(Mode.OFF), NOTHING, NOW).shadow is False


@pytest.mark.parametrize(
    ("fired", "watched", "sent"),
    [
        (["a"], {"a"}, False),
        (["a", "b"], {"a"}, True),
        (["a"], {"b"}, True),
        ([], {"a"}, True),
        (["a", "b"], {"a", "b"}, False),
    ],
)
def test_an_answer_that_rests_on_watched_rules_alone_is_logged_and_not_sent(
    fired: list[str], watched: set[str], *, sent: bool
) -> None:
    rules = tuple(FiredRule(name, Concern.DIY, "It says so.") for name in fired)
    assessment = Assessment(Concern.DIY, 0.9, "en", rules=rules)
    wanted = policy(shadow_rules=frozenset(watched))
    decision = decide(assessment, PLAIN, wanted, NOTHING, NOW)
    assert decision.acts is sent
    assert decision.shadow is not sent
