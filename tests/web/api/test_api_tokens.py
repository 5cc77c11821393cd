"""Tokens: kept as hashes, with a scope and an end, told by name, not too fast."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.web.api.conftest import C, api_of, assert_problem, bearer, program, tokens_of
from tests.web.conftest import HERE, OPERATOR, SITE, THERE, Pages

from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.api_tokens import NoSuchToken, UnusableAge
from safetybot.communities.audit import AuditFilters
from safetybot.communities.sign_in import Grant, UnusableGrant
from safetybot.web.api.app import PATH
from safetybot.web.api.pace import Pace


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
