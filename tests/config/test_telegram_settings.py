"""The settings of Telegram: addresses and secrets are refused where they cannot work, and no secret is shown."""

from __future__ import annotations

import pytest

from safetybot.config.loading import load_settings
from safetybot.documents import InvalidDocument

SECRET = "a-secret-of-enough-letters"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "api.telegram.org/bot"), ("BASE_URL", "https://api.telegram.org"), ("BASE_URL", "ftp://x/bot"),
        ("WEBHOOK_URL", "bot.example.org/x"), ("WEBHOOK_URL", "https://bot.example.org"),
        ("WEBHOOK_SECRET", "short"), ("WEBHOOK_SECRET", "has a space in it, which is not allowed"),
        ("MAX_CONNECTIONS", "0"), ("MAX_CONNECTIONS", "101"), ("LATE_AFTER", "soon"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidDocument, match=f"SAFETYBOT_TELEGRAM__{name}"):
        load_settings(None, {f"SAFETYBOT_TELEGRAM__{name}": value})


def test_a_local_server_and_a_webhook_are_taken() -> None:
    found = load_settings(
        None,
        {
            "SAFETYBOT_TELEGRAM__BASE_URL": "http://127.0.0.1:8081/bot",
            "SAFETYBOT_TELEGRAM__WEBHOOK_URL": "https://bot.example.org/telegram",
            "SAFETYBOT_TELEGRAM__WEBHOOK_SECRET": SECRET,
        },
    ).telegram
    assert (found.base_url, found.max_connections) == ("http://127.0.0.1:8081/bot", 40)


def test_token_and_secret_are_in_no_representation() -> None:
    settings = load_settings(
        None, {"SAFETYBOT_TELEGRAM__TOKEN": "123:very-secret-token", "SAFETYBOT_TELEGRAM__WEBHOOK_SECRET": SECRET}
    )
    assert settings.telegram.token.get_secret_value() == "123:very-secret-token"
    shown = f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert "very-secret" not in shown
    assert SECRET not in shown
