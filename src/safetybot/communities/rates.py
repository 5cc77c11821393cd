"""How often each live rule fires, held against its own past; whoever moderates is told when one jumps, once a day.

Lives here: counting rules of the lexicon and keywords alike, what is told. Does not live here: the arithmetic of a jump
(`keyword_report.py`), sending (the platforms).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from safetybot.communities.access import Actor, Right, require
from safetybot.communities.keyword_report import PAST, Fired, has_jumped, per_day
from safetybot.detection.own_terms import SHADOW_RULE
from safetybot.ports import Clock

DAY = timedelta(days=1)
LEAST = 10
"""A community with fewer live interactions in the last day has no jump."""


@dataclass(frozen=True, slots=True)
class RuleRate:
    """How often one rule fired where something could have been sent."""

    platform: str
    community: str
    rule: str
    last_day: int
    per_day: float
    """A day, in the two weeks before the last day; the past begins with the hour of the rule's first interaction
    in them."""
    jumped: bool
    """The last day has far more than its own past would lead one to expect; a rule without a past never has."""

    def says(self, name: str) -> str:
        """The alarm in a line; `name` is the rule as people know it."""
        return f"{name}: {self.last_day} in the last day, {self.per_day:.1f} a day before. Look at `review list`."


class RuleRows(Protocol):
    """What this file needs of the store."""

    async def busy(self, since: datetime, *, least: int) -> Sequence[tuple[str, str]]:
        """Platform and community of those with at least `least` live interactions since then."""
        ...

    async def fired(self, platform: str, community: str, since: datetime, split: datetime) -> Sequence[Fired]:
        """How often each rule fired in live interactions (nothing in shadow): from `since` to `split`, and after it."""
        ...

    async def first_alarm(self, platform: str, community: str, rule: str, *, since: datetime, by: str) -> bool:
        """Audit an alarm; False where the audit has one of the same since then."""
        ...


class RuleRates:
    """Rates of rules, for those who may see figures; alarms, for the bot itself."""

    def __init__(self, rows: RuleRows, clock: Clock) -> None:
        """Read from `rows`."""
        self._rows, self._clock = rows, clock

    async def of(self, actor: Actor, platform: str, community: str) -> list[RuleRate]:
        """Every rule that fired in the last fifteen days, jumps first. Raises `Refused` below viewer."""
        require(actor, Right.SEE_FIGURES, platform, community)
        now = self._clock.now()
        fired = await self._rows.fired(platform, community, now - DAY - PAST, now - DAY)
        found = [_rate(platform, community, one, now) for one in fired if not one.rule.startswith(SHADOW_RULE)]
        return sorted(found, key=lambda one: (not one.jumped, -one.last_day, one.rule))

    async def alarms(self, actor: Actor) -> list[RuleRate]:
        """The jumps that moderators must be told of now. Each rule at most once a day; audited.

        Raises:
            Refused: The actor is no operator (the bot acts as `access.BOT`).
        """
        require(actor, Right.SEE_FIGURES, None, None)
        since = self._clock.now() - DAY
        told: list[RuleRate] = []
        for platform, community in await self._rows.busy(since, least=LEAST):
            jumped = [one for one in await self.of(actor, platform, community) if one.jumped]
            told += [
                one
                for one in jumped
                if await self._rows.first_alarm(platform, community, one.rule, since=since, by=actor.name)
            ]
        return told


def _rate(platform: str, community: str, fired: Fired, now: datetime) -> RuleRate:
    usual = per_day(fired, now)
    return RuleRate(platform, community, fired.rule, fired.last_day, usual, has_jumped(fired, now))
