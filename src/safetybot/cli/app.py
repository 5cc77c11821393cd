"""The `safetybot` command: what it offers, its global options, its exit codes.

Each command group lives in a file of its own and is registered here. Exit codes: 0 all well; 1 the command ran and
found something wrong (a failed check, unreadable lines, a refusal); 2 wrong usage; 3 the configuration is invalid;
4 the store cannot be used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from safetybot import __version__
from safetybot.cli.session import Session
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

FILES = {
    "demo": "demo", "run": "run", "assess": "assess", "explain": "assess", "scan": "scan", "eval": "evaluate",
    "check": "check", "schema": "check", "doctor": "check", "logs": "log", "export": "log", "keywords": "keywords",
    "policy": "policy", "review": "review", "privacy": "privacy", "audit": "audit", "purge": "upkeep",
    "erase": "upkeep", "db": "upkeep", "web": "web",
}  # fmt: skip
"""The commands, and the file of each."""
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


def load(arguments: Sequence[str]) -> None:
    """Add the commands that `arguments` may mean: those that they name, or all where they name none.

    The others' code would be of no use for as long as a bot runs: 5 MiB, with what draws tables.
    """
    named = {FILES[one] for one in arguments if one in FILES}
    for file in dict.fromkeys(FILES.values()):
        if file in named or not named:
            import_module(f"safetybot.cli.{file}").register(app)


def main() -> None:
    """Run the command line; known errors are told in plain words and end with their exit code."""
    load(sys.argv[1:])
    try:
        app()
    except InvalidDocument as error:
        _end([str(problem) for problem in error.problems], CONFIG_INVALID)
    except (CommunityError, StaleVersion, NothingToUndo, NoSuchInteraction) as error:
        _end([str(error)], FOUND_WRONG)
    except StoreError as error:
        _end([str(error)], STORE_UNUSABLE)


def _end(lines: Sequence[str], code: int) -> NoReturn:
    from safetybot.cli.show import errors  # as in `load`

    errors(lines)
    sys.exit(code)
