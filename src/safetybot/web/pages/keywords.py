"""A community's keywords: what there is, what one would do, its life from draft to undo."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from safetybot.communities.access import Right
from safetybot.communities.errors import CommunityError
from safetybot.communities.keyword import Keyword, KeywordState, Override
from safetybot.communities.keywords import TooBroad
from safetybot.communities.preview import Preview
from safetybot.model import Concern, Strength
from safetybot.web.scene import NOT_HERE, Here, HereForm, Scene
from safetybot.web.told import keyword_change

router = APIRouter()
Term = Annotated[str, Form(max_length=400)]
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]
BOUND = "^(concern:(mention|supply|diy|adverse)|concept:[a-z_]{1,40}(:weak)?|allowed|override:(off|weak))$"


@router.get("/keywords")
async def listed(here: Here) -> Response:
    """Every keyword, with what it did."""
    return await _listed(here)


@router.post("/keywords")
async def add(
    here: HereForm,
    term: Term,
    bound: Annotated[str, Form(pattern=BOUND)],
    do: Annotated[Literal["preview", "add"], Form()] = "preview",
) -> Response:
    """Look at what a keyword would do, or add it: what watches as a draft, what takes away at once."""
    keywords, place, preview, warnings = here.parts.keywords, here.community, None, []
    try:
        keyword = bound_as(term.strip(), bound)
        if do == "add":
            entered = await keywords.add(here.actor, *place, keyword)
            return here.to("keywords/one", term=entered.keyword.term, done="keyword")
        preview = await keywords.preview(here.actor, *place, keyword)
        warnings = await keywords.warnings(here.actor, *place, keyword)
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await _listed(here, term=term, bound=bound, problem=error)
    return await _listed(here, term=term, bound=bound, preview=preview, warnings=warnings)


@router.get("/keywords/one")
async def one(here: Here, term: Annotated[str, Query(max_length=400)]) -> Response:
    """One keyword: what it would do, what is doubtful, every change."""
    return await _one(here, term)


@router.post("/keywords/one")
async def move(
    here: HereForm,
    term: Term,
    expected: Version,
    to: Annotated[KeywordState, Form()],
    force: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Move a keyword to another state."""
    try:
        await here.parts.keywords.move(
            here.actor, *here.community, term, to, expected=expected, force=force == "yes"
        )  # fmt: skip
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await _one(here, term, problem=error)
    return here.to("keywords/one", term=term, done="keyword")


@router.post("/keywords/undo")
async def undo(here: HereForm, term: Term, expected: Version) -> Response:
    """Take back the newest change that stands."""
    await here.parts.keywords.undo(here.actor, *here.community, term, expected=expected)
    return here.to("keywords", done="undone")


def bound_as(term: str, bound: str) -> Keyword:
    """The keyword that a form's choice stands for. What watches begins as a draft; the rest has nothing to try."""
    kind, _, what = bound.partition(":")
    if kind == "concern":
        return Keyword(term, KeywordState.DRAFT, concern=Concern.from_label(what))
    if kind == "concept":
        concept, _, weak = what.partition(":")
        strength = Strength.WEAK if weak else Strength.STRONG
        return Keyword(term, KeywordState.DRAFT, concept=concept, strength=strength)
    if kind == "allowed":
        return Keyword(term, KeywordState.LIVE, allowed=True)
    return Keyword(term, KeywordState.LIVE, override=Override(what))


async def _listed(
    here: Scene,
    *,
    term: str = "",
    bound: str = "",
    problem: CommunityError | None = None,
    preview: Preview | None = None,
    warnings: object = (),
) -> Response:
    keywords, place = here.parts.keywords, here.community
    figures = {one.keyword.term: one for one in await keywords.report(here.actor, *place)}
    return here.page(
        "keywords.html", status=400 if problem else 200, rows=await keywords.listed(here.actor, *place),
        figures=figures, term=term, bound=bound, problem=problem, preview=preview, warnings=warnings,
        concepts=sorted(keywords.lexicon.concepts), can_change=here.may(Right.CHANGE_KEYWORDS),
    )  # fmt: skip


async def _one(here: Scene, term: str, *, problem: CommunityError | None = None) -> Response:
    keywords, place = here.parts.keywords, here.community
    found = await keywords.get(here.actor, *place, term)
    changes = await keywords.history(here.actor, *place, term)
    lines = [
        keyword_change(found.keyword.term, before.value if before else None, change)
        for before, change in zip([None, *changes], changes, strict=False)
    ]
    status = 200 if problem is None else 409 if isinstance(problem, TooBroad) else 400
    return here.page(
        "keyword.html", status=status, found=found, keyword=found.keyword, lines=lines[::-1], problem=problem,
        preview=await keywords.preview(here.actor, *place, found.keyword), broad=isinstance(problem, TooBroad),
        warnings=await keywords.warnings(here.actor, *place, found.keyword), states=list(KeywordState),
        can_change=here.may(Right.CHANGE_KEYWORDS),
    )  # fmt: skip
