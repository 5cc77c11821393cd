"""`python -m benchmarks.million [--rows N] [--postgres URL] [--keep FILE]`: pages, filters and files of a long log.

Fills a store with a million invented interactions of 200 communities (Zipf), 90 days, 20 languages, and asks it what
the pages and the API ask. Prints the median and the 95th percentile of each, and how much memory an export takes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cryptography.fernet import Fernet

from safetybot.communities.access import Actor, Role
from safetybot.communities.figures import By, Figures
from safetybot.communities.naming import Words
from safetybot.communities.records import Filters
from safetybot.communities.review import Reviews
from safetybot.config import Settings
from safetybot.model import Concern, InteractionState, VerdictKind
from safetybot.store.export import export
from safetybot.store.keys import Excerpts
from safetybot.store.store import SqlStore, open_store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAYS = 90
COMMUNITIES = 200
OPERATOR = Actor("benchmark", Role.OPERATOR)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "id", "platform", "community", "channel", "message_id", "author", "at", "concern", "confidence", "language",
    "rules", "hits", "reasons", "state", "ended_at", "alerted", "shadow", "waiting",
)  # fmt: skip
_LANGUAGES = [
    *("en", "es", "de", "fr", "pt", "it", "ru", "pl", "tr", "nl"),
    *("uk", "ar", "ja", "ko", "zh", "sv", "cs", "fi", "el", "hu"),
]
"""From the most frequent to the rarest."""
_PAGE = 50
_ROUNDS = 60


class StillClock:
    """The end of the invented time."""

    def now(self) -> datetime:
        """Always the same."""
        return NOW


def rows(count: int, seed: int = 1) -> Iterator[tuple[Any, ...]]:
    """Invented interactions, the oldest first."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    communities = chance.choices(range(COMMUNITIES), [1 / (n + 1) for n in range(COMMUNITIES)], k=count)
    languages = chance.choices(_LANGUAGES, [1 / (n + 1) ** 1.5 for n in range(len(_LANGUAGES))], k=count)
    concerns = chance.choices([int(c) for c in Concern], [60, 20, 15, 5], k=count)
    states = chance.choices(["sent", "suppressed", "failed", "unknown"], [70, 27, 2.5, 0.5], k=count)
    began = (NOW - timedelta(days=DAYS) - _EPOCH) // timedelta(microseconds=1)
    step = timedelta(days=DAYS) // timedelta(microseconds=1) // count
    hits = json.dumps([["procedure", 4, 15, "folded", "0123456789ab"]])
    for n in range(count):
        at = began + n * step
        alerted = concerns[n] >= Concern.DIY
        judged = n % 5 == 0
        yield (
            n + 1, "discord", str(1000 + communities[n]), f"c{int(chance.paretovariate(1)) % 30}", f"m{n}",
            f"{chance.randrange(50_000):032x}", at, concerns[n], 0.9, languages[n],
            json.dumps([f"rule-{n % 40}"]), hits, json.dumps(["policy asks for a reply"]), states[n],
            at + 900_000, alerted, False, (states[n] != "suppressed" or alerted) and not judged and n > count * 0.98,
        )  # fmt: skip


def verdict_rows(count: int) -> Iterator[tuple[Any, ...]]:
    """A verdict for every fifth interaction, one in a hundred of them `handled`."""
    at = (NOW - _EPOCH) // timedelta(microseconds=1)
    for number, n in enumerate(range(0, count, 5), start=1):
        kind = "handled" if n % 500 == 0 else "false_alarm" if n % 50 == 0 else "confirmed"
        yield number, n + 1, kind, "a moderator", at, ""


