"""Connections and the one writer: both databases, group commit, crash-safe settings.

Lives here: `Database`, and `Writer`, the only task that writes. Does not live here: any query, and how a job gets to a
connection (`engines.py`).

Group commit: all that came in while the last commit ran goes into the next one, so a commit's cost is shared and
`synchronous=FULL` costs no throughput. Each job has a savepoint of its own: one that fails fails alone. Jobs are plain
functions of a connection: on SQLite a whole batch runs in the writer's own thread without a step back to the loop
(a step a statement, as aiosqlite makes them, cost ten times the throughput). What is asked about every message of
concern is read in one step as well (`Database.read`), and what pages ask for most, in other threads (`read_long`);
other reads go through aiosqlite.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from safetybot.store import migrations
from safetybot.store.engines import (
    Job,
    PostgresReadEngine,
    PostgresWriteEngine,
    ReadEngine,
    SqliteReadEngine,
    SqliteWriteEngine,
    WriteEngine,
    prepare_sqlite,
)
from safetybot.store.errors import (
    DatabaseUnreachable,
    OutdatedDatabase,
    StoreClosed,
    StoreError,
    UnusableUrl,
    WriteRefused,
)

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741  # an item

_BATCH = 256
_LONG_AT_ONCE = 3
_TRIES = 5
_PASSING_STATES = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL's codes for: serialisation failure, deadlock, lock not available."""


