"""Where a long text is parted, and that what is said in a part of it is found."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.config import packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.detection.detector import Detector
from safetybot.detection.parts import LONG, parts_of
from safetybot.model import Concern

STORY = (
    "We moved house in spring and the boxes are still everywhere. My brother came with his van and broke the lamp that "
    "I liked most. The garden is a jungle. The neighbours keep bees and brought us a jar of honey on the second day. "
    "The school run takes ten minutes now and the children have found friends in the street already. "
)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector([packaged_dir("config")])


def test_a_short_text_has_no_parts() -> None:
    assert parts_of("a" * LONG) == []


def test_parts_end_where_sentences_end() -> None:
    ends = {STORY[:end].rstrip()[-1] for _, end in parts_of(STORY + STORY) if end <= len(STORY)}
    assert ends == {"."}


@given(st.text(alphabet="ab .!?\n。", min_size=LONG + 1, max_size=3_000))
def test_parts_cover_the_text_overlap_and_are_short(text: str) -> None:
    parts = parts_of(text)
    assert parts[0][0] == 0
    assert parts[-1][1] == len(text)
    assert all(0 < end - start <= 300 for start, end in parts)
    assert all(later[0] <= earlier[1] for earlier, later in pairwise(parts))
    assert all(later[0] > earlier[0] for earlier, later in pairwise(parts))


def test_what_is_told_in_one_sentence_of_a_long_story_is_found_in_place(detector: Detector) -> None:
    said = "On Friday I injected lip filler into my own lips and now the top one has gone white and hurts."
    text = f"{STORY * 4}{said} {STORY * 4}"
    answer = detector.assess_text(text)
    assert answer.concern is Concern.ADVERSE
    assert text.index("lip filler") in {hit.span.start for hit in answer.hits}


def test_hits_of_a_part_stand_where_they_stand_in_the_whole(detector: Detector) -> None:
    text = "".join(f"{n} {STORY}" for n in ("one", "two")) + "my sister stuck a needle in her chin at home. " + STORY
    assert detector.classifier is not None
    answer = detector._in_parts(text, (), detector.classifier, explain=False, lens=None)
    assert answer is not None
    assert {text[hit.span.start : hit.span.end] for hit in answer.hits} >= {"needle", "chin", "at home"}


def test_a_long_story_of_other_things_stays_unanswered(detector: Detector) -> None:
    assert detector.assess_text(STORY * 4).concern is None
