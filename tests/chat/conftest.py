"""A community with a real store behind it, for tests of what is said in chats."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from safetybot.chat.answers import Answer
from safetybot.chat.commands import Caller, Commands
from safetybot.chat.registry import commands_for
from safetybot.chat.services import Finding, Services
from safetybot.cli.chat_services import chat_services
from safetybot.cli.runtime import Runtime, open_runtime
from safetybot.cli.session import Session
from safetybot.communities.access import Actor, Role
from safetybot.detection.detector import Detector
from safetybot.model import (
    Assessment,
    Concern,
    Decision,
    Level,
    NewInteraction,
    Place,
    Reason,
)
from safetybot.ports import PlatformError, Posted
from safetybot.watcher import RecentMessages

PLACE = Place("discord", "100", "200")


@cache
def _packaged_detector() -> Detector:
    return Session().detector


@pytest.fixture
async def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Session, Runtime]]:
    monkeypatch.setenv("SAFETYBOT_DATA_DIR", str(tmp_path / "data"))
    session = Session()
    session.detector = _packaged_detector()
    async with open_runtime(session) as opened:
        yield session, opened


@pytest.fixture
def services(runtime: tuple[Session, Runtime]) -> Services:
    return chat_services(*runtime, RecentMessages())


class Wall:
    """A board that keeps what is posted."""

    name = "discord"

    def __init__(self) -> None:
        self.posts: dict[str, Answer] = {}
        self.edits = 0
        self.gone = False

    async def post(self, community: str, channel: str, answer: Answer) -> Posted:
        if self.gone:
            raise PlatformError("the channel is gone")
        where = Posted(channel, str(len(self.posts) + 1))
        self.posts[where.message_id] = answer
        return where

    async def edit(self, where: Posted, answer: Answer) -> None:
        if self.gone:
            raise PlatformError("the channel is gone")
        self.posts[where.message_id] = answer
        self.edits += 1

    async def findings(self, community: str, language: str) -> Sequence[Finding]:
        return (Finding(True, "connected"), Finding(False, "I may not read #quiet: nothing there is seen."))

    def jump(self, place: Place, message_id: str) -> str | None:
        return f"https://chat.example/{place.community}/{place.channel}/{message_id}"


@pytest.fixture
def wall(services: Services) -> Wall:
    """The one platform that runs beside the services, as a board."""
    made = Wall()
    services.boards["discord"] = made
    return made


@pytest.fixture
def commands(services: Services) -> Commands:
    return commands_for(services)


@pytest.fixture
def caller() -> Callable[..., Caller]:
    """Makes somebody who calls: `caller(Role.MODERATOR)`, `caller(None, language="de", member="7")`."""

    def make(
        role: Role | None = None, *, language: str = "en", member: str = "42", community: str = PLACE.community
    ) -> Caller:
        actor = Actor("mia (42)", role, PLACE.platform, community, member)
        return Caller(actor, Place(PLACE.platform, community, PLACE.channel), language)

    return make


@pytest.fixture
def happened(runtime: tuple[Session, Runtime]) -> Callable[..., object]:
    """Puts an interaction into the log: `await happened("1", concern=Concern.DIY)` gives its number."""

    async def make(
        message_id: str = "1", *, concern: Concern = Concern.DIY, level: Level | None = None, member: str = "42",
        place: Place = PLACE, reply: bool = True, alert: bool = False, excerpt: str | None = None,
    ) -> int:  # fmt: skip
        _, opened = runtime
        assessment = Assessment(concern, 0.9, "en", level=level)
        decision = Decision(reply, alert, shadow=False, reasons=(Reason.REPLY if reply else Reason.ALERT,))
        author = opened.pseudonyms(place, member)
        new = NewInteraction(place, message_id, author, opened.clock.now(), assessment, decision, None, excerpt)
        return (await opened.store.claim(new, None)).interaction_id

    return make
