"""The JSON API as programs use it: tokens, pages, conditions, problems, files, and who gets in where."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount
from tests.conftest import New
from tests.web.conftest import HERE, OPERATOR, SITE, THERE, Pages

from safetybot.communities.access import Actor, Refused, Right, Role
from safetybot.communities.api_tokens import ApiTokens, NoSuchToken, UnusableAge
from safetybot.communities.audit import AuditFilters
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.sign_in import Grant, UnusableGrant
from safetybot.model import Concern, Place
from safetybot.web.api.app import ONE, PATH
from safetybot.web.api.asking import before_cursor, cursor_of
from safetybot.web.api.pace import Pace

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


# --- tokens -------------------------------------------------------------------------------------------------


async def test_a_token_is_kept_as_a_hash_alone(pages: Pages) -> None:
    token, kept = await tokens_of(pages).create(OPERATOR, Grant("export", Role.VIEWER, *HERE))
    assert token.startswith("sbot_")
    async with pages.store.database.reader.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM api_tokens")).all()
    assert token.removeprefix("sbot_") not in repr(rows)
    entry = (await pages.app.app.state.parts().audit.page(OPERATOR, AuditFilters()))[0]
    assert (entry.action, entry.detail["token"]) == ("api token made", kept.id)
    assert token not in repr(entry)


async def test_a_token_says_who_it_is_and_when_it_was_used(pages: Pages) -> None:
    client = await program(pages, Role.MODERATOR)
    told = (await client.get(f"{PATH}/token")).json()
    assert (told["name"], told["role"], told["platform"], told["community"]) == (
        "a moderator", "moderator", "discord", "100",
    )  # fmt: skip
    (kept,) = await tokens_of(pages).listed(OPERATOR, None, None)
    assert kept.last_used_at == pages.clock.now()


async def test_without_a_token_that_holds_nothing_is_told(pages: Pages) -> None:
    for token in ("", "sbot_" + "x" * 43, "other", "sbot_" + "é" * 10, "sbot_" + "x" * 5_000):
        transport = httpx.ASGITransport(pages.app, raise_app_exceptions=False)
        headers = [(b"authorization", b"Bearer " + token.encode())] if token else []
        async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers) as client:
            answer = await client.get(f"{C}/interactions")
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_browser_that_is_signed_in_has_no_token(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    assert_problem(await browser.get(f"{C}/interactions"), 401)


async def test_a_revoked_token_ends_at_once(pages: Pages) -> None:
    client = await program(pages, Role.VIEWER)
    (kept,) = await tokens_of(pages).listed(OPERATOR, *HERE)
    assert (await client.get(f"{PATH}/token")).status_code == 200
    await tokens_of(pages).revoke(OPERATOR, kept.id)
    assert_problem(await client.get(f"{PATH}/token"), 401)
    with pytest.raises(NoSuchToken):
        await tokens_of(pages).revoke(OPERATOR, kept.id)


async def test_a_token_runs_out(pages: Pages) -> None:
    token, kept = await tokens_of(pages).create(OPERATOR, Grant("a", Role.VIEWER, *HERE), age=timedelta(hours=2))
    client = await bearer(pages, token)
    assert (await client.get(f"{PATH}/token")).status_code == 200
    pages.clock.forward(hours=2)
    assert_problem(await client.get(f"{PATH}/token"), 401)
    assert await tokens_of(pages).listed(OPERATOR, None, None) == []
    assert kept.expires_at == pages.clock.now()


async def test_only_admins_make_tokens_and_none_above_themselves(pages: Pages) -> None:
    tokens = tokens_of(pages)
    moderator, admin = (Actor("x", role, *HERE) for role in (Role.MODERATOR, Role.ADMIN))
    with pytest.raises(Refused):
        await tokens.create(moderator, Grant("a", Role.VIEWER, *HERE))
    with pytest.raises(Refused):
        await tokens.create(admin, Grant("a", Role.VIEWER, *THERE))
    with pytest.raises(Refused):
        await tokens.create(admin, Grant("a", Role.OPERATOR))
    _, made = await tokens.create(admin, Grant("a", Role.ADMIN, *HERE))
    for who in (moderator, Actor("y", Role.ADMIN, *THERE)):
        with pytest.raises(Refused):
            await tokens.revoke(who, made.id)
    with pytest.raises(Refused):
        await tokens.listed(admin, *THERE)


@pytest.mark.parametrize(
    "grant", [Grant("", Role.VIEWER, *HERE), Grant("a", Role.VIEWER), Grant("a", Role.OPERATOR, *HERE)]
)
async def test_a_token_without_a_sensible_scope_is_refused(pages: Pages, grant: Grant) -> None:
    with pytest.raises(UnusableGrant):
        await tokens_of(pages).create(OPERATOR, grant)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=400), timedelta(days=-1)])
async def test_a_token_lasts_no_longer_than_a_year(pages: Pages, age: timedelta) -> None:
    with pytest.raises(UnusableAge):
        await tokens_of(pages).create(OPERATOR, Grant("a", Role.VIEWER, *HERE), age=age)


async def test_what_a_token_did_is_told_by_its_name(pages: Pages) -> None:
    client = await program(pages, Role.MODERATOR)
    number = pages.rows[HERE]
    answer = await client.post(f"{C}/interactions/{number}/verdicts", json={"kind": "confirmed"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["verdict"]["by"] == "api token 1 (a moderator)"


async def test_who_asks_too_often_is_told_when_to_go_on(pages: Pages) -> None:
    at = [0.0]
    api_of(pages).state.pace = Pace(3, 0.5, lambda: at[0])
    client, other = await program(pages, Role.VIEWER), await program(pages, Role.VIEWER)
    assert [(await client.get(f"{PATH}/token")).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = await client.get(f"{PATH}/token")
    assert_problem(answer, 429)
    assert answer.headers["retry-after"] == "2"
    assert (await other.get(f"{PATH}/token")).status_code == 200
    at[0] += 2
    assert (await client.get(f"{PATH}/token")).status_code == 200


# --- pages of the log ---------------------------------------------------------------------------------------


async def test_pages_go_by_cursors_and_miss_nothing(pages: Pages) -> None:
    made = [await pages.interaction(HERE, f"p{number}") for number in range(7)]
    client = await program(pages, Role.MODERATOR)
    found: list[int] = []
    address = f"{C}/interactions?limit=3&concern=diy"
    for _ in range(9):
        answer = await client.get(address)
        found += [one["id"] for one in answer.json()["items"]]
        if answer.json()["next"] is None:
            assert "link" not in answer.headers
            break
        link = answer.headers["link"].removeprefix("<").partition(">")[0]
        address = f"{C}/interactions{link}"
        assert "concern=diy" in link
    assert found == [*reversed(made), pages.rows[HERE]]


async def test_filters_choose(pages: Pages, new: New) -> None:
    supply = replace(new("s", place=Place(*HERE, "market"), concern=Concern.SUPPLY), author_pseudonym="b" * 32)
    number = (await pages.store.claim(supply, None)).interaction_id
    client = await program(pages, Role.MODERATOR)

    async def ids(**query: str) -> list[int]:
        answer = await client.get(f"{C}/interactions", params=query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    now = pages.clock.now()
    both = [number, pages.rows[HERE]]
    assert await ids() == await ids(language="en") == both
    assert await ids(concern="supply") == await ids(channel="market") == await ids(author="b" * 32) == [number]
    assert await ids(state="sent") == [pages.rows[HERE]]
    assert await ids(since=(now + timedelta(seconds=1)).isoformat()) == []
    assert await ids(until=(now + timedelta(seconds=1)).isoformat()) == both
    await client.post(f"{C}/interactions/{number}/verdicts", json={"kind": "handled"})
    assert await ids(verdict="handled") == [number]
    assert await ids(waiting="true") == [pages.rows[HERE]]


def test_a_cursor_is_what_a_page_gave_and_nothing_else() -> None:
    assert before_cursor(cursor_of(2**63 - 1)) == 2**63 - 1
    assert before_cursor(None) is None


@pytest.mark.parametrize(
    "cursor", ["x", "MA", "LTE", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "MDE", "OTIyMzM3MjAzNjg1NDc3NTgwOA"]
)
async def test_another_cursor_is_refused(pages: Pages, cursor: str) -> None:
    client = await program(pages, Role.MODERATOR)
    told = assert_problem(await client.get(f"{C}/interactions", params={"cursor": cursor}), 422)
    assert told["errors"][0]["at"] == "query.cursor"


# --- conditions ---------------------------------------------------------------------------------------------


async def test_what_did_not_change_is_not_sent_again(pages: Pages) -> None:
    client = await program(pages, Role.MODERATOR)
    address = f"{C}/interactions/{pages.rows[HERE]}"
    first = await client.get(address)
    same = await client.get(address, headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    await client.post(f"{address}/notes", json={"text": "seen"})
    changed = await client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["notes"][0]["text"] == "seen"


async def test_a_setting_is_changed_by_naming_what_was_seen(pages: Pages) -> None:
    client = await program(pages, Role.ADMIN)
    address = f"{C}/settings/language"
    seen = await client.get(address)
    assert seen.json()["version"] == 0
    assert_problem(await client.put(address, json={"value": "de"}), 428)
    assert_problem(await client.put(address, json={"value": "de"}, headers={"if-match": "*"}), 412)
    etag = {"if-match": seen.headers["etag"]}
    put = await client.put(address, json={"value": "de"}, headers=etag)
    assert (put.status_code, put.json()["value"], put.json()["version"]) == (200, "de", 1)
    told = assert_problem(await client.put(address, json={"value": "fr"}, headers=etag), 412)
    assert told["newer"]["version"] == 1
    assert_problem(await client.put(address, json={"value": "?"}, headers={"if-match": put.headers["etag"]}), 422)
    gone = await client.delete(address, headers={"if-match": put.headers["etag"]})
    assert gone.json()["origin"] == "default"
    back = await client.post(f"{address}/undo", headers={"if-match": gone.headers["etag"]})
    assert back.json()["value"] == "de"
    changes = (await client.get(f"{address}/changes")).json()["items"]
    assert [one["value"] for one in changes] == ["de", None, "de"]
    assert_problem(await client.get(f"{C}/settings/no_such"), 404)


async def test_a_keyword_lives_from_draft_to_undo(pages: Pages) -> None:
    client = await program(pages, Role.MODERATOR)
    new = {"term": "glow party", "bound": "concern:diy"}
    preview = (await client.post(f"{C}/keyword-previews", json=new)).json()
    assert preview["ordinary"]["messages"] > 100
    made = await client.post(f"{C}/keywords", json=new)
    assert (made.status_code, made.json()["state"], made.json()["bound"]) == (201, "draft", "concern:diy")
    assert_problem(await client.post(f"{C}/keywords", json=new), 409)
    address = f"{C}/keywords/{made.json()['id']}"
    live = await client.patch(address, json={"state": "live"}, headers={"if-match": made.headers["etag"]})
    assert (live.json()["state"], live.json()["version"]) == ("live", 2)
    assert_problem(
        await client.patch(address, json={"state": "retired"}, headers={"if-match": made.headers["etag"]}), 412
    )
    undone = await client.post(f"{address}/undo", headers={"if-match": live.headers["etag"]})
    assert undone.json()["undoes"] == 2
    assert (await client.get(address)).json()["state"] == "draft"
    assert len((await client.get(f"{address}/changes")).json()["items"]) == 3
    assert_problem(await client.get(f"{C}/keywords/{'0' * 12}"), 404)
    assert [one["term"] for one in (await client.get(f"{C}/keywords")).json()["items"]] == ["glow party"]


# --- problems -----------------------------------------------------------------------------------------------


async def test_every_error_is_a_problem(pages: Pages) -> None:
    client = await program(pages, Role.ADMIN)
    assert_problem(await client.get(f"{PATH}/nothing"), 404)
    assert_problem(await client.get(f"{PATH}/token/"), 404)
    refused = await client.delete(f"{PATH}/token")
    assert_problem(refused, 405)
    assert "GET" in refused.headers["allow"]
    told = assert_problem(await client.get(f"{C}/interactions?limit=0&colour=red"), 422)
    assert {one["at"] for one in told["errors"]} == {"query.limit", "query.colour"}
    assert_problem(
        await client.post(f"{C}/members/show", content=b"{", headers={"content-type": "application/json"}), 400
    )
    assert_problem(await client.post(f"{C}/members/show", json=MEMBER, headers={"origin": "https://evil.example"}), 403)
    assert_problem(await client.post(f"{C}/members/show", content=b"x" * 300_000), 413)
    assert_problem(await client.get(f"{C}/settings/language?channel=%00"), 400)
    # A line break matched no mounted part, so that the pages answered.
    assert_problem(await client.get("/api/v1/communities/discord/1%0A0/interactions"), 400)
    bodies: tuple[Any, ...] = (
        {"member": "\x00"},
        {"member": 7},
        {"member": "7", "more": 1},
        {"member": ""},
        {},
        [],
        "x",
        None,
    )
    for body in bodies:
        assert_problem(await client.post(f"{C}/members/show", json=body), 422)
    lone = b'{"member": "\\ud800 secret words"}'
    answer = await client.post(f"{C}/members/show", content=lone, headers={"content-type": "application/json"})
    assert_problem(answer, 422)
    assert "secret" not in answer.text


async def test_a_false_alarm_needs_a_reason_and_brings_repairs(pages: Pages) -> None:
    client = await program(pages, Role.MODERATOR)
    address = f"{C}/interactions/{pages.rows[HERE]}/verdicts"
    told = assert_problem(await client.post(address, json={"kind": "false_alarm"}), 422)
    assert told["type"] == "urn:safetybot:problem:reason-needed"
    kept = await client.post(address, json={"kind": "false_alarm", "reason": "about a film"})
    assert {one["kind"] for one in kept.json()["repairs"]} >= {"raise"}


# --- files, figures, members --------------------------------------------------------------------------------


async def test_files_are_safe_to_open_in_a_spreadsheet(pages: Pages, new: New) -> None:
    for number, evil in enumerate(('=HYPERLINK("x")', "+1", "-1", "@a", "\t=1", "\r=1", "\n=1")):
        await pages.store.claim(new(evil, place=Place(*HERE, f"{evil}{number}")), None)
    client = await program(pages, Role.MODERATOR)
    answer = await client.get(f"{C}/exports/interactions.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 1 + 8
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    lines = (await client.get(f"{C}/exports/interactions.jsonl")).text.splitlines()
    assert '=HYPERLINK("x")' in {json.loads(line)["message_id"] for line in lines}


async def test_figures_add_up(pages: Pages) -> None:
    client = await program(pages, Role.VIEWER)
    told = (await client.get(f"{C}/figures?days=7")).json()
    assert (told["interactions"], told["replies"], len(told["by_day"])) == (1, 1, 7)
    assert told["by_channel"] == [{"name": "chat", "total": 1, "counts": {"diy": 1}}]
    assert (await client.get(f"{C}/figures/precision")).json()["overall"]["precision"] is None
    assert (await client.get(f"{C}/figures/rates")).json()["items"][0]["last_day"] == 1


async def test_a_members_data_is_shown_handed_out_and_deleted(pages: Pages, new: New) -> None:
    client = await program(pages, Role.ADMIN)
    parts = pages.app.app.state.parts()
    pseudonym = (await parts.privacy.export(OPERATOR, *HERE, "7"))["pseudonym"]
    made = replace(new("mine", place=Place(*HERE, "chat"), excerpt="my words"), author_pseudonym=pseudonym)
    await pages.store.claim(made, None)
    shown = (await client.post(f"{C}/members/show", json=MEMBER)).json()
    assert [one["message_id"] for one in shown["interactions"]] == ["mine"]
    assert shown["interactions"][0]["excerpt"] is None
    export = (await client.post(f"{C}/members/export", json=MEMBER)).json()
    assert (export["pseudonym"], export["interactions"][0]["excerpt"]) == (pseudonym, "my words")
    assert (await client.post(f"{C}/members/opt-out", json=MEMBER)).json() == {"changed": True}
    assert (await client.post(f"{C}/members/erase", json=MEMBER)).json()["interactions"] == 1
    assert (await client.post(f"{C}/members/show", json=MEMBER)).json()["opted_out_at"] is not None
    assert (await client.post(f"{C}/members/opt-in", json=MEMBER)).json() == {"changed": True}
    entries = (await client.get(f"{C}/audit?limit=2")).json()
    assert len(entries["items"]) == 2
    assert entries["next"] is not None
    assert (await client.get(f"{C}/audit?cursor={entries['next']}&limit=200")).json()["next"] is None


async def test_each_look_at_an_excerpt_is_audited(pages: Pages) -> None:
    client = await program(pages, Role.ADMIN)
    seen = await client.post(f"{C}/interactions/{pages.rows[HERE]}/excerpt")
    assert seen.json()["excerpt"] == "mesotherapy at home"
    newest = (await client.get(f"{C}/audit")).json()["items"][0]
    assert (newest["action"], newest["by"]) == ("excerpt read", "api token 1 (a admin)")


# --- who gets in where --------------------------------------------------------------------------------------

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
