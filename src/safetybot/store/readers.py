"""Reading a statement at a time, beside the event loop.

Lives here: what queries read through (`Reader`, `Reading`), and how SQLite is read. Does not live here: jobs that are
read or written in one step (`engines.py`), any query.

SQLite is read through its own driver in threads, and not as SQLAlchemy's asyncio extension would: that loads all of the
ORM, 6 MiB that nothing here uses, and steps away from the loop several times for each statement, where this does once.
A URL says `sqlite+aiosqlite` all the same: it is in people's settings since that driver was in use.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa

from safetybot.store.engines import prepare_sqlite

T = TypeVar("T")
P = ParamSpec("P")

Job: TypeAlias = Callable[Concatenate[sa.Connection, P], T]
Rows: TypeAlias = "sa.Result[*tuple[Any, ...]]"

_AT_ONCE = 4
_WAIT = 30.0


class Reading(Protocol):
    """A connection that somebody reads through; what it sees does not change until it is closed."""

    async def execute(self, statement: sa.Executable, /) -> Rows:
        """Run a statement; the result is here in full."""
        ...

    async def scalars(self, statement: sa.Executable, /) -> sa.ScalarResult[Any]:
        """Run a statement; the first column."""
        ...

    async def run_sync(self, job: Job[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a job that only reads."""
        ...


class Reader(Protocol):
    """Gives connections to read through."""

    @property
    def sync_engine(self) -> sa.Engine:
        """The engine below."""
        ...

    def connect(self) -> AbstractAsyncContextManager[Reading]:
        """A connection, given back at the end."""
        ...

    async def dispose(self) -> None:
        """Close the connections that were given back."""
        ...


class SqliteReader:
    """Up to four connections, each used in one thread at a time."""

    def __init__(self, url: sa.URL) -> None:
        """Read the file of `url`. Connects to nothing yet."""
        self.sync_engine = sa.create_engine(
            url.set(drivername="sqlite"),
            pool_size=_AT_ONCE,
            max_overflow=0,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
        prepare_sqlite(self.sync_engine, "BEGIN")
        # The last one used comes first, so that where few read at once few threads and connections are ever made.
        self._threads: asyncio.LifoQueue[ThreadPoolExecutor] = asyncio.LifoQueue()
        for _ in range(_AT_ONCE):
            self._threads.put_nowait(ThreadPoolExecutor(1, thread_name_prefix="store-reading"))

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Reading]:
        """A connection and a thread for it. Raises `TimeoutError` where none becomes free."""
        async with asyncio.timeout(_WAIT):
            thread = await self._threads.get()
        reading = _SqliteReading(self.sync_engine, thread)
        try:
            yield reading
        finally:
            # Runs after all that was asked for, and runs even where whoever read is cancelled meanwhile.
            closing = thread.submit(reading.close)
            loop = asyncio.get_running_loop()
            closing.add_done_callback(lambda _: loop.call_soon_threadsafe(self._threads.put_nowait, thread))
            await asyncio.shield(asyncio.wrap_future(closing))

    async def dispose(self) -> None:
        """Close the connections and end the threads."""
        for _ in range(_AT_ONCE):
            (await self._threads.get()).shutdown()
        self.sync_engine.dispose()


class _SqliteReading:
    """One connection, opened by the first statement."""

    def __init__(self, engine: sa.Engine, thread: ThreadPoolExecutor) -> None:
        self._engine, self._thread = engine, thread
        self._connection: sa.Connection | None = None

    async def execute(self, statement: sa.Executable, /) -> Rows:
        # Frozen, a result needs its connection no longer.
        return (await self.run_sync(lambda connection: connection.execute(statement).freeze()))()

    async def scalars(self, statement: sa.Executable, /) -> sa.ScalarResult[Any]:
        return (await self.execute(statement)).scalars()

    async def run_sync(self, job: Job[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def run() -> T:
            if self._connection is None:
                self._connection = self._engine.connect()
            return job(self._connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
