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
    print("\n### Wrong answers by cause, development files\n")
    causes(dev)
    print("\n### Against the targets\n")
    against_targets(dev, ordinary)


ORDINARY = ("beauty", "chat", "dev", "health", "multilingual", "trap-words")


def causes(answers: Sequence[Answer]) -> None:
    """Why the wrong answers are wrong: by what the message holds and what it was taken for."""
    wrong = [a for a in answers if a["said"] != a["truth"]]
    numbers: dict[str, int] = {}
    for answer in wrong:
        cause = cause_of(answer)
        numbers[cause] = numbers.get(cause, 0) + 1
    print("| cause | messages | of all wrong ones |\n| --- | --- | --- |")
    for cause, number in sorted(numbers.items(), key=lambda item: -item[1]):
        print(f"| {cause} | {number} | {number / len(wrong):.0%} |")


def cause_of(answer: Answer) -> str:
    """The cause of one wrong answer, in words."""
    truth, said, tier = answer["truth"], answer["said"], answer["tier"]
    if truth and said:
        pair = " and ".join(LABELS[label] for label in sorted((truth, said)))
        return f"found, but {pair} confused"
    if truth:
        return _MISSED[tier]
    return "false alarm: " + (
        "a look-alike that holds a sign" if tier in _WITH_SIGN else "no sign in the message itself"
    )


_WITH_SIGN = ("named", "thing", "told", "signed")
_MISSED = {
    "named": "missed: the topic is named",
    "thing": "missed: a product or a treatment in passing, not sure enough",
    "told": "missed: a story with a sign of injecting, not sure enough",
    "signed": "missed: a sign of injecting and little else",
    "after": "missed: a reply whose sign stands in the lines before",
    "bare": "missed: a reply that holds no term at all",
    "staged": "missed: a hint without a sign, bodies and people only",
    "hinted": "missed: a hint without a sign, bodies or people at most",
}


def against_targets(dev: Sequence[Answer], ordinary: Sequence[Answer]) -> None:
    """The targets beside what the development files and the ordinary messages give."""
    english = [a for a in dev if a["lang"] == "en"]
    others = [a for a in dev if a["lang"] != "en"]
    by_language = {a["lang"]: [b for b in others if b["lang"] == a["lang"]] for a in others}
    disguised = [a for a in dev if "obfuscated" in a["tags"] and a["truth"]]
    honest = [a for a in dev if "obfuscated" in a["tags"] and not a["truth"]]
    threads = [a for a in dev if "thread" in a["tags"]]

    def alarms(*sources: str) -> float:
        mine = [a for a in ordinary if a["source"] in sources]
        return 10_000 * sum(bool(a["said"]) for a in mine) / max(1, len(mine))

    precision, recall = concern_figures(english)
    lowest = min(map(macro_f1, by_language.values()), default=0.0)
    rows = (
        ("macro-F1, English", "≥ 0.92", f"{macro_f1(english):.3f}"),
        ("macro-F1, other languages together; the lowest", "≥ 0.88; ≥ 0.80", f"{macro_f1(others):.3f}; {lowest:.3f}"),
        ("any concern, English: precision, recall", "≥ 0.95, ≥ 0.95", f"{precision:.3f}, {recall:.3f}"),
        ("`adverse` recall, English; others", "≥ 0.95", f"{adverse_recall(english):.3f}; {adverse_recall(others):.3f}"),
        ("disguised messages of concern found", "≥ 0.97", f"{concern_figures(disguised)[1]:.3f}"),
        ("honest messages that look disguised left alone", "≥ 0.99",
         f"{sum(not a['said'] for a in honest) / max(1, len(honest)):.3f}"),
        ("false alarms per 10,000 chat messages", "≤ 1", f"{alarms('chat', 'dev', 'multilingual'):.1f}"),
        ("per 10,000 health and beauty messages", "≤ 5", f"{alarms('health', 'beauty'):.1f}"),
        ("thread-dependent messages right", "≥ 0.85",
         f"{sum(a['said'] == a['truth'] for a in threads) / max(1, len(threads)):.3f}"),
        ("expected calibration error of `confidence`", "≤ 0.05", f"{calibration(dev):.3f}"),
    )  # fmt: skip
    print("| what | target | cross-validated |\n| --- | --- | --- |")
    for what, target, value in rows:
        print(f"| {what} | {target} | {value} |")


def macro_f1(answers: Sequence[Answer]) -> float:
    """Mean F1 over the labels that the messages bear."""
    borne = [label_figures(answers, n)[2] for n in range(len(LABELS)) if any(a["truth"] == n for a in answers)]
    return sum(borne) / max(1, len(borne))


def concern_figures(answers: Sequence[Answer]) -> tuple[float, float]:
    """Precision and recall of any concern."""
    found = sum(a["said"] > 0 for a in answers)
    true = sum(a["truth"] > 0 for a in answers)
    both = sum(a["said"] > 0 and a["truth"] > 0 for a in answers)
    return both / max(1, found), both / max(1, true)


def adverse_recall(answers: Sequence[Answer]) -> float:
    """The share of adverse messages answered as such."""
    adverse = [a for a in answers if a["truth"] == LABELS.index("adverse")]
    return sum(bool(a["said"] == a["truth"]) for a in adverse) / max(1, len(adverse))


def table(answers: Sequence[Answer], keys: Callable[[Answer], Iterable[str]]) -> None:
    """One row a key: how many, macro-F1, precision and recall of any concern, recall of adverse."""
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        for key in keys(answer):
            groups.setdefault(key, []).append(answer)
    print("| | messages | macro-F1 | any concern: precision | recall | adverse recall |")
    print("| --- | --- | --- | --- | --- | --- |")
    for key, mine in sorted(groups.items()):
        precision_of, recall_of = concern_figures(mine)
        of_concern = any(a["truth"] for a in mine)
        adverse = f"{adverse_recall(mine):.3f}" if any(a["truth"] == 4 for a in mine) else "–"
        precision = f"{precision_of:.3f}" if of_concern else "–"
        recall = f"{recall_of:.3f}" if of_concern else "–"
        print(f"| {key} | {len(mine)} | {macro_f1(mine):.3f} | {precision} | {recall} | {adverse} |")


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
