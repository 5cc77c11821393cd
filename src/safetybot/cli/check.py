"""`safetybot check`, `schema`, `doctor`: whether all is well, and the shapes of the files for editors."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.text import Text

from safetybot.cli.runtime import health_file, open_runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, errors
from safetybot.config.reference import schemas
from safetybot.detection.assembly import lexicon_files, newest
from safetybot.detection.lexicon import LexiconFile, read_lexicon
from safetybot.detection.rules import RulesFile, read_rules
from safetybot.documents import InvalidDocument, Problem
from safetybot.model import Strength
from safetybot.responses import ResponseLibrary, review
from safetybot.responses.files import FactsFile, FrontMatter, RegionsFile, SourcesFile, UiFile
from safetybot.store import migrations
from safetybot.store.errors import StoreError

PROBLEMS = 1
_SCHEMAS: dict[str, type[BaseModel]] = {
    "lexicon": LexiconFile,
    "rules": RulesFile,
    "response": FrontMatter,
    "sources": SourcesFile,
    "facts": FactsFile,
    "regions": RegionsFile,
    "ui": UiFile,
}


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(check)
    app.command()(schema)
    app.command()(doctor)


def check(
    context: typer.Context,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Hold reviews against this date.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as problems.")] = False,
    json_out: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Verify settings, rules, lexicon, model and responses; each problem with file, line, reason and hint."""
    session: Session = context.obj
    problems = list(problems_of(session, today or datetime.now(UTC)))
    bad = [problem for problem in problems if strict or problem.severity == "error"]
    if json_out:
        rows = [asdict(problem) for problem in problems]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        errors(str(problem) for problem in problems)
        if not problems:
            console().print("All well: settings, rules, lexicon, model, responses.")
    raise typer.Exit(PROBLEMS if bad else 0)


def problems_of(session: Session, today: datetime) -> Iterable[Problem]:
    """Everything that is wrong with the files in force; one bad file does not hide another's problems."""
    months = 6
    try:
        months = session.settings.responses.review_months
    except InvalidDocument as error:
        yield from error.problems
    names: list[str] = []
    try:
        book = read_rules(newest(session.config_dirs, "rules.yaml"))
        terms = read_lexicon(lexicon_files(session.config_dirs), book.concepts)
        names = [t.text.strip("*") for t in terms if t.concept == "product" and t.strength is Strength.STRONG]
        session.fresh_detector(with_model=True)
    except InvalidDocument as error:
        yield from error.problems
    except ValueError as error:
        model = newest(session.config_dirs, "model.bin")
        yield Problem(str(model), 1, 1, str(error), "restore it, or train it again (docs/model-card.md)")
    try:
        files = ResponseLibrary.load(session.responses_dirs).files
    except InvalidDocument as error:
        yield from error.problems
    else:
        yield from review(files, today=today.date(), months=months, product_names=names)


def schema(
    name: Annotated[str | None, typer.Argument(help="Which kind of file; all without.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write one file each into this folder.", file_okay=False)] = None,
) -> None:
    """Print the JSON Schemas of the files that people write, so that editors can complete and check them."""
    every = schemas(_SCHEMAS)
    if name is not None and name not in every:
        raise typer.BadParameter(f"there is no schema {name!r}; there are {', '.join(every)}", param_hint="NAME")
    made = {name: every[name]} if name else every
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for key, value in made.items():
            text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
            (out / f"{key}.schema.json").write_text(text, encoding="utf-8")
        console().print(f"{len(made)} schemas written to {out}.", markup=False)
        return
    sys.stdout.write(json.dumps(made[name] if name else made, ensure_ascii=False, indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class _Finding:
    what: str
    well: bool
    says: str


def doctor(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the running bot's sign of life; no output.")] = False,
    json_out: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say whether this installation can do its work, and what to do where it can't."""
    session: Session = context.obj
    if quiet:
        raise typer.Exit(0 if _sign_of_life(session).well else PROBLEMS)
    findings = [_found("configuration", lambda: _configuration(session)), *asyncio.run(_store(session))]
    findings.append(_sign_of_life(session))
    well = all(finding.well for finding in findings[:-1])
    if json_out:
        rows = [{"what": f.what, "well": f.well, "says": f.says} for f in findings]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        for finding in findings:
            mark = ("well  ", "green") if finding.well else ("look  ", "yellow")
            console().print(Text.assemble(mark, (f"{finding.what}: ", "bold"), finding.says))
    raise typer.Exit(0 if well else PROBLEMS)


def _found(what: str, look: Callable[[], str]) -> _Finding:
    try:
        return _Finding(what, well=True, says=look())
    except InvalidDocument as error:
        return _Finding(what, well=False, says=f"{len(error.problems)} problems; `safetybot check` lists them")
    except StoreError as error:
        return _Finding(what, well=False, says=str(error))


def _configuration(session: Session) -> str:
    detector, library = session.detector, session.library
    model = "with its model" if detector.classifier else "rules alone, no model"
    return f"{len(detector.terms)} terms, {model}, responses in {len(library.languages)} languages"


async def _store(session: Session) -> list[_Finding]:
    try:
        async with open_runtime(session) as runtime:
            version = await runtime.store.database.version()
            counts = await runtime.store.counts()
            kind = "SQLite" if runtime.store.database.is_sqlite else "PostgreSQL"
    except (StoreError, InvalidDocument) as error:
        return [_Finding("store", well=False, says=str(error))]
    newest_version = migrations.newest()
    says = f"{kind}, version {version} of {newest_version}, {sum(counts.values())} interactions"
    return [_Finding("store", version == newest_version, says)]


def _sign_of_life(session: Session) -> _Finding:
    what = "running bot"
    try:
        path = health_file(session.settings.data_dir)
        at = datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["at"])
    except InvalidDocument:
        return _Finding(what, well=False, says="the configuration is invalid")
    except (OSError, ValueError, KeyError):
        return _Finding(what, well=False, says="none has run here yet: `safetybot run` starts one")
    age = datetime.now(UTC) - at
    well = age < timedelta(seconds=30)
    return _Finding(what, well, f"last sign of life {int(age.total_seconds())} seconds ago")
