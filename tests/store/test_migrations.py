"""The database's versions: made by migrations alone, the same as the tables, automatic only where that is safe."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from safetybot.store import migrations
from safetybot.store.database import open_database
from safetybot.store.errors import OutdatedDatabase, StoreError
from safetybot.store.tables import audit


async def test_migrations_make_exactly_the_tables(database_url: str) -> None:
    async with open_database(database_url, migrate=True) as database:
        assert await database.version() == migrations.newest()
        assert await database.differences() == []


def test_the_versions_are_those_that_alembic_finds() -> None:
    scripts = ScriptDirectory.from_config(migrations._config())
    assert migrations.versions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert migrations.newest() == scripts.get_current_head()


async def test_a_difference_is_found(database_url: str) -> None:
    async with open_database(database_url, migrate=True) as database:
        async with database.reader.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE verdicts ADD COLUMN odd INTEGER"))
        assert len(await database.differences()) == 1


async def test_sqlite_is_brought_up_to_date_by_itself(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'a' / 'b.sqlite3'}") as database:
        assert await database.version() == migrations.newest()


async def test_an_outdated_postgres_names_the_command(postgres_url: str) -> None:
    with pytest.raises(OutdatedDatabase, match="safetybot db upgrade") as caught:
        async with open_database(postgres_url):
            pass
    assert (caught.value.found, caught.value.wanted) == (None, migrations.newest())


async def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    async with open_database(database_url, migrate=True) as database, database.reader.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError):
        async with open_database(database_url, migrate=True):
            pass


async def test_several_may_bring_it_up_to_date_at_once(database_url: str) -> None:
    async def open_it() -> str | None:
        async with open_database(database_url, migrate=True) as database:
            return await database.version()

    assert set(await asyncio.gather(*(open_it() for _ in range(4)))) == {migrations.newest()}


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET action = 'nothing'", "DELETE FROM audit", "UPDATE audit SET id = id + 1"]
)
async def test_the_audit_cannot_be_changed(database_url: str, statement: str) -> None:
    async with open_database(database_url, migrate=True) as database:
        row = {"at": datetime(2026, 3, 1, tzinfo=UTC), "by": "me", "action": "test", "detail": {}}
        async with database.reader.begin() as connection:
            await connection.execute(sa.insert(audit).values(row))
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            async with database.reader.begin() as connection:
                await connection.execute(sa.text(statement))
        async with database.reader.connect() as connection:
            kept = (await connection.execute(sa.select(audit))).one()
        assert (kept.at, kept.action) == (row["at"], "test")


async def test_postgres_does_not_let_the_audit_be_truncated(postgres_url: str) -> None:
    async with open_database(postgres_url, migrate=True) as database:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            async with database.reader.begin() as connection:
                await connection.execute(sa.text("TRUNCATE audit"))


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://u:secret@h/d", "sqlite:///x.db", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"]
)
async def test_a_url_that_cannot_serve_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        async with open_database(url, migrate=True):
            pass
    assert "secret" not in str(caught.value)


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(StoreError) as caught:
        async with open_database("postgresql+asyncpg://u:secret@127.0.0.1:1/d"):
            pass
    assert "secret" not in str(caught.value)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_text("this is a shopping list, not a database " * 100)
    with pytest.raises(StoreError):
        async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite3'}"):
            pass


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite3'}") as database:

        def pragmas(connection: sa.Connection) -> dict[str, object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}

        assert await database.writer.do(pragmas) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
