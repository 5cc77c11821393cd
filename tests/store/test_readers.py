"""SQLite is read beside the loop, a statement at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from safetybot.store.database import Database, open_database
from safetybot.store.tables import opt_outs

ONE = sa.select(sa.literal(1))
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}") as database:
        yield database


def _slowly(connection: sa.Connection) -> None:
    connection.execute(ONE)
    time.sleep(0.2)


async def _count(database: Database) -> int:
    async with database.reader.connect() as connection:
        count: int = (await connection.execute(sa.select(sa.func.count()).select_from(opt_outs))).scalar_one()
    return count


async def test_who_goes_away_while_it_reads_gives_its_place_back(database: Database) -> None:
    async def read() -> None:
        async with database.reader.connect() as connection:
            await connection.run_sync(_slowly)

    for _ in range(3):
        readers = [asyncio.create_task(read()) for _ in range(8)]
        await asyncio.sleep(0.05)
        for reader in readers:
            reader.cancel()
        assert all(
            isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*readers, return_exceptions=True)
        )
    async with asyncio.timeout(10):
        assert await _count(database) == 0


async def test_more_than_there_are_places_for_wait_their_turn(database: Database) -> None:
    assert await asyncio.gather(*(_count(database) for _ in range(40))) == [0] * 40


async def test_a_failed_statement_leaves_nothing_behind(database: Database) -> None:
    for _ in range(10):
        with pytest.raises(sa.exc.SQLAlchemyError):
            async with database.reader.connect() as connection:
                await connection.execute(sa.text("SELECT * FROM nowhere"))
    assert await _count(database) == 0


async def test_rows_are_read_by_name_and_by_place_after_the_connection_is_gone(database: Database) -> None:
    async with database.reader.connect() as connection:
        named = await connection.execute(sa.select(sa.literal(1).label("one"), sa.literal("x").label("letter")))
        alone = await connection.scalars(sa.union_all(ONE, sa.select(sa.literal(2))))
    (row,) = named
    assert (row.one, row.letter, *row) == (1, "x", 1, "x")
    assert sorted(alone) == [1, 2]


async def test_what_is_read_on_one_connection_is_of_one_moment(database: Database) -> None:
    row = {"author": "a", "platform": "p", "community": "c", "at": AT}
    async with database.reader.connect() as connection:
        query = sa.select(sa.func.count()).select_from(opt_outs)
        before = (await connection.execute(query)).scalar_one()
        await database.writer.do(lambda c: c.execute(sa.insert(opt_outs), row))
        assert (await connection.execute(query)).scalar_one() == before
    assert await _count(database) == before + 1
