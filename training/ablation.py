"""Whether the model feeds on form: `python -m training.ablation --ordinary FOLDER`, for docs/detection.md.

Invented messages of concern differ from `none` in length, punctuation and capitals, and a model could learn that. Each
fold's model judges the development files of its fold as they are, and then with form taken away or scrambled; a model
that sees form alone shows how much there would be to gain. Answers are the likeliest label, without thresholds.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from safetybot.detection.assembly import load_detector
from safetybot.detection.detector import Detector
from safetybot.detection.gate import Gate
from training.augment import conversations, everyday_replies, in_parts, told_in_two
from training.data import CORPUS, Row, read_rows, see, targets
from training.train import BUCKETS, CONFIG, FOLDS, SEED, Floats, fit, folds, learn_gate

_END = re.compile(r"[.!?…]+(?=\s|$)")
_MARKS = re.compile(r"[.,;:!?…\"“”()—–]+")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--ordinary", type=Path, required=True, help="folder of ordinary messages (*.jsonl)")
    options = parser.parse_args(arguments)
    labelled = list(read_rows(sorted(CORPUS.glob("*.jsonl"))))
    ordinary = list(read_rows(sorted(options.ordinary.glob("*.jsonl")), ordinary=True))
    plain = load_detector([CONFIG], with_model=False)
    more_labelled, more_ordinary = conversations(labelled, ordinary, SEED)
    more_labelled += [*told_in_two(labelled, lambda text: bool(plain.signs(text))), *in_parts(labelled)]
    more_ordinary += [*in_parts(ordinary), *everyday_replies(labelled, SEED)]
    rows = [*labelled, *more_labelled, *ordinary, *more_ordinary]
    fold = folds(rows)
    header, _ = learn_gate(plain, rows, fold)
    detector = Detector(plain.terms, plain.rules, gate=Gate(header.weights, header.bias, header.threshold))
    seen = see(detector, rows, BUCKETS)
    table, wanted = seen.table, targets(rows)
    models = []
    for i in range(FOLDS):
        learn = seen.passed & (fold != i)
        models.append(fit(table[learn], wanted[learn], rows, learn))

    dev = np.array([n for n, row in enumerate(rows) if row.source.startswith("dev-")])
    truth = wanted[dev]
    print("| development files | macro-F1 | any concern: precision | recall |\n| --- | --- | --- | --- |")
    for name, change in CHANGES.items():
        changed = see(detector, [change(rows[n]) for n in dev], BUCKETS)
        said = np.zeros(len(dev), dtype=np.int64)
        for i, model in enumerate(models):
            mine = (fold[dev] == i) & changed.passed
            said[mine] = model.logits(changed.table[mine]).argmax(axis=1)
        print(_line(name, said, truth))
        if name == "as they are":
            short = _of_like_length([rows[n] for n in dev], truth)
            print(_line("a part of them in which all labels are of the same length", said[short], truth[short]))
    print(_line("by a model that sees form alone", _by_form([rows[n] for n in dev], truth, fold[dev]), truth))


def _cut(row: Row) -> Row:
    words = row.text.split(" ")
    return replace(row, text=" ".join(words[:25]))


def _padded(row: Row) -> Row:
    """With chat of no meaning before and after, so that every message is longer."""
    chance = random.Random(f"{SEED}{row.id}")  # noqa: S311  # no secret
    fill = ["anyway", "so yeah", "just saying", "hope you're all well today", "right then", "bit of a long day here"]
    return replace(row, text=f"{chance.choice(fill)} {row.text} {chance.choice(fill)} {chance.choice(fill)}")


CHANGES: dict[str, Callable[[Row], Row]] = {
    "as they are": lambda row: row,
    "in small letters": lambda row: replace(row, text=row.text.lower()),
    "in capitals": lambda row: replace(row, text=row.text.upper()),
    "without punctuation": lambda row: replace(row, text=_MARKS.sub(" ", row.text)),
    "without a mark at the end of a sentence": lambda row: replace(row, text=_END.sub("", row.text)),
    "cut after 25 words": _cut,
    "with empty chat around them": _padded,
}


def _of_like_length(rows: Sequence[Row], truth: np.typing.NDArray[np.int64]) -> np.typing.NDArray[np.int64]:
    """Places of rows drawn so that each label has the same number in each tenth of the lengths."""
    chance = np.random.default_rng(SEED)
    lengths = np.array([len(row.text) for row in rows])
    tenth = np.searchsorted(np.quantile(lengths, np.arange(0.1, 1, 0.1)), lengths)
    chosen: list[int] = []
    for part in range(10):
        groups = [np.flatnonzero((tenth == part) & (truth == label)) for label in range(5)]
        least = min(map(len, groups))
        for group in groups:
            chosen += chance.permutation(group)[:least].tolist()
    return np.array(sorted(chosen), dtype=np.int64)


def _by_form(
    rows: Sequence[Row], truth: np.typing.NDArray[np.int64], fold: np.typing.NDArray[np.int64]
) -> np.typing.NDArray[np.int64]:
    table: Floats = StandardScaler().fit_transform([_form(row.text) for row in rows])
    said = np.zeros(len(rows), dtype=np.int64)
    for i in range(FOLDS):
        model = LogisticRegression(max_iter=500, random_state=SEED).fit(table[fold != i], truth[fold != i])
        said[fold == i] = model.predict(table[fold == i])
    return said


def _form(text: str) -> list[float]:
    size = max(1, len(text))
    return [
        np.log1p(size),
        len(_MARKS.findall(text)) / size,
        text.rstrip()[-1:] in ".!?…",
        "?" in text,
        "," in text,
        sum(c.isupper() for c in text) / size,
        text[:1].isupper(),
        text.count("\n") / size,
    ]


def _line(name: str, said: np.typing.NDArray[np.int64], truth: np.typing.NDArray[np.int64]) -> str:
    f1 = np.mean([
        2 * ((said == n) & (truth == n)).sum() / max(1, (said == n).sum() + (truth == n).sum()) for n in range(5)
    ])  # fmt: skip
    both = ((said > 0) & (truth > 0)).sum()
    return f"| {name} | {f1:.3f} | {both / max(1, (said > 0).sum()):.3f} | {both / max(1, (truth > 0).sum()):.3f} |"


if __name__ == "__main__":
    main()
