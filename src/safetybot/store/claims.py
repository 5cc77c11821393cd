"""Claims: who may act on a message, and whether the cooldowns let them; many at once cost little more than one.

The look at what was before, from which a decision is made (`HISTORY`), stands beside them.

All claims of a batch go through four statements: insert the rows (the unique key lets one through), lock and read the
cooldowns, write those that were won, mark the rows that lost. Rows and cooldowns are always touched in the same order,
so that replicas wait for each other and do not block each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.model import Concern, InteractionState, Level, NewInteraction, Place
from safetybot.ports import Claim, Cooldowns
from safetybot.store.database import inserter
from safetybot.store.keys import Excerpts
from safetybot.store.log import stored_hits
from safetybot.store.tables import cooldowns, interactions, opt_outs
from safetybot.store.webhooks import fill_outbox

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a cooldown that nobody won yet: its row is there only to be locked."""

EMERGENCY = 10
"""Stands beside the concerns' numbers: an emergency's cooldown is not that of symptoms that can wait."""

_MESSAGE = ("platform", "community", "channel", "message_id")
_Key = tuple[str, int]
"""Subject and kind of a cooldown."""


@dataclass(frozen=True, slots=True)
class Claiming:
    """A claim on its way to the database: its row, and the cooldowns that it has to win."""

    row: dict[str, Any]
    at: datetime
    wanted: tuple[tuple[str, _Key, timedelta], ...]
    """Name, key and length of each."""

    @property
    def message(self) -> tuple[str, ...]:
        """What makes the message unlike any other."""
        return tuple(self.row[name] for name in _MESSAGE)


def claiming(
    new: NewInteraction, wanted: Cooldowns | None, excerpts: Excerpts, *, owner: str, config_version: str
) -> Claiming:
    """Prepare a claim. Raises `ValueError` for a message without a concern: it leaves no trace."""
    assessment, decision = new.assessment, new.decision
    if assessment.concern is None:
        raise ValueError("a message without a concern leaves no trace: there is nothing to claim")
    state = InteractionState.PLANNED if decision.reply else InteractionState.SUPPRESSED
    row = {
        "platform": new.place.platform,
        "community": new.place.community,
        "channel": new.place.channel,
        "thread": new.place.thread,
        "message_id": new.message_id,
        "author": new.author_pseudonym,
        "at": new.at,
        "concern": int(assessment.concern),
        "level": int(assessment.level) if assessment.level else None,
        "confidence": assessment.confidence,
        "language": assessment.language,
        "rules": [rule.rule for rule in assessment.rules],
        "hits": stored_hits(assessment.hits),
        "reasons": [reason.value for reason in decision.reasons],
        "state": state.value,
        "ended_at": None if state is InteractionState.PLANNED else new.at,
        "alerted": decision.alert,
        "shadow": decision.shadow,
        "response_id": new.response_id,
        "owner": owner,
        "config_version": config_version,
        "excerpt": excerpts.seal(new.excerpt) if new.excerpt else None,
        "waiting": decision.acts and not decision.shadow,
    }
    to_win: list[tuple[str, _Key, timedelta]] = []
    if wanted is not None:
        channel, author = subjects(new.place, new.author_pseudonym)
        kind = cooldown_kind(wanted.concern, wanted.level)
        to_win.append(("author cooldown", (author, kind), wanted.author))
        if wanted.channel is not None:
            to_win.append(("channel cooldown", (channel, kind), wanted.channel))
    return Claiming(row, new.at, tuple(to_win))


def cooldown_kind(concern: Concern, level: Level | None) -> int:
    """The `concern` of a cooldown's row: the concern's number, or `EMERGENCY`."""
    return EMERGENCY if level is Level.EMERGENCY else int(concern)


def subjects(place: Place, author_pseudonym: str) -> tuple[str, str]:
    """Whom cooldowns are about: the channel, the author."""
    return f"channel/{place.platform}/{place.community}/{place.channel}", f"author/{author_pseudonym}"


