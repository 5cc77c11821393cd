"""No log line at any level holds a member's words: proved by grepping all that a run over real messages wrote."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from safetybot.config import Settings, packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.model import Message, Response
from safetybot.platforms.console import NAME, console_message
from safetybot.ports import Alert, PlatformError, Posted, Receipt
from safetybot.responses import ResponseLibrary
from safetybot.store.keys import Excerpts, Pseudonyms
from safetybot.store.store import open_store
from safetybot.telemetry import Metrics, set_up_logging
from safetybot.watcher import Watcher

CORPUS = Path(__file__).parent.parent / "training" / "corpus"


class StumblingPlatform:
    """Fails now and then, since errors are what gets logged."""

    name = NAME

    def __init__(self) -> None:
        self.calls = 0

    async def reply(self, to: Message, response: Response, interaction_id: int, claim_key: str) -> Receipt:
        self.calls += 1
        if self.calls % 3 == 0:
            raise PlatformError("no right to write here")
        return Receipt(str(self.calls))

    async def posted_reply(self, to: Message) -> Receipt | None:
        raise PlatformError("there is no history here")

    async def alert(self, alert: Alert) -> Posted | None:
        raise PlatformError(f"no right to alert about interaction {alert.interaction_id}")

    async def notice(self, community: str, channel: str | None, text: str) -> None:
        raise PlatformError(f"no right to write to {community}")


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_run_over_the_corpus_writes_no_words_of_members(tmp_path: Path, form: str) -> None:
    texts = []
    for file in sorted(CORPUS.glob("dev-*.jsonl")):
        texts += [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()[::12]]
    written = io.StringIO()
    root = logging.getLogger()
    before = list(root.handlers), root.level
    set_up_logging("debug", form, written)  # type: ignore[arg-type]
    try:
        settings = Settings()
        async with open_store(
            f"sqlite+aiosqlite:///{tmp_path}/log.sqlite3", clock=Clock(), defaults=settings.default_policy(),
            excerpts=Excerpts([Fernet.generate_key().decode()]),
        ) as store:  # fmt: skip
            watcher = Watcher(
                detector=load_detector([packaged_dir("config")]),
                library=ResponseLibrary.load([packaged_dir("responses")]), store=store,
                platforms={NAME: StumblingPlatform()}, clock=Clock(), pseudonym=Pseudonyms("k"), observer=Metrics(),
            )  # fmt: skip
            for number, text in enumerate(texts):
                now = datetime.now(UTC)
                await watcher.handle(console_message(number, text, now, channel=str(number), member=f"member-{number}"))
    finally:
        root.handlers[:], root.level = before
    shown = written.getvalue()
    assert "reply_failed" in shown, "the run did log something"
    for text in texts:
        # Any five words in a row would give a message away; short ones are looked for whole.
        words = text.split()
        pieces = [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]
        assert not [piece for piece in pieces if len(piece) > 12 and piece in shown]
    assert "member-" not in shown
    on_disk = _everything_in(tmp_path)
    assert b"member-" not in on_disk
    assert not [text for text in texts if len(text) > 20 and text.encode() in on_disk]


def _everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
