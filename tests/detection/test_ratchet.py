"""The shipped model on the development files, which it has seen: that nothing came loose, not how good it is.

Raise the floors when the figures rise; docs/detection.md has the cross-validated ones.
"""

from pathlib import Path

import pytest

from safetybot.config import packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.evaluation import judge, read_corpus, report

CORPUS = Path(__file__).parent.parent.parent / "training" / "corpus"


@pytest.mark.parametrize(("name", "macro_f1"), [("dev-en", 0.995), ("dev-en-b", 0.99), ("dev-multi", 0.995)])
def test_the_figures_do_not_fall(name: str, macro_f1: float) -> None:
    detector = load_detector([packaged_dir("config")])
    result = report(judge(read_corpus([CORPUS / f"{name}.jsonl"]), detector.assess_text))
    assert result.overall.macro_f1 >= macro_f1
    assert result.overall.concern_precision >= 0.995
