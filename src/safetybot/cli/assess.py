"""`safetybot assess` and `safetybot explain`: what the detector says, for programs and for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, BinaryIO

import typer
from rich.padding import Padding

from safetybot.cli.session import Session
from safetybot.cli.show import console, label, underlined
from safetybot.detection.detector import Detector
from safetybot.detection.language import UNDETERMINED, language_of
from safetybot.detection.text import base_view, disguise_views
from safetybot.model import Assessment, Author, History, Message, NearMiss, Place, Surface, SurfaceKind, ThreadLine
from safetybot.policy import decide

SOME_UNREADABLE = 1


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(assess)
    app.command()(explain)


def assess(
    context: typer.Context,
    texts: Annotated[list[str] | None, typer.Argument(help="Messages to assess.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read {"id","text","thread"?} lines on stdin, write one answer a line.')
    ] = False,
) -> None:
    """Say what messages are about: one of adverse, diy, supply, mention, none.

    With --jsonl the answers come in the order of the lines, as they are read. A line that is not such an object is
    answered with an `error`, and the exit code is then 1.
    """
    session: Session = context.obj
    if jsonl:
        unreadable = 0
        for answer in answers(session.detector, sys.stdin.buffer):
            unreadable += "error" in answer
            sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
        sys.stdout.flush()
        raise typer.Exit(SOME_UNREADABLE if unreadable else 0)
    if not texts:
        raise typer.BadParameter("give at least one message, or --jsonl", param_hint="TEXTS")
    out = console()
    for text in texts:
        assessment = session.detector.assess_text(text)
        out.print(label(assessment.concern), f"{assessment.confidence:.2f}", _language(assessment, text))


def answers(detector: Detector, lines: BinaryIO) -> Iterator[dict[str, object]]:
    """One answer a line, in order; blank lines are passed over. Memory does not grow with the input."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line.decode("utf-8", "replace"))
        except (json.JSONDecodeError, RecursionError) as error:
            yield {"id": None, "concern": "none", "error": f"line {number}: not JSON: {error}"}
            continue
        if not isinstance(data, dict) or not isinstance(data.get("text"), str):
            identity = data.get("id") if isinstance(data, dict) else None
            yield {"id": identity, "concern": "none", "error": f"line {number}: not an object with a `text`"}
            continue
        thread = data.get("thread")
        earlier = [line for line in thread if isinstance(line, str)] if isinstance(thread, list) else []
        yield answer(data.get("id"), data["text"], detector.assess_text(data["text"], list(map(ThreadLine, earlier))))


def answer(identity: object, text: str, assessment: Assessment) -> dict[str, object]:
    """An assessment as the JSON object that `--jsonl` writes."""
    return {
        "id": identity,
        "concern": assessment.label,
        "confidence": round(assessment.confidence, 4),
        "level": assessment.level.label if assessment.level else None,
        "language": _language(assessment, text),
        "rules": [rule.rule for rule in assessment.rules],
        "hits": [
            {"concept": hit.concept, "term": hit.term, "start": hit.span.start, "end": hit.span.end, "path": hit.path}
            for hit in assessment.hits
        ],
    }


def explain(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A message.")],
    thread: Annotated[list[str] | None, typer.Option("--thread", help="An earlier line; repeat, oldest first.")] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show on one screen how a message is read, which rules fired or nearly did, and what the bot would do."""
    session: Session = context.obj
    lines = [ThreadLine(line) for line in thread or []]
    message = _message(text)
    assessment = session.detector.assess_text(text, lines, explain=True)
    policy = session.settings.default_policy()
    decision = decide(assessment, message, policy, History(), datetime.now(UTC))
    if json_out:
        whole = answer(None, text, assessment) | {
            "near_misses": [_near_miss(miss) for miss in assessment.near_misses],
            "features": [asdict(feature) for feature in assessment.features],
            "reasons": list(decision.reasons),
        }
        sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
        return
    out = console()
    out.print("[bold]Message[/]")
    out.print(Padding(underlined(text, assessment.hits or session.detector.hits(text)), (0, 0, 0, 2)))
    out.print("[bold]As it is read[/]")
    base = base_view(text)
    for view in [base, *disguise_views(text, base)]:
        out.print(Padding(underlined(view.text, ()), (0, 0, 0, 2)))
    _explain_hits(assessment)
    out.print("[bold]Answer[/]")
    level = f", level {assessment.level.label}" if assessment.level else ""
    out.print(
        "  ", label(assessment.concern), f"({assessment.confidence:.0%} sure{level}),", _language(assessment, text)
    )
    for rule in assessment.rules:
        out.print(f"  [green]fired[/] {rule.rule}: {rule.says}")
    for miss in assessment.near_misses[:4]:
        out.print(f"  [dim]nearly {miss.rule}: {miss.why_not}[/]")
    _explain_features(assessment)
    out.print("[bold]Decision[/]")
    out.print(f"  {'; '.join(decision.reasons)}")
    if decision.reply and assessment.concern is not None:
        response = session.library.choose(assessment.concern, assessment.level, assessment.language)
        out.print("[bold]Reply[/]")
        out.print(Padding(underlined(response.public, ()), (0, 0, 0, 2)))


def _explain_hits(assessment: Assessment) -> None:
    if not assessment.hits:
        return
    by_concept: dict[str, list[str]] = {}
    for hit in assessment.hits:
        mark = "!" if hit.strength == "strong" else ""
        how = "" if hit.path == "exact" else f" ({hit.path})"
        by_concept.setdefault(hit.concept, []).append(f"{hit.term}{mark}{how}")
    out = console()
    out.print("[bold]Signs[/]")
    for concept, terms in by_concept.items():
        out.print(f"  {concept}: {', '.join(dict.fromkeys(terms))}", markup=False)


def _explain_features(assessment: Assessment) -> None:
    if assessment.features:
        shown = ", ".join(f"{feature.feature} +{feature.weight:.1f}" for feature in assessment.features)
        console().print(f"  weighed most: {shown}", style="dim", markup=False)


def _language(assessment: Assessment, text: str) -> str:
    """The message's language; told for silent answers too, where the live path does not need it."""
    return assessment.language if assessment.language != UNDETERMINED else language_of(text)


def _message(text: str) -> Message:
    place = Place("console", "here", "here")
    return Message("1", place, Author("you"), (Surface(SurfaceKind.TEXT, text),), datetime.now(UTC))


def _near_miss(miss: NearMiss) -> dict[str, str]:
    return {"rule": miss.rule, "concern": miss.concern.label, "why_not": miss.why_not}
