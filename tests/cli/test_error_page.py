"""The page of wrong answers: that it holds what it must, and that no message can break out of it."""

from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from safetybot.cli.error_page import cause_of, error_page, marked
from safetybot.evaluation import Judged, Labelled, report
from safetybot.model import Assessment, Concern, FeatureWeight, Hit, Span, Strength


def missed(text: str, **more: object) -> Judged:
    return Judged(Labelled("a-1", text, "adverse", "en", ("short", "emoji"), **more), Assessment(None, 0.8, "en"))  # type: ignore[arg-type]


class Reader(HTMLParser):
    """Collects tags and the text of articles."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        spelt_out = bool(self.open) and self.open[-1] == "i"
        self.text.append(chr(int(data.removeprefix("U+"), 16)) if spelt_out else data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def page_of(*items: Judged) -> str:
    return error_page(report(items, worst=len(items)), items)


def test_each_wrong_answer_is_an_article_that_can_be_filtered() -> None:
    page = read(page_of(missed("my lip is white", corpus="c"), missed("help", thread=("did my lips",))))
    articles = [attributes for tag, attributes in page.tags if tag == "article"]
    assert len(articles) == 2
    assert articles[0]["data-truth"] == "adverse"
    assert articles[0]["data-tag"] == "short\nemoji"
    assert articles[0]["data-cause"] == "no term found"
    assert articles[1]["data-cause"] == "below the threshold"
    assert {attributes["name"] for tag, attributes in page.tags if tag == "select"} == {
        "truth", "said", "language", "tag", "cause", "corpus",
    }  # fmt: skip
    assert "did my lips" in page.text


def test_the_page_asks_the_network_for_nothing() -> None:
    page = page_of(missed('<img src="https://a.example/x.png"> @import url(https://b.example)'))
    reader = read(page)
    assert not [tag for tag, attributes in reader.tags if {"src", "href", "action"} & set(attributes)]
    policy = next(a["content"] for tag, a in reader.tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@given(st.text(min_size=1, max_size=80), st.data())
def test_no_text_breaks_out_and_none_is_lost(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))
    reader = read("<p>" + marked(text, [Hit('"><b>', "<script>", "en", span)]))
    assert {tag for tag, _ in reader.tags} <= {"p", "mark", "i"}
    assert "".join(reader.text) == text


def test_hits_are_marked_in_place_and_say_what_they_mean() -> None:
    html = marked("did my lips", [Hit("area", "lips", "en", Span(7, 11), strength=Strength.WEAK)])
    assert html == 'did my <mark class="weak" title="area: lips (en, weak, exact)">lips</mark>'


def test_invisible_characters_are_spelt_out() -> None:
    assert marked("a\u202eb\u200bc\ud800", ()) == "a<i>U+202E</i>b<i>U+200B</i>c<i>U+D800</i>"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert marked("a" * 5_000, ()).endswith("<i>… 1000 more characters</i>")


def test_every_cause_has_a_name() -> None:
    truth = Labelled("a", "did my lips", "diy")
    hit = Hit("area", "lips", "en", Span(7, 11))
    causes = {
        cause_of(Judged(truth, Assessment(None, 1.0, "en"))): "no term found",
        cause_of(Judged(truth, Assessment(None, 1.0, "en", (hit,)))): "kept out by the gate",
        cause_of(Judged(truth, Assessment(None, 0.7, "en", (hit,)))): "below the threshold",
        cause_of(Judged(truth, Assessment(Concern.MENTION, 0.7, "en", (hit,)))): "wrong concern",
        cause_of(Judged(Labelled("b", "x", "none"), Assessment(Concern.DIY, 0.7, "en"))): "false alarm",
    }
    assert all(found == expected for found, expected in causes.items())
    assert len(causes) == 5


def test_what_weighed_most_is_told(tmp_path: Path) -> None:
    answer = Assessment(None, 0.6, "en", features=(FeatureWeight("w:<lip>", 0.5),))
    page = page_of(Judged(Labelled("a", "x", "diy"), answer))
    assert "weighed most: w:&lt;lip&gt; +0.50" in page
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
