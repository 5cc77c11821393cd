"""`safetybot logs` and `export`: reading the log, taking it out."""

from __future__ import annotations

import asyncio
import json
import sys

import typer

from safetybot.cli.filters import (
    BeforeOption,
    ChannelOption,
    CommunityOption,
    ConcernOption,
    FormOption,
    JsonLines,
    LimitOption,
    OutArgument,
    PlatformOption,
    SinceOption,
    StateOption,
    UntilOption,
    VerdictOption,
    filters_of,
)
from safetybot.cli.runtime import open_runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.model import Interaction
from safetybot.store.export import as_fields, export


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
    before: BeforeOption = None,
    limit: LimitOption = 30,
    json_out: JsonLines = False,
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
    out: OutArgument,
    form: FormOption = "csv",
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
