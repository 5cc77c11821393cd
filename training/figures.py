"""Cross-validated answers as Markdown tables: `python -m training.figures ANSWERS.jsonl`, for docs/detection.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

LABELS = ("none", "mention", "supply", "diy", "adverse")
Answer = Mapping[str, Any]


def main() -> None:
    """Print every table."""
    answers = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    ordinary = [a for a in answers if a["source"].split("+")[0] in ORDINARY]
    labelled = [a for a in answers if a["source"].split("+")[0] not in ORDINARY]
    alone = [a for a in labelled if "+" not in a["source"]]
    dev = [a for a in alone if a["source"].startswith("dev-")]
    print("### By corpus file\n")
    table(alone, lambda a: [a["source"]])
    print("\n### Development files by language\n")
    table(dev, lambda a: [a["lang"]])
    print("\n### Everything labelled by language\n")
    table(alone, lambda a: [a["lang"]])
    print("\n### Development files by tag\n")
    table(dev, lambda a: a["tags"] or ["(no tag)"])
    print("\n### By label, development files\n")
    print("| label | precision | recall | F1 | messages |\n| --- | --- | --- | --- | --- |")
    for label, name in reversed(list(enumerate(LABELS))):
        precision, recall, f1, support = label_figures(dev, label)
        print(f"| {name} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {support} |")
    print("\n### Ordinary messages\n")
    print("| messages | number | false alarms | per 10,000 |\n| --- | --- | --- | --- |")
    for source in dict.fromkeys(a["source"] for a in ordinary):
        mine = [a for a in ordinary if a["source"] == source]
        alarms = sum(a["said"] > 0 for a in mine)
        print(f"| {source} | {len(mine)} | {alarms} | {10_000 * alarms / len(mine):.1f} |")
    print(f"\nExpected calibration error of `confidence`, development files: {calibration(dev):.3f}")


ORDINARY = ("beauty", "chat", "dev", "health", "multilingual", "trap-words")


def table(answers: Sequence[Answer], keys: Callable[[Answer], Iterable[str]]) -> None:
    """One row a key: how many, macro-F1, precision and recall of any concern, recall of adverse."""
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        for key in keys(answer):
            groups.setdefault(key, []).append(answer)
    print("| | messages | macro-F1 | any concern: precision | recall | adverse recall |")
    print("| --- | --- | --- | --- | --- | --- |")
    for key, mine in sorted(groups.items()):
        borne = [label_figures(mine, label)[2] for label in range(5) if any(a["truth"] == label for a in mine)]
        found = [a for a in mine if a["said"] > 0]
        true = [a for a in mine if a["truth"] > 0]
        both = sum(a["truth"] > 0 for a in found)
        adverse = [a for a in mine if a["truth"] == 4]
        recall = f"{sum(a['said'] == 4 for a in adverse) / len(adverse):.3f}" if adverse else "–"
        precision = f"{both / len(found):.3f}" if found else "–"
        of_concern = f"{both / len(true):.3f}" if true else "–"
        print(f"| {key} | {len(mine)} | {sum(borne) / len(borne):.3f} | {precision} | {of_concern} | {recall} |")


def label_figures(answers: Sequence[Answer], label: int) -> tuple[float, float, float, int]:
    """Precision, recall, F1 and number of one label."""
    said = sum(a["said"] == label for a in answers)
    true = sum(a["truth"] == label for a in answers)
    both = sum(a["said"] == label == a["truth"] for a in answers)
    return both / max(1, said), both / max(1, true), 2 * both / max(1, said + true), true


def calibration(answers: Sequence[Answer], bins: int = 10) -> float:
    """Expected calibration error of the answers of concern."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    found = [a for a in answers if a["said"] > 0]
    for answer in found:
        sure = answer["p"][answer["said"]]
        groups[min(bins - 1, int(sure * bins))].append((sure, answer["said"] == answer["truth"]))
    gaps = (abs(sum(s for s, _ in g) - sum(right for _, right in g)) for g in groups if g)
    return sum(gaps) / max(1, len(found))


if __name__ == "__main__":
    main()
