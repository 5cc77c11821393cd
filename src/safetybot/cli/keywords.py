"""`safetybot keywords`: a community's own terms, from draft to retired and back."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer
from rich.markup import escape

from safetybot.cli.acting import AsOption, InOption, operator, whose
from safetybot.cli.runtime import open_runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.communities.access import Actor
from safetybot.communities.keyword import Keyword, KeywordState, Override, change_in_words
from safetybot.communities.keyword_files import as_fields, read_file, written
from safetybot.communities.keyword_report import KeywordFigures
from safetybot.communities.keywords import Entered, Keywords
from safetybot.communities.preview import Effect, Preview
from safetybot.model import Concern, Strength

TermArgument = Annotated[str, typer.Argument(help="The term; `*` at an end stands for any letters.")]
ConceptOption = Annotated[str | None, typer.Option("--concept", help="Watch for it as one more word for this concept.")]
ConcernOption = Annotated[
    Literal["mention", "supply", "diy", "adverse"] | None,
    typer.Option("--concern", help="Watch for it: whoever writes it gets at least this concern."),
]
WeakOption = Annotated[bool, typer.Option("--weak", help="With --concept: counts beside another concept only.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Go live although it would answer ordinary chat.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="The version you have seen; refused where there is a newer one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON lines.")]
ME = "operator"
Result = TypeVar("Result")

keywords = typer.Typer(
    name="keywords", help="A community's own terms: try, see, switch on, undo.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(keywords)


@keywords.command("list")
def list_keywords(context: typer.Context, place: InOption, json_out: JsonOption = False) -> None:
    """List the community's keywords, and which of them jump beyond their own past."""
    actor = operator(ME)

    async def read(use: Keywords, where: tuple[str, str]) -> tuple[list[Any], list[KeywordFigures]]:
        return await use.listed(actor, *where), await use.report(actor, *where)

    listed, figures = _run(context, place, read)
    jumped = {one.keyword.term for one in figures if one.jumped}
    if json_out:
        for one in listed:
            row = {**as_fields(one.keyword), "version": one.version, "jumped": one.keyword.term in jumped}
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    if not listed:
        console().print("No keywords.")
        return
    made = table("", "term", "state", "bound to", "version", right=(3,))
    for one in listed:
        mark = " [red]jumped[/red]" if one.keyword.term in jumped else ""
        made.add_row(
            escape(one.keyword.term), one.keyword.state.value + mark, escape(one.keyword.bound_to), str(one.version)
        )
    console().print(made)


@keywords.command()
def add(
    context: typer.Context,
    term: TermArgument,
    place: InOption,
    concept: ConceptOption = None,
    concern: ConcernOption = None,
    weak: WeakOption = False,
    name: AsOption = ME,
) -> None:
    """Add a term as a draft, and see what it would do."""
    wanted = _keyword(term, KeywordState.DRAFT, concept, concern, weak=weak)
    _entered(_run(context, place, lambda use, where: use.add(operator(name), *where, wanted)))


@keywords.command()
def edit(
    context: typer.Context,
    term: TermArgument,
    place: InOption,
    concept: ConceptOption = None,
    concern: ConcernOption = None,
    weak: WeakOption = False,
    force: ForceOption = False,
    version: VersionOption = None,
    name: AsOption = ME,
) -> None:
    """Bind a keyword to something else; its state stays as it is."""
    actor = operator(name)

    async def change(use: Keywords, where: tuple[str, str]) -> Entered:
        known = await use.get(actor, *where, term)
        wanted = _keyword(term, known.keyword.state, concept, concern, weak=weak)
        seen = known.version if version is None else version
        return await use.edit(actor, *where, wanted, expected=seen, force=force)

    _entered(_run(context, place, change))


@keywords.command()
def preview(
    context: typer.Context,
    term: TermArgument,
    place: InOption,
    concept: ConceptOption = None,
    concern: ConcernOption = None,
    weak: WeakOption = False,
    recent: Annotated[
        typer.FileText | None, typer.Option("--recent", help="Messages to try it on, one a line; - for standard input.")
    ] = None,
    json_out: JsonOption = False,
) -> None:
    """Show what a term would do, live: one given here, or a keyword as it stands. Changes nothing."""
    actor = operator(ME)
    lines = None if recent is None else [line.rstrip("\n") for line in recent]

    async def look(use: Keywords, where: tuple[str, str]) -> Preview:
        if concept is None and concern is None:
            wanted = (await use.get(actor, *where, term)).keyword
        else:
            wanted = _keyword(term, KeywordState.DRAFT, concept, concern, weak=weak)
        return await use.preview(actor, *where, wanted, lines)

    found = _run(context, place, look)
    if json_out:
        sys.stdout.write(json.dumps(_preview_fields(found), ensure_ascii=False) + "\n")
    else:
        _say(_preview_lines(found, examples=True))


