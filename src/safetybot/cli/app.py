"""The `safetybot` command: what it offers, its global options, its exit codes.

Each command group lives in a file of its own and is registered here. Exit codes: 0 all well; 1 the command ran and
found something wrong (a failed check, unreadable lines, a refusal); 2 wrong usage; 3 the configuration is invalid;
4 the store cannot be used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from safetybot import __version__
from safetybot.cli import (
    assess,
    audit,
    check,
    demo,
    evaluate,
    keywords,
    log,
    policy,
    privacy,
    review,
    run,
    scan,
    upkeep,
    web,
)
from safetybot.cli.session import Session
from safetybot.cli.show import errors
from safetybot.communities.errors import CommunityError
from safetybot.documents import InvalidDocument
from safetybot.store.errors import NoSuchInteraction, NothingToUndo, StaleVersion, StoreError

app = typer.Typer(
    name="safetybot",
    help="Answers talk of do-it-yourself cosmetic injection with kind, sourced safety information.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FOUND_WRONG = 1
CONFIG_INVALID = 3
STORE_UNUSABLE = 4


def _version(*, asked: bool) -> None:
    if asked:
        sys.stdout.write(f"safetybot {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config_dir: Annotated[
        Path | None, typer.Option("--config-dir", help="Folder whose files override the packaged config/.")
    ] = None,
    responses_dir: Annotated[
        Path | None, typer.Option("--responses-dir", help="Folder whose files override the packaged responses/.")
    ] = None,
    version: Annotated[  # read by its callback
        bool, typer.Option("--version", callback=lambda asked: _version(asked=asked), is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Options for every command."""
    context.obj = Session(config_dir, responses_dir)


for group in (demo, run, assess, scan, evaluate, check, log, keywords, policy, review, privacy, audit, upkeep, web):
    group.register(app)


def main() -> None:
    """Run the command line; known errors are told in plain words and end with their exit code."""
    try:
        app()
    except InvalidDocument as error:
        errors(str(problem) for problem in error.problems)
        sys.exit(CONFIG_INVALID)
    except (CommunityError, StaleVersion, NothingToUndo, NoSuchInteraction) as error:
        errors([str(error)])
        sys.exit(FOUND_WRONG)
    except StoreError as error:
        errors([str(error)])
        sys.exit(STORE_UNUSABLE)
