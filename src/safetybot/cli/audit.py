"""`safetybot audit`: who changed, read or erased what."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from safetybot.cli.log import CommunityOption, PlatformOption, SinceOption, UntilOption
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.cli.use_cases import me, with_runtime
from safetybot.communities.audit import Audit, AuditEntry, AuditFilters, as_fields

audit_app = typer.Typer(no_args_is_help=True, help="Who changed, read or erased what; never a member.")
By = Annotated[str | None, typer.Option("--by", help="Only by this one.")]
Action = Annotated[str | None, typer.Option("--action", help='Only this, such as "setting changed".')]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("list")
def list_them(
    context: typer.Context,
    platform: PlatformOption = None,
    community: CommunityOption = None,
    by: By = None,
    action: Action = None,
    since: SinceOption = None,
    until: UntilOption = None,
    before: Annotated[int | None, typer.Option(help="The page after this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 30,
    json_out: Annotated[bool, typer.Option("--json", help="Write JSON lines.")] = False,
) -> None:
    """List entries, the newest first."""
    session: Session = context.obj
    filters = _filters(platform, community, by, action, since, until)

    async def work(runtime: Runtime) -> list[AuditEntry]:
        return list(await Audit(runtime.store.audit).page(me(), filters, before=before, limit=limit))

    found = with_runtime(session, work)
    if json_out:
        for entry in found:
            sys.stdout.write(json.dumps(as_fields(entry), ensure_ascii=False) + "\n")
        return
    if not found:
        console().print("No entries.")
        return
    made = table("", "id", "time (UTC)", "by", "action", "where", "detail", right=(0,))
    for entry in found:
        where = f"{entry.platform}/{entry.community}" if entry.community is not None else ""
        detail = ", ".join(f"{key}={_short(value)}" for key, value in entry.detail.items())
        made.add_row(str(entry.id), f"{entry.at:%m-%d %H:%M}", entry.by, entry.action, where, detail)
    console().print(made, markup=False)
    if len(found) == limit:
        console().print(f"\nMore: --before {found[-1].id}", style="dim")


@audit_app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="File to write; - for standard output.", allow_dash=True)],
    form: Annotated[Literal["csv", "jsonl"], typer.Option("--format", help="CSV or JSON lines.")] = "csv",
    platform: PlatformOption = None,
    community: CommunityOption = None,
    by: By = None,
    action: Action = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Write entries to a file, the oldest first: CSV (safe to open in a spreadsheet) or JSON lines."""
    session: Session = context.obj
    filters = _filters(platform, community, by, action, since, until)

    async def work(runtime: Runtime) -> int:
        count = 0
        pieces = Audit(runtime.store.audit).export(me(), filters, form)
        if str(out) == "-":
            async for piece in pieces:
                sys.stdout.write(piece)
            return 0
        with out.open("w", encoding="utf-8", newline="") as file:  # nothing else runs here
            async for piece in pieces:
                file.write(piece)
                count += 1
        return count - (form == "csv")

    count = with_runtime(session, work)
    if str(out) != "-":
        console().print(f"{count} entries written to {out}.", markup=False)


def _filters(
    platform: str | None,
    community: str | None,
    by: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
) -> AuditFilters:
    """The options as the use case takes them; times are UTC."""
    return AuditFilters(
        platform,
        community,
        by,
        action,
        since.replace(tzinfo=UTC) if since else None,
        until.replace(tzinfo=UTC) if until else None,
    )


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
