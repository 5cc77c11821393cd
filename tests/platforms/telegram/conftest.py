"""Fixtures: a loopback Telegram, and bots on it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from io import StringIO
from pathlib import Path

import pytest
import structlog
from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import Bots, Logs

from safetybot.telemetry import set_up_logging


@pytest.fixture
def no_cooldowns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every message of concern is answered; the folder is the store's."""
    monkeypatch.setenv("SAFETYBOT_DATA_DIR", str(tmp_path / "data"))
    for concern in ("MENTION", "DIY", "SUPPLY", "ADVERSE"):
        for cooldown in ("CHANNEL_COOLDOWN", "AUTHOR_COOLDOWN"):
            monkeypatch.setenv(f"SAFETYBOT_POLICY__{concern}__{cooldown}", "0s")
    return tmp_path / "data"


@pytest.fixture
async def telegram(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackTelegram]:
    async with LoopbackTelegram(**{"privacy_mode": False, **getattr(request, "param", {})}) as server:
        yield server


@pytest.fixture
async def bots(telegram: LoopbackTelegram, no_cooldowns: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bots]:
    async with AsyncExitStack() as stack:
        made = Bots(telegram, no_cooldowns, stack)
        try:
            yield made
        finally:
            await made.stop()


@pytest.fixture
def logs() -> Iterator[Logs]:
    """The log, at its most talkative."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    kept = structlog.get_config()
    stream = StringIO()
    set_up_logging("debug", "console", stream)
    yield Logs(stream)
    structlog.configure(**kept)
    root.handlers[:] = handlers
    root.setLevel(level)
