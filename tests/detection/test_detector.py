"""The packaged detector end to end, and its stages with small lexicons of their own."""

import json
import random
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetybot.config import packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.detection.classifier import Classifier, ModelHeader, Thresholds
from safetybot.detection.concepts import names_the_topic
from safetybot.detection.detector import Detector, level_of
from safetybot.detection.features import Features, features_of
from safetybot.detection.gate import Gate
from safetybot.detection.rules import RuleBook, RulesFile
from safetybot.detection.terms import Term
from safetybot.model import Concern, Hit, HitPath, Level, Span, Strength, ThreadLine


@pytest.fixture(scope="module")
def packaged() -> Detector:
    return load_detector([packaged_dir("config")])


@pytest.fixture(scope="module")
def rules_only() -> Detector:
    return load_detector([packaged_dir("config")], with_model=False)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("is mesotherapy legit?", "mention"),
        ("m3s0therapy, yes or no?", "mention"),
        ("мезотерапия у врача, кто делал?", "mention"),
        ("I'm going to inject lemon bottle into my own chin at home tonight", "diy"),
        ("Aqualyx in stock, no rx needed, ships worldwide, dm me for prices", "supply"),
        ("lemon bottle in my chin on tuesday and now it's hot, red, hard and there is pus coming out", "adverse"),
        ("SQL injection in the login form", "none"),
        ("my insulin pen leaked again", "none"),
        ("twelve filler episodes in a row", "none"),
        ("mesothelioma claim, do we need the old payslips?", "none"),
        ("thanks for the two server boosts", "none"),
        ("pizza at eight?", "none"),
        ("", "none"),
    ],
)
def test_plain_cases_are_told_apart(packaged: Detector, text: str, label: str) -> None:
    assert packaged.assess_text(text).label == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("what do you think of mesotherapy", "mention"),
        ("I inject lemon bottle myself at home", "diy"),
        ("selling aqualyx, dm me", "supply"),
        ("my chin is oozing pus after aqualyx", "adverse"),
        ("good morning", "none"),
    ],
)
def test_the_rules_alone_answer_too_and_say_which_fired(rules_only: Detector, text: str, label: str) -> None:
    assessment = rules_only.assess_text(text)
    assert assessment.label == label
    assert bool(assessment.rules) == (label != "none")


def test_talk_that_has_moved_on_is_left_alone(packaged: Detector) -> None:
    # An early model took any message in a thread for trouble, because only its examples of trouble had threads.
    greeting = packaged.assess_text(
        "me. coffee first, then I'll look at the server boosts", [ThreadLine("good morning all")]
    )
    assert greeting.concern is None


def test_every_hit_and_rule_can_be_shown_in_place(packaged: Detector) -> None:
    text = "ok so I ordered lemon bottle and I'm doing my own chin tonight in the bathroom"
    assessment = packaged.assess_text(text, explain=True)
    assert assessment.concern is Concern.DIY
    for rule in assessment.rules:
        assert rule.says
        for index in rule.hits:
            assert text[assessment.hits[index].span.start : assessment.hits[index].span.end]
    assert assessment.features, "the classifier says what it weighed"


def test_code_is_no_talk(packaged: Detector) -> None:
    assert packaged.assess_text("```\nmesotherapy = 1\n```").concern is None


@pytest.mark.parametrize(
    ("concepts", "level"),
    [
        (["symptom_days"], Level.DAYS),
        (["symptom_days", "symptom_today"], Level.TODAY),
        (["symptom_days", "symptom_emergency"], Level.EMERGENCY),
        ([], Level.TODAY),
    ],
)
def test_in_doubt_the_higher_level(concepts: list[str], level: Level) -> None:
    hits = [Hit(concept, "x", "en", Span(0, 1)) for concept in concepts]
    assert level_of(Concern.ADVERSE, hits) is level
    assert level_of(Concern.DIY, hits) is None


@given(
    st.text(st.characters(exclude_categories=()), max_size=400),
    st.lists(st.text(st.characters(exclude_categories=()), max_size=80), max_size=3),
)
@settings(deadline=None, max_examples=150)
def test_any_text_gets_an_answer_with_valid_spans(packaged: Detector, text: str, thread: list[str]) -> None:
    assessment = packaged.assess_text(text, [ThreadLine(line) for line in thread])
    assert 0 <= assessment.confidence <= 1
    for hit in assessment.hits:
        assert 0 <= hit.span.start < hit.span.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "botox " * 20_000,
        "m e s o " * 12_000,
        "\ud800" * 1000,
        "\x00\x01\x02",
        "\u202e" + "mesotherapy " * 100,
        "﷽" * 3000,
        "a\u0300" * 20_000,
        "> " * 30_000,
        "`" * 20_001,
        "&" * 30_000 + ";",
        "%41" * 20_000,
        bytes(random.Random(7).randrange(256) for _ in range(20_000)).decode("utf-8", "replace"),
        "".join(chr(plane * 0x10000 + 0x4E00) for plane in range(17)),
    ],
    ids=range(14),
)
def test_hostile_messages_neither_crash_nor_confuse(packaged: Detector, text: str) -> None:
    assessment = packaged.assess_text(text)
    assert all(0 <= hit.span.start < hit.span.end <= len(text) for hit in assessment.hits)


# --- the stages with lexicons of their own ----------------------------------------------------------------


