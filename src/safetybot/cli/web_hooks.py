"""`safetybot web webhook`: where a community's alerts go beside the chat. Sending starts in `delivering.py`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from safetybot.cli.acting import InOption, whose
from safetybot.cli.delivering import webhooks
from safetybot.cli.session import Session
from safetybot.cli.show import console
from safetybot.cli.use_cases import Json, me, with_runtime
from safetybot.communities.webhooks import DeliveryState, Webhook

webhook_app = typer.Typer(no_args_is_help=True, help="Where a community's alerts go beside the chat.")


@webhook_app.command("set")
def put(context: typer.Context, url: Annotated[str, typer.Argument(help="An https address.")], place: InOption) -> None:
    """Send a community's alerts there from now on; prints the secret they are signed with, once."""
    session: Session = context.obj
    where = whose(place)
    _, secret = with_runtime(session, lambda runtime: webhooks(session, runtime).put(me(), *where, url))
    console().print(secret, soft_wrap=True, markup=False)
    console().print(
        "Deliveries are signed with it; it is not shown again, and setting anew makes another.", style="dim"
    )


@webhook_app.command()
def show(context: typer.Context, place: InOption) -> None:
    """Where a community's alerts go."""
    session: Session = context.obj
    found: Webhook = with_runtime(session, lambda runtime: webhooks(session, runtime).show(me(), *whose(place)))
    told = f"{found.url}  set {found.made_at:%Y-%m-%d} by {found.made_by}"
    console().print(told, soft_wrap=True, markup=False)


@webhook_app.command()
def remove(context: typer.Context, place: InOption) -> None:
    """Send nothing there any more; what waits is dropped."""
    session: Session = context.obj
    with_runtime(session, lambda runtime: webhooks(session, runtime).remove(me(), *whose(place)))
    console().print("The webhook is removed.")


@webhook_app.command()
def deliveries(context: typer.Context, place: InOption, as_json: Json = False) -> None:
    """What became of the newest fifty deliveries."""
    session: Session = context.obj
    found = with_runtime(session, lambda runtime: webhooks(session, runtime).deliveries(me(), *whose(place)))
    for one in found:
        console().print(json.dumps(_fields(one)) if as_json else _line(one), soft_wrap=True, markup=False)
    if not found and not as_json:
        console().print("Nothing was to be delivered in the last seven days.")


def _fields(one: DeliveryState) -> dict[str, object]:
    return {
        "interaction": one.interaction_id,
        "tries": one.tries,
        "next_at": one.next_at.isoformat() if one.next_at else None,
        "delivered_at": one.delivered_at.isoformat() if one.delivered_at else None,
        "error": one.error,
    }


def _line(one: DeliveryState) -> str:
    if one.delivered_at is not None:
        became = f"delivered {one.delivered_at:%Y-%m-%d %H:%M}"
    elif one.next_at is not None:
        became = f"next try {one.next_at:%Y-%m-%d %H:%M}"
    else:
        became = "given up"
    return f"{one.interaction_id:8}  {became}, tries {one.tries}  {one.error}".rstrip()
