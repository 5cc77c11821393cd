"""Figures."""

from __future__ import annotations

from tests.web.api.conftest import C, program
from tests.web.conftest import HERE, Pages

from safetybot.communities.access import Role
from safetybot.communities.records import Reactions


async def test_figures_add_up(pages: Pages) -> None:
    client = await program(pages, Role.VIEWER)
    told = (await client.get(f"{C}/figures?days=7")).json()
    assert (told["interactions"], told["replies"], len(told["by_day"])) == (1, 1, 7)
    assert told["by_channel"] == [{"name": "chat", "total": 1, "counts": {"diy": 1}}]
    assert told["reception"] == {"replies": 1, "welcome": 0, "unwelcome": 0}
    await pages.store.reactions.put(pages.rows[HERE], Reactions(welcome=5))
    told = (await client.get(f"{C}/figures?days=7")).json()
    assert told["reception"] == {"replies": 1, "welcome": 1, "unwelcome": 0}
    assert (await client.get(f"{C}/figures/precision")).json()["overall"]["precision"] is None
    assert (await client.get(f"{C}/figures/rates")).json()["items"][0]["last_day"] == 1
