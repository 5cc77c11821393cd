"""The one writer: shared commits, private failures, and an end that nobody waits for in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from safetybot.store.database import Database, open_database
from safetybot.store.errors import StoreClosed, WriteRefused
from safetybot.store.tables import opt_outs

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, migrate=True) as opened:
        yield opened


def add(author: str | None) -> Callable[[sa.Connection], str | None]:
    def job(connection: sa.Connection) -> str | None:
        row = {"author": author, "platform": "p", "community": "c", "at": AT}
        connection.execute(sa.insert(opt_outs), row)
        return author

    return job


async def stored(database: Database) -> set[str]:
    async with database.reader.connect() as connection:
        return set((await connection.execute(sa.select(opt_outs.c.author))).scalars())


async def test_what_comes_in_during_a_commit_shares_the_next(database: Database) -> None:
    commits = 0

    def count(_connection: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(sa.Engine, "commit", count)
    try:
        await asyncio.gather(*(database.writer.do(add(f"{n}")) for n in range(100)))
    finally:
        sa.event.remove(sa.Engine, "commit", count)
    assert commits <= 2
    assert len(await stored(database)) == 100


async def test_a_job_that_fails_undoes_itself_alone(database: Database) -> None:
    def bad(connection: sa.Connection) -> None:
        add("half")(connection)
        raise LookupError("not today")

    results = await asyncio.gather(
        database.writer.do(add("one")), database.writer.do(bad), database.writer.do(add("two")), return_exceptions=True
    )
    assert results[0] == "one"
    assert isinstance(results[1], LookupError)
    assert results[2] == "two"
    assert await stored(database) == {"one", "two"}


async def test_what_the_database_refuses_is_told_without_its_data(database: Database) -> None:
    await database.writer.do(add("secret-author"))
    results = await asyncio.gather(
        database.writer.do(add("one")), database.writer.do(add("secret-author")), return_exceptions=True
    )
    assert results[0] == "one"
    assert isinstance(results[1], WriteRefused)
    assert "INSERT" not in str(results[1])
    assert "secret-author" not in str(results[1])


async def test_an_engine_that_breaks_in_an_unknown_way_is_told_and_the_writer_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = database._write.run

    async def broken(jobs: Any) -> Any:
        raise RuntimeError("the disk sings")

    monkeypatch.setattr(database._write, "run", broken)
    with pytest.raises(WriteRefused, match="sings"):
        await database.writer.do(add("lost"))
    monkeypatch.setattr(database._write, "run", whole)
    assert await database.writer.do(add("kept")) == "kept"
    assert await stored(database) == {"kept"}


async def test_a_caller_who_goes_away_harms_nobody(database: Database) -> None:
    gone = asyncio.create_task(database.writer.do(add("gone")))
    await asyncio.sleep(0)
    gone.cancel()
    assert await database.writer.do(add("stays")) == "stays"
    assert "stays" in await stored(database)


async def test_closing_writes_what_was_handed_in_and_refuses_what_comes_later(database_url: str) -> None:
    async with open_database(database_url, migrate=True) as database:
        writing = [asyncio.create_task(database.writer.do(add(f"{n}"))) for n in range(300)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*writing) == [f"{n}" for n in range(300)]
    with pytest.raises(StoreClosed):
        await database.writer.do(add("late"))
    async with open_database(database_url) as again:
        assert len(await stored(again)) == 300


async def test_a_writer_that_is_cancelled_leaves_nobody_waiting(database_url: str) -> None:
    async with open_database(database_url, migrate=True) as database:
        assert database.writer._task is not None
        waiting = [asyncio.create_task(database.writer.do(add(f"{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        database.writer._task.cancel()
        results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert all(isinstance(result, StoreClosed) for result in results)
