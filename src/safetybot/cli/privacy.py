"""`safetybot privacy`: what is kept about one member: shown, exported, erased; opting out and in; excerpts."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

import typer

from safetybot.cli.acting import AsOption, InOption, whose
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.cli.use_cases import Json, community_policy, me, privacy, with_runtime
from safetybot.communities.privacy import Privacy, as_data
from safetybot.communities.records import Change, Forgotten, MemberData
from safetybot.communities.settings import in_words

T = TypeVar("T")
privacy_app = typer.Typer(no_args_is_help=True, help="What is kept about one member, and their wishes.")
Member = Annotated[str, typer.Argument(help="The member's id on the platform.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(privacy_app, name="privacy")


@privacy_app.command()
def show(context: typer.Context, member: Member, place: InOption, json_out: Json = False, name: AsOption = "") -> None:
    """Show what is kept about a member, without excerpts. The look is audited."""
    data: MemberData = _with(context.obj, lambda desk: desk.show(me(name), *whose(place), member))
    if json_out:
        _write(as_data(data))
        return
    out = console()
    opted = f"since {data.opted_out_at:%Y-%m-%d %H:%M} UTC" if data.opted_out_at else "no"
    out.print(f"Opted out: {opted}.")
    for one in data.answered:
        out.print(f"Last answered about {one.about}: {one.at:%Y-%m-%d %H:%M} UTC.")
    for view in data.views:
        filters = ", ".join(f"{name} {value}" for name, value in view.filters.items())
        out.print(f"Saved view “{view.name}”: {filters}.", markup=False)
    if not data.interactions:
        out.print("No interactions.")
        return
    made = table("", "id", "time (UTC)", "channel", "concern", "state", "excerpt", "notes", right=(0, 6))
    for row in data.interactions:
        kept = row.details.interaction
        made.add_row(
            str(kept.id), kept.at.strftime("%Y-%m-%d %H:%M"), kept.place.channel, kept.concern.label,
            kept.state.value, "kept" if row.details.has_excerpt else "", str(len(row.details.notes) or ""),
        )  # fmt: skip
    out.print(made, markup=False)


@privacy_app.command()
def export(context: typer.Context, member: Member, place: InOption, name: AsOption = "") -> None:
    """Write all that is kept about a member as JSON, excerpts in the clear. The look is audited."""
    _write(_with(context.obj, lambda desk: desk.export(me(name), *whose(place), member)))


@privacy_app.command()
def erase(context: typer.Context, member: Member, place: InOption, name: AsOption = "") -> None:
    """Delete all that is kept about a member but an opt-out. There is no way back."""
    gone: Forgotten = _with(context.obj, lambda desk: desk.erase(me(name), *whose(place), member))
    console().print(f"Deleted: {gone.interactions} interactions, {gone.cooldowns} cooldowns, {gone.views} saved views.")


@privacy_app.command("opt-out")
def opt_out(context: typer.Context, member: Member, place: InOption, name: AsOption = "") -> None:
    """Never answer or log a member again in this community."""
    new: bool = _with(context.obj, lambda desk: desk.opt_out(me(name), *whose(place), member))
    console().print("Opted out." if new else "Was opted out already.")


@privacy_app.command("opt-in")
def opt_in(context: typer.Context, member: Member, place: InOption, name: AsOption = "") -> None:
    """Take an opt-out back."""
    new: bool = _with(context.obj, lambda desk: desk.opt_in(me(name), *whose(place), member))
    console().print("Opted in again." if new else "Was not opted out.")


@privacy_app.command()
def excerpts(
    context: typer.Context,
    keep: Annotated[Literal["on", "off"], typer.Argument(help="off deletes those that there are, too.")],
    place: InOption,
    name: AsOption = "",
) -> None:
    """Keep encrypted excerpts for reviewers in this community, or keep none."""
    session: Session = context.obj

    async def work(runtime: Runtime) -> tuple[object, Change, Forgotten]:
        actor, where = me(name), whose(place)
        changes = await community_policy(session, runtime).history(actor, *where, "excerpts")
        before = changes[-1] if changes else None
        change, gone = await privacy(session, runtime).keep_excerpts(
            actor, *where, keep=keep == "on", expected=before.version if before else 0
        )
        return before.value if before else None, change, gone

    before, change, gone = with_runtime(session, work)
    console().print(in_words("excerpts", before, change), markup=False)
    if keep == "off":
        console().print(f"Deleted: {gone.excerpts} excerpts.")


def _with(session: Session, work: Callable[[Privacy], Awaitable[T]]) -> T:
    return with_runtime(session, lambda runtime: work(privacy(session, runtime)))


def _write(data: dict[str, Any]) -> None:
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
