"""`safetybot review`: interactions with why they came about, moderators' words on them, and what those say."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from safetybot.cli.acting import AsOption, InOption, whose
from safetybot.cli.filters import (
    BeforeOption,
    ChannelOption,
    CommunityOption,
    ConcernOption,
    JsonLines,
    LimitOption,
    PlatformOption,
    SinceOption,
    StateOption,
    UntilOption,
    VerdictOption,
    filters_of,
)
from safetybot.cli.log import show_interactions
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.cli.use_cases import Json, me, own_terms, reviews, with_runtime, words
from safetybot.communities.keyword import KeywordState
from safetybot.communities.naming import Words
from safetybot.communities.rates import RuleRate, RuleRates
from safetybot.communities.records import Reactions
from safetybot.communities.review import Explanation, Precision, Repair, RepairKind, Tally
from safetybot.model import Interaction, Place, VerdictKind
from safetybot.store.export import as_fields

review_app = typer.Typer(no_args_is_help=True, help="What the bot did, and whether it was right.")
Number = Annotated[int, typer.Argument(help="The interaction's number.")]
_FEW = 5
"""Verdicts below which a share says little."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(review_app, name="review")


@review_app.command("list")
def list_them(
    context: typer.Context,
    platform: PlatformOption = None,
    community: CommunityOption = None,
    channel: ChannelOption = None,
    concern: ConcernOption = None,
    state: StateOption = None,
    verdict: VerdictOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    before: BeforeOption = None,
    limit: LimitOption = 30,
    json_out: JsonLines = False,
) -> None:
    """List interactions, the newest first."""
    session: Session = context.obj
    filters = filters_of(platform, community, channel, concern, state, verdict, since, until)

    async def work(runtime: Runtime) -> list[Interaction]:
        return list(await reviews(session, runtime).page(me(), filters, before=before, limit=limit))

    show_interactions(with_runtime(session, work), limit, json_out=json_out)


@review_app.command()
def show(
    context: typer.Context,
    number: Number,
    excerpt: Annotated[bool, typer.Option("--excerpt", help="With the excerpt, if kept. The look is audited.")] = False,
    json_out: Json = False,
    name: AsOption = "",
) -> None:
    """Show one interaction: what was found, which rules fired, what was done and why, verdicts and notes."""
    session: Session = context.obj

    async def work(runtime: Runtime) -> Explanation:
        desk, actor = reviews(session, runtime), me(name)
        place = (await desk.see(actor, number)).details.interaction.place
        own = await _named(runtime, place)
        return await desk.see(actor, number, excerpt=excerpt, own=own)

    found = with_runtime(session, work)
    if json_out:
        sys.stdout.write(json.dumps(_fields(found), ensure_ascii=False) + "\n")
    else:
        _tell(found, asked=excerpt)


