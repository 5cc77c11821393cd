"""Keywords as files: what is written is read again, and every fault is told with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safetybot.communities.keyword import Keyword, KeywordState, Override
from safetybot.communities.keyword_files import read_file, written
from safetybot.documents import InvalidDocument
from safetybot.model import Concern, Strength

TEXTS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\x85"), min_size=1, max_size=20)
BOUND: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(lambda concern: {"concern": concern}, st.sampled_from(Concern)),
    st.builds(lambda strength: {"concept": "product", "strength": strength}, st.sampled_from(Strength)),
    st.just({"allowed": True}),
    st.builds(lambda override: {"override": override}, st.sampled_from(Override)),
)
KEYWORDS = st.lists(
    st.builds(lambda term, state, bound: Keyword(term, state, **bound), TEXTS, st.sampled_from(KeywordState), BOUND)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("form", ["csv", "yaml"])
@given(keywords=KEYWORDS)
def test_what_is_written_is_read_again(tmp_path: Path, form: Literal["csv", "yaml"], keywords: list[Keyword]) -> None:
    path = tmp_path / f"keywords.{form}"
    path.write_bytes(written(keywords, form).encode())
    assert read_file(path) == keywords


def test_a_spreadsheet_computes_nothing() -> None:
    text = written([Keyword("=1+1", KeywordState.DRAFT, allowed=True)], "csv")
    assert text.splitlines()[1].startswith("'=1+1,")


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        ("k.csv", "term,does,to\nok,allow,\nbad,concern,nope\n", 3, "no concern"),
        ("k.csv", "term,does,to\nbad,dance,\n", 2, "does"),
        ("k.csv", "term,does,to,colour\nbad,allow,,red\n", 2, "colour"),
        ("k.csv", "term,does,to\nbad,allow,,more,cells\n", 2, "more"),
        ("k.csv", "term,does,to\nbad,concept,\n", 2, "must name a concept"),
        ("k.yaml", "keywords:\n- {term: ok, does: allow}\n- {term: bad, does: concern, to: nope}\n", 3, "no concern"),
        ("k.yaml", "keywords:\n- {term: bad, does: dance}\n", 2, "dance"),
        ("k.yaml", "keywords: 3\n", 1, "keywords"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, name: str, text: str, line: int, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidDocument) as raised:
        read_file(path)
    (problem,) = raised.value.problems
    assert problem.line == line
    assert says in str(problem)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidDocument, match="cannot be read"):
        read_file(path)
