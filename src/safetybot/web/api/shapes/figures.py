"""What happened, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from safetybot.communities.figures import Overview, Reception, Row
from safetybot.communities.rates import RuleRate
from safetybot.communities.review import Precision, Tally
from safetybot.web.api.shapes.fields import ConcernName


class CountOut(BaseModel):
    """One name with its counts by concern."""

    name: str
    total: int
    counts: dict[ConcernName, int]

    @classmethod
    def of(cls, row: Row) -> CountOut:
        """A row of a picture."""
        return cls(name=row.name, total=row.total, counts={_concern(c.label): n for c, n in row.counts.items()})


class SpeedOut(BaseModel):
    """From a message to its reply, in seconds."""

    replies: int
    median: float
    slow: float = Field(description="Nineteen of twenty were faster.")


class ReceptionOut(BaseModel):
    """How replies were taken, by members' reactions."""

    replies: int
    welcome: int = Field(description="Replies with at least one welcoming reaction.")
    unwelcome: int = Field(description="Replies with at least one unwelcoming reaction; one reply may be both.")

    @classmethod
    def of(cls, found: Reception) -> ReceptionOut:
        """Of some replies."""
        return cls(replies=found.replies, welcome=found.reacted.welcome, unwelcome=found.reacted.unwelcome)


class FiguresOut(BaseModel):
    """What happened, in numbers."""

    since: datetime
    until: datetime
    interactions: int
    replies: int
    waiting: int = Field(description="For a verdict; counted up to 1,000.")
    speed: SpeedOut | None
    reception: ReceptionOut
    by_day: list[CountOut]
    by_hour: list[CountOut]
    by_channel: list[CountOut]
    by_language: list[CountOut]

    @classmethod
    def of(cls, found: Overview) -> FiguresOut:
        """An overview."""
        speed = found.speed
        rows = {f"by_{by.value}": [CountOut.of(row) for row in rows] for by, rows in found.by.items()}
        return cls(
            since=found.since, until=found.until, interactions=found.interactions, replies=found.replies,
            waiting=found.waiting,
            speed=SpeedOut(replies=speed.replies, median=speed.median, slow=speed.slow) if speed else None,
            reception=ReceptionOut.of(found.reception), **rows,
        )  # fmt: skip


class TallyOut(BaseModel):
    """How often something was right, by verdicts."""

    confirmed: int
    false_alarms: int
    handled: int
    precision: float | None

    @classmethod
    def of(cls, tally: Tally) -> TallyOut:
        """A tally."""
        return cls(
            confirmed=tally.confirmed, false_alarms=tally.false_alarms, handled=tally.handled, precision=tally.precision
        )


class PrecisionOut(BaseModel):
    """What verdicts say about rules, concepts and terms."""

    overall: TallyOut
    rules: dict[str, TallyOut]
    concepts: dict[str, TallyOut]
    terms: dict[str, TallyOut]

    @classmethod
    def of(cls, found: Precision) -> PrecisionOut:
        """A precision."""

        def told(tallies: Mapping[str, Tally]) -> dict[str, TallyOut]:
            return {name: TallyOut.of(tally) for name, tally in tallies.items()}

        return cls(
            overall=TallyOut.of(found.overall), rules=told(found.rules), concepts=told(found.concepts),
            terms=told(found.terms),
        )  # fmt: skip


class RateOut(BaseModel):
    """How often a rule fires, against its own past."""

    rule: str
    last_day: int
    per_day: float
    jumped: bool

    @classmethod
    def of(cls, rate: RuleRate, name: str) -> RateOut:
        """A rate under the rule's name."""
        return cls(rule=name, last_day=rate.last_day, per_day=rate.per_day, jumped=rate.jumped)


class RatesOut(BaseModel):
    """Every rule that fired of late, jumps first."""

    items: list[RateOut]


def _concern(label: str) -> Any:
    return label
