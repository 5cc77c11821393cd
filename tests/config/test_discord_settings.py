"""The settings of Discord: shards and addresses are refused where they cannot work, and the token stays a secret."""

from __future__ import annotations

import pytest

from safetybot.config.loading import load_settings
from safetybot.config.settings import shard_range
from safetybot.documents import InvalidDocument


def test_shards_are_a_range_of_a_number() -> None:
    assert shard_range("") is None
    assert shard_range("0-3/8") == (range(4), 8)
    assert shard_range("7/8") == (range(7, 8), 8)


@pytest.mark.parametrize("value", ["8", "0-8/8", "3-2/8", "0/0", "a/b", "-1/2", "0 - 3/8"])
def test_shards_that_there_are_not_are_refused(value: str) -> None:
    with pytest.raises(InvalidDocument, match="SAFETYBOT_DISCORD__SHARDS"):
        load_settings(None, {"SAFETYBOT_DISCORD__SHARDS": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_BASE", "discord.com/api"), ("API_BASE", "https://proxy.example.org/api/"), ("API_BASE", "ftp://x"),
        ("GATEWAY_URL", "https://gateway.example.org"), ("GATEWAY_URL", "wss://"),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidDocument, match=f"SAFETYBOT_DISCORD__{name}"):
        load_settings(None, {f"SAFETYBOT_DISCORD__{name}": value})


def test_addresses_of_proxies_are_taken() -> None:
    found = load_settings(
        None,
        {
            "SAFETYBOT_DISCORD__API_BASE": "http://127.0.0.1:8080/api/v10",
            "SAFETYBOT_DISCORD__GATEWAY_URL": "ws://[::1]:8081/gateway",
        },
    ).discord
    assert found.api_base == "http://127.0.0.1:8080/api/v10"
    assert found.gateway_url == "ws://[::1]:8081/gateway"


def test_the_token_is_in_no_representation() -> None:
    settings = load_settings(None, {"SAFETYBOT_DISCORD__TOKEN": "very.secret.token"})
    assert settings.discord.token.get_secret_value() == "very.secret.token"
    assert "secret.token" not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"
