"""Names on the pages: every one that use cases have is listed and translated; any other stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.web.conftest import HERE, Pages

from safetybot.communities.access import Role
from safetybot.communities.keyword import Keyword, KeywordState, Override
from safetybot.communities.keyword_checks import Doubt
from safetybot.communities.setting_list import SETTINGS
from safetybot.communities.settings import Origin
from safetybot.model import (
    Concern,
    HitPath,
    InteractionState,
    Level,
    Mode,
    Place,
    Reason,
    Strength,
    VerdictKind,
)
from safetybot.store.tables import interactions
from safetybot.web import texts
from safetybot.web.names import bound_to, known, named

BASE = "/in/discord/100"
SAME = {"de": set(), "es": set(), "fr": {"mention", "exact"}}
"""Names that are the same word in both languages."""


@pytest.fixture
def german() -> Iterator[None]:
    texts.speak("de")
    yield
    texts.speak(texts.SOURCE)


def every_name() -> list[str]:
    labels = [one.label for kind in (Concern, Level, Role) for one in kind]
    kinds = (InteractionState, KeywordState, VerdictKind, Mode, HitPath, Doubt, Reason)
    values = [one.value for kind in kinds for one in kind]
    settings = [text for one in SETTINGS.values() for text in (one.meaning, one.limits)]
    return [*labels, *values, *settings, *(f"from {one.value}" for one in Origin), "on", "off", "none"]


def test_every_name_of_the_use_cases_is_listed() -> None:
    assert [name for name in every_name() if not known(name)] == []


def test_in_english_a_name_stays_what_files_and_commands_call_it() -> None:
    changed = {name: named(name) for name in every_name() if named(name) != name}
    assert changed == {"confirmed": "Right", "false_alarm": "False alarm", "handled": "Handled"}


@pytest.mark.parametrize("language", [one for one in texts.languages() if one != texts.SOURCE])
def test_every_name_is_translated(language: str) -> None:
    texts.speak(language)
    try:
        alike = {name for name in every_name() if named(name) == name}
        assert alike == SAME[language]
        assert "%(" not in "".join(named(name) for name in every_name())
    finally:
        texts.speak(texts.SOURCE)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("name", ["", "a rule's own reason", "What is done about nothing.", "sent ", "%(concern)s"])
def test_what_is_not_listed_stays_as_it_is(name: str) -> None:
    assert named(name) == name


@pytest.mark.usefixtures("german")
def test_a_setting_names_its_concern_in_the_readers_language() -> None:
    concern = named("supply")
    assert concern in named(SETTINGS["supply.mode"].meaning)
    assert concern not in named(SETTINGS["diy.mode"].meaning)


def test_what_a_keyword_is_bound_to_is_told_in_words() -> None:
    bound = [
        Keyword("a", KeywordState.DRAFT, concern=Concern.DIY),
        Keyword("a", KeywordState.DRAFT, concept="product"),
        Keyword("a", KeywordState.DRAFT, concept="product", strength=Strength.WEAK),
        Keyword("a", KeywordState.LIVE, allowed=True),
        Keyword("a", KeywordState.LIVE, override=Override.OFF),
        Keyword("a", KeywordState.LIVE, override=Override.WEAK),
    ]
    assert [bound_to(one) for one in bound] == [
        "concern diy", "concept product", "concept product, weak", "allowed phrase",
        "term of the lexicon, switched off here", "term of the lexicon, weak here",
    ]  # fmt: skip


async def test_pages_speak_the_readers_language_and_keep_what_they_do_not_know(pages: Pages) -> None:
    await pages.store.claim(pages.new("x", place=Place(*HERE, "chat"), concern=Concern.DIY), None)
    newer = sa.update(interactions).values(reasons=[Reason.REPLY.value, "of a <newer> version"])
    await pages.store.database.writer.do(lambda connection: connection.execute(newer).rowcount)
    browser = await pages.signed_in(Role.ADMIN)
    browser.headers["accept-language"] = "de"
    log = (await browser.get(f"{BASE}/log")).text
    texts.speak("de")
    expected = [named(name) for name in (Reason.REPLY.value, "diy", "sent", "planned", "false_alarm", "admin")]
    meaning = named(SETTINGS["retention"].meaning)
    texts.speak(texts.SOURCE)
    assert [name for name in expected if name not in log] == []
    assert f"{expected[0]}; of a &lt;newer&gt; version" in log
    assert '<option value="false_alarm">' in log, "what is sent stays the same in every language"
    settings = (await browser.get(f"{BASE}/settings")).text
    assert meaning in settings
    assert '<option value="reply+alert">' in settings
    assert expected[1] in (await browser.get(f"{BASE}/overview/day.svg")).text, "the legend of a picture too"
