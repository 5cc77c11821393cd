"""The log: pages by cursors, filters, conditions, verdicts, excerpts, files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.conftest import New
from tests.web.api.conftest import C, assert_problem, program
from tests.web.conftest import HERE, Pages

from safetybot.communities.access import Role
from safetybot.communities.records import Reactions
from safetybot.model import Concern, Place
from safetybot.web.api.asking import before_cursor, cursor_of


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
    await pages.store.reactions.put(pages.rows[HERE], Reactions(1, 2, 3))
    reacted = await client.get(address, headers={"if-none-match": changed.headers["etag"]})
    assert reacted.json()["reactions"] == {"welcome": 1, "unwelcome": 2, "other": 3}


async def test_a_false_alarm_needs_a_reason_and_brings_repairs(pages: Pages) -> None:
    client = await program(pages, Role.MODERATOR)
    address = f"{C}/interactions/{pages.rows[HERE]}/verdicts"
    told = assert_problem(await client.post(address, json={"kind": "false_alarm"}), 422)
    assert told["type"] == "urn:safetybot:problem:reason-needed"
    kept = await client.post(address, json={"kind": "false_alarm", "reason": "about a film"})
    assert {one["kind"] for one in kept.json()["repairs"]} >= {"raise"}


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


async def test_each_look_at_an_excerpt_is_audited(pages: Pages) -> None:
    client = await program(pages, Role.ADMIN)
    seen = await client.post(f"{C}/interactions/{pages.rows[HERE]}/excerpt")
    assert seen.json()["excerpt"] == "mesotherapy at home"
    newest = (await client.get(f"{C}/audit")).json()["items"][0]
    assert (newest["action"], newest["by"]) == ("excerpt read", "api token 1 (a admin)")
