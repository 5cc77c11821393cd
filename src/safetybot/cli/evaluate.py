"""`safetybot eval`: how good the detector is on labelled messages."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from safetybot.cli.error_page import error_page
from safetybot.cli.session import Session
from safetybot.cli.show import console, errors, is_terminal, table
from safetybot.detection.detector import Detector
from safetybot.evaluation import LABELS, Figures, Judged, Report, UnreadableCorpus, as_json, judge, read_corpus, report
from safetybot.model import ThreadLine

UNREADABLE = 1


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("eval")(evaluate)


def evaluate(
    context: typer.Context,
    corpus: Annotated[list[Path], typer.Argument(help="Labelled messages: JSON-lines files.", exists=True)],
    rules_only: Annotated[bool, typer.Option("--rules-only", help="Leave the classifier out.")] = False,
    worst: Annotated[int, typer.Option(help="How many errors to list.", min=0)] = 10,
    show_text: Annotated[bool, typer.Option("--text", help="Show the wrong messages' texts.")] = False,
    compare: Annotated[Path | None, typer.Option(help="A former --json output to compare with.", exists=True)] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page of all wrong answers, texts included.")] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Precision, recall and F1 by label, language and tag; false alarms per 10,000; confusion; worst errors."""
    session: Session = context.obj
    detector = session.fresh_detector(with_model=False) if rules_only else session.detector
    try:
        rows = list(read_corpus(corpus))
    except UnreadableCorpus as error:
        errors([str(error)])
        raise typer.Exit(UNREADABLE) from error
    with Progress(SpinnerColumn(), TextColumn("{task.completed}/{task.total}"), disable=not is_terminal()) as progress:
        task = progress.add_task("", total=len(rows))
        judged = []
        for item in judge(rows, detector.assess_text):
            judged.append(item)
            progress.advance(task)
    result = report(judged, worst=worst)
    if html is not None:
        write_errors(html, report(judged, worst=len(judged)), detector)
    if json_out:
        sys.stdout.write(json.dumps(as_json(result), ensure_ascii=False, indent=2) + "\n")
        return
    show(result, show_text=show_text)
    if compare is not None:
        show_difference(result, json.loads(compare.read_text(encoding="utf-8")))


def write_errors(path: Path, result: Report, detector: Detector) -> None:
    """Write the page of `result`'s errors to `path`; each is assessed once more to be explained."""

    def explained(item: Judged) -> Judged:
        thread = [ThreadLine(line) for line in item.truth.thread]
        return replace(item, assessment=detector.assess_text(item.truth.text, thread, explain=True))

    page = error_page(result, [explained(item) for item in result.errors])
    path.write_text(page, encoding="utf-8", errors="replace")


def show(result: Report, *, show_text: bool) -> None:
    """Print a report, fit for 80 columns."""
    out = console()
    overall = result.overall
    out.print(
        f"[bold]{overall.messages}[/] messages: macro-F1 [bold]{overall.macro_f1:.3f}[/], any concern: precision "
        f"{overall.concern_precision:.3f}, recall {overall.concern_recall:.3f}; calibration error "
        f"{result.calibration_error:.3f}\n"
    )
    labels = table("By label", "label", "precision", "recall", "F1", "messages", right=(1, 2, 3, 4))
    for name, part in overall.labels.items():
        labels.add_row(name, f"{part.precision:.3f}", f"{part.recall:.3f}", f"{part.f1:.3f}", str(part.support))
    out.print(labels, "")
    for name, parts in result.slices.items():
        if len(parts) > 1:
            out.print(_slice_table(name, dict(parts)), "")
    confusion = table("Truth (rows) and answer (columns)", "", *LABELS, right=range(1, 6))
    for truth, row in result.confusion.items():
        confusion.add_row(truth, *(str(row[said]) for said in LABELS))
    out.print(confusion, "")
    if result.errors:
        wrong = table("Surest errors", "id", "truth", "said", "sure", right=(3,))
        for item in result.errors:
            wrong.add_row(item.truth.id, item.truth.label, item.said, f"{item.assessment.confidence:.2f}")
            if show_text:
                wrong.add_row("", "", item.truth.text[:200].replace("\n", " "), "")
        out.print(wrong)


def show_difference(result: Report, before: dict[str, object]) -> None:
    """Print what changed against a former run's JSON."""
    now = as_json(result)["overall"]
    then = before.get("overall")
    if not isinstance(now, dict) or not isinstance(then, dict):
        return
    changes = table("Against the former run", "figure", "before", "now", "change", right=(1, 2, 3))
    for name in ("macro_f1", "concern_precision", "concern_recall", "false_alarms_per_10k", "right"):
        a, b = float(then.get(name, 0.0)), float(now[name])
        changes.add_row(name, f"{a:.3f}", f"{b:.3f}", f"{b - a:+.3f}")
    console().print(changes)


def _slice_table(name: str, parts: dict[str, Figures]) -> object:
    made = table(f"By {name}", name, "messages", "macro-F1", "precision", "recall", "false/10k", right=range(1, 6))
    for key, part in parts.items():
        made.add_row(
            key, str(part.messages), f"{part.macro_f1:.3f}", f"{part.concern_precision:.3f}",
            f"{part.concern_recall:.3f}", f"{part.false_alarms_per_10k:.1f}",
        )  # fmt: skip
    return made
