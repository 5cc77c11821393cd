"""`safetybot scan`: what the bot would have done with a chat export. Nothing is sent, nothing is stored."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from safetybot.cli.scan_report import html_report
from safetybot.cli.session import Session
from safetybot.cli.show import console, errors, is_terminal, table
from safetybot.dry_run import DryRun, Tally
from safetybot.platforms.chat_export import UnreadableExport, read_export

UNREADABLE = 1


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(scan)


def scan(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="DiscordChatExporter JSON, Telegram Desktop result.json, JSON lines, or text (a line a message).",
        ),
    ],
    html: Annotated[Path | None, typer.Option(help="Also write a self-contained HTML report here.")] = None,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Whether the HTML report shows the messages found.")
    ] = True,
    json_out: Annotated[bool, typer.Option("--json", help="Write the counts as JSON.")] = False,
) -> None:
    """Show what the bot would have done with an export: per concern, channel and day."""
    session: Session = context.obj
    run = DryRun(session.detector, session.settings.default_policy())
    tally = Tally()
    try:
        with Progress(
            SpinnerColumn(), TextColumn("{task.completed} messages"), disable=not is_terminal(), transient=True
        ) as progress:
            task = progress.add_task("", total=None)
            for message in read_export(file):
                tally.add(run.handle(message))
                progress.advance(task)
    except UnreadableExport as error:
        errors([str(error)])
        raise typer.Exit(UNREADABLE) from error
    if html is not None:
        html.write_text(html_report(file.name, tally, with_texts=texts), encoding="utf-8")
    if json_out:
        sys.stdout.write(json.dumps(tally.as_json(), ensure_ascii=False, indent=2) + "\n")
        return
    show(tally)
    if html is not None:
        console().print(f"\nThe report is in {html}.", markup=False)


def show(tally: Tally) -> None:
    """Print the counts."""
    out = console()
    out.print(f"[bold]{tally.messages}[/] messages, [bold]{tally.of_concern}[/] of concern, {tally.replies} replies, "
              f"{tally.alerts} alerts to moderators. Nothing was sent.\n")  # fmt: skip
    for title, name, counts in (
        ("By concern", "concern", tally.by_concern),
        ("By channel", "channel", tally.by_channel),
        ("By day", "day", tally.by_day),
    ):
        made = table(title, name, "found", "replies", "alerts", right=(1, 2, 3))
        for key, count in sorted(counts.items()):
            made.add_row(key, str(count.found), str(count.replies), str(count.alerts))
        out.print(made, "")
