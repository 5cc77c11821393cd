import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.detection.language import UNDETERMINED, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("has anyone tried this at home before", "en"),
        ("alguien se lo ha hecho en casa y le salió bien", "es"),
        ("est-ce que quelqu'un a déjà essayé à la maison", "fr"),
        ("hat das schon jemand zu Hause gemacht", "de"),
        ("кто-нибудь делал это дома", "ru"),
        ("хтось робив це вдома сам", "uk"),
        ("هل جرب أحد هذا في البيت", "ar"),
        ("집에서 해본 사람 있어요", "ko"),
        ("自宅でやった人いますか", "ja"),
        ("有人在家里自己打过吗", "zh"),
        ("有人在家裡自己打過嗎", "zh"),
        ("evde kendi kendine yapan var mı", "tr"),
        ("HAT DAS SCHON JEMAND ZU HAUSE GEMACHT", "de"),
        ("💉🍋", UNDETERMINED),
        ("", UNDETERMINED),
        ("12345", UNDETERMINED),
    ],
)
def test_the_language_of_a_message(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(st.characters(), max_size=500))
def test_any_text_gets_a_language_tag(text: str) -> None:
    tag = language_of(text)
    assert tag.isascii()
    assert 2 <= len(tag) <= 3