@keywords.command()
def shadow(
    context: typer.Context, term: TermArgument, place: InOption, version: VersionOption = None, name: AsOption = ME
) -> None:
    """Try a keyword on live chat: decisions are logged in full, nothing is sent."""
    _move(context, place, term, KeywordState.SHADOW, version, name, force=False)


@keywords.command()
def live(
    context: typer.Context,
    term: TermArgument,
    place: InOption,
    force: ForceOption = False,
    version: VersionOption = None,
    name: AsOption = ME,
) -> None:
    """Switch a keyword on."""
    _move(context, place, term, KeywordState.LIVE, version, name, force=force)


@keywords.command()
def retire(
    context: typer.Context, term: TermArgument, place: InOption, version: VersionOption = None, name: AsOption = ME
) -> None:
    """Switch a keyword off and keep its history."""
    _move(context, place, term, KeywordState.RETIRED, version, name, force=False)


@keywords.command()
def allow(
    context: typer.Context,
    phrase: Annotated[str, typer.Argument(help="A phrase in which nothing counts, such as `lemon bottle spritz`.")],
    place: InOption,
    name: AsOption = ME,
) -> None:
    """Allow-list a phrase at once: what stands within it counts for nothing here."""
    wanted = Keyword(phrase, KeywordState.LIVE, allowed=True)
    _entered(_run(context, place, lambda use, where: use.add(operator(name), *where, wanted)))


@keywords.command()
def off(
    context: typer.Context,
    term: Annotated[str, typer.Argument(help="A term of the packaged lexicon.")],
    place: InOption,
    weak: Annotated[bool, typer.Option("--weak", help="Not off: it counts beside another concept only.")] = False,
    name: AsOption = ME,
) -> None:
    """Switch a term of the packaged lexicon off here, or make it weak; `retire` inherits it again."""
    wanted = Keyword(term, KeywordState.LIVE, override=Override.WEAK if weak else Override.OFF)
    _entered(_run(context, place, lambda use, where: use.add(operator(name), *where, wanted)))


@keywords.command()
def undo(
    context: typer.Context, term: TermArgument, place: InOption, version: VersionOption = None, name: AsOption = ME
) -> None:
    """Take back the newest change of a keyword; again, the one before it."""
    actor = operator(name)

    async def back(use: Keywords, where: tuple[str, str]) -> str:
        before = (await use.history(actor, *where, term))[-1].value
        change = await use.undo(actor, *where, term, expected=version)
        return change_in_words(term, before, change)

    _say([_run(context, place, back)])


@keywords.command()
def history(context: typer.Context, term: TermArgument, place: InOption, json_out: JsonOption = False) -> None:
    """Show every change of a keyword: who, when, from what to what."""
    changes = _run(context, place, lambda use, where: use.history(operator(ME), *where, term))
    before = None
    for change in changes:
        if json_out:
            row = {
                "version": change.version, "at": change.at.isoformat(), "by": change.by, "before": before,
                "after": change.value, "undoes": change.undoes,
            }  # fmt: skip
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            _say([change_in_words(term, before, change)])
        before = change.value


@keywords.command()
def report(context: typer.Context, place: InOption, json_out: JsonOption = False) -> None:
    """Show what each keyword did, or in shadow would have done, in the last 90 days."""
    figures = _run(context, place, lambda use, where: use.report(operator(ME), *where))
    if json_out:
        for one in figures:
            sys.stdout.write(json.dumps(_figure_fields(one), ensure_ascii=False) + "\n")
        return
    made = table("", "term", "state", "took part", "would act", "beside", "right", "false", right=(2, 3, 4, 5, 6))
    for one in figures:
        numbers = (one.live, one.alone, one.beside, one.confirmed, one.false_alarms)
        made.add_row(escape(one.keyword.term), one.keyword.state.value, *map(str, numbers))
    console().print(made)
    for one in figures:
        if one.jumped:
            _say([f"`{one.keyword.term}` jumped: {one.last_day} in the last day, {one.per_day:.1f} a day before."])


