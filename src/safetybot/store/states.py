"""The states of an interaction: which may follow which, and the one place that moves them along.

Lives here: the statements, put together once, since that costs more than running them. Does not live here: the first
state (`claims.py`), who takes over what a dead process left (`store.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate

from safetybot.model import InteractionState, Place
from safetybot.store.claims import EMERGENCY, subjects
from safetybot.store.tables import cooldowns, interactions

_FROM: Mapping[InteractionState, tuple[InteractionState, ...]] = {
    InteractionState.SENDING: (InteractionState.PLANNED,),
    InteractionState.SENT: (InteractionState.SENDING,),
    InteractionState.FAILED: (InteractionState.PLANNED, InteractionState.SENDING),
    InteractionState.SUPPRESSED: (InteractionState.PLANNED,),
    InteractionState.UNKNOWN: (InteractionState.SENDING,),
}
"""To each state, the states that it may follow."""


def advance_all(connection: sa.Connection, steps: Sequence[tuple[InteractionState, dict[str, Any]]]) -> list[bool]:
    """Take each step, in order; whether each was one that its interaction could take. A bulk job of the writer."""
    return [_advance(connection, to, step) for to, step in steps]


def _advance(connection: sa.Connection, to: InteractionState, step: dict[str, Any]) -> bool:
    if to not in _ADVANCING:
        return False
    given = step if to is InteractionState.SENDING else {name: step[name] for name in step if name != "us"}
    moved = connection.execute(_ADVANCING[to], given).first()
    if moved is not None and to in (InteractionState.FAILED, InteractionState.SUPPRESSED):
        about = subjects(Place(moved.platform, moved.community, moved.channel), moved.author)
        ours = (cooldowns.c.concern.in_((moved.concern, EMERGENCY)), cooldowns.c.at == moved.at)
        connection.execute(sa.delete(cooldowns).where(cooldowns.c.subject.in_(about), *ours))
    return moved is not None


def _advancing(to: InteractionState) -> ReturningUpdate[Any]:
    """Moves one interaction to a state."""
    kept, given = interactions.c, sa.bindparam
    values: dict[str, Any] = {
        "state": to.value,
        "error": given("said"),
        "reply_id": sa.func.coalesce(given("posted", type_=kept.reply_id.type), kept.reply_id),
        "sending_at" if to is InteractionState.SENDING else "ended_at": given("now"),
    }
    statement = sa.update(interactions).where(
        kept.id == given("number"), kept.state.in_([before.value for before in _FROM[to]])
    )
    if to is InteractionState.SENDING:
        statement = statement.where(kept.owner == given("us"))
    return statement.values(values).returning(
        kept.platform, kept.community, kept.channel, kept.author, kept.concern, kept.at
    )


_ADVANCING = {to: _advancing(to) for to in _FROM}