class Database:
    """The engines of one database and its writer. Made by `open_database`."""

    def __init__(self, url: str) -> None:
        """Make engines for `url` (sqlite+aiosqlite or postgresql+asyncpg). Connects to nothing yet.

        Raises:
            UnusableUrl: The URL is malformed, or of a database that cannot serve.
        """
        parsed = _parsed(url)
        self.is_sqlite = parsed.drivername.startswith("sqlite")
        if self.is_sqlite:
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
            self._write: WriteEngine = SqliteWriteEngine(parsed)
            self.reader = create_async_engine(url, hide_parameters=True, pool_size=4, max_overflow=0)
            prepare_sqlite(self.reader.sync_engine, "BEGIN")
        else:
            try:
                self._write = PostgresWriteEngine(url)
                self.reader = create_async_engine(url, hide_parameters=True, pool_size=4, pool_pre_ping=True)
            except ModuleNotFoundError as error:
                raise UnusableUrl("PostgreSQL needs one more package: pip install 'safetybot[postgres]'") from error
        if self.is_sqlite:
            self._short: ReadEngine = SqliteReadEngine(parsed)
            self._long: ReadEngine = SqliteReadEngine(parsed, _LONG_AT_ONCE)
        else:
            self._short = self._long = PostgresReadEngine(self.reader)
        self.writer = Writer(self._write)

    async def read(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job`, which only reads: with one step away from the loop, not several for each statement.

        What is asked about every message waits behind it, so it must take microseconds.

        Raises:
            StoreClosed: The store is closed.
            sqlalchemy.exc.SQLAlchemyError: The database could not be read.
        """
        return await self._short.run(job)

    async def read_long(self, job: Callable[[sa.Connection], T]) -> T:
        """The same for what may take longer, such as a page of the log; it keeps nothing but its like waiting."""
        return await self._long.run(job)

    async def migrate(self) -> None:
        """Bring the database to the newest version. Raises `NewerDatabase`, `DatabaseUnreachable`."""
        with _reachable():
            ((_, failure),) = await self._write.run([migrations.upgrade])
        if failure is not None:
            raise failure

    async def version(self) -> str | None:
        """The database's version, None for an empty one. Raises `DatabaseUnreachable`."""
        with _reachable():
            async with self.reader.connect() as connection:
                return await migrations.current(connection)

    async def differences(self) -> list[object]:
        """How the database differs from the tables that this program knows."""
        with _reachable():
            async with self.reader.connect() as connection:
                return await migrations.differences(connection)

    async def scrub(self) -> None:
        """Take deleted rows out of SQLite's write-ahead log too; where somebody reads just now, a later commit does."""
        await self._write.scrub()

    async def close(self) -> None:
        """Finish what was handed to the writer, then close every connection."""
        try:
            await self.writer.stop()
        finally:
            try:
                await self._write.dispose()
            finally:
                try:
                    await asyncio.gather(self._short.dispose(), self._long.dispose())
                finally:
                    await self.reader.dispose()


@asynccontextmanager
async def open_database(url: str, *, migrate: bool | None = None) -> AsyncIterator[Database]:
    """A database, ready for use; closed at the end whatever happens, so that no thread keeps the process alive.

    Args:
        url: sqlite+aiosqlite or postgresql+asyncpg.
        migrate: Whether to bring it to the newest version; by default SQLite yes, PostgreSQL no.

    Raises:
        OutdatedDatabase: It is at an older version, and was not to be migrated.
        NewerDatabase: It is at a version that this program does not know.
        DatabaseUnreachable: It cannot be reached or read.
        UnusableUrl: The URL is wrong.
    """
    database = Database(url)
    try:
        if migrate if migrate is not None else database.is_sqlite:
            await database.migrate()
        version, wanted = await database.version(), migrations.newest()
        if version != wanted:
            migrations.refuse_newer(version)
            raise OutdatedDatabase(version, wanted)
        database.writer.start()
        yield database
    finally:
        await database.close()


def inserter(*, is_sqlite: bool) -> Callable[..., Any]:
    """What makes an INSERT that may meet a row that is there already; each database has its own."""
    if is_sqlite:
        return sqlite.insert
    from sqlalchemy.dialects import postgresql  # 2 MiB, loaded only where it is used

    return postgresql.insert


@dataclass(slots=True)
class _Waiting:
    """Somebody who waits for a job: one of its own, or an `item` to be done with others' by the same `bulk`."""

    job: Job | None = None
    bulk: Callable[[sa.Connection, Sequence[Any]], Sequence[Any]] | None = None
    item: Any = None
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """Runs write jobs one after another in shared transactions; a job's result arrives after its commit."""

    def __init__(self, engine: WriteEngine) -> None:
        """Write through `engine`."""
        self._engine = engine
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def stop(self) -> None:
        """Do all that was handed in, then end."""
        task, self._task = self._task, None
        if task is not None:
            self._queue.put_nowait(None)
            await asyncio.wait({task})  # unlike awaiting it, goes on to the closing where the task was cancelled

    async def do(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job` in a transaction; returns after the commit. Raises what the job raises, which undoes it alone.

        A job may be run more than once, where a transaction failed for another's sake: it must do nothing but write.

        Raises:
            WriteRefused: The database would not take it.
            StoreClosed: The store is closed.
        """
        result: T = await self._hand_in(_Waiting(job))
        return result

    async def do_in_bulk(self, bulk: Callable[[sa.Connection, Sequence[I]], Sequence[T]], item: I) -> T:
        """`do` for something that many want at once: all items of a batch go to one call of `bulk`.

        It gives one result for each, in their order. Where it fails, it is called again for each item alone, so that
        only the culprit fails.
        """
        result: T = await self._hand_in(_Waiting(bulk=bulk, item=item))
        return result

    async def _hand_in(self, waiting: _Waiting) -> Any:
        if self._task is None or self._task.done():
            raise StoreClosed
        self._queue.put_nowait(waiting)
        return await waiting.done

    async def _run(self) -> None:
        batch: list[_Waiting] = []
        try:
            while (first := await self._queue.get()) is not None:
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
        finally:
            # However this ends, nobody is left waiting for an answer that never comes.
            while not self._queue.empty():
                left = self._queue.get_nowait()
                if left is not None:
                    batch.append(left)
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_exception(StoreClosed())

    async def _together(self, batch: list[_Waiting]) -> None:
        """One transaction for all; where that fails as a whole, one for each."""
        groups = _groups(batch)
        try:
            outcomes = await self._engine.run([_job_of(group) for group in groups])
        except Exception as error:  # noqa: BLE001  # told to whom it concerns; the writer must go on for the others
            if len(batch) == 1:
                await self._alone(batch[0], error)
                return
            for waiting in batch:
                await self._together([waiting])
            return
        for group, (results, failure) in zip(groups, outcomes, strict=True):
            if failure is None:
                for waiting, result in zip(group, results, strict=True):
                    _settle(waiting, result, None)
            elif len(group) == 1:
                _settle(group[0], None, failure)
            else:
                for waiting in group:
                    await self._together([waiting])

    async def _alone(self, waiting: _Waiting, error: Exception) -> None:
        """Try again what failed for the moment's sake: a deadlock between replicas, a lock, a lost connection."""
        tries = 1
        while tries < _TRIES and _passing(error, tries):
            await asyncio.sleep(0.02 * 2**tries)
            tries += 1
            try:
                ((results, failure),) = await self._engine.run([_job_of([waiting])])
            except Exception as again:  # noqa: BLE001  # told to whoever waits, below
                error = again
            else:
                _settle(waiting, results[0] if failure is None else None, failure)
                return
        refused = WriteRefused(_reason(error), tries)
        refused.__cause__ = error
        _settle(waiting, None, refused)


def _groups(batch: list[_Waiting]) -> list[list[_Waiting]]:
    """Those who can be served by one call together, in the order in which they came."""
    groups: dict[object, list[_Waiting]] = {}
    for waiting in batch:
        groups.setdefault(waiting.bulk or id(waiting), []).append(waiting)
    return list(groups.values())


def _job_of(group: list[_Waiting]) -> Job:
    """The job that serves a group; gives a list with a result for each."""
    first = group[0]
    if first.bulk is not None:
        bulk = first.bulk
        return lambda connection: bulk(connection, [waiting.item for waiting in group])
    assert first.job is not None  # noqa: S101  # made with either
    job = first.job
    return lambda connection: [job(connection)]


def _passing(error: Exception, tries: int) -> bool:
    """Whether the same write may succeed a moment later."""
    if isinstance(error, sa.exc.IntegrityError):
        return tries == 1  # somebody else's row came first: the job looks again; a row that is bad stays bad
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return (
        isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError | OSError)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or _is_asyncpg(error)  # what it raises while it connects comes as it is
        or state in _PASSING_STATES
    )


