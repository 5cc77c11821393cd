"""Reading the log: which interactions to list, and how rows become what the rest of the program knows.

Lives here: filters, queries, the shape of a row in full. Does not live here: writing (`store.py`), files (`export.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from safetybot.store.reactions import read_reactions
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
    "page_conditions",
    "read_day_count",
    "read_details",
    "read_interaction",
    "read_judged",
    "stored_hits",
    "term_mark",
]

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_DISORDER = timedelta(hours=1)
"""Numbers grow with time but for a little: replicas' clocks differ, and a row is written a moment after its time."""
_BEYOND = 2**63 - 1
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
    """`filters` in the database's words, for counting."""
    return [*_chosen(filters), *_times(filters, interactions.c.at)]


_AT = sa.type_coerce(sa.type_coerce(interactions.c.at, sa.BigInteger) + 0, interactions.c.at.type)
"""The time of an interaction, not to be looked for in an index."""


def page_conditions(filters: Filters, before: int | None) -> list[sa.ColumnElement[bool]]:
    """The same for a page, the newest first by number, with numbers below `before`.

    Times are turned into numbers, which grow with them, so that pages of long ago are not looked for from today on. The
    index of times is left out of it: what it finds would have to be sorted.
    """
    number = interactions.c.id
    wanted = [*_chosen(filters), *_times(filters, _AT)]
    if before is not None:
        wanted.append(number < before)
    if filters.since is not None:
        wanted.append(number > _number_at(filters, filters.since - _DISORDER, latest=True))
    if filters.until is not None:
        wanted.append(number < _number_at(filters, filters.until + _DISORDER, latest=False))
    return wanted


def _chosen(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """All but the times. An author's rows and those that wait are few: their own indexes choose them, and no other."""
    kept = interactions.c
    few, place = filters.author is not None or filters.waiting, filters.author is not None
    wanted: list[sa.ColumnElement[bool]] = []
    texts = {
        kept.platform: (filters.platform, place),
        kept.community: (filters.community, place),
        kept.channel: (filters.channel, few),
        kept.author: (filters.author, False),
        kept.language: (filters.language, few),
        kept.state: (filters.state and filters.state.value, few),
        kept.verdict: (filters.verdict and filters.verdict.value, few),
    }
    for column, (value, hidden) in texts.items():
        if value is not None:
            # Concatenated, a column is not looked for in an index.
            wanted.append((column + "" if hidden else column) == value)
    if filters.concern is not None:
        wanted.append((kept.concern + 0 if few else kept.concern) == int(filters.concern))
    if filters.waiting:
        wanted.append(kept.waiting)
    return wanted


def _times(filters: Filters, at: sa.ColumnElement[datetime]) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if filters.since is not None:
        wanted.append(at >= filters.since)
    if filters.until is not None:
        wanted.append(at < filters.until)
    return wanted


def _number_at(filters: Filters, at: datetime, *, latest: bool) -> sa.ColumnElement[int]:
    """The last number before a time, or the first from it on; a number beyond all where there is none."""
    other = interactions.alias()
    here = [
        column == value
        for column, value in ((other.c.platform, filters.platform), (other.c.community, filters.community))
        if value is not None
    ]
    if latest:
        query = sa.select(other.c.id).where(*here, other.c.at < at).order_by(other.c.at.desc(), other.c.id.desc())
    else:
        query = sa.select(other.c.id).where(*here, other.c.at >= at).order_by(other.c.at, other.c.id)
    return sa.func.coalesce(query.limit(1).scalar_subquery(), 0 if latest else _BEYOND)


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
        reactions=read_reactions(connection, interaction_id),
    )


def judged_query(filters: Filters, before: int | None, limit: int, *, hits: bool) -> sa.Select[Any]:
    """The newest interactions that have a verdict, for `read_judged`."""
    kept = interactions.c
    kinds = VerdictKind if filters.verdict is None else (filters.verdict,)
    # An index has those of each kind, the newest first. Looked for without it, rare ones would be all the log.
    newest = (
        sa.select(kept.id)
        .where(*page_conditions(replace(filters, verdict=kind), before))
        .order_by(kept.id.desc())
        .limit(limit)
        .subquery()
        for kind in kinds
    )
    numbers = sa.union_all(*(sa.select(one.c.id) for one in newest)).subquery()
    numbers = sa.select(numbers.c.id).order_by(numbers.c.id.desc()).limit(limit).subquery()
    columns = (kept.id, kept.verdict, kept.rules, *((kept.hits,) if hits else ()))
    return sa.select(*columns).where(kept.id.in_(sa.select(numbers.c.id))).order_by(kept.id.desc())


def read_judged(row: sa.Row[Any], *, hits: bool) -> Judged:
    """What a row of `judged_query` stands for."""
    number, verdict, rules = tuple[Any, ...](row)[:3]  # by place, since hundreds are read for one page
    return Judged(number, VerdictKind(verdict), tuple(rules), _read_hits(row) if hits else ())


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
