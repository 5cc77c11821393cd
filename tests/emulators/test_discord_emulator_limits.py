"""The loopback Discord's rate limits, injected failures and auto-moderation caps."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.emulators.discord import Guild, LoopbackDiscord
from tests.emulators.discord.client import discord, pointed_at

LINK = {"type": 2, "style": 5, "url": "https://example.org", "label": "l"}


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
def guild(loopback: LoopbackDiscord) -> Guild:
    return loopback.add_guild("g")


@asynccontextmanager
async def rest(loopback: LoopbackDiscord) -> AsyncIterator[discord.Client]:
    """A client that is logged in for REST and not connected to the gateway."""
    with pointed_at(loopback):
        client = discord.Client(
            intents=discord.Intents.none(), allowed_mentions=discord.AllowedMentions.none(), max_ratelimit_timeout=30
        )
        async with client:
            await client.login(loopback.token)
            yield client


async def raw(loopback: LoopbackDiscord, method: str, path: str, **more: Any) -> tuple[int, Any, dict[str, str]]:
    """A request without discord.py in between: status, JSON, headers."""
    headers = {"Authorization": f"Bot {loopback.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, loopback.api_base + path, **more) as response,
    ):
        body = await response.json() if response.content_type == "application/json" else await response.text()
        return response.status, body, dict(response.headers)


async def test_buckets_are_told_in_headers_and_answered_with_429(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel = guild.add_channel("c")
    loopback.limits.routes["POST", "/channels/{channel_id}/messages"] = (2, 0.4)
    path = f"/channels/{channel.id}/messages"
    headers = [(await raw(loopback, "POST", path, json={"content": "x"}))[2] for _ in range(2)]
    assert [h["X-RateLimit-Remaining"] for h in headers] == ["1", "0"]
    status, body, refused = await raw(loopback, "POST", path, json={"content": "x"})
    assert (status, body["global"], refused["X-RateLimit-Scope"]) == (429, False, "user")
    assert refused["Via"]
    assert 0 < body["retry_after"] <= 0.4
    other = f"/channels/{guild.add_channel('d').id}/messages"
    assert (await raw(loopback, "POST", other, json={"content": "x"}))[0] == 200


async def test_discord_py_keeps_within_a_bucket_by_its_headers(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel = guild.add_channel("c")
    loopback.limits.routes["POST", "/channels/{channel_id}/messages"] = (3, 0.3)
    started = time.monotonic()
    async with rest(loopback) as client:
        for number in range(7):
            await client.get_partial_messageable(channel.id).send(str(number))
    assert len(channel.messages) == 7
    assert time.monotonic() - started >= 0.5
    assert loopback.limits.hits == 0


@pytest.mark.parametrize(("scope", "counted"), [("user", 1), ("shared", 0), ("global", 1)])
async def test_an_injected_429_is_waited_for_and_counted_unless_shared(
    loopback: LoopbackDiscord, guild: Guild, scope: str, counted: int
) -> None:
    channel = guild.add_channel("c")
    async with rest(loopback) as client:
        loopback.rate_limit("messages", 1, retry_after=0.1, scope=scope)
        await client.get_partial_messageable(channel.id).send("x")
    assert [r.status for r in loopback.requests if r.method == "POST"] == [429, 200]
    assert loopback.limits.invalid_requests == counted


async def test_the_global_limit_is_told_as_global(loopback: LoopbackDiscord, guild: Guild) -> None:
    loopback.limits.per_second = 3
    answers = [await raw(loopback, "GET", f"/guilds/{guild.id}") for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert answers[3][1]["global"] is True
    assert answers[3][2]["X-RateLimit-Global"] == "true"


async def test_too_many_invalid_requests_are_banned_without_via(loopback: LoopbackDiscord, guild: Guild) -> None:
    loopback.limits.invalid_limit = 2
    guild.removes_bot()
    for _ in range(2):
        await raw(loopback, "GET", f"/guilds/{guild.id}")
    status, body, headers = await raw(loopback, "GET", f"/guilds/{guild.id}")
    assert status == 429
    assert "1015" in body
    assert "Via" not in headers


async def test_a_server_error_is_retried_by_discord_py_and_a_503_is_not(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel = guild.add_channel("c")
    async with rest(loopback) as client:
        place = client.get_partial_messageable(channel.id)
        loopback.rest_fails(502, 1, path="messages$")
        await place.send("x")
        loopback.rest_fails(503, 1, path="messages$")
        with pytest.raises(discord.DiscordServerError):
            await place.send("y")
    assert [m.content for m in channel.messages] == ["x"]


async def test_a_wrong_token_and_an_unknown_path_are_answered_as_discord_does(loopback: LoopbackDiscord) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bot x"}) as http,
        http.get(loopback.api_base + "/users/@me") as response,
    ):
        assert (response.status, await response.json()) == (401, {"message": "401: Unauthorized", "code": 0})
    status, body, _ = await raw(loopback, "GET", "/no/such/path")
    assert (status, body) == (404, {"message": "404: Not Found", "code": 0})


async def test_auto_moderation_rules_are_kept_within_the_caps(loopback: LoopbackDiscord, guild: Guild) -> None:
    path = f"/guilds/{guild.id}/auto-moderation/rules"
    rule: dict[str, Any] = {
        "name": "r",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["a"]},
        "actions": [{"type": 1, "metadata": {"custom_message": "no"}}],
        "enabled": True,
    }
    broken: list[dict[str, Any]] = [
        {"trigger_metadata": {"keyword_filter": ["a"] * 1001}},
        {"trigger_metadata": {"keyword_filter": ["a" * 61]}},
        {"trigger_metadata": {"keyword_filter": ["a"], "regex_patterns": ["a"] * 11}},
        {"trigger_metadata": {"keyword_filter": ["a"], "allow_list": ["a"] * 101}},
        {"exempt_roles": ["1"] * 21},
        {"exempt_channels": ["1"] * 51},
        {"actions": [{"type": 1, "metadata": {"custom_message": "x" * 151}}]},
        {"actions": [{"type": 2, "metadata": {"channel_id": "1"}}]},
    ]
    for change in broken:
        status, body, _ = await raw(loopback, "POST", path, json={**rule, **change})
        assert (status, body["code"]) == (400, 50035), change
    made = [await raw(loopback, "POST", path, json=rule) for _ in range(7)]
    assert [status for status, _, _ in made] == [200] * 6 + [400]
    (problem,) = made[6][1]["errors"]["trigger_type"]["_errors"]
    assert problem["code"] == "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED"
    changed = await raw(loopback, "PATCH", f"{path}/{made[0][1]['id']}", json={"enabled": False})
    assert changed[1]["enabled"] is False
    assert (await raw(loopback, "DELETE", f"{path}/{made[0][1]['id']}"))[0] == 204
    assert len(guild.automod_rules) == 5
    timeout = {"type": 3, "metadata": {"duration_seconds": 60}}
    assert (await raw(loopback, "POST", path, json={**rule, "actions": [timeout]}))[1]["code"] == 50013
    guild.bot_role.revoke("manage_guild")
    assert (await raw(loopback, "GET", path))[1]["code"] == 50013


async def test_a_blocking_rule_keeps_the_message_out(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    exempt = guild.add_member("e", guild.add_role("exempt"))
    rule = {
        "name": "r",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["pen", "*grad*"], "allow_list": ["pen pal"]},
        "actions": [{"type": 1}],
        "enabled": True,
        "exempt_roles": [str(exempt.record.roles[0])],
    }
    await raw(loopback, "POST", f"/guilds/{guild.id}/auto-moderation/rules", json=rule)
    for text in ("a PEN", "pen!", "pens", "pen pal", "an upgrade"):
        await member.says(channel, text)
    await exempt.says(channel, "my pen")
    assert [m.content for m in channel.messages] == ["pen!", "pens", "pen pal", "my pen"]


async def test_a_delay_holds_requests_back_and_healing_ends_it(loopback: LoopbackDiscord, guild: Guild) -> None:
    path = f"/guilds/{guild.id}"
    loopback.delay("guilds", 0.15, 2)
    started = time.monotonic()
    await raw(loopback, "GET", path)
    assert time.monotonic() - started >= 0.15
    assert loopback.core.faults.left == 1
    loopback.heal()
    started = time.monotonic()
    await raw(loopback, "GET", path)
    assert time.monotonic() - started < 0.15


async def test_faults_meet_only_the_paths_and_methods_they_name(loopback: LoopbackDiscord, guild: Guild) -> None:
    loopback.rest_fails(500, 9, path="/channels$", method="GET")
    assert (await raw(loopback, "GET", f"/guilds/{guild.id}"))[0] == 200
    assert (await raw(loopback, "GET", f"/guilds/{guild.id}/channels"))[0] == 500
    guild.bot_role.grant("manage_channels")
    assert (await raw(loopback, "POST", f"/guilds/{guild.id}/channels", json={"name": "new"}))[0] == 200
    assert [channel.record.name for channel in guild.channels] == ["new"]
