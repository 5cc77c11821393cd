"""Connections and the one writer: both databases, group commit, crash-safe settings.

Lives here: engines, SQLite's pragmas, and `Writer`, the only task that writes. Does not live here: any query.

Group commit: all that came in while the last commit ran goes into the next one, so a commit's cost is shared and
`synchronous=FULL` costs no throughput. Each job has a savepoint of its own: one that fails fails alone. Jobs are plain
functions of a connection: on SQLite a whole batch runs in the writer's own thread without a step back to the loop
(a step a statement, as aiosqlite makes them, cost ten times the throughput); reads go through aiosqlite.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from safetybot.store import migrations
from safetybot.store.errors import OutdatedDatabase, StoreError

T = TypeVar("T")
Job = Callable[[sa.Connection], Any]
Outcomes = list[tuple[Any, Exception | None]]

_BATCH = 256
_TRIES = 5
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
)


class Database:
    """The engines of one database and its writer. Made by `open_database`."""

    def __init__(self, url: str) -> None:
        """Make engines for `url` (sqlite+aiosqlite or postgresql+asyncpg). Connects to nothing yet.

        Raises:
            StoreError: The URL is malformed, or of another database.
        """
        try:
            parsed = make_url(url)
        except sa.exc.ArgumentError as error:
            raise StoreError("the store's URL cannot be read: see [store] url in config/safetybot.toml") from error
        if parsed.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
            raise StoreError(
                f"the store's URL begins with {parsed.drivername!r}: use sqlite+aiosqlite:// or postgresql+asyncpg://"
            )
        self.is_sqlite = parsed.drivername.startswith("sqlite")
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._write: _WriteEngine = _SqliteWriteEngine(parsed)
            self.reader = create_async_engine(url, pool_size=4, max_overflow=0)
            _prepare_sqlite(self.reader.sync_engine, "BEGIN")
        else:
            self._write = _PostgresWriteEngine(url)
            self.reader = create_async_engine(url, pool_size=4, pool_pre_ping=True)
        self.writer = Writer(self._write)

    async def migrate(self) -> None:
        """Bring the database to the newest version."""
        ((_, failure),) = await self._write.run([migrations.upgrade])
        if failure is not None:
            raise failure

    async def version(self) -> str | None:
        """The database's version, None for an empty one."""
        async with self.reader.connect() as connection:
            return await migrations.current(connection)

    async def differences(self) -> list[object]:
        """How the database differs from the tables that this program knows."""
        async with self.reader.connect() as connection:
            return await migrations.differences(connection)

    async def close(self) -> None:
        """Finish what was handed to the writer, then close every connection."""
        await self.writer.stop()
        await self._write.dispose()
        await self.reader.dispose()


@asynccontextmanager
async def open_database(url: str, *, migrate: bool | None = None) -> AsyncIterator[Database]:
    """A database, ready for use; closed at the end whatever happens, so that no thread keeps the process alive.

    Args:
        url: sqlite+aiosqlite or postgresql+asyncpg.
        migrate: Whether to bring it to the newest version; by default SQLite yes, PostgreSQL no.

    Raises:
        OutdatedDatabase: It is at another version, and was not to be migrated.
        StoreError: It cannot be reached.
    """
    database = Database(url)
    try:
        try:
            if migrate if migrate is not None else database.is_sqlite:
                await database.migrate()
            version, wanted = await database.version(), migrations.newest()
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise StoreError(f"the database cannot be reached or read: {_reason(error)}") from error
        if version != wanted:
            raise OutdatedDatabase(version, wanted)
        database.writer.start()
        yield database
    finally:
        await database.close()


@dataclass(slots=True)
class _Waiting:
    job: Job
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """Runs write jobs one after another in shared transactions; a job's result arrives after its commit."""

    def __init__(self, engine: _WriteEngine) -> None:
        """Write through `engine`."""
        self._engine = engine
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def stop(self) -> None:
        """Do all that was handed in, then end."""
        if self._task is not None:
            await self._queue.put(None)
            await self._task
            self._task = None

    async def do(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job` in a transaction; returns after the commit. Raises what the job raises, which undoes it alone."""
        if self._task is None or self._task.done():
            raise StoreError("the store is closed")
        waiting = _Waiting(job)
        await self._queue.put(waiting)
        result: T = await waiting.done
        return result

    async def _run(self) -> None:
        while True:
            first = await self._queue.get()
            if first is None:
                return
            batch = [first]
            last = False
            while len(batch) < _BATCH and not self._queue.empty():
                following = self._queue.get_nowait()
                if following is None:
                    last = True
                    break
                batch.append(following)
            await self._together(batch)
            if last:
                return

    async def _together(self, batch: list[_Waiting]) -> None:
        """One transaction for all; where that fails as a whole, one for each."""
        try:
            outcomes = await self._engine.run([waiting.job for waiting in batch])
        except (DBAPIError, OSError) as error:
            if len(batch) == 1:
                await self._alone(batch[0], error)
                return
            for waiting in batch:
                await self._together([waiting])
            return
        for waiting, (result, failure) in zip(batch, outcomes, strict=True):
            _settle(waiting, result, failure)

    async def _alone(self, waiting: _Waiting, error: Exception) -> None:
        """Try again what failed for the database's sake: a deadlock between replicas, a lock, a lost connection."""
        for attempt in range(1, _TRIES):
            await asyncio.sleep(0.02 * 2**attempt)
            try:
                ((result, failure),) = await self._engine.run([waiting.job])
            except (DBAPIError, OSError) as again:
                error = again
            else:
                _settle(waiting, result, failure)
                return
        _settle(waiting, None, StoreError(f"the database refused a write {_TRIES} times: {_reason(error)}"))


def _settle(waiting: _Waiting, result: Any, failure: Exception | None) -> None:
    if waiting.done.cancelled():
        return
    if failure is not None:
        waiting.done.set_exception(failure)
    else:
        waiting.done.set_result(result)


class _WriteEngine(Protocol):
    async def run(self, jobs: Sequence[Job]) -> Outcomes: ...

    async def dispose(self) -> None: ...


class _SqliteWriteEngine:
    """One connection in one thread of its own."""

    def __init__(self, url: sa.URL) -> None:
        self._engine = sa.create_engine(
            url.set(drivername="sqlite"), pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
        )
        _prepare_sqlite(self._engine, "BEGIN IMMEDIATE")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")

    async def run(self, jobs: Sequence[Job]) -> Outcomes:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, jobs)

    def _run(self, jobs: Sequence[Job]) -> Outcomes:
        with self._engine.begin() as connection:
            return _run_jobs(connection, jobs)

    async def dispose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


class _PostgresWriteEngine:
    """One connection, driven by asyncpg."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url, pool_size=1, max_overflow=1, pool_pre_ping=True)

    async def run(self, jobs: Sequence[Job]) -> Outcomes:
        async with self._engine.begin() as connection:
            return await connection.run_sync(_run_jobs, jobs)

    async def dispose(self) -> None:
        await self._engine.dispose()


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


def _prepare_sqlite(engine: sa.Engine, begin: str) -> None:
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


def _reason(error: Exception) -> str:
    """An error in a line, without statement or parameters, which may hold members' data, and without the password."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).splitlines()[0] if str(original) else ''}"[:200]
