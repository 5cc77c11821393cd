import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safetybot.detection.text import base_view, disguise_views, fold_term
from safetybot.detection.zones import zones_of
from safetybot.model import Zone

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
"""Lone surrogates included: platforms do deliver them."""


def views(text: str) -> list[str]:
    return [view.text for view in disguise_views(text, base_view(text))]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("MesoTherapy", "mesotherapy"),
        ("mésöthérapy", "mesotherapy"),
        ("me\u0301so", "meso"),
        ("ＭＥＳＯ", "meso"),
        ("𝓶𝓮𝓼𝓸", "meso"),
        ("🅼🅴🆂🅾", "meso"),
        ("ⓜⓔⓢⓞ", "meso"),
        ("ᴍᴇꜱᴏ", "meso"),
        ("🇲🇪🇸🇴", "meso"),
        ("me\u200bso\u00adtherapy", "mesotherapy"),
        ("m̷e̷s̷o̷", "meso"),
        ("me\x00so", "meso"),
        ("MEZOTERAPİ", "mezoterapi"),
        ("łzy", "lzy"),
        ("Straße", "strasse"),
        ("ёлка", "елка"),
        ("الميزوثيرابى", "الميزوثيرابي"),
        ("مـيـزو", "ميزو"),
        ("ﾋｱﾙﾛﾝ酸", "ヒアルロン酸"),
        ("don’t", "don't"),
    ],
)
def test_what_the_eye_reads_is_what_is_matched(written: str, read: str) -> None:
    assert base_view(written).text == read


@pytest.mark.parametrize("gap", ["\n", "\t", " ", "\u00a0", "\u2028", "-", "_", "–"])
def test_breaks_become_one_space_and_never_join_two_words(gap: str) -> None:
    assert base_view(f"lemon{gap}bottle").text == "lemon bottle"
    assert base_view(f"lemon{gap}{gap}bottle").text == "lemon bottle"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("m3s0th3rapy", "mesotherapy"),
        ("aqua1yx", "aqualyx"),
        ("b0t0x", "botox"),
        ("inj€ct", "inject"),
        ("m.e.s.o", "meso"),
        ("m e s o", "meso"),
        ("b o t u l a x 1 0 0 i u", "botulax"),
        ("b 0 t o x", "botox"),
        ("fiIIer", "filler"),
        ("jaIupro", "jalupro"),
        ("m\ne\ns\no", "meso"),
        ("m. e. s. o.", "meso"),
        ("m-e-s-o", "meso"),
        ("me**so**therapy", "mesotherapy"),
        ("m||e||so", "meso"),
        ("мeзотерапия", "мезотерапия"),
        ("mеsоthеrару", "mesotherapy"),
        ("м€зо", "мезо"),
        ("бoтoкc", "ботокс"),
        ("#MesoAtHome", "meso at home"),
        ("&#109;eso", "meso"),
        ("https://shop.example/?q=%6deso", "meso"),
        ("ʎdɐɹǝɥʇosǝɯ", "mesotherapy"),
        ("γqɒɿɘʜƚoƨɘm", "mesotherapy"),
        ("\u202eyparehtosem", "mesotherapy"),
        ("물-광", "물광"),
        ("مـ يـ ز و", "ميزو"),
    ],
)
def test_a_disguise_is_undone_in_a_further_view(written: str, read: str) -> None:
    assert any(read in view.replace("  ", " ") for view in views(written)), views(written)


@pytest.mark.parametrize(
    "honest",
    [
        "plain words, with punctuation; and more (in brackets)!",
        "мезонин и сосна",
        "ρομποτική και μεσόγειος",
        "日本語の文章です。",
        "한국어 문장입니다",
        "@someone thanks",
        "it's 5 o'clock somewhere",
        "ends here.",
    ],
)
def test_honest_text_needs_no_further_view(honest: str) -> None:
    assert views(honest) == []


def test_whole_cyrillic_words_are_never_read_as_latin() -> None:
    # Folding them made 95 % of Russian texts match a list of English terms in another project.
    assert base_view("сосна").text == "сосна"
    assert views("рост сосны у реки") == []


@given(ANY_TEXT)
@example("\x1b A0A")  # a chunk that folds to nothing lost the space after it
def test_every_view_leads_back_to_the_original(text: str) -> None:
    base = base_view(text)
    for view in [base, *disguise_views(text, base)]:
        for position in range(len(view.text)):
            span = view.span(position, position + 1)
            assert 0 <= span.start < span.end <= len(text)


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = base_view(text).text
    assert base_view(once).text == once


@given(st.text(st.characters(codec="ascii"), max_size=100))
def test_a_term_folds_like_the_text_it_stands_in(text: str) -> None:
    assert fold_term(text) == base_view(text).text.strip()


@given(st.lists(st.sampled_from(["me", "so", "lemon", "bottle", "x"]), min_size=1, max_size=8))
def test_words_of_two_letters_and_more_are_never_joined(words: list[str]) -> None:
    text = " ".join(words)
    long_enough = [word for word in words if len(word) > 1]
    for view in views(text):
        for word in long_enough:
            assert word in view.split()


@pytest.mark.parametrize(
    ("text", "position", "zone"),
    [
        ("> meso is bad\nI agree", 3, Zone.QUOTE),
        ("> meso is bad\nI agree", 15, Zone.PLAIN),
        (">>> all of\nthis", 13, Zone.QUOTE),
        ("run `inject()` now", 5, Zone.CODE),
        ("```\ninject\n``` after", 5, Zone.CODE),
        ("```\nnever closed inject", 18, Zone.CODE),
        ("a lone ` tick inject", 15, Zone.PLAIN),
        ("see https://meso.example/x now", 12, Zone.LINK),
        ("[read](https://meso.example)", 10, Zone.LINK),
        ("[read meso](https://x.example)", 7, Zone.PLAIN),
        ("so #lemonbottle yes", 5, Zone.HASHTAG),
        ("plain", 2, Zone.PLAIN),
    ],
)
def test_zones_are_told_apart(text: str, position: int, zone: Zone) -> None:
    assert zones_of(text).at(position) is zone
