import pytest

from safetybot.detection.matcher import Matcher
from safetybot.detection.rules import RuleBook, RulesFile, words_between
from safetybot.detection.terms import Term
from safetybot.model import Concern, Strength

TERMS = [
    Term("product", "lemon bottle", "en", Strength.STRONG),
    Term("self", "myself", "en"),
    Term("sourcing", "selling", "en"),
    Term("topical", "cream", "en"),
    Term("warning", "warns", "en"),
    Term("symptom_today", "pus", "en"),
    Term("symptom_days", "lump*", "en"),
]


def book(*rules: dict[str, object]) -> RuleBook:
    concepts = {term.concept: term.concept for term in TERMS}
    return RuleBook(RulesFile.model_validate({"concepts": concepts, "rules": list(rules)}))


def rule(concern: str, **parts: object) -> dict[str, object]:
    return {"id": f"a-{concern}", "concern": concern, "says": "A sentence for moderators.", **parts}


def held(text: str, *rules: dict[str, object]) -> tuple[list[str], list[str]]:
    outcome = book(*rules).hold(text, Matcher(TERMS).find(text))
    return [r.rule for r in outcome.fired], [n.why_not for n in outcome.near_misses]


def test_a_rule_fires_when_every_group_has_a_hit_and_names_its_hits() -> None:
    text = "did lemon bottle myself"
    hits = Matcher(TERMS).find(text)
    (fired,) = book(rule("diy", all=["product", "self"])).hold(text, hits).fired
    assert fired.concern is Concern.DIY
    assert [hits[i].term for i in fired.hits] == ["lemon bottle", "myself"]


def test_a_rule_that_lacks_one_part_says_which() -> None:
    assert held("did lemon bottle", rule("diy", all=["product", "self"])) == ([], ["no hit for self"])


def test_a_rule_that_lacks_everything_is_not_worth_a_word() -> None:
    assert held("some cream", rule("diy", all=["product", "self"])) == ([], [])


def test_the_most_urgent_rule_comes_first() -> None:
    fired, _ = held("lemon bottle myself, now pus", rule("diy", all=["self"]), rule("adverse", all=["symptom_*"]))
    assert fired == ["a-adverse", "a-diy"]


def test_near_counts_words() -> None:
    near = rule("diy", all=["product", "self"], near=3)
    assert held("lemon bottle one two three myself", near)[0] == ["a-diy"]
    assert held("lemon bottle one two three four myself", near)[1] == ["its parts stand more than 3 words apart"]


def test_an_exception_holds_a_rule_back_and_is_named() -> None:
    assert held("lemon bottle cream", rule("mention", all=["product"], unless=["topical"]))[1] == [
        "held back by topical (cream)"
    ]


def test_a_near_exception_counts_only_nearby() -> None:
    guarded = rule("mention", all=["product"], unless_near={"warning": 2})
    assert held("warns of lemon bottle", guarded)[0] == []
    assert held("warns of this and that and also lemon bottle", guarded)[0] == ["a-mention"]


def test_a_strong_selector_asks_for_a_strong_term() -> None:
    assert held("myself", rule("diy", all=["self!"]))[0] == []
    assert held("lemon bottle", rule("mention", all=["product!"]))[0] == ["a-mention"]


def test_code_and_link_targets_fire_nothing() -> None:
    mention = rule("mention", all=["product"])
    assert held("`lemon bottle`", mention) == ([], [])
    assert held("https://x.example/lemon-bottle", mention) == ([], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [("pus lumps", 0), ("pus and lumps", 1), ("lumps and then some pus", 3), ("pus, lumps", 0), ("pus\nand\nlumps", 1)],
)
def test_words_between_two_hits(text: str, words: int) -> None:
    a, b = Matcher(TERMS).find(text)
    assert words_between(text, a, b) == words_between(text, b, a)
    assert words_between(text, a, b) in (words, words + 1)  # a comma alone counts as a word


@pytest.mark.parametrize("bad", ["Product", "product?", "", "*", "product!!"])
def test_a_malformed_selector_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        book(rule("diy", all=[bad]))
