"""The API as programs ask it: with a token, and answered with problems."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import Mount
from tests.web.conftest import HERE, OPERATOR, SITE, Pages

from safetybot.communities.access import Role
from safetybot.communities.api_tokens import ApiTokens
from safetybot.communities.sign_in import Grant
from safetybot.web.api.app import PATH

C = f"{PATH}/communities/discord/100"
MEMBER = {"member": "7"}
PROBLEM = "application/problem+json"


def api_of(pages: Pages) -> FastAPI:
    """The application that is mounted for the API."""
    mounted = next(r for r in pages.app.app.routes if isinstance(r, Mount) and r.path == PATH)
    assert isinstance(mounted.app, FastAPI)
    return mounted.app


def tokens_of(pages: Pages) -> ApiTokens:
    found: ApiTokens = pages.app.app.state.parts().tokens
    return found


async def program(pages: Pages, role: Role, place: tuple[str, str] = HERE) -> httpx.AsyncClient:
    """Something that has a token."""
    grant = Grant(f"a {role.label}", role, *(place if role is not Role.OPERATOR else ("", "")))
    token, _ = await tokens_of(pages).create(OPERATOR, grant)
    return await bearer(pages, token)


async def bearer(pages: Pages, token: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(pages.app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url=SITE, headers={"authorization": f"Bearer {token}"})
    return await pages.stack.enter_async_context(client)


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    return told
