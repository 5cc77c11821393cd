"""How a job gets to a connection of either database, and SQLite's settings.

Lives here: engines that run plain functions of a connection, for writing and for reading. Does not live here: which
jobs go together (`database.py`), any query.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from safetybot.store.errors import StoreClosed

T = TypeVar("T")
Job = Callable[[sa.Connection], Any]
Outcomes = list[tuple[Any, Exception | None]]
"""What each job gave, or why it failed."""

_PRAGMAS = (
    "PRAGMA busy_timeout=10000",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # What is erased is overwritten, not just unlinked.
    "PRAGMA secure_delete=ON",
)


class WriteEngine(Protocol):
    """Runs jobs that write, one batch after another."""

    async def run(self, jobs: Sequence[Job]) -> Outcomes:
        """Run a batch in one transaction, each job in a savepoint of its own."""
        ...

    async def scrub(self) -> None:
        """Take deleted rows out of what is on disk, as far as others let us."""
        ...

    async def dispose(self) -> None:
        """Close the connections."""
        ...


class ReadEngine(Protocol):
    """Runs jobs that only read."""

    async def run(self, job: Callable[[sa.Connection], T]) -> T:
        """Run one job. Raises `StoreClosed` after the end."""
        ...

    async def dispose(self) -> None:
        """Close the connections."""
        ...


class SqliteReadEngine:
    """A few threads, each with a connection at a time."""

    def __init__(self, url: sa.URL, threads: int = 1) -> None:
        self._engine = _own_connections(url, threads)
        prepare_sqlite(self._engine, "BEGIN")
        self._threads: ThreadPoolExecutor | None = ThreadPoolExecutor(threads, thread_name_prefix="store-reader")

    async def run(self, job: Callable[[sa.Connection], T]) -> T:
        """Run one job in a thread. Raises `StoreClosed` after the end."""
        if self._threads is None:
            raise StoreClosed
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)

    def _run(self, job: Callable[[sa.Connection], T]) -> T:
        with self._engine.connect() as connection:
            return job(connection)

    async def dispose(self) -> None:
        """End the threads and close their connections."""
        threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)
            await asyncio.to_thread(self._engine.dispose)


class PostgresReadEngine:
    """The reader's connections, driven by asyncpg."""

    def __init__(self, engine: AsyncEngine) -> None:
        # Reading needs no transaction, whose beginning and end are two more ways to the server and back.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def run(self, job: Callable[[sa.Connection], T]) -> T:
        """Run one job on a connection of the pool."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(job)

    async def dispose(self) -> None:
        """Nothing to do: the connections are closed where they were opened."""


class SqliteWriteEngine:
    """One connection in one thread of its own."""

    def __init__(self, url: sa.URL) -> None:
        self._engine = _own_connections(url)
        # The file keeps this mode, so that readers find it set. Goes first: see `_into_wal`.
        sa.event.listen(self._engine, "connect", _into_wal)
        prepare_sqlite(self._engine, "BEGIN IMMEDIATE")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")

    async def run(self, jobs: Sequence[Job]) -> Outcomes:
        """Run a batch in the thread, without a step back to the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, jobs)

    def _run(self, jobs: Sequence[Job]) -> Outcomes:
        with self._engine.begin() as connection:
            return _run_jobs(connection, jobs)

    async def scrub(self) -> None:
        """Empty the write-ahead log; where somebody reads just now, a later commit does."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._scrub)

    def _scrub(self) -> None:
        with closing(self._engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            for pragma in ("busy_timeout=200", "wal_checkpoint(TRUNCATE)", "busy_timeout=10000"):
                cursor.execute(f"PRAGMA {pragma}")
                cursor.fetchall()

    async def dispose(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


class PostgresWriteEngine:
    """One connection, driven by asyncpg."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url, hide_parameters=True, pool_size=1, max_overflow=1, pool_pre_ping=True)

    async def run(self, jobs: Sequence[Job]) -> Outcomes:
        """Run a batch."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(_run_jobs, jobs)

    async def scrub(self) -> None:
        """Nothing to do: PostgreSQL's own vacuum takes deleted rows out."""

    async def dispose(self) -> None:
        """Close the connection."""
        await self._engine.dispose()


def _own_connections(url: sa.URL, count: int = 1) -> sa.Engine:
    """SQLite through its own driver, for threads of ours; no connection is bound to the one that opens it."""
    return sa.create_engine(
        url.set(drivername="sqlite"),
        pool_size=count,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )


def _run_jobs(connection: sa.Connection, jobs: Sequence[Job]) -> Outcomes:
    outcomes: Outcomes = []
    for job in jobs:
        try:
            with connection.begin_nested():
                outcomes.append((job(connection), None))
        except DBAPIError:
            # On its own it is tried again; in a group, everybody is.
            raise
        except Exception as failure:  # noqa: BLE001  # handed to whoever asked for the job
            outcomes.append((None, failure))
    return outcomes


def _into_wal(connection: Any, _record: object) -> None:
    """Switch the file to write-ahead logging.

    SQLite does not wait for others who switch at the same time, whatever its busy timeout, so this does.
    """
    tries = 200
    while True:
        try:
            cursor = connection.execute("PRAGMA journal_mode=WAL")
            cursor.fetchall()
            cursor.close()
        except sqlite3.OperationalError:
            tries -= 1
            if not tries:
                raise
            time.sleep(0.05)  # in the writer's thread, never on the loop
        else:
            return


def prepare_sqlite(engine: sa.Engine, begin: str) -> None:
    """Let each connection of `engine` be durable, and begin its transactions with the statement `begin`."""

    def connected(connection: Any, _record: object) -> None:
        # Transactions begin where SQLAlchemy says so, with the lock we ask for, not where the driver guesses.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
            cursor.fetchall()
        cursor.close()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
