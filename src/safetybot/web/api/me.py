"""Who asks, and about which communities they may."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from safetybot.web.api.asking import AnyAsked
from safetybot.web.api.shapes.tokens import CommunitiesOut, CommunityOut, TokenOut

router = APIRouter(tags=["token"])


@router.get("/token", response_model=TokenOut)
async def token(asked: AnyAsked) -> Response:
    """The token that asked: its role, where it holds, until when."""
    return asked.answer(TokenOut.of(asked.token))


@router.get("/communities", response_model=CommunitiesOut)
async def communities(asked: AnyAsked) -> Response:
    """The communities that the token may know of: one's own, or with an operator's role every one."""
    found = await asked.parts.figures.communities(asked.actor)
    return asked.answer(CommunitiesOut(items=[CommunityOut(platform=p, community=c) for p, c in found]))
