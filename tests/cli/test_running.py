"""A running bot takes good changes of its files and keeps the last good ones when they go bad."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from safetybot.cli import run
from safetybot.cli.session import Session
from safetybot.communities.naming import Words
from safetybot.config import LastGood, Settings, packaged_dir
from safetybot.detection.detector import Detector
from safetybot.model import Message
from safetybot.responses import ResponseLibrary
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics


@dataclass
class Taking:
    """Stands where the Watcher stands, and remembers what it was given."""

    taken: list[Detector] = field(default_factory=list)

    def use(self, detector: Detector, library: ResponseLibrary) -> None:
        self.taken.append(detector)


@dataclass
class Serving:
    """Stands where the chat platforms' services stand."""

    taken: list[Words] = field(default_factory=list)

    def use(self, detector: Detector, library: ResponseLibrary, words: Words) -> None:
        self.taken.append(words)


def own_word(folder: Path, word: str) -> None:
    text = f"language: nl\nconcepts:\n  procedure:\n    strong: [{word}]\n"
    (folder / "lexicon" / "nl.yaml").write_text(text, encoding="utf-8")


async def until(what: object, seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.05)):
        if what():  # type: ignore[operator]
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never happened")


async def test_a_running_bot_keeps_its_last_good_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_LOOK_AT_FILES", 0.05)
    (tmp_path / "lexicon").mkdir()
    for other in (packaged_dir("config") / "lexicon").glob("*.yaml"):
        # Small files of the same names, so that a reload takes no second.
        language = other.stem
        (tmp_path / "lexicon" / other.name).write_text(f"language: {language}\nconcepts: {{}}\n", encoding="utf-8")
    shutil.copy(packaged_dir("config") / "rules.yaml", tmp_path / "rules.yaml")
    own_word(tmp_path, "eerste")
    session = Session(tmp_path)

    def load() -> tuple[Detector, ResponseLibrary]:
        return session.fresh_detector(with_model=False), session.fresh_library()

    parts = LastGood(load, session.files)
    session.detector, session.library = parts.value
    first, metrics, watcher, services = parts.value[0], Metrics(), Taking(), Serving()
    task = asyncio.create_task(run._keep_config(session, parts, watcher, services, metrics))  # type: ignore[arg-type]
    try:
        own_word(tmp_path, "tweede")
        await until(lambda: watcher.taken)
        assert watcher.taken[-1].assess_text("een tweede keer").label == "mention"
        assert first.assess_text("een tweede keer").label == "none"
        await until(lambda: services.taken)
        assert "tweede" in services.taken[-1].terms.values()
        assert session.detector is watcher.taken[-1], "else the one before would stay in memory"

        (tmp_path / "lexicon" / "nl.yaml").write_text("language: nl\nconcepts:\n  wrong: [", encoding="utf-8")
        await until(lambda: b"safetybot_config_problems 1.0" in metrics.exposition())
        assert len(watcher.taken) == 1, "the bad file did not replace the good one"
        assert parts.value[0].assess_text("een tweede keer").label == "mention"

        own_word(tmp_path, "derde")
        await until(lambda: len(watcher.taken) == 2)
        assert watcher.taken[-1].assess_text("een derde keer").label == "mention"
        assert b"safetybot_config_problems 0.0" in metrics.exposition()

        (tmp_path / "rules.yaml").unlink()
        await until(lambda: b"safetybot_config_problems 1.0" in metrics.exposition())
        assert len(watcher.taken) == 2, "a file that is gone is no wish to do without it"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Stumbling:
    """Stands where the Watcher stands; the store behind it is away for the first message."""

    def __init__(self) -> None:
        self.handled: list[str] = []

    async def handle(self, message: Message) -> None:
        if message.text == "first":
            raise StoreError("the database refused a write 5 times")
        self.handled.append(message.text)


class Now:
    class clock:  # noqa: N801  # stands for Runtime.clock
        @staticmethod
        def now() -> datetime:
            return datetime.now(UTC)


async def test_a_store_that_is_away_costs_its_message_and_not_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lines() -> AsyncIterator[str]:
        yield "first"
        yield "second"

    monkeypatch.setattr(run, "_lines", lines)
    watcher, metrics = Stumbling(), Metrics()
    await run._handle_lines(watcher, Now(), metrics)  # type: ignore[arg-type]
    assert watcher.handled == ["second"]
    assert b'safetybot_dropped_total{why="store"} 1.0' in metrics.exposition()


@pytest.mark.parametrize("kind", ["nothing", "file", "pipe"])
async def test_the_console_ends_with_its_input_whatever_kind_it_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # /dev/null cannot be waited for, so that a bot started without a terminal hung at its end.
    path = tmp_path / "lines"
    path.write_text("one\ntwo\n", encoding="utf-8")
    number = os.open(os.devnull if kind == "nothing" else path, os.O_RDONLY)
    if kind == "pipe":
        os.close(number)
        number, write = os.pipe()
        os.write(write, path.read_bytes())
        os.close(write)
    with os.fdopen(number) as source:
        monkeypatch.setattr(sys, "stdin", source)
        async with asyncio.timeout(5):
            found = [line async for line in run._lines()]
    assert found == ([] if kind == "nothing" else ["one", "two"])


@pytest.mark.parametrize("shards", ["9-3/8", "x", "0-8/8"])
def test_shards_that_cannot_be_are_refused_before_anything_starts(shards: str) -> None:
    with pytest.raises(typer.BadParameter, match=shards):
        run._with_shards(Settings(), shards)


def test_shards_on_the_command_line_win_over_the_settings() -> None:
    assert run._with_shards(Settings(), "0-3/8").discord.shards == "0-3/8"
