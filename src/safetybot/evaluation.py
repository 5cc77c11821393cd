"""How good the detector is on labelled messages: figures, never opinions.

Lives here: reading a labelled corpus, precision, recall and F1 per label and slice, false alarms per 10,000,
calibration, the worst errors, and the comparison of two runs. Does not live here: showing them (`cli`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from safetybot.model import Assessment, ThreadLine

LABELS = ("adverse", "diy", "supply", "mention", "none")
"""The five labels, in the order of precedence."""


class UnreadableCorpus(Exception):
    """A line of a labelled corpus is not what it must be; carries file, line and reason."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        """Say where and why."""
        super().__init__(f"{file}:{line}: {reason}")
        self.file, self.line, self.reason = file, line, reason


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled message of a corpus."""

    id: str
    text: str
    label: str
    language: str = "und"
    tags: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    corpus: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message and what the detector said of it."""

    truth: Labelled
    assessment: Assessment

    @property
    def said(self) -> str:
        """The detector's label."""
        return self.assessment.label

    @property
    def right(self) -> bool:
        """Whether both agree."""
        return self.said == self.truth.label


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """Precision, recall and F1 of one label (each 0 to 1; 0 where undefined), and how many messages bear it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set of judged messages."""

    messages: int
    labels: Mapping[str, LabelFigures]
    macro_f1: float
    """Mean F1 over the labels that the messages bear."""
    concern_precision: float
    """Of the messages that the detector found of any concern, the share that are."""
    concern_recall: float
    false_alarms: int
    """Messages labelled `none` that the detector found of concern."""
    false_alarms_per_10k: float
    """Of 10,000 messages labelled `none`."""
    right: float
    """The share of messages whose label is exactly right."""


@dataclass(frozen=True, slots=True)
class Report:
    """The whole evaluation: overall, by slice, confusion (truth → said → count), calibration, errors."""

    overall: Figures
    slices: Mapping[str, Mapping[str, Figures]]
    confusion: Mapping[str, Mapping[str, int]]
    calibration_error: float
    """Expected calibration error of `confidence` over ten bins, weighted by size (Naeini et al., AAAI 2015)."""
    errors: Sequence[Judged] = field(default=(), repr=False)
    """Wrong ones, the most confident first."""


def read_corpus(paths: Iterable[Path]) -> Iterator[Labelled]:
    """The labelled messages of JSON-lines files, in order.

    Raises:
        UnreadableCorpus: A line is not a JSON object with `id`, `text` and a known `label`.
        OSError: A file cannot be read.
    """
    for path in paths:
        with path.open(encoding="utf-8", errors="surrogatepass") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _labelled(path, number, line)


def judge(rows: Iterable[Labelled], assess: Callable[[str, Sequence[ThreadLine]], Assessment]) -> Iterator[Judged]:
    """Run `assess` over `rows`."""
    for row in rows:
        yield Judged(row, assess(row.text, [ThreadLine(line) for line in row.thread]))


def report(judged: Iterable[Judged], *, worst: int = 50) -> Report:
    """All figures of `judged`, with the `worst` most confident errors. An empty set gives zeros."""
    everything = list(judged)
    slices: dict[str, dict[str, list[Judged]]] = {"corpus": {}, "language": {}, "tag": {}}
    for item in everything:
        slices["corpus"].setdefault(item.truth.corpus, []).append(item)
        slices["language"].setdefault(item.truth.language, []).append(item)
        for tag in item.truth.tags or ("(no tag)",):
            slices["tag"].setdefault(tag, []).append(item)
    errors = sorted((item for item in everything if not item.right), key=lambda item: -item.assessment.confidence)
    return Report(
        figures(everything),
        {name: {key: figures(part) for key, part in sorted(parts.items())} for name, parts in slices.items()},
        _confusion(everything),
        calibration_error(everything),
        errors[:worst],
    )


