from __future__ import annotations

import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.config import packaged_dir
from safetybot.documents import InvalidDocument
from safetybot.model import Concern, Level
from safetybot.responses import CardKind, ResponseLibrary
from safetybot.responses.library import filled

PACKAGED = packaged_dir("responses")
LIBRARY = ResponseLibrary.load([PACKAGED])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An operator's folder."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def packaged(name: str) -> str:
    return (PACKAGED / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("tag", ["en", "en-GB", "en_us", "EN", "und", "", "xx", "xx-Latn-YY"])
def test_a_language_without_texts_falls_back_to_english(tag: str) -> None:
    assert LIBRARY.choose(Concern.DIY, None, tag).language == "en"
    assert LIBRARY.ui(tag) == LIBRARY.ui("en")


def test_a_regional_language_is_tried_before_its_base(own: Path) -> None:
    text = packaged("en/diy.md").replace("language: en", "language: en-gb").replace("No judgement", "No fuss")
    put(own, "en-gb/diy.md", text)
    library = ResponseLibrary.load([PACKAGED, own])
    assert "No fuss" in library.choose(Concern.DIY, None, "en-GB").public
    assert "No fuss" in library.choose(Concern.DIY, None, "en_GB").public
    assert "No judgement" in library.choose(Concern.DIY, None, "en-US").public
    assert library.choose(Concern.SUPPLY, None, "en-GB").language == "en"


def test_an_operators_file_replaces_the_packaged_one_and_no_other(own: Path) -> None:
    put(own, "en/diy.md", packaged("en/diy.md").replace("No judgement", "Hello"))
    library = ResponseLibrary.load([PACKAGED, own])
    assert library.choose(Concern.DIY, None, "en").public.startswith("Hello")
    assert library.choose(Concern.SUPPLY, None, "en") == LIBRARY.choose(Concern.SUPPLY, None, "en")


def test_the_id_changes_with_the_words_and_with_nothing_else(own: Path) -> None:
    before = LIBRARY.choose(Concern.ADVERSE, Level.TODAY, "en")
    assert before.id.startswith("en/adverse/today@")
    assert LIBRARY.choose(Concern.ADVERSE, Level.TODAY, "en", region="JP").id == before.id
    put(own, "en/adverse-today.md", packaged("en/adverse-today.md").replace("I'm sorry.", "I am sorry."))
    assert ResponseLibrary.load([PACKAGED, own]).choose(Concern.ADVERSE, Level.TODAY, "en").id != before.id


def test_ids_tell_all_packaged_texts_apart() -> None:
    ids = {LIBRARY.choose(c, v, lang).id for lang in LIBRARY.languages for c in Concern for v in Level}
    assert len(ids) == len(LIBRARY.languages) * 6


def test_symptoms_of_unknown_level_are_to_be_seen_today() -> None:
    response = LIBRARY.choose(Concern.ADVERSE, None, "en")
    assert response == LIBRARY.choose(Concern.ADVERSE, Level.TODAY, "en")
    assert response.level is Level.TODAY


def test_a_level_means_nothing_for_other_concerns() -> None:
    assert LIBRARY.choose(Concern.DIY, Level.EMERGENCY, "en") == LIBRARY.choose(Concern.DIY, None, "en")


def test_the_communitys_number_wins_over_the_region_and_the_region_over_everywhere() -> None:
    assert LIBRARY.emergency("US", "555") == "555"
    assert LIBRARY.emergency("US", None) == "911"
    assert LIBRARY.emergency("us", "") == "911"
    assert LIBRARY.emergency("CH", None) == "144 or 112"
    assert LIBRARY.emergency("IN", None) == LIBRARY.ui("en").everywhere
    assert LIBRARY.emergency(None, "  \n ") == LIBRARY.ui("en").everywhere


def test_numbers_are_joined_by_the_word_of_the_language() -> None:
    assert "144 oder 112" in LIBRARY.choose(Concern.ADVERSE, Level.EMERGENCY, "de", region="CH").public
    assert "144 ou 112" in LIBRARY.choose(Concern.ADVERSE, Level.EMERGENCY, "fr", region="CH").public


def test_a_number_of_several_lines_stays_on_one() -> None:
    response = LIBRARY.choose(Concern.ADVERSE, Level.EMERGENCY, "en", emergency_number=" 1\n2\t3 ")
    assert "Please call 1 2 3 now." in response.public


def test_the_first_aid_card_is_for_the_level_where_it_is_known() -> None:
    general = LIBRARY.first_aid("en", region="US")
    assert "Call 911 now" in general.body
    assert "See a doctor within days" in general.body
    days = LIBRARY.card(CardKind.FIRST_AID, "en", concern=Concern.ADVERSE, level=Level.DAYS, region="US")
    assert days.body == LIBRARY.first_aid("en", Level.DAYS, region="US").body != general.body
    assert LIBRARY.card(CardKind.FIRST_AID, "en", concern=Concern.DIY, region="US") == general


def test_the_risk_card_is_the_responses_own() -> None:
    response = LIBRARY.choose(Concern.SUPPLY, None, "en")
    card = LIBRARY.card(CardKind.RISKS, "en", concern=Concern.SUPPLY)
    assert (card.id, card.body, card.sources) == (response.id, response.card, response.sources)


def test_the_sources_card_names_each_page_once_with_its_address() -> None:
    card = LIBRARY.card(CardKind.SOURCES, "en", concern=Concern.DIY)
    assert card.sources
    for source in card.sources:
        assert card.body.count(f"- {source.title} ({source.publisher}): {source.url}") == 1


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match="there is no such folder"):
        ResponseLibrary.load([PACKAGED, tmp_path / "nowhere"])


def test_loading_and_choosing_never_imports_the_readability_library() -> None:
    code = (
        "import sys; from safetybot.config import packaged_dir; from safetybot.responses import ResponseLibrary;"
        "from safetybot.model import Concern; library = ResponseLibrary.load([packaged_dir('responses')]);"
        "library.choose(Concern.DIY, None, 'en'); sys.exit('textstat' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603  # our own code


@given(st.text(), st.text())
def test_what_is_filled_in_is_never_filled_again(text: str, number: str) -> None:
    words = {"emergency": "{not_for_me}" + number, "not_for_me": "{emergency}", "first_aid": ""}
    assert filled(text + "{emergency}", words).endswith("{not_for_me}" + number)


@given(st.text(alphabet=string.ascii_letters + " {}_"))
def test_text_without_known_placeholders_stays_as_it_is(text: str) -> None:
    assert filled(text, {}) == text


@given(st.text(min_size=1).filter(lambda number: bool(number.split())), st.sampled_from(list(Level)))
def test_any_number_stands_in_the_reply_word_for_word(number: str, level: Level) -> None:
    response = LIBRARY.choose(Concern.ADVERSE, level, "en", emergency_number=number)
    assert " ".join(number.split()) in response.public
    assert "{emergency}" not in response.public.replace(" ".join(number.split()), "")
    assert "\n" not in response.public
