"""What the emulators' own tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot

from tests.emulators.telegram import LoopbackTelegram


@pytest.fixture(autouse=True)
def _retry_after_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-telegram-bot warns when `RetryAfter.retry_after` is read as a number; this asks for its new type."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's HTTP client obeys the machine's proxy settings; loopback traffic must not go there."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def telegram() -> AsyncIterator[LoopbackTelegram]:
    """A server with no limits, its clock at real speed."""
    async with LoopbackTelegram() as server:
        yield server


@pytest.fixture
async def bot(telegram: LoopbackTelegram) -> AsyncIterator[Bot]:
    """The real client, talking to that server."""
    async with Bot(telegram.token, base_url=telegram.base_url) as client:
        yield client
