"""The status page: what the bot wrote of itself, with each platform's connections, shards and queue."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.web.conftest import Pages

from safetybot.cli.runtime import health_file, write_health
from safetybot.communities.access import Role

DISCORD = {
    "connected": True, "refused": None, "commands": "registered", "queue": 2, "last_event_seconds": 1.5,
    "shards": {"0": {"connected": True, "latency_ms": 40}, "1": {"connected": False, "latency_ms": None}},
}  # fmt: skip


async def facts(pages: Pages) -> dict[str, str]:
    browser = await pages.signed_in(Role.OPERATOR)
    page = (await browser.get("/everywhere/status")).text
    found = re.findall(r"<dt><span[^>]*>(\w+)</span> ([^<]+)</dt><dd>([^<]*)</dd>", page)
    return {what: f"{how}: {says}" for how, what, says in found}


async def test_a_bot_that_never_ran_is_told_of_as_that(pages: Pages) -> None:
    assert (await facts(pages))["running bot"] == "look: none has run over this data folder yet"


async def test_each_platform_is_told_of_with_its_shards_and_queue(pages: Pages) -> None:
    told = {"platforms": {"discord": DISCORD, "telegram": {"connected": False, "refused": "bad token"}}}
    write_health(pages.session.settings.data_dir, told, pages.clock.now())
    pages.clock.forward(seconds=5)
    found = await facts(pages)
    assert found["running bot"] == "well: last sign of life 5 seconds ago"
    assert found["discord"].startswith("well: connected yes; commands registered; queue 2; last event seconds 1.5")
    assert "shard 0: connected yes; latency ms 40; shard 1: connected no" in found["discord"]
    assert found["telegram"] == "look: connected no; refused bad token"
    pages.clock.forward(minutes=1)
    assert (await facts(pages))["discord"].startswith("look:")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": 1}', '{"at": "2026-03-01T12:00:00+00:00", "platforms": [1]}'])
async def test_a_sign_of_life_that_cannot_be_read_breaks_nothing(pages: Pages, text: str) -> None:
    health_file(pages.session.settings.data_dir).write_text(text, encoding="utf-8")
    assert "running bot" in await facts(pages)


async def test_what_keeps_the_detector_and_the_store_is_told(pages: Pages) -> None:
    found: dict[str, Any] = await facts(pages)
    assert re.match(r"well: SQLite, version (\d+) of \1, newest interaction 2$", found["store"])
    assert "terms, with its model" in found["detection"]
