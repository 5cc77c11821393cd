"""The database's versions: Alembic, driven from here, so that no alembic.ini is needed."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

from safetybot.store.errors import NewerDatabase
from safetybot.store.tables import metadata

_LOCK = 0x5AFE_B07
"""Key of the advisory lock under which PostgreSQL is brought up to date."""


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The version that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package carries no migrations; reinstall it")
    return head


async def current(connection: AsyncConnection) -> str | None:
    """The version of the database, None for an empty one."""
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to the newest version, inside the connection's transaction; one process at a time.

    Raises:
        NewerDatabase: It is at a version that this program does not know.
    """
    if connection.dialect.name == "postgresql":
        # Without it two that start at once both create the tables. SQLite's transaction has the write lock already.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    found = MigrationContext.configure(connection).get_current_revision()
    refuse_newer(found)
    if found != newest():
        command.upgrade(_config(connection), "head")


def refuse_newer(found: str | None) -> None:
    """Raise `NewerDatabase` where this program does not know version `found`."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise NewerDatabase(found, newest())


async def differences(connection: AsyncConnection) -> list[object]:
    """What the tables in the database lack or have too much, beside `tables.metadata`; empty when all is well."""

    def compare(sync: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(sync), metadata))

    return await connection.run_sync(compare)
