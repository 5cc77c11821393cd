"""A member's data: shown, handed out, deleted."""

from __future__ import annotations

from dataclasses import replace

from tests.conftest import New
from tests.web.api.conftest import MEMBER, C, program
from tests.web.conftest import HERE, OPERATOR, Pages

from safetybot.communities.access import Role
from safetybot.communities.sign_in import Grant
from safetybot.model import Place


async def test_a_members_data_is_shown_handed_out_and_deleted(pages: Pages, new: New) -> None:
    client = await program(pages, Role.ADMIN)
    parts = pages.app.app.state.parts()
    pseudonym = (await parts.privacy.export(OPERATOR, *HERE, "7"))["pseudonym"]
    made = replace(new("mine", place=Place(*HERE, "chat"), excerpt="my words"), author_pseudonym=pseudonym)
    await pages.store.claim(made, None)
    await parts.views.save(Grant("ann", Role.MODERATOR, *HERE, "7"), *HERE, "my view", {"state": "sent"})
    shown = (await client.post(f"{C}/members/show", json=MEMBER)).json()
    assert [one["message_id"] for one in shown["interactions"]] == ["mine"]
    assert shown["interactions"][0]["excerpt"] is None
    assert [(one["name"], one["filters"]) for one in shown["saved_views"]] == [("my view", {"state": "sent"})]
    export = (await client.post(f"{C}/members/export", json=MEMBER)).json()
    assert (export["pseudonym"], export["interactions"][0]["excerpt"]) == (pseudonym, "my words")
    assert (await client.post(f"{C}/members/opt-out", json=MEMBER)).json() == {"changed": True}
    erased = (await client.post(f"{C}/members/erase", json=MEMBER)).json()
    assert (erased["interactions"], erased["views"]) == (1, 1)
    assert (await client.post(f"{C}/members/show", json=MEMBER)).json()["opted_out_at"] is not None
    assert (await client.post(f"{C}/members/opt-in", json=MEMBER)).json() == {"changed": True}
    entries = (await client.get(f"{C}/audit?limit=2")).json()
    assert len(entries["items"]) == 2
    assert entries["next"] is not None
    assert (await client.get(f"{C}/audit?cursor={entries['next']}&limit=200")).json()["next"] is None