@review_app.command()
def verdict(
    context: typer.Context,
    number: Number,
    kind: Annotated[VerdictKind, typer.Argument(help="confirmed, false_alarm (needs --reason) or handled.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    json_out: Json = False,
    name: AsOption = "",
) -> None:
    """Say whether the bot was right; the latest word counts. A false alarm is answered with repairs that fit."""
    session: Session = context.obj

    async def work(runtime: Runtime) -> tuple[Place, tuple[Repair, ...]]:
        desk, actor = reviews(session, runtime), me(name)
        place = (await desk.see(actor, number)).details.interaction.place
        own = await own_terms(runtime, place.platform, place.community, KeywordState.LIVE)
        return place, await desk.judge(actor, number, kind, reason=reason, own=own)

    place, repairs = with_runtime(session, work)
    if json_out:
        for one in repairs:
            fields = {
                "kind": one.kind.value,
                "says": one.says,
                "terms": list(one.terms),
                "key": one.key,
                "value": one.value,
            }
            sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return
    out = console()
    out.print(f"Interaction {number}: {kind.value}.")
    if repairs:
        out.print("\nSo that it does not come again, one of:")
    for one in repairs:
        out.print(f"- {one.says}", markup=False)
        out.print(f"  safetybot {_command(one, place)}", markup=False, style="dim")


@review_app.command()
def note(
    context: typer.Context,
    number: Number,
    text: Annotated[str, typer.Argument(help="For other reviewers.")],
    name: AsOption = "",
) -> None:
    """Write a note about an interaction."""
    session: Session = context.obj

    async def work(runtime: Runtime) -> None:
        await reviews(session, runtime).note(me(name), number, text)

    with_runtime(session, work)
    console().print(f"Noted at interaction {number}.")


@review_app.command()
def precision(
    context: typer.Context,
    platform: PlatformOption = None,
    community: CommunityOption = None,
    channel: ChannelOption = None,
    concern: ConcernOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    json_out: Json = False,
) -> None:
    """Say how often each rule, concept and term was right, by the latest verdicts."""
    session: Session = context.obj
    filters = filters_of(platform, community, channel, concern, None, None, since, until)

    async def work(runtime: Runtime) -> Precision:
        states = [state for state in KeywordState if state is not KeywordState.DRAFT]
        own = await own_terms(runtime, platform, community, *states)
        return await reviews(session, runtime).precision(me(), filters, own=own)

    found = with_runtime(session, work)
    parts: dict[str, Mapping[str, Tally]] = {
        "all": {"all": found.overall}, "rule": found.rules, "concept": found.concepts, "term": found.terms
    }  # fmt: skip
    rows = [
        (part, name, tally) for part, tallies in parts.items() for name, tally in sorted(tallies.items(), key=_worst)
    ]
    if json_out:
        for part, name, tally in rows:
            fields = {
                "of": part, "name": name, "confirmed": tally.confirmed, "false_alarms": tally.false_alarms,
                "handled": tally.handled, "precision": tally.precision,
            }  # fmt: skip
            sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return
    made = table("", "of", "name", "right", "false", "handled", "precision", right=(2, 3, 4, 5))
    for part, name, tally in rows:
        share = "" if tally.precision is None else f"{tally.precision:.0%}"
        few = "~" if share and tally.confirmed + tally.false_alarms < _FEW else ""
        made.add_row(part, name, str(tally.confirmed), str(tally.false_alarms), str(tally.handled), few + share)
    console().print(made, markup=False)
    console().print(f"~ fewer than {_FEW} verdicts: too few to go by", style="dim")


def _command(repair: Repair, place: Place) -> str:
    """How the repair is made on the command line."""
    where = f"--in {shlex.quote(f'{place.platform}/{place.community}')}"
    if repair.kind is RepairKind.SHADOW:
        return f"keywords shadow {shlex.quote(repair.terms[0])} {where}"
    if repair.kind is RepairKind.ALLOW:
        return f"keywords allow PHRASE {where}"
    return f"policy set {repair.key} {repair.value} {where}"


@review_app.command()
def rates(context: typer.Context, place: InOption, json_out: Json = False) -> None:
    """Show how often each live rule fired in the last day, against its own two weeks before; jumps first."""
    session: Session = context.obj
    where = whose(place)

    async def work(runtime: Runtime) -> tuple[list[RuleRate], Words]:
        found = await RuleRates(runtime.store.rules, runtime.clock).of(me(), *where)
        return found, words(session).with_own(await own_terms(runtime, *where, *KeywordState))

    found, named = with_runtime(session, work)
    if json_out:
        for one in found:
            fields = {
                "rule": named.rule_name(one.rule), "last_day": one.last_day, "per_day": round(one.per_day, 3),
                "jumped": one.jumped,
            }  # fmt: skip
            sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return
    made = table("", "rule", "last day", "a day before", "", right=(1, 2))
    for one in found:
        made.add_row(named.rule_name(one.rule), str(one.last_day), f"{one.per_day:.1f}", "jumped" if one.jumped else "")
    console().print(made, markup=False)


async def _named(runtime: Runtime, place: Place) -> list[str]:
    return await own_terms(runtime, place.platform, place.community, *KeywordState)


def _worst(item: tuple[str, Tally]) -> tuple[float, int, str]:
    name, tally = item
    return (1.0 if tally.precision is None else tally.precision, -tally.false_alarms, name)


def _tell(found: Explanation, *, asked: bool) -> None:
    details, one = found.details, found.details.interaction
    level = f", {one.level.label}" if one.level else ""
    lines = [
        ("where", str(one.place)),
        ("when", f"{one.at:%Y-%m-%d %H:%M} UTC"),
        ("concern", f"{one.concern.label}{level}, {one.confidence:.0%} sure, language {one.language}"),
        *(("rule", rule) for rule in found.rules),
        *(("found", f"{concept}: {term}" if term else concept) for concept, term in dict.fromkeys(found.terms)),
        ("done", f"{one.state.value}; {'; '.join(one.reasons)}"),
        *([("error", details.error)] if details.error else []),
        ("reply", one.response_id or "none"),
        *([("reactions", _reactions(details.reactions))] if details.reactions else []),
        *(
            ("verdict", f"{v.kind.value} by {v.by}, {v.at:%Y-%m-%d %H:%M}. {v.reason}".strip())
            for v in details.verdicts
        ),
        *(("note", f"{n.by}, {n.at:%Y-%m-%d %H:%M}: {n.text}") for n in details.notes),
        ("excerpt", _excerpt(found, asked=asked)),
    ]
    made = table("", "", "")
    made.show_header = False
    for name, text in lines:
        made.add_row(name, _printable(text))
    console().print(made, markup=False)


def _reactions(found: Reactions) -> str:
    return f"{found.welcome} welcoming, {found.unwelcome} unwelcoming, {found.other} other"


def _excerpt(found: Explanation, *, asked: bool) -> str:
    if not found.details.has_excerpt:
        return "none is kept"
    if not asked:
        return "kept; --excerpt shows it, and the look is audited"
    return found.excerpt if found.excerpt is not None else "kept, but no key opens it any more"


def _printable(text: str) -> str:
    """Control characters made visible, so that nobody's words move the cursor."""
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _fields(found: Explanation) -> dict[str, Any]:
    details = found.details
    return {
        **as_fields(details.interaction),
        "explained": list(found.rules),
        "terms": [{"concept": concept, "term": term or None} for concept, term in found.terms],
        "error": details.error,
        "excerpt_kept": details.has_excerpt,
        "excerpt": found.excerpt,
        "verdicts": [
            {"kind": v.kind.value, "by": v.by, "at": v.at.isoformat(), "reason": v.reason} for v in details.verdicts
        ],
        "notes": [{"by": n.by, "at": n.at.isoformat(), "text": n.text} for n in details.notes],
        "reactions": asdict(details.reactions),
    }
