"""Settings and keywords: changed by naming what was seen, taken back."""

from __future__ import annotations

from tests.web.api.conftest import C, assert_problem, program
from tests.web.conftest import Pages

from safetybot.communities.access import Role


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
