"""Who gets in where: every route, as every role, in one's own community and in another's."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.web.api.conftest import MEMBER, C, api_of, assert_problem, program
from tests.web.conftest import HERE, OPERATOR, THERE, Pages

from safetybot.communities.access import Right, Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.model import Concern
from safetybot.web.api.app import ONE, PATH

NEEDS: dict[tuple[str, str], Right] = {
    ("GET", "/interactions"): Right.SEE_LOG,
    ("GET", "/interactions/{number}"): Right.SEE_LOG,
    ("POST", "/interactions/{number}/excerpt"): Right.READ_EXCERPT,
    ("POST", "/interactions/{number}/verdicts"): Right.REVIEW,
    ("POST", "/interactions/{number}/notes"): Right.REVIEW,
    ("GET", "/exports/interactions.{form}"): Right.SEE_LOG,
    ("GET", "/exports/audit.{form}"): Right.EXPORT_AUDIT,
    ("GET", "/keywords"): Right.SEE_KEYWORDS,
    ("POST", "/keywords"): Right.CHANGE_KEYWORDS,
    ("POST", "/keyword-previews"): Right.SEE_KEYWORDS,
    ("GET", "/keywords/{id}"): Right.SEE_KEYWORDS,
    ("PATCH", "/keywords/{id}"): Right.CHANGE_KEYWORDS,
    ("GET", "/keywords/{id}/changes"): Right.SEE_KEYWORDS,
    ("POST", "/keywords/{id}/undo"): Right.CHANGE_KEYWORDS,
    ("GET", "/settings"): Right.SEE_POLICY,
    ("GET", "/settings/{key}"): Right.SEE_POLICY,
    ("PUT", "/settings/{key}"): Right.CHANGE_POLICY,
    ("DELETE", "/settings/{key}"): Right.CHANGE_POLICY,
    ("GET", "/settings/{key}/changes"): Right.SEE_POLICY,
    ("POST", "/settings/{key}/undo"): Right.CHANGE_POLICY,
    ("GET", "/figures"): Right.SEE_FIGURES,
    ("GET", "/figures/precision"): Right.SEE_FIGURES,
    ("GET", "/figures/rates"): Right.SEE_FIGURES,
    ("GET", "/audit"): Right.READ_AUDIT,
    ("GET", "/webhook"): Right.CHANGE_POLICY,
    ("PUT", "/webhook"): Right.CHANGE_POLICY,
    ("GET", "/webhook/deliveries"): Right.CHANGE_POLICY,
    ("DELETE", "/webhook"): Right.CHANGE_POLICY,
    ("POST", "/members/show"): Right.SEE_MEMBER,
    ("POST", "/members/export"): Right.SEE_MEMBER,
    ("POST", "/members/erase"): Right.ERASE_MEMBER,
    ("POST", "/members/opt-out"): Right.OPT_MEMBER,
    ("POST", "/members/opt-in"): Right.OPT_MEMBER,
}
"""The right that each route about a community asks for."""
BODIES: dict[str, dict[str, object]] = {
    "/interactions/{number}/verdicts": {"kind": "confirmed"},
    "/interactions/{number}/notes": {"text": "seen"},
    "/keywords": {"term": "snow party", "bound": "concern:diy"},
    "/keyword-previews": {"term": "snow party", "bound": "concern:diy"},
    "/keywords/{id}": {"state": "shadow"},
    "/settings/{key}": {"value": "fr"},
    "/webhook": {"url": "https://example.org/new"},
    **{f"/members/{what}": dict(MEMBER) for what in ("show", "export", "erase", "opt-out", "opt-in")},
}


def routes(pages: Pages) -> Iterator[tuple[str, str]]:
    """Every route about a community, as method and path within it."""
    for path, methods in api_of(pages).openapi()["paths"].items():
        if path.startswith(ONE):
            yield from ((method.upper(), path.removeprefix(ONE)) for method in methods)


@pytest.fixture
async def keyword_id(pages: Pages) -> str:
    """A keyword, a setting and a webhook in both communities, each at its first version."""
    parts = pages.app.app.state.parts()
    keyword = Keyword("glow party", KeywordState.DRAFT, concern=Concern.DIY)
    for place in (HERE, THERE):
        await parts.keywords.add(OPERATOR, *place, keyword)
        await parts.policy.put(OPERATOR, *place, "language", "de", expected=0)
        await parts.webhooks.put(OPERATOR, *place, "https://example.org/hook")
    return keyword.id


async def ask(
    client: httpx.AsyncClient, method: str, path: str, place: tuple[str, str], number: int, keyword: str
) -> httpx.Response:
    base = ONE.format(platform=place[0], community=place[1])
    address = PATH + base + path.format(number=number, form="csv", id=keyword, key="language")
    seen = (await client.get(address.removesuffix("/undo"))).headers.get("etag", '"1"') if "{" in path else '"1"'
    return await client.request(method, address, json=BODIES.get(path), headers={"if-match": seen})


def test_every_route_is_told_of_here(pages: Pages) -> None:
    assert set(routes(pages)) == set(NEEDS)


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.label)
async def test_in_its_own_community_the_role_decides(pages: Pages, role: Role, keyword_id: str) -> None:
    client = await program(pages, role)
    wrong: list[object] = []
    for (method, path), right in NEEDS.items():
        answer = await ask(client, method, path, HERE, pages.rows[HERE], keyword_id)
        allowed = role >= right.least
        if answer.is_success is not allowed or (not allowed and answer.status_code != 403):
            wrong.append((method, path, answer.status_code, answer.text[:100]))
    assert wrong == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.ADMIN], ids=lambda role: role.label)
async def test_of_another_community_nothing_is_told(pages: Pages, role: Role, keyword_id: str) -> None:
    client = await program(pages, role)
    never = (await client.get(f"{PATH}/communities/discord/999/settings")).content
    for method, path in NEEDS:
        answer = await ask(client, method, path, THERE, pages.rows[THERE], keyword_id)
        assert (answer.status_code, answer.content) == (404, never), (method, path)
        if "{number}" in path and role >= NEEDS[method, path].least:  # by the other's number under its own community
            answer = await ask(client, method, path, HERE, pages.rows[THERE], keyword_id)
            assert (answer.status_code, answer.content) == (404, never), (method, path)
    assert (await client.get(f"{PATH}/communities")).json()["items"] == [{"platform": "discord", "community": "100"}]


async def test_even_an_operators_token_finds_a_number_only_where_it_is(pages: Pages) -> None:
    client = await program(pages, Role.OPERATOR)
    assert_problem(await client.get(f"{C}/interactions/{pages.rows[THERE]}"), 404)
    assert len((await client.get(f"{PATH}/communities")).json()["items"]) == 2