def fill_sqlite(path: Path, count: int) -> None:
    """Insert everything; indexes are made at the end, which is faster and makes the same."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'interactions' AND sql IS NOT NULL"
    ).fetchall()
    connection.execute("BEGIN")
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    marks = ", ".join("?" * len(_COLUMNS))
    connection.executemany(f"INSERT INTO interactions ({', '.join(_COLUMNS)}) VALUES ({marks})", rows(count))  # noqa: S608
    connection.executemany(
        'INSERT INTO verdicts (id, interaction_id, kind, "by", at, reason) VALUES (?, ?, ?, ?, ?, ?)',
        verdict_rows(count),
    )
    for _, statement in found:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()


async def fill_postgres(url: str, count: int) -> None:
    """The same with COPY."""
    import asyncpg

    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for part in _batches(rows(count)):
            await connection.copy_records_to_table("interactions", records=part, columns=_COLUMNS)
        await connection.copy_records_to_table(
            "verdicts", records=verdict_rows(count), columns=("id", "interaction_id", "kind", "by", "at", "reason")
        )
        for table in ("interactions", "verdicts"):
            await connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _batches(everything: Iterator[tuple[Any, ...]]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    while part := tuple(itertools.islice(everything, 20_000)):
        yield part


Asking = Callable[[str], Awaitable[object]]
"""Asks something about a community."""


def questions(store: SqlStore) -> dict[str, tuple[Asking, float]]:
    """What pages and API ask, each with its target for the 95th percentile in milliseconds."""
    return {**_pages(store), **_pages_of_all(store), **_numbers(store)}


def _pages(store: SqlStore) -> dict[str, tuple[Asking, float]]:
    """Lists of one community."""
    reviews, chance = Reviews(store, Words({}, {}), StillClock()), random.Random(2)  # noqa: S311  # no secret

    def page(**filters: Any) -> Asking:
        async def ask(community: str) -> object:
            return await reviews.page(OPERATOR, Filters("discord", community, **filters), limit=_PAGE + 1)

        return ask

    async def deep(community: str) -> object:
        before = chance.randrange(1_000, 1_000_000)
        return await reviews.page(OPERATOR, Filters("discord", community), before=before, limit=_PAGE + 1)

    async def author(community: str) -> object:
        wanted = Filters("discord", community, author=f"{chance.randrange(50_000):032x}")
        return await reviews.page(OPERATOR, wanted, limit=_PAGE + 1)

    async def one(_: str) -> object:
        return await reviews.see(OPERATOR, chance.randrange(1, 100_000))

    week, month, old = (NOW - timedelta(days=days) for days in (7, 30, 60))
    return {
        "newest page": (page(), 25),
        "page somewhere deep": (deep, 25),
        "channel": (page(channel="c1"), 25),
        "channel, seldom": (page(channel="c29"), 25),
        "concern": (page(concern=Concern.MENTION), 25),
        "concern, seldom": (page(concern=Concern.ADVERSE), 25),
        "language": (page(language="en"), 25),
        "language, seldom": (page(language="hu"), 25),
        "language, never": (page(language="xx"), 25),
        "state, seldom": (page(state=InteractionState.UNKNOWN), 25),
        "state, never": (page(state=InteractionState.PLANNED), 25),
        "verdict": (page(verdict=VerdictKind.CONFIRMED), 25),
        "verdict, seldom": (page(verdict=VerdictKind.HANDLED), 25),
        "since last week": (page(since=week), 25),
        "until two months ago": (page(until=old), 25),
        "a week two months ago": (page(since=old - timedelta(days=7), until=old), 25),
        "author": (author, 25),
        "waiting": (page(waiting=True), 25),
        "search: seldom concern, channel, week": (page(concern=Concern.ADVERSE, channel="c1", since=week), 50),
        "search: seldom language, concern": (page(language="el", concern=Concern.ADVERSE), 50),
        "search: seldom state, verdict": (page(state=InteractionState.FAILED, verdict=VerdictKind.FALSE_ALARM), 50),
        "search: seldom language, a month": (page(language="fi", since=month), 50),
        "one interaction": (one, 25),
    }


def _pages_of_all(store: SqlStore) -> dict[str, tuple[Asking, float]]:
    """Lists of all communities, for operators."""
    reviews = Reviews(store, Words({}, {}), StillClock())

    def everywhere(**filters: Any) -> Asking:
        async def ask(_: str) -> object:
            return await reviews.page(OPERATOR, Filters(**filters), limit=_PAGE + 1)

        return ask

    return {
        "all communities: newest": (everywhere(), 25),
        "all: concern, seldom": (everywhere(concern=Concern.ADVERSE), 25),
        "all: language, seldom": (everywhere(language="hu"), 25),
        "all: language, never": (everywhere(language="xx"), 25),
        "all: state, seldom": (everywhere(state=InteractionState.UNKNOWN), 25),
        "all: verdict, seldom": (everywhere(verdict=VerdictKind.HANDLED), 25),
        "all: channel, never": (everywhere(channel="nowhere"), 25),
        "all: until two months ago": (everywhere(until=NOW - timedelta(days=60)), 25),
        "all: waiting": (everywhere(waiting=True), 25),
    }


def _numbers(store: SqlStore) -> dict[str, tuple[Asking, float]]:
    """Charts and what stands beside them."""
    reviews, figures = Reviews(store, Words({}, {}), StillClock()), Figures(store.figures, StillClock())

    async def precision(community: str) -> object:
        since = NOW - timedelta(days=30)
        return await reviews.precision(OPERATOR, Filters("discord", community, since=since), most=1_000)

    def chart(by: By) -> Asking:
        async def ask(community: str) -> object:
            return await figures.rows(OPERATOR, "discord", community, by, days=30)

        return ask

    async def overview(community: str) -> object:
        return await figures.overview(OPERATOR, "discord", community, days=30)

    async def overview_of_all(_: str) -> object:
        return await figures.overview(OPERATOR, None, None, days=90)

    return {
        "precision of the last 1,000": (precision, 150),
        "30 days by day": (chart(By.DAY), 150),
        "30 days by channel": (chart(By.CHANNEL), 150),
        "30 days by hour": (chart(By.HOUR), 150),
        "overview, 30 days": (overview, 150),
        "overview of all, 90 days": (overview_of_all, 150),
    }


async def measure(store: SqlStore, rounds: int = _ROUNDS) -> list[tuple[str, float, float, float]]:
    """Name, median, 95th percentile, target, in milliseconds; the biggest community in every third round."""
    measured: list[tuple[str, float, float, float]] = []
    chance = random.Random(3)  # noqa: S311  # no secret
    asked = [str(1000 + (0 if n % 3 == 0 else chance.randrange(COMMUNITIES))) for n in range(rounds)]
    for name, (ask, target) in questions(store).items():
        await ask("1000")
        taken: list[float] = []
        for community in asked:
            started = time.perf_counter()
            await ask(community)
            taken.append((time.perf_counter() - started) * 1_000)
            if sum(taken) > 20_000:
                break
        taken.sort()
        measured.append((name, taken[len(taken) // 2], taken[int(len(taken) * 0.95)], target))
    return measured


async def memory_of_export(store: SqlStore, form: Literal["csv", "jsonl"], count: int) -> tuple[int, float, float]:
    """Rows exported, and the process's peak memory in MiB after a twentieth of them and after all."""
    lines, early = 0, 0.0
    async for _ in export(store, Filters(), form):
        lines += 1
        if lines == count // 20:
            early = _peak()
    return lines, early, _peak()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlStore]:
    """The store at `url`, made where there is none."""
    excerpts = Excerpts([Fernet.generate_key().decode()])
    defaults = Settings().default_policy()
    async with open_store(url, clock=StillClock(), defaults=defaults, excerpts=excerpts, migrate=True) as store:
        yield store