def figures(judged: Sequence[Judged]) -> Figures:
    """The figures of one set of judged messages."""
    labels: dict[str, LabelFigures] = {}
    for label in LABELS:
        truly = sum(item.truth.label == label for item in judged)
        said = sum(item.said == label for item in judged)
        both = sum(item.truth.label == label == item.said for item in judged)
        precision, recall = _ratio(both, said), _ratio(both, truly)
        labels[label] = LabelFigures(precision, recall, _ratio(2 * precision * recall, precision + recall), truly)
    borne = [value.f1 for value in labels.values() if value.support]
    of_concern = sum(item.truth.label != "none" for item in judged)
    found = sum(item.assessment.concern is not None for item in judged)
    caught = sum(item.truth.label != "none" and item.assessment.concern is not None for item in judged)
    alarms = found - caught
    return Figures(
        messages=len(judged),
        labels=labels,
        macro_f1=_ratio(sum(borne), len(borne)),
        concern_precision=_ratio(caught, found),
        concern_recall=_ratio(caught, of_concern),
        false_alarms=alarms,
        false_alarms_per_10k=_ratio(10_000 * alarms, len(judged) - of_concern),
        right=_ratio(sum(item.right for item in judged), len(judged)),
    )


def calibration_error(judged: Sequence[Judged], bins: int = 10) -> float:
    """Expected calibration error of the answers of concern: how far `confidence` is from the share that is right."""
    groups: list[list[Judged]] = [[] for _ in range(bins)]
    answered = [item for item in judged if item.assessment.concern is not None]
    for item in answered:
        groups[min(bins - 1, int(item.assessment.confidence * bins))].append(item)
    total = 0.0
    for group in groups:
        if group:
            sure = sum(item.assessment.confidence for item in group) / len(group)
            total += len(group) * abs(sure - sum(item.right for item in group) / len(group))
    return _ratio(total, len(answered))


def as_json(result: Report) -> dict[str, object]:
    """A report as plain data, without any message's text; `compare` reads it back."""
    return {
        "overall": _figures_json(result.overall),
        "slices": {
            name: {key: _figures_json(part) for key, part in parts.items()} for name, parts in result.slices.items()
        },
        "confusion": {truth: dict(row) for truth, row in result.confusion.items()},
        "calibration_error": round(result.calibration_error, 4),
        "errors": [
            {"id": item.truth.id, "truth": item.truth.label, "said": item.said,
             "confidence": round(item.assessment.confidence, 3)}
            for item in result.errors
        ],
    }  # fmt: skip


def _figures_json(value: Figures) -> dict[str, object]:
    return {
        "messages": value.messages,
        "macro_f1": round(value.macro_f1, 4),
        "concern_precision": round(value.concern_precision, 4),
        "concern_recall": round(value.concern_recall, 4),
        "false_alarms": value.false_alarms,
        "false_alarms_per_10k": round(value.false_alarms_per_10k, 2),
        "right": round(value.right, 4),
        "labels": {
            label: {
                "precision": round(part.precision, 4),
                "recall": round(part.recall, 4),
                "f1": round(part.f1, 4),
                "support": part.support,
            }
            for label, part in value.labels.items()
        },
    }


def _confusion(judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    table = {truth: dict.fromkeys(LABELS, 0) for truth in LABELS}
    for item in judged:
        table[item.truth.label][item.said] += 1
    return table


def _labelled(path: Path, number: int, line: str) -> Labelled:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise UnreadableCorpus(path, number, f"not JSON: {error.msg}") from error
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise UnreadableCorpus(path, number, "not an object with a `text`")
    label = data.get("label")
    if label not in LABELS:
        raise UnreadableCorpus(path, number, f"the label is {label!r}, not one of {', '.join(LABELS)}")
    return Labelled(
        str(data.get("id", number)),
        data["text"],
        label,
        str(data.get("lang", "und")),
        tuple(data.get("tags") or ()),
        tuple(data.get("thread") or ()),
        path.stem,
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
