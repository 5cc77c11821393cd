"""Two platforms in one process: neither hurts the other, and a stop loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from safetybot.chat.answers import Answer
from safetybot.chat.services import Finding
from safetybot.cli import serving
from safetybot.cli.serving import Serving
from safetybot.intake import Intake
from safetybot.model import Author, Message, Place, Response, Surface, SurfaceKind
from safetybot.ports import Alert, PlatformError, Posted, Receipt
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics
from safetybot.watcher import Watcher


class Chat:
    """A platform of which each test says how it fares."""

    def __init__(self, name: str, fails: int = 0) -> None:
        self.name, self.fails, self.runs = name, fails, 0
        self.intake: Intake | None = None
        self.said: list[str] = []
        self.there = asyncio.Event()
        self.there.set()

    def connect(self, watcher: Watcher, intake: Intake, *, away: tuple[type[BaseException], ...]) -> None:
        assert issubclass(StoreError, away)
        self.intake = intake

    async def run(self) -> None:
        self.runs += 1
        if self.runs <= self.fails:
            raise ZeroDivisionError("a fault of ours")
        await asyncio.Event().wait()

    async def reachable(self) -> None:
        await self.there.wait()

    async def stop(self) -> None:
        assert self.intake is not None
        assert await self.intake.drained(5)
        self.said.append("stop")

    def health(self) -> Mapping[str, object]:
        return {"connected": self.runs > self.fails}

    def take(self, number: int) -> None:
        assert self.intake is not None
        place = Place(self.name, "guild", "room")
        surfaces = (Surface(SurfaceKind.TEXT, "hi"),)
        self.intake.offer(Message(str(number), place, Author("ann"), surfaces, datetime.now(UTC)))

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        raise PlatformError("nothing is said here")

    async def posted_reply(self, to: Message) -> Receipt | None:
        raise PlatformError("there is no history here")

    async def alert(self, alert: Alert) -> Posted | None:
        raise PlatformError("nothing is said here")

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        raise PlatformError("nothing is said here")

    async def post(self, community: str, channel: str, answer: Answer) -> Posted:
        raise PlatformError("nothing is said here")

    async def edit(self, where: Posted, answer: Answer) -> None:
        raise PlatformError("nothing is said here")

    async def findings(self, community: str, language: str) -> Sequence[Finding]:
        return ()

    def jump(self, place: Place, message_id: str) -> str | None:
        return None


class Slow:
    """Stands where the Watcher stands."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.resumed: list[str] = []
        self.away = 1

    async def handle(self, message: Message) -> None:
        await asyncio.sleep(0.05)
        self.handled.append(f"{message.place.platform}/{message.id}")

    async def resume(self, name: str) -> int:
        if self.away:
            self.away -= 1
            raise StoreError("the database is away")
        self.resumed.append(name)
        return 1


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came about")


async def test_a_stop_sees_through_what_was_taken_in() -> None:
    chats, watcher, stop = [Chat("discord"), Chat("telegram")], Slow(), asyncio.Event()
    serving = Serving(chats, watcher, Metrics())  # type: ignore[arg-type]
    running = asyncio.create_task(serving.run(stop))
    await asyncio.sleep(0.01)
    for number in range(3):
        chats[0].take(number)
        chats[1].take(number)
    assert serving.health()["discord"] == {"connected": True, "waiting": 3}
    stop.set()
    await asyncio.wait_for(running, 5)
    assert sorted(watcher.handled) == sorted(f"{name}/{n}" for name in ("discord", "telegram") for n in range(3))
    assert [chat.said for chat in chats] == [["stop"]] * 2


async def test_a_platform_that_fails_begins_anew_and_the_other_never_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_RESTART", 0.01)
    chats, watcher, stop = [Chat("discord", fails=2), Chat("telegram")], Slow(), asyncio.Event()
    running = asyncio.create_task(Serving(chats, watcher, Metrics()).run(stop))  # type: ignore[arg-type]
    await until(lambda: chats[0].runs == 3)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert chats[1].runs == 1


async def test_a_store_that_is_away_at_the_start_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_RESUME", 0.01)
    watcher, stop = Slow(), asyncio.Event()
    running = asyncio.create_task(Serving([Chat("discord")], watcher, Metrics()).run(stop))  # type: ignore[arg-type]
    await until(lambda: bool(watcher.resumed))
    stop.set()
    await asyncio.wait_for(running, 5)
    assert watcher.resumed[0] == "discord"


async def test_nothing_is_resumed_before_the_platform_lets_the_bot_in() -> None:
    chat, watcher, stop = Chat("discord"), Slow(), asyncio.Event()
    watcher.away = 0
    chat.there.clear()
    running = asyncio.create_task(Serving([chat], watcher, Metrics()).run(stop))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    assert watcher.resumed == []
    chat.there.set()
    await until(lambda: watcher.resumed == ["discord"])
    stop.set()
    await asyncio.wait_for(running, 5)