def small(classifier: Classifier | None = None, gate: Gate | None = None) -> Detector:
    concepts = {"procedure": "p", "other_domain": "o", "negation": "n", "filler_toxin": "f", "inject": "i"}
    rule = {"id": "named", "concern": "mention", "says": "It is named outright.", "all": ["procedure!"]}
    terms = [
        Term("procedure", "meso", "en", Strength.STRONG),
        Term("procedure", "glow", "en"),
        Term("filler_toxin", "filler", "en"),
        Term("inject", "inject", "en"),
        Term("negation", "never", "en"),
    ]
    return Detector(
        terms, RuleBook(RulesFile.model_validate({"concepts": concepts, "rules": [rule]})), classifier, gate
    )


def model(bias: list[float], any_concern: float = 0.5, strong: float = 0.5, trouble: float = 1.0) -> Classifier:
    thresholds = {field.name: any_concern for field in fields(Thresholds)} | {"named": strong, "trouble": trouble}
    header = ModelHeader(buckets=8, scale=[1.0] * 5, bias=bias, thresholds=thresholds)
    return Classifier(header, bytes(40))


def test_a_message_kept_out_by_the_gate_is_not_weighed() -> None:
    shut = Gate({}, bias=-1.0, threshold=0.0)
    assert small(model([0, 9, 0, 0, 0])).assess_text("glow").concern is Concern.MENTION
    assert small(model([0, 9, 0, 0, 0]), shut).assess_text("glow").concern is None


def test_a_page_that_names_the_product_is_weighed_however_much_else_stands_in_it() -> None:
    # Aftercare sheets hold so many words of treatment and numbness that the gate took them for medicine.
    shut = Gate({}, bias=-1.0, threshold=0.0)
    assert small(model([0, 9, 0, 0, 0]), shut).assess_text("meso").concern is Concern.MENTION
    assert small(model([0, 9, 0, 0, 0]), shut).assess_text("inject the filler").concern is Concern.MENTION


def test_no_order_of_signs_decides_at_the_gate() -> None:
    # Signs come out of a set, in another order in each process: a message at the edge passed in some and not in others.
    weights = {f"area:part{n}": weight for n, weight in enumerate([1e16, 1.0, -1e16, 1e16, 1.0, -1e16])}
    signs = [Hit("area", f"part{n}", "en", Span(n, n + 1), HitPath.EXACT, Strength.WEAK) for n in range(6)]
    assert Gate(weights, bias=0.0, threshold=2.0).opens(signs)


def test_what_stands_in_code_does_not_open_the_gate() -> None:
    shut = Gate({}, bias=-1.0, threshold=0.0)
    assert small(model([0, 9, 0, 0, 0]), shut).assess_text("`inject(filler)`").concern is None


def test_the_threshold_with_a_strong_term_is_its_own() -> None:
    even = [1.0, 0.9, -9.0, -9.0, -9.0]
    assert small(model(even, any_concern=0.9, strong=0.3)).assess_text("meso").concern is Concern.MENTION
    assert small(model(even, any_concern=0.9, strong=0.9)).assess_text("meso").concern is None


def test_trouble_beside_a_sign_is_answered_though_less_likely_than_not() -> None:
    # "chin is white and numb", nine hours after a syringe of filler, was left alone at 0.42.
    two_in_five = [1.0, -9.0, -9.0, -9.0, 0.6]
    assert small(model(two_in_five, trouble=0.3)).assess_text("glow").concern is Concern.ADVERSE
    assert small(model(two_in_five, trouble=0.45)).assess_text("glow").concern is None
    after = [ThreadLine("a glow kit")]
    assert small(model(two_in_five, trouble=0.3)).assess_text("never again", after).concern is Concern.ADVERSE
    assert small(model(two_in_five, trouble=0.3)).assess_text("and now this", after).concern is None


def test_only_trouble_beside_a_sign_may_be_less_likely() -> None:
    two_in_five = [1.0, -9.0, -9.0, -9.0, 0.6]
    assert small(model(two_in_five, trouble=0.3)).assess_text("never").concern is None
    assert small(model(two_in_five, strong=0.5, trouble=0.3)).assess_text("meso").concern is None
    assert small(model([1.0, 0.6, -9.0, -9.0, -9.0], trouble=0.3)).assess_text("glow").concern is None


def test_a_rule_that_the_words_together_overrule_is_told() -> None:
    assessment = small(model([5, 0, 0, 0, 0])).assess_text("meso", explain=True)
    assert assessment.concern is None
    assert [miss.rule for miss in assessment.near_misses] == ["named"]
    assert "needed" in assessment.near_misses[0].why_not


def test_probabilities_add_up_and_name_the_likeliest() -> None:
    scores = model([0, 1, 2, 3, 4]).scores(Features((), ()))
    assert sum(scores.probabilities) == pytest.approx(1)
    assert scores.best_concern is Concern.ADVERSE
    assert scores.any_concern == pytest.approx(1 - scores.of(None))


def test_a_damaged_model_file_is_refused_by_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "model.bin"
    for content in (b"", b"{}\n", b"not json\nxx", json.dumps({"buckets": 8}).encode() + b"\n\x00"):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"model\.bin is not a model file"):
            Classifier.load(file)


def test_form_is_no_feature() -> None:
    plain = features_of("did it myself", ())
    assert features_of("Did it, myself!!", ()) == plain
    assert features_of("DID   IT MYSELF.", ()) == plain


def test_two_words_prove_less_than_twenty() -> None:
    short = features_of("lips", ()).flat()
    assert sum(value**2 for name, value in short.items() if name.startswith("w:")) < 0.3


def test_the_authors_own_earlier_line_weighs_more_than_a_strangers() -> None:
    def weight(*, same: bool) -> float:
        return features_of("yes", (), [ThreadLine("meso again", same)], [()]).flat()["tw:meso"]

    assert weight(same=True) > weight(same=False)


def test_a_strong_term_in_code_names_nothing() -> None:
    hits = small().hits("`meso`")
    assert hits
    assert not names_the_topic(hits)
