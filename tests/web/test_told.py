"""Sentences of use cases on the pages: as they are in English, in the reader's language otherwise."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import START
from tests.web.conftest import HERE, OPERATOR, Pages

from safetybot.chat.finding_words import PACKAGED_RULES
from safetybot.communities.access import Actor, Refused, Right, Role
from safetybot.communities.api_tokens import UnusableAge
from safetybot.communities.errors import CommunityError
from safetybot.communities.keyword import Keyword, KeywordState, stored_keyword
from safetybot.communities.keyword_checks import STANDS_IN, Doubt, Warn
from safetybot.communities.records import Change
from safetybot.communities.review import ReasonNeeded, Repair, RepairKind
from safetybot.communities.saved_views import TooManyViews
from safetybot.communities.setting_list import UnusableValue
from safetybot.detection.own_terms import OWN_FOUND
from safetybot.detection.rules import TOO_FAR, read_rules
from safetybot.model import Concern, NearMiss
from safetybot.web import texts
from safetybot.web.scene import FormExpired
from safetybot.web.told import doubtful, keyword_change, nearly, refusal, repair_says, rule_says, setting_change

BASE = "/in/discord/100"
CONFIG = Path(__file__).parent.parent.parent / "config"
OTHERS = [one for one in texts.languages() if one != texts.SOURCE]
REFUSALS = (
    ReasonNeeded(),
    TooManyViews(),
    FormExpired(),
    UnusableAge(timedelta(0)),
    UnusableValue("retention", "soon", "no time"),
    Refused(Actor("ann", Role.VIEWER, *HERE), Right.CHANGE_POLICY, *HERE, "this needs the role admin"),
)


@pytest.fixture(params=OTHERS)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    texts.speak(request.param)
    yield request.param
    texts.speak(texts.SOURCE)


def _english(error: CommunityError) -> str:
    texts.speak(texts.SOURCE)
    return refusal(error)


def test_in_english_a_refusal_is_what_the_use_case_says() -> None:
    assert [refusal(error) for error in REFUSALS] == [str(error) for error in REFUSALS]


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_refusal_is_told_in_the_readers_language(error: CommunityError) -> None:
    told = refusal(error)
    assert told
    assert told.lower() != str(error).lower()
    assert "%(" not in told
    assert told != _english(error)


@pytest.mark.usefixtures("language")
def test_a_refusal_that_nobody_translated_is_told_all_the_same() -> None:
    assert refusal(CommunityError("of a plugin: do something else")) == "Of a plugin: do something else."


def test_changes_are_told_in_the_readers_language(language: str) -> None:
    change = Change(3, "de", "ann <b>", START, undoes=2)
    keyword = Keyword("glow", KeywordState.SHADOW, concern=Concern.DIY)
    moved = Change(2, stored_keyword(Keyword("glow", KeywordState.LIVE, concern=Concern.DIY)), "ann", START)
    here = (setting_change("language", None, change), keyword_change("glow", stored_keyword(keyword), moved))
    texts.speak(texts.SOURCE)
    english = (setting_change("language", None, change), keyword_change("glow", stored_keyword(keyword), moved))
    assert english[0] == "2026-03-01 12:00 ann <b>: language from inherited to de, taking back version 2 (version 3)"
    assert "shadow → live" in english[1]
    for told, source in zip(here, english, strict=True):
        assert told != source, language
        assert "2026-03-01 12:00" in told
        assert "ann" in told


def test_repairs_are_told_in_the_readers_language_with_what_they_are_about(language: str) -> None:
    repairs = (
        Repair(RepairKind.SHADOW, "", ("glow",)),
        Repair(RepairKind.ALLOW, "", ("one", "two")),
        Repair(RepairKind.RAISE, "", key="diy.min_confidence", value=0.88),
    )
    here = [repair_says(one, 0.87) for one in repairs]
    texts.speak(texts.SOURCE)
    english = [repair_says(one, 0.87) for one in repairs]
    assert english[2] == "Act on diy only from 0.88 on: this one was 0.870. It holds for all."
    for told, source, part in zip(here, english, ("`glow`", "`one`, `two`", "0.88"), strict=True):
        assert told != source, language
        assert part in told


async def test_the_english_of_repairs_is_that_of_the_use_case(pages: Pages) -> None:
    reviews, number = pages.app.app.state.parts().reviews, pages.rows[HERE]
    found = await reviews.repairs(OPERATOR, number, own=())
    confidence = (await pages.store.interaction(number)).confidence
    assert found
    assert [repair_says(one, confidence) for one in found] == [one.says for one in found]


async def test_pages_tell_why_not_in_the_readers_language(pages: Pages) -> None:
    admin, viewer = await pages.signed_in(Role.ADMIN), await pages.signed_in(Role.VIEWER)
    for browser in (admin, viewer):
        browser.headers["accept-language"] = "de"
    answer = await admin.submit(f"{BASE}/interactions/{pages.rows[HERE]}/verdict", kind="false_alarm")
    assert (answer.status_code, "Ein Fehlalarm braucht" in answer.text) == (400, True)
    refused = await viewer.get(f"{BASE}/people")
    assert refused.status_code == 403
    assert "needs the role" not in refused.text
    assert "Verwaltung" in html.unescape(refused.text)
    await admin.submit(f"{BASE}/settings", key="language", value="de", expected="0")
    late = await admin.submit(f"{BASE}/settings", key="language", value="fr", expected="0")
    assert late.status_code == 409
    assert "somebody" not in late.text.lower()
    history = (await admin.get(f"{BASE}/settings/history?key=language")).text
    assert "inherited" not in history


@pytest.mark.usefixtures("language")
def test_why_something_was_found_is_told_in_the_readers_language() -> None:
    book = read_rules(CONFIG / "rules.yaml")
    assert set(book.sentences().values()) == set(PACKAGED_RULES)
    own = OWN_FOUND.replace("{term}", "{glow} juice")
    for says in (*PACKAGED_RULES, own):
        assert rule_says(says) != says
    assert "{glow} juice" in rule_says(own)
    assert rule_says("A rule of an operator's own.") == "A rule of an operator's own."
    miss = NearMiss("named", Concern.MENTION, TOO_FAR, {"words": "12"})
    assert miss.why_not == "its parts stand more than 12 words apart"
    assert nearly(miss) != miss.why_not
    assert "12" in nearly(miss)
    warn = Warn(Doubt.COMMON, STANDS_IN, {"count": "7", "of": "5,000"})
    assert doubtful(warn) != warn.reason
    assert {"7", "5,000"} <= set(doubtful(warn).split())


async def test_the_audit_names_what_was_done_in_the_readers_language(pages: Pages) -> None:
    admin = await pages.signed_in(Role.ADMIN)
    admin.headers["accept-language"] = "de"
    await admin.submit(f"{BASE}/settings", key="language", value="de", expected="0")
    page = (await admin.get(f"{BASE}/audit?action=setting+changed")).text
    assert '<option value="setting changed" selected>Einstellung' in page
    rows = page.partition("<tbody>")[2]
    assert "Einstellung" in rows
    assert "setting changed" not in rows
