"""`safetybot audit`: who changed, read or erased what."""

from __future__ import annotations

import json
import sys

import typer

from safetybot.cli.filters import (
    ActionOption,
    BeforeOption,
    ByOption,
    CommunityOption,
    FormOption,
    JsonLines,
    LimitOption,
    OutArgument,
    PlatformOption,
    SinceOption,
    UntilOption,
    audit_filters_of,
)
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.cli.use_cases import me, with_runtime
from safetybot.communities.audit import Audit, AuditEntry, as_fields

audit_app = typer.Typer(no_args_is_help=True, help="Who changed, read or erased what; never a member.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("list")
def list_them(
    context: typer.Context,
    platform: PlatformOption = None,
    community: CommunityOption = None,
    by: ByOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    before: BeforeOption = None,
    limit: LimitOption = 30,
    json_out: JsonLines = False,
) -> None:
    """List entries, the newest first."""
    session: Session = context.obj
    filters = audit_filters_of(platform, community, by, action, since, until)

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
    out: OutArgument,
    form: FormOption = "csv",
    platform: PlatformOption = None,
    community: CommunityOption = None,
    by: ByOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Write entries to a file, the oldest first: CSV (safe to open in a spreadsheet) or JSON lines."""
    session: Session = context.obj
    filters = audit_filters_of(platform, community, by, action, since, until)

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


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
