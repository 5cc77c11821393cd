"""The database's versions: Alembic, driven from here, so that no alembic.ini is needed.

Alembic and what it brings along (templates, four more databases) are 15 MiB of code, so they are loaded only where
there is something to migrate or to compare. Which version a database has, and which there are, is told without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from safetybot.store.errors import NewerDatabase
from safetybot.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x5AFE_B07
"""Key of the advisory lock under which PostgreSQL is brought up to date."""
_FOLDER = Path(__file__).parent
_KEPT = sa.table("alembic_version", sa.column("version_num", sa.String))


def _config(connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config  # see the module's docstring

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def versions() -> list[str]:
    """The versions that this program knows, the oldest first: each file of `versions/` begins with its number."""
    return sorted(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def newest() -> str:
    """The version that this program needs."""
    known = versions()
    if not known:
        raise RuntimeError("the package carries no migrations; reinstall it")
    return known[-1]


async def current(connection: AsyncConnection) -> str | None:
    """The version of the database, None for an empty one."""
    return await connection.run_sync(_current)


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_KEPT.name):
        return None
    return connection.execute(sa.select(_KEPT.c.version_num)).scalar_one_or_none()


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to the newest version, inside the connection's transaction; one process at a time.

    Raises:
        NewerDatabase: It is at a version that this program does not know.
    """
    if connection.dialect.name == "postgresql":
        # Without it two that start at once both create the tables. SQLite's transaction has the write lock already.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    found = _current(connection)
    refuse_newer(found)
    if found != newest():
        from alembic import command  # see the module's docstring

        command.upgrade(_config(connection), "head")


def refuse_newer(found: str | None) -> None:
    """Raise `NewerDatabase` where this program does not know version `found`."""
    if found is not None and found not in versions():
        raise NewerDatabase(found, newest())


async def differences(connection: AsyncConnection) -> list[object]:
    """What the tables in the database lack or have too much, beside `tables.metadata`; empty when all is well."""
    from alembic.autogenerate import compare_metadata  # see the module's docstring
    from alembic.migration import MigrationContext

    def compare(sync: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(sync), metadata))

    return await connection.run_sync(compare)
