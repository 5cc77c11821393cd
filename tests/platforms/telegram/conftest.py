"""Fixtures: a loopback Telegram, and bots on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import Bots


@pytest.fixture
def no_cooldowns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every message of concern is answered; the folder is the store's."""
    monkeypatch.setenv("SAFETYBOT_DATA_DIR", str(tmp_path / "data"))
    for concern in ("MENTION", "DIY", "SUPPLY", "ADVERSE"):
        for cooldown in ("CHANNEL_COOLDOWN", "AUTHOR_COOLDOWN"):
            monkeypatch.setenv(f"SAFETYBOT_POLICY__{concern}__{cooldown}", "0s")
    return tmp_path / "data"


@pytest.fixture
async def telegram() -> AsyncIterator[LoopbackTelegram]:
    async with LoopbackTelegram(privacy_mode=False) as server:
        yield server


@pytest.fixture
async def bots(telegram: LoopbackTelegram, no_cooldowns: Path) -> AsyncIterator[Bots]:
    async with AsyncExitStack() as stack:
        made = Bots(telegram, no_cooldowns, stack)
        try:
            yield made
        finally:
            await made.stop()
