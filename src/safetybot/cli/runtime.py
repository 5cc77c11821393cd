"""Puts the parts together for commands that need the store or the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from safetybot.cli.session import Session
from safetybot.communities.terms_in_force import TermsInForce
from safetybot.ports import Clock, Platform
from safetybot.store.keys import Excerpts, Pseudonyms, read_or_create_key
from safetybot.store.store import SqlStore, open_store
from safetybot.telemetry import Metrics
from safetybot.watcher import RecentMessages, Watcher


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """The store, the pseudonyms and the clock of one run."""

    store: SqlStore
    pseudonyms: Pseudonyms
    clock: Clock


@asynccontextmanager
async def open_runtime(
    session: Session, *, clock: Clock | None = None, migrate: bool | None = None
) -> AsyncIterator[Runtime]:
    """The store of the settings in force, with its keys read or made. Raises `StoreError`."""
    settings = session.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    pseudonym_key = settings.secrets.pseudonym_key.get_secret_value()
    excerpt_key = settings.secrets.excerpt_key.get_secret_value()
    pseudonyms = Pseudonyms(pseudonym_key or read_or_create_key(settings.data_dir / "pseudonym.key")[0])
    excerpt_file = settings.data_dir / "excerpt.key"
    excerpts = Excerpts(excerpt_key.split() or read_or_create_key(excerpt_file), None if excerpt_key else excerpt_file)
    used = clock or SystemClock()
    async with open_store(
        settings.store_url(), clock=used, defaults=settings.default_policy(), excerpts=excerpts, migrate=migrate
    ) as store:
        yield Runtime(store, pseudonyms, used)


def make_watcher(
    session: Session,
    runtime: Runtime,
    platforms: Mapping[str, Platform],
    metrics: Metrics | None = None,
    recent: RecentMessages | None = None,
) -> Watcher:
    """The Watcher over everything that the settings describe."""
    reading = session.settings.detection
    return Watcher(
        detector=session.detector,
        library=session.library,
        store=runtime.store,
        platforms=platforms,
        clock=runtime.clock,
        pseudonym=runtime.pseudonyms,
        observer=metrics or Metrics(),
        recent=recent or RecentMessages(lines=reading.thread_lines, age=reading.thread_age),
        terms=TermsInForce(runtime.store.keywords),
    )


def health_file(data_dir: Path) -> Path:
    """Where a running bot writes its sign of life."""
    return data_dir / "health.json"


def write_health(data_dir: Path, health: Mapping[str, object], now: datetime) -> None:
    """Leave a sign of life for `safetybot doctor`."""
    health_file(data_dir).write_text(json.dumps({**health, "at": now.isoformat()}), encoding="utf-8")
