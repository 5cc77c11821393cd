"""`safetybot logs` and `export`: reading the log, taking it out."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from safetybot.cli.runtime import open_runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.model import Concern, Interaction, InteractionState, VerdictKind
from safetybot.store.export import as_fields, export
from safetybot.store.store import Filters

_Day = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
PlatformOption = Annotated[str | None, typer.Option("--platform", help="Only this platform.")]
CommunityOption = Annotated[str | None, typer.Option("--community", help="Only this community.")]
ChannelOption = Annotated[str | None, typer.Option("--channel", help="Only this channel.")]
ConcernOption = Annotated[
    Literal["mention", "supply", "diy", "adverse"] | None, typer.Option("--concern", help="Only this concern.")
]
StateOption = Annotated[InteractionState | None, typer.Option("--state", help="Only this state.")]
VerdictOption = Annotated[VerdictKind | None, typer.Option("--verdict", help="Only this verdict.")]
SinceOption = Annotated[datetime | None, typer.Option("--since", formats=_Day, help="From this time (UTC) on.")]
UntilOption = Annotated[datetime | None, typer.Option("--until", formats=_Day, help="Before this time (UTC).")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(logs)
    app.command("export")(export_log)


def logs(
    context: typer.Context,
    platform: PlatformOption = None,
    community: CommunityOption = None,
    channel: ChannelOption = None,
    concern: ConcernOption = None,
    state: StateOption = None,
    verdict: VerdictOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    before: Annotated[int | None, typer.Option(help="The page after this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 30,
    json_out: Annotated[bool, typer.Option("--json", help="Write JSON lines.")] = False,
) -> None:
    """List interactions, the newest first. No message's text is shown: none is kept."""
    filters = filters_of(platform, community, channel, concern, state, verdict, since, until)

    async def read() -> list[Interaction]:
        async with open_runtime(context.obj) as runtime:
            return await runtime.store.list_interactions(filters, before=before, limit=limit)

    found = asyncio.run(read())
    show_interactions(found, limit, json_out=json_out)


def export_log(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="File to write; - for standard output.", allow_dash=True)],
    form: Annotated[Literal["csv", "jsonl"], typer.Option("--format", help="CSV or JSON lines.")] = "csv",
    platform: PlatformOption = None,
    community: CommunityOption = None,
    channel: ChannelOption = None,
    concern: ConcernOption = None,
    state: StateOption = None,
    verdict: VerdictOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Write interactions to a file: CSV (safe to open in a spreadsheet) or JSON lines. Pseudonyms, no texts."""
    filters = filters_of(platform, community, channel, concern, state, verdict, since, until)
    session: Session = context.obj

    async def write() -> int:
        count = 0
        async with open_runtime(session) as runtime:
            if str(out) == "-":
                async for piece in export(runtime.store, filters, form):
                    sys.stdout.write(piece)
                return 0
            with out.open("w", encoding="utf-8", newline="") as file:  # nothing else runs here
                async for piece in export(runtime.store, filters, form):
                    file.write(piece)
                    count += 1
        return count - (form == "csv")

    count = asyncio.run(write())
    if str(out) != "-":
        console().print(f"{count} interactions written to {out}.", markup=False)


def show_interactions(found: list[Interaction], limit: int, *, json_out: bool) -> None:
    """One page of the log, for people or machines."""
    if json_out:
        for interaction in found:
            sys.stdout.write(json.dumps(as_fields(interaction), ensure_ascii=False) + "\n")
        return
    if not found:
        console().print("No interactions.")
        return
    made = table("", "id", "time (UTC)", "where", "concern", "state", "why", right=(0,))
    for one in found:
        made.add_row(
            str(one.id), one.at.strftime("%m-%d %H:%M"), f"{one.place.community}/{one.place.channel}",
            one.concern.label, one.state.value, "; ".join(one.reasons),
        )  # fmt: skip
    console().print(made)
    if len(found) == limit:
        console().print(f"\nMore: --before {found[-1].id}", style="dim")


def filters_of(
    platform: str | None,
    community: str | None,
    channel: str | None,
    concern: str | None,
    state: InteractionState | None,
    verdict: VerdictKind | None,
    since: datetime | None,
    until: datetime | None,
) -> Filters:
    """The options as the store takes them; times are UTC."""
    return Filters(
        platform=platform,
        community=community,
        channel=channel,
        concern=Concern.from_label(concern) if concern else None,
        state=state,
        verdict=verdict,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
    )
