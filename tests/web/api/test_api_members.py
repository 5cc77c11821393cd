"""A member's data: shown, handed out, deleted."""

from __future__ import annotations

from dataclasses import replace

from tests.conftest import New
from tests.web.api.conftest import MEMBER, C, program
from tests.web.conftest import HERE, OPERATOR, Pages

from safetybot.communities.access import Role
from safetybot.model import Place


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
