"""What happened, in numbers; how right the rules were; which rules jumped."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from safetybot.communities.records import Filters
from safetybot.web.api.asking import AskedHere
from safetybot.web.api.shapes.figures import FiguresOut, PrecisionOut, RateOut, RatesOut

router = APIRouter(tags=["figures"])
Days = Annotated[int, Query(ge=1, le=366, description="The last so many days (UTC), today among them.")]


@router.get("/figures", response_model=FiguresOut)
async def figures(here: AskedHere, days: Days = 30) -> Response:
    """Interactions and replies by day, hour, channel and language; how fast replies were. For viewers."""
    return here.answer(FiguresOut.of(await here.parts.figures.overview(here.actor, *here.place, days=days)))


@router.get("/figures/precision", response_model=PrecisionOut)
async def precision(here: AskedHere, days: Days = 30) -> Response:
    """How often each rule, concept and term was right, by the latest verdicts. For viewers."""
    since = here.parts.clock.now() - timedelta(days=days)
    own = await here.parts.own_terms(*here.place)
    found = await here.parts.reviews.precision(here.actor, Filters(*here.place, since=since), own=own)
    return here.answer(PrecisionOut.of(found))


@router.get("/figures/rates", response_model=RatesOut)
async def rates(here: AskedHere) -> Response:
    """How often each rule fires, against its own past. For viewers."""
    words = here.parts.words.with_own(await here.parts.own_terms(*here.place))
    found = await here.parts.rates.of(here.actor, *here.place)
    return here.answer(RatesOut(items=[RateOut.of(one, words.rule_name(one.rule)) for one in found]))
