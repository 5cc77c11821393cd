import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safetybot.detection.matcher import Matcher, joined
from safetybot.detection.terms import Term
from safetybot.model import HitPath, Strength, Zone

S, W = Strength.STRONG, Strength.WEAK


def found(text: str, *terms: Term) -> list[str]:
    return [text[hit.span.start : hit.span.end] for hit in Matcher(terms).find(text)]


def term(text: str, strength: Strength = S, **more: object) -> Term:
    return Term("procedure", text, "en", strength, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("my meso session", "meso", ["meso"]),
        ("mesothelioma", "meso", []),
        ("(meso)", "meso", ["meso"]),
        ("meso.", "meso", ["meso"]),
        ("meso2", "meso", ["meso"]),
        ("50meso", "meso", ["meso"]),
        ("lemon  bottle", "lemon bottle", ["lemon  bottle"]),
        ("lemon\nbottle", "lemon bottle", ["lemon\nbottle"]),
        ("lemon-bottle", "lemon bottle", ["lemon-bottle"]),
        ("#lemonbottle", "lemon bottle", ["lemonbottle"]),
        ("мезотерапия!", "мезотерапия", ["мезотерапия"]),
        ("мезотерапиями", "мезотерапия", []),
        ("мезотерапиями", "мезотерапи*", ["мезотерапиями"]),
        ("打水光针了", "水光针", ["水光针"]),
        ("昨日ヒアルロン酸を", "ヒアルロン酸", ["ヒアルロン酸"]),
        ("메조테라피를 받았다", "메조테라피", ["메조테라피를"]),
        ("打botox吗", "botox", ["botox"]),
        ("Fettwegspritze", "*spritze", ["Fettwegspritze"]),
        ("injecting", "inject*", ["injecting"]),
        ("reinject", "inject*", []),
        ("can't see", "can't see", ["can't see"]),
        ("cant see", "can't see", ["cant see"]),
        ("can’t see", "can't see", ["can’t see"]),
        ("تحت العينين", "تحت العين*", ["تحت العينين"]),
        ("lost 10 lbs", "lb", []),
    ],
)
def test_a_term_is_found_between_its_own_edges(text: str, word: str, expected: list[str]) -> None:
    assert found(text, term(word, W)) == expected


def test_terms_with_odd_edges_are_found_at_last() -> None:
    # A regex `\b` never matches beside "(h)", which leaves such terms dead in other bots.
    assert found("try (h) now", term("(h)", W)) == ["(h)"]


def test_case_matters_only_where_a_term_says_so() -> None:
    assert found("LB in the chin", term("LB", W, case=True)) == ["LB"]
    assert found("lost ten lb", term("LB", W, case=True)) == []


@pytest.mark.parametrize("typo", ["mesotheraphy", "mesoterapy", "mezotherapy", "mesothearpy", "esotherapy"])
def test_one_slip_is_forgiven_in_a_long_strong_term(typo: str) -> None:
    hits = Matcher([term("mesotherapy")]).find(f"tried {typo} once")
    assert [hit.path for hit in hits] == [HitPath.FUZZY]


@pytest.mark.parametrize("word", ["chemotherapy", "therapy", "mesothelioma", "mesosphere", "aromatherapy"])
def test_other_words_are_no_slips(word: str) -> None:
    assert found(f"about {word} today", term("mesotherapy")) == []


def test_weak_and_short_terms_forgive_nothing() -> None:
    assert found("mesotheraphy", term("mesotherapy", W)) == []
    assert found("botix", term("botox")) == []


def test_a_term_of_two_scripts_forgives_nothing() -> None:
    # "hyaluron笔" is one slip away from the name of every hyaluron cream.
    assert found("my hyaluron cream", term("hyaluron笔")) == []


def test_a_phrase_that_is_a_real_word_takes_a_fuzzy_hit_back() -> None:
    assert found("cambio il profilo", term("profhilo")) == ["profilo"]
    assert found("cambio il profilo", term("profhilo", unless=("profilo",))) == []


def test_a_lookalike_phrase_takes_the_hit_back_only_where_it_touches_it() -> None:
    lemon = term("lemon bottle", unless=("lemon bottle drink",))
    assert found("a lemon bottle drink", lemon) == []
    assert found("a lemon bottle drink and lemon bottle in my chin", lemon) == ["lemon bottle"]


