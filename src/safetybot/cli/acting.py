"""What commands that act for a community share: which community, and as whom."""

from __future__ import annotations

from typing import Annotated

import typer

from safetybot.communities.access import Actor, Role

InOption = Annotated[str, typer.Option("--in", metavar="PLATFORM/COMMUNITY", help="Whose; for example discord/100.")]
AsOption = Annotated[str, typer.Option("--as", metavar="NAME", help="Who you are, for history and audit.")]


def whose(place: str) -> tuple[str, str]:
    """Platform and community of `--in`. Raises `typer.BadParameter` for anything else."""
    platform, slash, community = place.partition("/")
    if not (platform and slash and community):
        raise typer.BadParameter(f"{place!r} is not PLATFORM/COMMUNITY, as in discord/100", param_hint="--in")
    return platform, community


def operator(name: str) -> Actor:
    """Who may use the command line runs the bot."""
    return Actor(name, Role.OPERATOR)
