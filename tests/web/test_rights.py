"""Who gets in where: every route, as every role, in one's own community, in another's, and everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from fastapi.routing import iter_route_contexts
from tests.web.conftest import HERE, OPERATOR, THERE, Browser, Pages

from safetybot.communities.access import Right, Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.keywords import Keywords
from safetybot.communities.settings import CommunityPolicy
from safetybot.communities.sign_in import Grant
from safetybot.model import Concern
from safetybot.web.app import ONE
from safetybot.web.guard import Guard
from safetybot.web.scene import EVERYWHERE

OPEN = {
    "/healthz", "/readyz", "/metrics", "/sign-in", "/sign-in/discord", "/sign-in/discord/back", "/sign-in/telegram",
    "/sign-in/telegram/{community}",
}  # fmt: skip
FOR_ANYBODY_SIGNED_IN = {"/", "/sign-out"}
NEEDS: dict[str, Right] = {
    "/overview": Right.SEE_FIGURES,
    "/overview/{by}.svg": Right.SEE_FIGURES,
    "/log": Right.SEE_LOG,
    "/log.{form}": Right.SEE_LOG,
    "/log/views": Right.SEE_LOG,
    "/log/views/{number}/delete": Right.SEE_LOG,
    "/interactions/{number}": Right.SEE_LOG,
    "/interactions/{number}/excerpt": Right.READ_EXCERPT,
    "/interactions/{number}/verdict": Right.REVIEW,
    "/interactions/{number}/note": Right.REVIEW,
    "/review": Right.SEE_LOG,
    "/keywords": Right.SEE_KEYWORDS,
    "/keywords/one": Right.SEE_KEYWORDS,
    "/keywords/undo": Right.CHANGE_KEYWORDS,
    "/settings": Right.SEE_POLICY,
    "/settings/history": Right.SEE_POLICY,
    "/settings/undo": Right.CHANGE_POLICY,
    "/try": Right.TRY_MESSAGE,
    "/responses": Right.SEE_POLICY,
    "/responses/{language}": Right.SEE_POLICY,
    "/privacy": Right.SEE_MEMBER,
    "/privacy/export": Right.SEE_MEMBER,
    "/privacy/erase": Right.ERASE_MEMBER,
    "/privacy/opt-out": Right.OPT_MEMBER,
    "/privacy/opt-in": Right.OPT_MEMBER,
    "/people": Right.LET_IN,
    "/people/{number}/end": Right.LET_IN,
    "/tokens": Right.LET_IN,
    "/tokens/{number}/revoke": Right.LET_IN,
    "/audit": Right.READ_AUDIT,
    "/audit.{form}": Right.EXPORT_AUDIT,
    "/status": Right.SEE_STATUS,
    "/communities": Right.SEE_STATUS,
}
"""The right that each page asks for where it only shows something; sending its form may ask for more."""
TO_SEND: dict[str, Right] = {
    "/keywords": Right.CHANGE_KEYWORDS,
    "/keywords/one": Right.CHANGE_KEYWORDS,
    "/settings": Right.CHANGE_POLICY,
}
FORMS: dict[str, dict[str, str]] = {
    "/interactions/{number}/verdict": {"kind": "confirmed"},
    "/interactions/{number}/note": {"text": "seen"},
    "/keywords": {"term": "snow party", "bound": "concern:diy", "do": "add"},
    "/keywords/one": {"term": "glow party", "to": "shadow", "expected": "1"},
    "/keywords/undo": {"term": "glow party", "expected": "1"},
    "/settings": {"key": "language", "value": "fr", "expected": "1"},
    "/settings/undo": {"key": "language", "expected": "1"},
    "/try": {"text": "mesotherapy at home"},
    "/privacy": {"member": "7"},
    "/privacy/export": {"member": "7"},
    "/privacy/erase": {"member": "7", "sure": "yes"},
    "/privacy/opt-out": {"member": "7"},
    "/privacy/opt-in": {"member": "7"},
    "/people": {"name": "bo", "role": "viewer"},
    "/tokens": {"name": "report", "role": "viewer", "days": "30"},
    "/log/views": {"name": "mine"},
}
QUERIES = {
    "/keywords/one": {"term": "glow party"},
    "/settings/history": {"key": "language"},
    "/log/views": {"concern": "diy"},
}


def routes(app: Guard) -> Iterator[tuple[str, str]]:
    """Every route there is, as method and path."""
    for route in iter_route_contexts(app.app.routes):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, str(route.path)


def page_of(path: str) -> str:
    return path.removeprefix(ONE).removeprefix(EVERYWHERE)


async def prepare(pages: Pages) -> None:
    """A keyword and a setting in both communities, each at its first version, and a token of each."""
    parts = pages.app.app.state.parts()
    keywords, policy = parts.keywords, parts.policy
    assert isinstance(keywords, Keywords)
    assert isinstance(policy, CommunityPolicy)
    for place in (HERE, THERE):
        await keywords.add(OPERATOR, *place, Keyword("glow party", KeywordState.DRAFT, concern=Concern.DIY))
        await policy.put(OPERATOR, *place, "language", "de", expected=0)
        _, token = await parts.tokens.create(OPERATOR, Grant("export", Role.VIEWER, *place))
        assert token.id == pages.rows[place], "so that one number leads to everything of a community"


def address(path: str, place: tuple[str, str], number: int) -> str:
    filled = path.replace("{platform}", place[0]).replace("{community}", place[1]).replace("{number}", str(number))
    filled = filled.replace("{by}", "hour").replace("{form}", "csv").replace("{language}", "en")
    assert "{" not in filled, path
    query = QUERIES.get(page_of(path))
    return filled + (f"?{urlencode(query)}" if query else "")


async def ask(browser: Browser, method: str, path: str, place: tuple[str, str], number: int, csrf: str) -> int:
    target = address(path, place, number)
    if method == "GET":
        return (await browser.get(target)).status_code
    form = dict(FORMS.get(page_of(path), {}))
    if path.startswith(EVERYWHERE) and page_of(path) in ("/people", "/tokens"):
        form["role"] = "operator"
    return (await browser.post(target, data={"csrf": csrf, **form})).status_code


def test_every_route_is_told_of_here(pages: Pages) -> None:
    found = {path for _, path in routes(pages.app)}
    assert len(found) > 40
    known = {ONE + page for page in NEEDS} | {EVERYWHERE + page for page in NEEDS} | OPEN | FOR_ANYBODY_SIGNED_IN
    assert found - known == set()
    assert {page_of(path) for path in found} >= set(NEEDS)


async def test_a_stranger_is_sent_to_the_door_and_changes_nothing(pages: Pages) -> None:
    stranger = await pages.browser()
    for method, path in routes(pages.app):
        if path in OPEN:
            continue
        status = await ask(stranger, method, path, HERE, pages.rows[HERE], "0" * 40)
        assert status == (303 if method == "GET" else 401), (method, path)
    assert (await stranger.get("/")).headers["location"] == "/sign-in?next=%2F"


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.label)
async def test_in_ones_own_community_the_role_decides(pages: Pages, role: Role) -> None:
    browser = await pages.signed_in(role)
    csrf = await browser.csrf()
    other = await pages.signed_in(Role.VIEWER, HERE, "somebody to send out")
    await other.get("/")
    await prepare(pages)
    wrong: list[object] = []
    undone = 0
    for method, path in sorted(routes(pages.app), key=lambda route: "undo" in route[1]):
        if not path.startswith(ONE):
            continue
        right = TO_SEND.get(page_of(path), NEEDS[page_of(path)]) if method == "POST" else NEEDS[page_of(path)]
        number = 999_999 if "people" in path else pages.rows[HERE]
        if "undo" in path:  # what was changed above has a version more
            undone += 1
            FORMS[page_of(path)]["expected"] = "2" if role >= right.least else "1"
        status = await ask(browser, method, path, HERE, number, csrf)
        allowed = role >= right.least or page_of(path) == "/people/{number}/end"  # a session that is over tells nothing
        if (status in (200, 303)) is not allowed or (not allowed and status != 403):
            wrong.append((method, path, status, allowed))
    assert undone == 2
    assert wrong == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.ADMIN], ids=lambda role: role.label)
async def test_of_another_community_and_of_all_there_is_nothing_to_see(pages: Pages, role: Role) -> None:
    browser = await pages.signed_in(role)
    csrf = await browser.csrf()
    await prepare(pages)
    wrong: list[object] = []
    for method, path in routes(pages.app):
        if path in OPEN | FOR_ANYBODY_SIGNED_IN:
            continue
        number = pages.rows[THERE]
        status = await ask(browser, method, path, THERE, number, csrf)
        if status != 404:
            wrong.append((method, path, status))
        # By the other's number under one's own community.
        if "{number}" in path and "people" not in path and role >= NEEDS[page_of(path)].least:
            status = await ask(browser, method, path, HERE, number, csrf)
            if status != 404:
                wrong.append((method, path, "own", status))
    assert wrong == []
    there = await browser.get(f"/in/discord/100/interactions/{pages.rows[THERE]}")
    never = await browser.get("/in/discord/100/interactions/999999")
    assert there.text == never.text


async def test_an_operator_sees_every_community_and_all_of_them(pages: Pages) -> None:
    browser = await pages.signed_in(Role.OPERATOR)
    await prepare(pages)
    for method, path in routes(pages.app):
        if method == "GET" and path not in OPEN | FOR_ANYBODY_SIGNED_IN:
            assert await ask(browser, method, path, THERE, pages.rows[THERE], "") == 200, path
    listed = await browser.get("/everywhere/communities")
    assert re.findall(r'href="(/in/[^"]+)"', listed.text) == ["/in/discord/100/overview", "/in/discord/200/overview"]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.label)
async def test_the_menu_offers_what_may_be_opened_and_nothing_else(pages: Pages, role: Role) -> None:
    browser = await pages.signed_in(role)
    start = await browser.get("/", follow_redirects=True)
    menu = re.findall(r'<li><a href="([^"]+)"', start.text.split("</nav>")[0])
    assert len(menu) >= 4
    assert [(await browser.get(link)).status_code for link in menu] == [200] * len(menu)
    if role is not Role.OPERATOR:
        everything = {f"/in/discord/100{page}" for page in NEEDS if "/" not in page[1:] and "{" not in page}
        left_out = everything - set(menu) - {"/in/discord/100/status", "/in/discord/100/communities"}
        assert {(await browser.get(page)).status_code for page in left_out} <= {403}


async def test_a_moderator_is_never_told_the_name_of_another_community(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    await prepare(pages)
    for method, path in routes(pages.app):
        if method == "GET" and path.startswith(ONE):
            answer = await browser.get(address(path, HERE, pages.rows[HERE]))
            assert "discord/200" not in answer.text, path
