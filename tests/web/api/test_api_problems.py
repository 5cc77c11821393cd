"""Every error is a problem, and never says what was sent."""

from __future__ import annotations

from typing import Any

from tests.web.api.conftest import MEMBER, C, assert_problem, program
from tests.web.conftest import Pages

from safetybot.communities.access import Role
from safetybot.web.api.app import PATH


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
