"""The keys: made once, refused where others may read them, changed without losing anything."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from safetybot.model import Place
from safetybot.store.errors import UnsafeKeyFile
from safetybot.store.keys import EXCERPT_CHARS, Excerpts, Pseudonyms, read_or_create_key

HERE = Place("discord", "100", "200")


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "excerpt.key"
    keys = read_or_create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_create_key(path) == keys
    Excerpts(keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "excerpt.key"
    read_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(UnsafeKeyFile, match="chmod 600") as caught:
        read_or_create_key(path)
    assert caught.value.path == path


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_key_file_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "excerpt.key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(UnsafeKeyFile, match="empty"):
        read_or_create_key(path)


@pytest.mark.parametrize("key", ["hunter2", "x" * 44, "ключ"])
def test_what_is_no_key_is_told_without_saying_it(key: str) -> None:
    with pytest.raises(UnsafeKeyFile) as caught:
        Excerpts([key])
    assert key not in str(caught.value)


def test_a_new_key_opens_what_the_old_one_sealed() -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = Excerpts([old]).seal("words")
    assert "words" not in sealed
    both = Excerpts([new, old])
    assert both.open(sealed) == "words"
    assert Excerpts([new]).open(sealed) is None
    assert Excerpts([new]).open(both.seal("words")) == "words"


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_sealed(text: str) -> None:
    excerpts = Excerpts(["A" * 43 + "="])
    opened = excerpts.open(excerpts.seal(text))
    assert opened is not None
    assert opened == text[:EXCERPT_CHARS].encode("utf-8", "replace").decode()


def test_a_person_has_another_pseudonym_in_each_community_and_under_each_key() -> None:
    places = [HERE, Place("telegram", "100", "200"), Place("discord", "101", "200")]
    made = {Pseudonyms(key)(place, "42") for key in ("k1", "k2") for place in places}
    assert len(made) == 6
    assert Pseudonyms("k1")(HERE, "42") == Pseudonyms("k1")(Place("discord", "100", "999", "7"), "42")
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in made)


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_different_people_have_different_pseudonyms(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    def made(who: tuple[str, str, str]) -> str:
        return Pseudonyms("key")(Place(who[0], who[1], "1"), who[2])

    assert (made(one) == made(other)) == (one == other)


def test_no_boundary_between_names_can_be_forged() -> None:
    for mark in ("\x1f", "/", ":", "1:", ""):
        first = Pseudonyms("key")(Place("discord", f"1{mark}2", ""), "3")
        assert first != Pseudonyms("key")(Place("discord", "1", ""), f"2{mark}3")
