"""`safetybot web token`: tokens for programs that use the JSON API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Literal

import typer

from safetybot.cli.acting import whose
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console
from safetybot.cli.use_cases import Json, me, with_runtime
from safetybot.communities.access import Role
from safetybot.communities.api_tokens import USUAL, ApiToken, ApiTokens
from safetybot.communities.sign_in import Grant

token_app = typer.Typer(no_args_is_help=True, help="Tokens for programs that use the JSON API.")
_RoleName = Literal["viewer", "moderator", "admin", "operator"]
InCommunity = Annotated[
    str, typer.Option("--community", metavar="PLATFORM/COMMUNITY", help="Where it holds; not for an operator's.")
]


@token_app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for, as the audit will name it.")],
    community: InCommunity = "",
    role: Annotated[_RoleName, typer.Option(help="As what.")] = "viewer",
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it holds.")] = USUAL.days,
) -> None:
    """Make a token and print it, once. Whoever has it can do what its role may do."""
    session: Session = context.obj
    platform, where = whose(community) if community else ("", "")
    grant = Grant(name, Role[role.upper()], platform, where)
    token, kept = with_runtime(session, lambda runtime: _tokens(runtime).create(me(), grant, age=timedelta(days=days)))
    console().print(token, soft_wrap=True, markup=False)
    told = f"Number {kept.id}, as {role}, until {kept.expires_at:%Y-%m-%d}. It is not shown again."
    console().print(told, style="dim")


@token_app.command("list")
def listed(context: typer.Context, community: InCommunity = "", as_json: Json = False) -> None:
    """Tokens that hold: what for, as what, until when, when last used."""
    session: Session = context.obj
    place = whose(community) if community else (None, None)
    found = with_runtime(session, lambda runtime: _tokens(runtime).listed(me(), *place))
    for one in found:
        console().print(json.dumps(_fields(one)) if as_json else _line(one), soft_wrap=True, markup=False)
    if not found and not as_json:
        console().print("There is no token.")


@token_app.command()
def revoke(context: typer.Context, number: Annotated[int, typer.Argument(min=1, help="Of the token.")]) -> None:
    """End a token at once."""
    session: Session = context.obj
    with_runtime(session, lambda runtime: _tokens(runtime).revoke(me(), number))
    console().print(f"Token {number} is revoked.")


def _tokens(runtime: Runtime) -> ApiTokens:
    return ApiTokens(runtime.store.api_tokens, runtime.clock)


def _fields(one: ApiToken) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.grant.name,
        "role": one.grant.role.label,
        "platform": one.grant.platform or None,
        "community": one.grant.community or None,
        "made_at": one.made_at.isoformat(),
        "made_by": one.made_by,
        "expires_at": one.expires_at.isoformat(),
        "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
    }


def _line(one: ApiToken) -> str:
    where = f"in {one.grant.platform}/{one.grant.community}" if one.grant.community else "everywhere"
    used = f"last used {one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never used"
    return f"{one.id:4}  {one.grant.name}  {one.grant.role.label} {where}  until {one.expires_at:%Y-%m-%d}  {used}"