async def run(url: str, count: int, *, filled: bool, file: Path | None) -> None:
    """Fill, ask, export, tell."""
    if not filled:
        async with opened(url):
            pass
        started = time.perf_counter()
        if file is not None:
            fill_sqlite(file, count)
        else:
            await fill_postgres(url, count)
        print(f"{count:,} rows in {time.perf_counter() - started:.0f} s")
    if file is not None:
        print(f"{file.stat().st_size / 2**20:,.0f} MiB")  # noqa: ASYNC240  # nothing else runs
    async with opened(url) as store:
        started = time.perf_counter()
        print(f"{await store.figures.settle():,} changes counted in {time.perf_counter() - started:.0f} s")
        show(await measure(store))
        started = time.perf_counter()
        lines, early, late = await memory_of_export(store, "csv", count)
        print(
            f"\nexport of {lines:,} lines in {time.perf_counter() - started:.0f} s: the process's peak was "
            f"{early:.1f} MiB after a twentieth, {late:.1f} MiB after all"
        )


def show(measured: Sequence[tuple[str, float, float, float]]) -> None:
    print(f"\n{'question':40} {'median':>8} {'p95':>8} {'target':>8}   milliseconds")
    for name, median, p95, target in measured:
        print(f"{name:40} {median:8.2f} {p95:8.2f} {target:8.0f} {'' if p95 <= target else '  <- above'}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="A million interactions: how fast pages, filters and files are.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--postgres", help="URL of an empty database (postgresql+asyncpg://…); else SQLite")
    parser.add_argument("--keep", type=Path, help="a file for SQLite's database that stays, and is used again")
    options = parser.parse_args()
    if options.postgres:
        asyncio.run(run(options.postgres, options.rows, filled=False, file=None))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = options.keep or Path(folder) / "million.sqlite3"
        asyncio.run(run(f"sqlite+aiosqlite:///{file}", options.rows, filled=file.exists(), file=file))


if __name__ == "__main__":
    main()
