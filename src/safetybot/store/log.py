"""Reading the log: which interactions to list, and how rows become what the rest of the program knows.

Lives here: filters, queries, the shape of a row in full. Does not live here: writing (`store.py`), files (`export.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.communities.records import Filters, InteractionDetails, Judged, Note, StoredHit, term_mark
from safetybot.model import (
    Concern,
    Hit,
    HitPath,
    Interaction,
    InteractionState,
    Level,
    Place,
    Span,
    Verdict,
    VerdictKind,
)
from safetybot.store.tables import interactions, notes, verdicts

__all__ = [
    "DayCount",
    "Filters",
    "InteractionDetails",
    "Note",
    "StoredHit",
    "conditions",
    "day_counts_query",
    "interaction_query",
    "judged_query",
    "read_day_count",
    "read_details",
    "read_interaction",
    "read_judged",
    "stored_hits",
    "term_mark",
]

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_HITS = 50
"""Hits kept of one interaction; more would say nothing new."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """How much there was of one concern on one day (UTC)."""

    day: date
    concern: Concern
    interactions: int
    replies: int


def stored_hits(hits: tuple[Hit, ...]) -> list[list[str | int]]:
    """Hits in the form in which they are stored."""
    return [[h.concept, h.span.start, h.span.end, h.path.value, term_mark(h.language, h.term)] for h in hits[:_HITS]]


def interaction_query() -> sa.Select[Any]:
    """Interactions with their latest verdict, for `read_interaction`."""
    verdict = verdicts.alias()
    # One look into an index for each row that is read; grouped, it would read all verdicts for a page of fifty.
    latest = (
        sa.select(sa.func.max(verdicts.c.id))
        .where(verdicts.c.interaction_id == interactions.c.id)
        .correlate(interactions)
        .scalar_subquery()
    )
    return sa.select(
        interactions,
        verdict.c.kind.label("verdict_kind"),
        verdict.c.by.label("verdict_by"),
        verdict.c.at.label("verdict_at"),
        verdict.c.reason.label("verdict_reason"),
    ).select_from(interactions.outerjoin(verdict, verdict.c.id == latest))


def conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """`filters` in the database's words."""
    wanted: list[sa.ColumnElement[bool]] = []
    for name in ("platform", "community", "channel", "author", "language"):
        value = getattr(filters, name)
        if value is not None:
            # An author has few rows, a community many: concatenated, its index is not what SQLite looks in.
            few = filters.author is not None and name in ("platform", "community")
            wanted.append((interactions.c[name] + "" if few else interactions.c[name]) == value)
    if filters.concern is not None:
        wanted.append(interactions.c.concern == int(filters.concern))
    if filters.state is not None:
        wanted.append(interactions.c.state == filters.state.value)
    if filters.since is not None:
        wanted.append(interactions.c.at >= filters.since)
    if filters.until is not None:
        wanted.append(interactions.c.at < filters.until)
    if filters.waiting:
        wanted.append(interactions.c.waiting)
    if filters.verdict is not None:
        latest = (
            sa.select(verdicts.c.kind)
            .where(verdicts.c.interaction_id == interactions.c.id)
            .order_by(verdicts.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        wanted.append(latest == filters.verdict.value)
    return wanted


def read_interaction(row: sa.Row[Any]) -> Interaction:
    """The interaction that a row of `interaction_query` stands for."""
    verdict = None
    if row.verdict_kind is not None:
        verdict = Verdict(VerdictKind(row.verdict_kind), row.verdict_by, row.verdict_at, row.verdict_reason)
    return Interaction(
        id=row.id,
        place=Place(row.platform, row.community, row.channel, row.thread),
        message_id=row.message_id,
        author_pseudonym=row.author,
        at=row.at,
        concern=Concern(row.concern),
        level=Level(row.level) if row.level else None,
        confidence=row.confidence,
        language=row.language,
        rules=tuple(row.rules),
        concepts=tuple(dict.fromkeys(hit[0] for hit in row.hits)),
        reasons=tuple(row.reasons),
        state=InteractionState(row.state),
        alerted=row.alerted,
        shadow=row.shadow,
        response_id=row.response_id,
        reply_id=row.reply_id,
        verdict=verdict,
    )


def read_details(connection: sa.Connection, interaction_id: int) -> InteractionDetails | None:
    """All that is kept of one interaction, None where there is none."""
    row = connection.execute(interaction_query().where(interactions.c.id == interaction_id)).first()
    if row is None:
        return None
    words = sa.select(verdicts).where(verdicts.c.interaction_id == interaction_id).order_by(verdicts.c.id)
    written = sa.select(notes).where(notes.c.interaction_id == interaction_id).order_by(notes.c.id)
    return InteractionDetails(
        interaction=read_interaction(row),
        hits=_read_hits(row),
        error=row.error,
        sending_at=row.sending_at,
        ended_at=row.ended_at,
        config_version=row.config_version,
        has_excerpt=row.excerpt is not None,
        verdicts=tuple(Verdict(VerdictKind(v.kind), v.by, v.at, v.reason) for v in connection.execute(words)),
        notes=tuple(Note(n.by, n.at, n.text) for n in connection.execute(written)),
    )


def judged_query() -> sa.Select[Any]:
    """Interactions that have a verdict, for `read_judged`."""
    latest = sa.select(sa.func.max(verdicts.c.id)).where(verdicts.c.interaction_id == interactions.c.id)
    joined = interactions.join(verdicts, verdicts.c.id == latest.correlate(interactions).scalar_subquery())
    return sa.select(interactions.c.id, verdicts.c.kind, interactions.c.rules, interactions.c.hits).select_from(joined)


def read_judged(row: sa.Row[Any]) -> Judged:
    """What a row of `judged_query` stands for."""
    return Judged(row.id, VerdictKind(row.kind), tuple(row.rules), _read_hits(row))


def day_counts_query(filters: Filters) -> sa.Select[Any]:
    """Day, concern, interactions and replies, for `read_day_count`; the newest day first."""
    # Integer division, so that both databases name the same day.
    day = (sa.type_coerce(interactions.c.at, sa.BigInteger) // _DAY).label("day")
    replied = sa.func.sum(sa.case((interactions.c.state == InteractionState.SENT.value, 1), else_=0))
    return (
        sa.select(day, interactions.c.concern, sa.func.count(), replied)
        .where(*conditions(filters))
        .group_by(day, interactions.c.concern)
        .order_by(day.desc(), interactions.c.concern.desc())
    )


def read_day_count(row: Any) -> DayCount:
    """The count that a row of `day_counts_query` stands for."""
    day, concern, count, replies = row
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return DayCount(when.date(), Concern(concern), count, int(replies))


def _read_hits(row: sa.Row[Any]) -> tuple[StoredHit, ...]:
    return tuple(StoredHit(hit[0], Span(hit[1], hit[2]), HitPath(hit[3]), hit[4]) for hit in row.hits)
