"""The responses in force: every language, its texts as members see them, sources, review dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from safetybot.communities.access import Right, require
from safetybot.model import Concern, Level
from safetybot.responses.library import CardKind
from safetybot.web.scene import Here, Hidden

router = APIRouter()
KINDS: tuple[tuple[Concern, Level | None], ...] = (
    *((Concern.ADVERSE, level) for level in reversed(Level)),
    *((concern, None) for concern in (Concern.DIY, Concern.SUPPLY, Concern.MENTION)),
)
_DAYS_A_MONTH = 30.44


@dataclass(frozen=True, slots=True)
class Reviewed:
    """When a text was last reviewed, and whether that is too long ago."""

    on: str
    due: bool


@router.get("/responses")
async def listed(here: Here) -> Response:
    """Every language with the dates of its texts."""
    require(here.actor, Right.SEE_POLICY, *here.place)
    library, months = here.parts.library, here.parts.review_months
    oldest = here.parts.clock.now().date() - timedelta(days=months * _DAYS_A_MONTH)
    rows = []
    for language in library.languages:
        dates = [library.choose(concern, level, language).reviewed_on for concern, level in KINDS]
        rows.append((language, [Reviewed(on, date.fromisoformat(on) < oldest) for on in dates]))
    return here.page("responses.html", rows=rows, kinds=KINDS, months=months)


@router.get("/responses/{language}")
async def one(here: Here, language: str) -> Response:
    """One language's texts as members see them."""
    require(here.actor, Right.SEE_POLICY, *here.place)
    library = here.parts.library
    if language not in library.languages:
        raise Hidden
    texts = [library.choose(concern, level, language) for concern, level in KINDS]
    first_aid = library.card(CardKind.FIRST_AID, language, concern=Concern.DIY)
    return here.page("response.html", texts=texts, first_aid=first_aid, ui=library.ui(language), named=language)
