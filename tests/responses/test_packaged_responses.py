"""The texts that ship: fit by every check, complete, in step with each other."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from safetybot.config import packaged_dir
from safetybot.model import Concern, Level
from safetybot.responses import CardKind, ResponseLibrary, review
from safetybot.responses.files import KEYS, read_files
from safetybot.responses.library import PLACEHOLDERS
from safetybot.responses.review import CARD_LIMIT, GRADE_LIMIT, PUBLIC_LIMIT, reading_grade

REVIEWED = date(2026, 11, 24)
LIBRARY = ResponseLibrary.load([packaged_dir("responses")])
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh")
PURPOSES = [*((concern, None) for concern in Concern if concern is not Concern.ADVERSE),
            *((Concern.ADVERSE, level) for level in Level)]  # fmt: skip
NAMED_PRODUCTS = ("aqualyx", "lemon bottle", "kybella", "lipo lab", "botox", "juvederm", "restylane", "profhilo")


def test_every_packaged_response_passes_the_review_without_a_warning() -> None:
    problems = review(LIBRARY.files, today=REVIEWED, product_names=NAMED_PRODUCTS)
    assert [str(problem) for problem in problems] == []


def test_every_language_with_texts_has_a_lexicon() -> None:
    # The other way round there are more: short word lists of languages that people mix with English, answered in
    # the community's language.
    of_lexicon = {path.stem for path in (packaged_dir("config") / "lexicon").glob("*.yaml")} - {"mul"}
    assert set(LIBRARY.languages) == set(LANGUAGES) <= of_lexicon


@pytest.mark.parametrize("language", ["tl", "sw", "und"])
def test_a_language_without_texts_is_answered_in_another(language: str) -> None:
    for concern, level in PURPOSES:
        assert LIBRARY.choose(concern, level, language).language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_text_of_its_own(language: str) -> None:
    assert {key for of, key in LIBRARY.files.texts if of == language} == set(KEYS)
    for concern, level in PURPOSES:
        assert LIBRARY.choose(concern, level, language).language == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("region", [None, *sorted(LIBRARY.files.regions.regions)[::7]])
def test_replies_and_cards_fit_both_platforms_in_every_region(language: str, region: str | None) -> None:
    for concern, level in PURPOSES:
        response = LIBRARY.choose(concern, level, language, region=region)
        assert len(response.public) <= PUBLIC_LIMIT
        assert "\n" not in response.public
        for kind in CardKind:
            card = LIBRARY.card(kind, language, concern=concern, level=level, region=region)
            assert 20 < len(card.body) <= CARD_LIMIT
            assert "{" not in response.public + card.body


@pytest.mark.parametrize(("concern", "level"), PURPOSES)
def test_english_reads_at_grade_eight_at_most(concern: Concern, level: Level | None) -> None:
    response = LIBRARY.choose(concern, level, "en", region="US")
    assert reading_grade(response.public) <= GRADE_LIMIT
    assert reading_grade(response.card) <= GRADE_LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_emergency_reply_leads_with_the_number(language: str) -> None:
    response = LIBRARY.choose(Concern.ADVERSE, Level.EMERGENCY, language, emergency_number="12345")
    first = re.split(r"[.!?。！？؟]", response.public)[0]
    assert "12345" in first
    assert "12345" in response.card.split("\n")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_says_how_to_stop_the_bot(language: str) -> None:
    button = LIBRARY.ui(language).not_for_me
    for concern, level in PURPOSES:
        assert button in LIBRARY.choose(concern, level, language).card


def test_every_response_rests_on_facts_that_lead_to_a_page() -> None:
    for concern, level in PURPOSES:
        response = LIBRARY.choose(concern, level, "en")
        assert response.sources
        assert all(source.url.startswith(("https://", "http://")) for source in response.sources)
        for fact in response.facts:
            entry = LIBRARY.files.facts[fact]
            assert entry.sources or entry.status == "E"


def test_no_packaged_text_claims_a_review_that_nobody_made() -> None:
    for text in LIBRARY.files.texts.values():
        assert "not yet read" in text.head.reviewed_by
        assert not text.head.native_review


def test_no_reply_gives_a_rate_for_mesotherapy_or_blames_it_for_blindness() -> None:
    for (language, key), text in LIBRARY.files.texts.items():
        for section in text.sections.values():
            assert "%" not in section, (language, key)
    sight = LIBRARY.choose(Concern.DIY, None, "en").card
    assert "known from fillers" in sight


def test_numbers_where_sources_disagree_do_not_ship() -> None:
    assert not {"IN", "ID", "PK", "PE", "PH", "MA", "AE"} & LIBRARY.files.regions.regions.keys()


def test_reading_the_packaged_folder_alone_is_enough(tmp_path: Path) -> None:
    assert read_files([packaged_dir("responses"), tmp_path]).texts.keys() == LIBRARY.files.texts.keys()


def test_the_page_on_responses_names_every_file_and_placeholder() -> None:
    page = (Path(__file__).parents[2] / "docs" / "responses.md").read_text(encoding="utf-8")
    for name in (*(f"{key}.md" for key in KEYS), "ui.yaml", "facts.yaml", "sources.yaml", "regions.yaml"):
        assert name in page
    for name in PLACEHOLDERS:
        assert f"`{{{name}}}`" in page
    for limit in (PUBLIC_LIMIT, f"{CARD_LIMIT:,}", f"{GRADE_LIMIT:.0f}"):
        assert str(limit) in page
