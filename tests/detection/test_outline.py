"""The outline of a message: words, with terms written as what they mean."""

from hypothesis import given
from hypothesis import strategies as st

from safetybot.detection.outline import orders, outline, sequences
from safetybot.model import Hit, Span, Zone


def hit(text: str, part: str, concept: str, zone: Zone = Zone.PLAIN) -> Hit:
    start = text.index(part)
    return Hit(concept, part, "en", Span(start, start + len(part)), zone=zone)


def test_terms_stand_as_their_concepts_between_plain_words() -> None:
    text = "Put the needle in my LIP, it's white!"
    hits = [hit(text, "needle", "needle"), hit(text, "LIP", "area"), hit(text, "white", "symptom_emergency")]
    assert outline(text, hits, 100) == ["put", "the", "<needle>", "in", "my", "<area>", "it", "s", "<symptom>"]


def test_of_overlapping_terms_the_first_and_longest_stands() -> None:
    text = "lemon bottle here"
    hits = [hit(text, "lemon", "other_domain"), hit(text, "lemon bottle", "product"), hit(text, "bottle", "needle")]
    assert outline(text, hits, 100) == ["<product>", "here"]


def test_what_stands_in_code_or_beyond_the_limit_is_no_concept() -> None:
    text = "inject then lip"
    hits = [hit(text, "inject", "inject", Zone.CODE), hit(text, "lip", "area")]
    assert outline(text, hits, 11) == ["inject", "then"]


def test_signs_of_unspaced_scripts_stand_alone() -> None:
    text = "自己打唇"
    assert outline(text, [hit(text, "打", "inject")], 100) == ["自", "己", "<inject>", "唇"]


def test_sequences_hold_a_concept_each_and_reach_the_edges() -> None:
    assert set(sequences(["my", "<area>"])) == {"g2:my <area>", "g2:<area> $", "gs:^ <area>", "gs:my $"} - {
        "gs:my $"
    } | {
        "g3:^ my <area>",
        "g3:my <area> $",
    }
    assert sequences(["no", "concept", "here"]) == []


def test_orders_leave_the_words_between_out() -> None:
    assert orders(["<inject>", "in", "my", "<area>", "<symptom>"]) == [
        "go:<inject><area>",
        "go:<area><symptom>",
        "go:<inject><area><symptom>",
    ]


@given(st.text(max_size=60), st.data())
def test_any_text_has_an_outline_without_empty_tokens(text: str, data: st.DataObject) -> None:
    hits = []
    if text:
        start = data.draw(st.integers(0, len(text) - 1))
        hits.append(Hit("area", "x", "en", Span(start, data.draw(st.integers(start + 1, len(text))))))
    tokens = outline(text, hits, 40)
    assert all(tokens)
    assert all(name for name in [*sequences(tokens), *orders(tokens)])
