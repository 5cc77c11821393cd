"""Trying a message: the same answer as in earnest, in the community's own terms and settings, and nothing kept."""

from __future__ import annotations

import pytest
from tests.conftest import StillClock

from safetybot.cli.session import Session
from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.audit import AuditFilters
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.keywords import Keywords
from safetybot.communities.terms_in_force import TermsInForce
from safetybot.communities.trying import MOST_LINES, NothingTyped, Trials
from safetybot.detection.detector import MAX_CHARS
from safetybot.model import Concern, Level, Reason
from safetybot.store.store import SqlStore

OPERATOR = Actor("op", Role.OPERATOR)
VIEWER = Actor("v", Role.VIEWER, "discord", "100")
HERE = ("discord", "100")


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


@pytest.fixture
def trials(store: SqlStore, clock: StillClock, session: Session) -> Trials:
    return Trials(session.detector, session.library, store.policy, TermsInForce(store.keywords), clock)


async def test_a_message_is_answered_as_in_earnest_and_leaves_no_trace(store: SqlStore, trials: Trials) -> None:
    text = "I injected filler into my lips at home and now they are white and numb"
    found = await trials.of(VIEWER, *HERE, text)
    assert (found.assessment.concern, found.assessment.level) == (Concern.ADVERSE, Level.EMERGENCY)
    assert found.decision.reply
    assert found.response is not None
    assert len(found.cards) == 3
    assert all(says and card.body for says, card in found.cards)
    assert await store.counts() == {}
    assert await store.audit.newest(AuditFilters(), before=None, limit=1) == []


async def test_an_ordinary_message_has_a_language_and_no_reply(trials: Trials) -> None:
    found = await trials.of(VIEWER, *HERE, "wer kommt heute abend mit ins kino?")
    assert (found.assessment.concern, found.language, found.response) == (None, "de", None)
    assert found.decision.reasons == (Reason.NO_CONCERN,)


async def test_the_communitys_own_words_and_settings_hold(
    store: SqlStore, trials: Trials, clock: StillClock, session: Session
) -> None:
    await store.settings.put(*HERE, "7", "language", "fr", by="op", at=clock.now(), expected=0)
    await store.settings.put(*HERE, "", "diy.mode", "shadow", by="op", at=clock.now(), expected=0)
    keywords = Keywords(store.keywords, session.detector, clock)
    await keywords.add(OPERATOR, *HERE, Keyword("glow party", KeywordState.DRAFT, concern=Concern.DIY))
    await keywords.move(OPERATOR, *HERE, "glow party", KeywordState.LIVE)
    found = await trials.of(VIEWER, *HERE, "who comes to the glow party", channel="7")
    assert found.assessment.concern is Concern.DIY
    assert found.decision.shadow
    assert found.response is not None
    assert found.response.language == "fr"
    elsewhere = await trials.of(OPERATOR, "discord", "200", "who comes to the glow party")
    assert elsewhere.assessment.concern is None


async def test_what_is_too_long_is_read_as_far_as_the_bot_reads(trials: Trials) -> None:
    found = await trials.of(OPERATOR, None, None, "x" * (MAX_CHARS + 9), thread=["line"] * (MOST_LINES + 9))
    assert (len(found.text), len(found.thread)) == (MAX_CHARS, MOST_LINES)


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_nothing_typed_is_nothing_to_try(trials: Trials, text: str) -> None:
    with pytest.raises(NothingTyped):
        await trials.of(VIEWER, *HERE, text)


async def test_trying_is_for_those_who_may(trials: Trials) -> None:
    everywhere: tuple[str | None, str | None] = (None, None)
    asked = ((Actor("m", None, *HERE), HERE), (VIEWER, ("discord", "200")), (VIEWER, everywhere))
    for actor, (platform, community) in asked:
        with pytest.raises(Refused):
            await trials.of(actor, platform, community, "mesotherapy")
