"""`safetybot policy`: what a community and its channels want of the bot: shown, described, changed, taken back."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from safetybot.cli.acting import AsOption, InOption, whose
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console, table
from safetybot.cli.use_cases import Json, community_policy, me, with_runtime
from safetybot.communities.records import Change
from safetybot.communities.setting_list import COMMUNITY, from_text, setting
from safetybot.communities.settings import CommunityPolicy, InForce, in_words

policy_app = typer.Typer(no_args_is_help=True, help="What a community and its channels want of the bot.")
Key = Annotated[str, typer.Argument(help="The setting; `policy describe` lists them.")]
Channel = Annotated[str, typer.Option(help="For this channel alone.")]
Seen = Annotated[
    int | None, typer.Option("--version", min=0, help="The version you have seen; refused where there is a newer one.")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(policy_app, name="policy")


@policy_app.command()
def show(
    context: typer.Context,
    place: InOption,
    channel: Annotated[str, typer.Option(help="As it holds in this channel.")] = COMMUNITY,
    json_out: Json = False,
) -> None:
    """Show every setting as it holds, and where each value comes from."""
    session: Session = context.obj
    where = whose(place)

    async def work(runtime: Runtime) -> list[InForce]:
        return await community_policy(session, runtime).effective(me(), *where, channel)

    found = with_runtime(session, work)
    if json_out:
        for one in found:
            _line({"key": one.key, "value": one.text, "origin": one.origin.value, "version": one.version})
        return
    made = table("", "setting", "value", "from", "version", right=(3,))
    for one in found:
        made.add_row(one.key, one.text, one.origin.value, str(one.version or ""))
    console().print(made, markup=False)


@policy_app.command()
def describe(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(help="One setting; all by default.")] = None,
    json_out: Json = False,
) -> None:
    """Say what each setting means, what it may hold, what it is by default."""
    session: Session = context.obj

    async def work(runtime: Runtime) -> list[dict[str, Any]]:
        told = community_policy(session, runtime).describe(me(), "", "", key)
        return [
            {
                "key": one.setting.key, "meaning": one.setting.meaning, "type": one.setting.kind,
                "default": one.default, "limits": one.setting.limits, "example": one.setting.example,
                "per_channel": one.setting.per_channel,
            }
            for one in told
        ]  # fmt: skip

    found = with_runtime(session, work)
    if json_out:
        for one in found:
            _line(one)
        return
    out = console()
    for one in found:
        out.print(one["key"], style="bold", markup=False)
        out.print(f"  {one['meaning']}", markup=False)
        scope = "community or channel" if one["per_channel"] else "whole community"
        out.print(f"  {one['type']}: {one['limits']}", markup=False)
        out.print(f"  default {one['default']}; for example {one['example']}; {scope}", markup=False, style="dim")


@policy_app.command("set")
def put(
    context: typer.Context,
    place: InOption,
    key: Key,
    value: Annotated[str, typer.Argument(help="Its value; lists with commas, on or off.")],
    channel: Channel = COMMUNITY,
    seen: Seen = None,
    name: AsOption = "",
) -> None:
    """Set a setting. Whoever saw an older version (--version) is shown the newer one instead."""
    _change(context.obj, name, place, key, channel, seen, from_text(key, value))


@policy_app.command()
def reset(
    context: typer.Context,
    place: InOption,
    key: Key,
    channel: Channel = COMMUNITY,
    seen: Seen = None,
    name: AsOption = "",
) -> None:
    """Inherit a setting again: from the community where a channel is given, else from the default."""
    _change(context.obj, name, place, key, channel, seen, None)


@policy_app.command()
def undo(
    context: typer.Context,
    place: InOption,
    key: Key,
    channel: Channel = COMMUNITY,
    seen: Seen = None,
    name: AsOption = "",
) -> None:
    """Take back the newest change that stands; again for the one before it."""
    session: Session = context.obj
    where = whose(place)

    async def work(runtime: Runtime) -> tuple[object, Change]:
        policy = community_policy(session, runtime)
        before = await _newest(policy, where, key, channel)
        change = await policy.undo(me(name), *where, key, channel=channel, expected=seen)
        return before.value if before else None, change

    console().print(in_words(key, *with_runtime(session, work)), markup=False)


@policy_app.command()
def history(
    context: typer.Context,
    place: InOption,
    key: Key,
    channel: Channel = COMMUNITY,
    json_out: Json = False,
) -> None:
    """Show every change of a setting, oldest first."""
    session: Session = context.obj
    where = whose(place)

    async def work(runtime: Runtime) -> list[Change]:
        policy = community_policy(session, runtime)
        return list(await policy.history(me(), *where, key, channel=channel))

    before: object = None
    changes = with_runtime(session, work)
    for change in changes:
        if json_out:
            _line(
                {
                    "version": change.version, "at": change.at.isoformat(), "by": change.by, "before": before,
                    "after": change.value, "undoes": change.undoes,
                }
            )  # fmt: skip
        else:
            console().print(in_words(key, before, change), markup=False)
        before = change.value
    if not changes and not json_out:
        console().print(f"{key} was never changed here.", markup=False)


def _change(session: Session, name: str, place: str, key: str, channel: str, seen: int | None, value: object) -> None:
    setting(key)

    where = whose(place)

    async def work(runtime: Runtime) -> tuple[object, Change]:
        policy = community_policy(session, runtime)
        before = await _newest(policy, where, key, channel)
        expected = seen if seen is not None else before.version if before else 0
        change = await policy.put(me(name), *where, key, value, channel=channel, expected=expected)
        return before.value if before else None, change

    console().print(in_words(key, *with_runtime(session, work)), markup=False)


async def _newest(policy: CommunityPolicy, where: tuple[str, str], key: str, channel: str) -> Change | None:
    changes = await policy.history(me(), *where, key, channel=channel)
    return changes[-1] if changes else None


def _line(fields: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