@keywords.command("import")
def import_keywords(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A .csv or .yaml file, as `export` writes it.", exists=True)],
    place: InOption,
    force: ForceOption = False,
    name: AsOption = ME,
) -> None:
    """Add or change the keywords of a file, all or none."""
    wanted = read_file(file)
    changes = _run(context, place, lambda use, where: use.put_all(operator(name), *where, wanted, force=force))
    _say([f"{len(changes)} of {len(wanted)} keywords added or changed; the others were so already."])


@keywords.command("export")
def export_keywords(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="File to write; - for standard output.", allow_dash=True)],
    place: InOption,
    form: Annotated[Literal["csv", "yaml"], typer.Option("--format", help="CSV or YAML.")] = "yaml",
) -> None:
    """Write the community's keywords to a file."""
    listed = _run(context, place, lambda use, where: use.listed(operator(ME), *where))
    text = written((one.keyword for one in listed), form)
    if str(out) == "-":
        sys.stdout.write(text)
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
    _say([f"{len(listed)} keywords written to {out}."])


# --- inside -----------------------------------------------------------------------------------------------


def _run(context: typer.Context, place: str, act: Callable[[Keywords, tuple[str, str]], Awaitable[Result]]) -> Result:
    session: Session = context.obj
    where = whose(place)

    async def run() -> Result:
        async with open_runtime(session) as runtime:
            return await act(Keywords(runtime.store.keywords, session.detector, runtime.clock), where)

    return asyncio.run(run())


def _move(
    context: typer.Context, place: str, term: str, state: KeywordState, version: int | None, name: str, *, force: bool
) -> None:
    actor: Actor = operator(name)
    moved = _run(context, place, lambda use, where: use.move(actor, *where, term, state, expected=version, force=force))
    _say([f"`{moved.keyword.term}` is {state} now (version {moved.change.version})."])


def _keyword(term: str, state: KeywordState, concept: str | None, concern: str | None, *, weak: bool) -> Keyword:
    if (concept is None) == (concern is None) or (weak and concept is None):
        raise typer.BadParameter("give either --concept or --concern; --weak goes with --concept")
    strength = Strength.WEAK if weak else Strength.STRONG
    return Keyword(term, state, concept, Concern.from_label(concern) if concern else None, strength=strength)


def _entered(entered: Entered) -> None:
    known = entered.keyword
    _say(
        [
            f"`{known.term}` is {known.state} now: {known.bound_to} (version {entered.change.version}).",
            *(f"{warn.doubt}: {warn.reason}" for warn in entered.warnings),
            *_preview_lines(entered.preview, examples=False),
        ]
    )


def _preview_lines(found: Preview, *, examples: bool) -> list[str]:
    lines = [f"Ordinary chat: {_effect(found.ordinary)}" + (": too broad" if found.too_broad else "") + "."]
    if found.recent is not None:
        lines.append(f"Recent messages: {_effect(found.recent)}.")
    logged = found.logged
    if logged.interactions:
        beside = f", its concept in {logged.with_concept}" if found.keyword.concept else ""
        lines.append(f"Logged interactions: found in {logged.with_term} of {logged.interactions}{beside}.")
    else:
        lines.append("Logged interactions: none yet.")
    if examples:
        lines += [
            f"  for example: {text}" for effect in (found.ordinary, found.recent) if effect for text in effect.examples
        ]
    return lines


def _effect(effect: Effect) -> str:
    told = f"in {effect.found} of {effect.messages:,} messages"
    if effect.added:
        told += f"; would answer about 1 in {effect.one_in}"
    elif not effect.taken:
        told += "; would change nothing"
    if effect.taken:
        told += f"; would leave {effect.taken} alone that are answered now"
    return told


def _preview_fields(found: Preview) -> dict[str, Any]:
    def fields(effect: Effect | None) -> dict[str, Any] | None:
        if effect is None:
            return None
        return {
            "messages": effect.messages, "found": effect.found, "added": effect.added, "taken": effect.taken,
            "examples": list(effect.examples),
        }  # fmt: skip

    return {
        **as_fields(found.keyword), "too_broad": found.too_broad, "ordinary": fields(found.ordinary),
        "recent": fields(found.recent), "logged": {
            "interactions": found.logged.interactions, "with_term": found.logged.with_term,
            "with_concept": found.logged.with_concept,
        },
    }  # fmt: skip


def _figure_fields(one: KeywordFigures) -> dict[str, Any]:
    return {
        **as_fields(one.keyword), "live": one.live, "alone": one.alone, "beside": one.beside,
        "confirmed": one.confirmed, "false_alarms": one.false_alarms, "last_day": one.last_day,
        "per_day": round(one.per_day, 2), "jumped": one.jumped,
    }  # fmt: skip


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        console().print(line, markup=False)
