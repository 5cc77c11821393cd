"""Finding a catalog, filling in values."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from safetybot import translation
from safetybot.translation import Texts, languages, marked, texts


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    catalog = Catalog(locale="de", domain="chat")
    catalog.add("Hello {name}.", "Hallo {name}.")
    catalog.add(("{number} waits", "{number} wait"), ("{number} wartet", "{number} warten"))
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "chat.mo").open("wb") as file:
        write_mo(file, catalog)
    monkeypatch.setattr(translation, "LOCALES", tmp_path)
    texts.cache_clear()
    languages.cache_clear()
    yield
    texts.cache_clear()
    languages.cache_clear()


@pytest.mark.parametrize("tag", ["de", "de-AT", "de_CH", "DE"])
@pytest.mark.usefixtures("german")
def test_the_nearest_catalog_is_found(tag: str) -> None:
    assert texts(tag).say("Hello {name}.", name="Mia") == "Hallo Mia."
    assert texts(tag).language == "de"


@pytest.mark.usefixtures("german")
def test_where_there_is_no_catalog_english_is_spoken() -> None:
    assert texts("sv").say("Hello {name}.", name="Mia") == "Hello Mia."
    assert texts("sv").language == "en"
    assert languages() == ("de", "en")


@pytest.mark.usefixtures("german")
def test_numbers_follow_the_language() -> None:
    assert [texts("de").many("{number} waits", "{number} wait", n) for n in (1, 2)] == ["1 wartet", "2 warten"]
    assert [texts("en").many("{number} waits", "{number} wait", n) for n in (1, 2)] == ["1 waits", "2 wait"]


def test_braces_in_a_value_and_unknown_names_stay_as_they_are() -> None:
    plain = Texts(gettext.NullTranslations(), "en")
    assert plain.say(marked("{a} and {b}"), a="{b}") == "{b} and {b}"
    assert plain.say("100 % {sure}", sure=1.5) == "100 % 1.5"