def this_message(place: Place, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions that find the row of one message."""
    wanted = (place.platform, place.community, place.channel, message_id)
    return tuple(interactions.c[name] == value for name, value in zip(_MESSAGE, wanted, strict=True))


def _history() -> sa.CompoundSelect[Any]:
    """What bears on a decision about a message."""
    given = sa.bindparam
    subject = cooldowns.c.subject
    return sa.union_all(
        sa.select(sa.literal("opted out"), opt_outs.c.at).where(opt_outs.c.author == given("author")),
        sa.select(sa.literal("answered"), interactions.c.at).where(
            *(interactions.c[name] == given(name) for name in ("platform", "community", "channel", "message_id"))
        ),
        sa.select(subject, cooldowns.c.at).where(
            subject.in_([given("here", type_=subject.type), given("theirs", type_=subject.type)]),
            cooldowns.c.concern == given("kind"),
        ),
    )


HISTORY = _history()
"""Opt-out, earlier answer and cooldowns; put together once, since that costs more than running it."""


class Claims:
    """Makes claims; `claim_all` is a bulk job of the writer."""

    def __init__(self, *, is_sqlite: bool) -> None:
        """Build the statements once: putting one together costs more than running it."""
        insert = inserter(is_sqlite=is_sqlite)
        self._insert = (
            insert(interactions)
            .on_conflict_do_nothing(index_elements=list(_MESSAGE))
            .returning(interactions.c.id, *(interactions.c[name] for name in _MESSAGE))
        )
        # Sets what is there already: that locks the row, and gives it back, new or old.
        self._lock = (
            insert(cooldowns)
            .on_conflict_do_update(index_elements=["subject", "concern"], set_={"at": cooldowns.c.at})
            .returning(cooldowns.c.subject, cooldowns.c.concern, cooldowns.c.at)
        )
        upsert = insert(cooldowns)
        self._win = upsert.on_conflict_do_update(
            index_elements=["subject", "concern"], set_={"at": upsert.excluded.at}
        ).returning(cooldowns.c.at)

    def claim_all(self, connection: sa.Connection, batch: Sequence[Claiming]) -> list[Claim]:
        """Claim every message of `batch`; of the same message, or for the same cooldown, the first one wins."""
        ids = self._insert_all(connection, batch)
        first: dict[tuple[str, ...], Claiming] = {}
        for one in batch:
            first.setdefault(one.message, one)
        ours = [one for message, one in first.items() if message in ids]
        lost = self._win_cooldowns(connection, [one for one in ours if one.wanted])
        self._suppress(connection, [(ids[one.message], one, lost[id(one)]) for one in ours if id(one) in lost])
        alerted = [ids[one.message] for one in ours if one.row["alerted"]]
        if alerted:
            fill_outbox(connection, alerted)
        earlier = _earlier(connection, [message for message in first if message not in ids])
        claims: list[Claim] = []
        for one in batch:
            number = ids.get(one.message)
            if number is None or first[one.message] is not one:
                found = number if number is not None else earlier[one.message]
                claims.append(Claim(found, won=False, lost_to="another handler"))
            else:
                lost_to = lost.get(id(one), "")
                claims.append(Claim(number, won=not lost_to, lost_to=lost_to))
        return claims

    def _insert_all(self, connection: sa.Connection, batch: Sequence[Claiming]) -> dict[tuple[str, ...], int]:
        """Insert what is not there yet; the numbers of what was."""
        unique = {one.message: one.row for one in reversed(batch)}
        rows = [unique[message] for message in sorted(unique)]
        return {tuple(row[1:]): row[0] for row in connection.execute(self._insert, rows)}

    def _win_cooldowns(self, connection: sa.Connection, batch: Sequence[Claiming]) -> dict[int, str]:
        """Each wins all its cooldowns or none; what each lost to, by the identity of the claim."""
        keys = sorted({key for one in batch for _, key, _ in one.wanted})
        if not keys:
            return {}
        rows = [{"subject": subject, "concern": concern, "at": NEVER} for subject, concern in keys]
        last: dict[_Key, datetime] = {(row[0], row[1]): row[2] for row in connection.execute(self._lock, rows)}
        won: dict[_Key, datetime] = {}
        lost: dict[int, str] = {}
        for one in batch:
            # No cooldown is none, even where a later message was claimed first.
            held = [name for name, key, length in one.wanted if length and last[key] > one.at - length]
            if held:
                lost[id(one)] = held[0]
                continue
            for _, key, _ in one.wanted:
                last[key] = won[key] = max(last[key], one.at)
        if won:
            rows = [{"subject": key[0], "concern": key[1], "at": won[key]} for key in sorted(won)]
            connection.execute(self._win, rows).all()
        return lost

    def _suppress(self, connection: sa.Connection, lost: Sequence[tuple[int, Claiming, str]]) -> None:
        """Mark rows that lost a cooldown; alike ones in one statement."""
        alike: dict[tuple[str, ...], list[int]] = {}
        for number, one, lost_to in lost:
            alike.setdefault((*one.row["reasons"], f"lost to {lost_to}"), []).append(number)
        for reasons, numbers in alike.items():
            connection.execute(
                sa.update(interactions)
                .where(interactions.c.id.in_(numbers))
                .values(state=InteractionState.SUPPRESSED.value, ended_at=interactions.c.at, reasons=list(reasons))
            )


def _earlier(connection: sa.Connection, messages: list[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """The numbers of messages that others claimed before."""
    if not messages:
        return {}
    columns = [interactions.c[name] for name in _MESSAGE]
    query = sa.select(interactions.c.id, *columns).where(sa.tuple_(*columns).in_(messages))
    return {tuple(row[1:]): row[0] for row in connection.execute(query)}