@pytest.mark.parametrize(
    ("disguised", "path"),
    [
        ("b0tox", HitPath.FOLDED),
        ("b.o.t.o.x", HitPath.FOLDED),
        ("ｂｏｔｏｘ", HitPath.EXACT),
        ("bоtоx", HitPath.FOLDED),
    ],
)
def test_a_disguised_term_is_found_with_its_whole_span(disguised: str, path: HitPath) -> None:
    text = f"got {disguised} there"
    (hit,) = Matcher([term("botox", W)]).find(text)
    assert text[hit.span.start : hit.span.end] == disguised
    assert hit.path is path


def test_a_shorter_term_inside_a_longer_one_of_its_concept_is_not_told_twice() -> None:
    assert found("meso therapy", term("meso therapy"), term("meso")) == ["meso therapy"]


def test_hits_know_their_zone() -> None:
    hits = Matcher([term("meso", W)]).find("> meso\nmeso `meso`")
    assert [hit.zone for hit in hits] == [Zone.QUOTE, Zone.PLAIN, Zone.CODE]


def test_one_text_may_be_several_terms_with_several_edges() -> None:
    many = [
        Term("area", "lip", "en"), Term("area", "*lip", "de"), Term("tool", "lip", "en"), Term("tool", "lip*", "en"),
        Term("self", "slip", "en", unless=("lip",)),
    ]  # fmt: skip
    assert [(hit.concept, hit.language) for hit in Matcher(many).find("my lip")] == [("area", "en"), ("tool", "en")]
    assert [hit.language for hit in Matcher(many).find("my fatlip")] == ["de"]
    assert [hit.concept for hit in Matcher(many).find("my lips")] == ["tool"]
    assert [hit.concept for hit in Matcher(many).find("a slip")] == ["self", "area"]


def test_only_the_chosen_terms_are_looked_for() -> None:
    terms = [Term("tool", "b*", "en", fuzzy=False), Term("tool", "pen", "en"), Term("tool", "vial", "en")]
    assert [hit.term for hit in Matcher(terms, [2]).find("a vial, a pen")] == ["vial"]


def test_a_term_without_a_letter_or_sign_is_refused() -> None:
    with pytest.raises(ValueError, match="holds no letter"):
        Matcher([term("\u200b")])


def test_no_terms_match_nothing() -> None:
    assert Matcher([]).find("anything at all") == ()


@pytest.mark.parametrize(
    ("left", "right", "one_word"),
    [("a", "b", True), ("a", "1", False), ("1", "2", True), ("a", "б", True), ("針", "a", False), ("水", "光", False),
     ("가", "나", True), ("가", "a", False), ("ก", "ข", False), ("a", " ", False), ("é", "t", True)],
)  # fmt: skip
def test_word_edges_by_script(left: str, right: str, *, one_word: bool) -> None:
    assert joined(left, right) is one_word


LEXICON = [
    term("mesotherapy"),
    term("inject*", W),
    term("水光针"),
    term("lemon bottle"),
    term("💉🍋"),
    term("*spritze"),
]


@given(st.text(st.characters(exclude_categories=()), max_size=300))
@example("a\udd96b1c")  # a lone surrogate inside a word went to the automaton, which takes none
def test_every_hit_lies_inside_the_text_and_is_not_empty(text: str) -> None:
    for hit in Matcher(LEXICON).find(text):
        assert 0 <= hit.span.start < hit.span.end <= len(text)


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
@settings(max_examples=60)
def test_a_term_set_off_by_spaces_is_found_in_any_surroundings(before: str, after: str) -> None:
    matcher = Matcher([term("mesotherapy")])
    text = f"{before} \n mesotherapy \n {after}"
    if "\u202e" not in text:
        assert any(hit.concept == "procedure" for hit in matcher.find(text))


@pytest.mark.parametrize(
    "unit",
    ["a ", "a.a.", "m e s o ", "@@@@", "٠", "\ufdfa", "z̷̖͔͑", "мe", "&#109;", "%41", "ɐ", "`", "> \n", "水光", "a-", "💉"],
)
def test_hostile_text_takes_linear_work(unit: str) -> None:
    matcher = Matcher(LEXICON)

    def steps(size: int) -> int:
        """Lines of our own that are executed: the same on every machine, unlike seconds."""
        count = 0

        def trace(_frame: object, event: str, _argument: object) -> object:
            nonlocal count
            count += event == "line"
            return trace

        text = unit * (size // len(unit))
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            matcher.find(text)
        finally:
            sys.settrace(None)
        return count

    steps(500)  # first sight of a character costs more
    # Eight times the text may take eight times the work; squared growth would be 64.
    assert steps(16_000) < 10 * steps(2_000) + 1_000