def _settle(waiting: _Waiting, result: Any, failure: Exception | None) -> None:
    if waiting.done.done():
        return  # whoever asked has gone away
    if failure is not None:
        waiting.done.set_exception(failure)
    else:
        waiting.done.set_result(result)


def _parsed(url: str) -> sa.URL:
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise UnusableUrl("the store's URL cannot be read: see [store] url in config/safetybot.toml") from error
    if parsed.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise UnusableUrl(
            f"the store's URL begins with {parsed.drivername!r}: use sqlite+aiosqlite:// or postgresql+asyncpg://"
        )
    if parsed.drivername.startswith("sqlite") and (parsed.database or ":memory:") == ":memory:":
        raise UnusableUrl("a store in memory would forget its cooldowns: name a file, sqlite+aiosqlite:///path")
    return parsed


@contextmanager
def _reachable() -> Iterator[None]:
    """Raise `DatabaseUnreachable` for what drivers raise."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        if isinstance(error, OSError | sa.exc.SQLAlchemyError) or _is_asyncpg(error):
            raise DatabaseUnreachable(_reason(error)) from error
        raise


def _is_asyncpg(error: Exception) -> bool:
    # By name, since the package is there only where PostgreSQL is used.
    return type(error).__module__.partition(".")[0] == "asyncpg"


def _reason(error: Exception) -> str:
    """An error in a line, without statement or parameters, which may hold members' data, and without the password."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).splitlines()[0] if str(original) else ''}"[:200]
