"""What happened, in numbers and pictures, with a table beside each picture."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from safetybot.charts import Theme, over_time, ranked
from safetybot.communities.access import Right
from safetybot.communities.figures import By
from safetybot.communities.records import Filters
from safetybot.communities.review import Tally
from safetybot.model import Concern
from safetybot.web.guard import CONTENT_POLICY
from safetybot.web.names import named
from safetybot.web.scene import Here
from safetybot.web.texts import gettext, marked

router = APIRouter()
JUDGED = 500
"""Verdicts from which the overview's precision is reckoned: more would say the same, more slowly."""
Days = Annotated[Literal["7", "30", "90"], Query()]
TITLES = {
    By.DAY: marked("Concerns by day"),
    By.HOUR: marked("By hour of the day (UTC)"),
    By.CHANNEL: marked("By channel"),
    By.LANGUAGE: marked("By language"),
    By.COMMUNITY: marked("By community"),
}
_INCHES = {"narrow": 3.6, "half": 6.0, "full": 12.0}
_CHART_POLICY = CONTENT_POLICY.replace("style-src 'self'", "style-src 'unsafe-inline'") + "; sandbox"


@router.get("/overview")
async def overview(here: Here, days: Days = "30") -> Response:
    """The overview."""
    parts, (platform, community) = here.parts, here.place
    own = await parts.own_terms(platform, community) if platform and community else []
    found = await parts.figures.overview(here.actor, platform, community, days=int(days))
    judged = Filters(platform, community)
    precision = await parts.reviews.precision(here.actor, judged, own=own, most=JUDGED, only_rules=True)
    rates = await parts.rates.of(here.actor, platform, community) if platform and community else []
    return here.page(
        "overview.html",
        found=found,
        days=days,
        titles={by: gettext(says) for by, says in TITLES.items()},
        precision=precision,
        rules=sorted(precision.rules.items(), key=_worst),
        jumps=[one for one in rates if one.jumped],
        words=parts.words.with_own(own),
        can_review=here.may(Right.REVIEW),
    )


@router.get("/overview/{by}.svg")
async def chart(
    here: Here,
    by: By,
    days: Days = "30",
    theme: Annotated[Theme, Query()] = "light",
    width: Annotated[Literal["narrow", "half", "full"], Query()] = "half",
) -> Response:
    """One picture, as wide as the place that it is shown in: scaled, its text would be too small or too large."""
    rows = await here.parts.figures.rows(here.actor, *here.place, by, days=int(days))
    shown = tuple((row.name[5:] if by is By.DAY else row.name, tuple(row.counts.items())) for row in rows)
    names = tuple((concern, named(concern.label)) for concern in Concern)
    made = await asyncio.to_thread(_drawn, by, shown, gettext(TITLES[by]), theme, _INCHES[width], names)
    # Its styles are within it; alone in a window it may still do nothing.
    headers = {"content-security-policy": _CHART_POLICY, "cache-control": "private, max-age=60"}
    return Response(made, media_type="image/svg+xml", headers=headers)


@lru_cache(maxsize=200)
def _drawn(
    by: By,
    rows: tuple[tuple[str, tuple[tuple[Concern, int], ...]], ...],
    title: str,
    theme: Theme,
    width: float,
    names: tuple[tuple[Concern, str], ...],
) -> bytes:
    """Drawing takes far longer than counting, and the same numbers make the same picture."""
    draw = over_time if by in (By.DAY, By.HOUR) else ranked
    return draw([(name, dict(counts)) for name, counts in rows], title, theme=theme, width=width, names=dict(names))


def _worst(rule: tuple[str, Tally]) -> tuple[float, int, str]:
    name, tally = rule
    return (1.0 if tally.precision is None else tally.precision, -tally.false_alarms, name)
