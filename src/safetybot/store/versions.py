"""Things that keep every version of themselves: one row a change, undone by one more row, nothing ever rewritten.

Lives here: the life of a version, for settings and keywords alike. Does not live here: what the values mean.

An undo takes back the newest change that still stands; the next undo the one before it. So the state after any sequence
of changes and undos is what replaying the rows gives (`standing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safetybot.communities.records import Change, standing
from safetybot.store.audit import write_audit
from safetybot.store.errors import NothingToUndo, StaleVersion

__all__ = ["Change", "Identity", "VersionedTable", "standing"]

Identity = Mapping[str, str]
"""The columns that say which thing is meant, `platform` and `community` among them."""


class VersionedTable:
    """Reads and appends versions in one table. All methods run inside a job of the writer or `run_sync`."""

    def __init__(self, table: sa.Table, name: str, what: str) -> None:
        """Use `table`; `name` is the column that names the thing to people, `what` the kind of thing in the audit."""
        self._table, self._name, self._what = table, name, what

    def changes(self, connection: sa.Connection, identity: Identity) -> list[Change]:
        """Every version of one thing, oldest first."""
        table = self._table
        query = (
            sa.select(table.c.version, table.c.value, table.c.by, table.c.at, table.c.undoes)
            .where(*(table.c[column] == wanted for column, wanted in identity.items()))
            .order_by(table.c.version)
        )
        return [Change(*row) for row in connection.execute(query)]

    def put(
        self, connection: sa.Connection, identity: Identity, value: Any, *, by: str, at: datetime, expected: int
    ) -> Change:
        """Append a version. Raises `StaleVersion` where the newest is not `expected` (0: none)."""
        known = self._expect(connection, identity, expected)
        before = known[-1].value if known else None
        return self._append(connection, identity, Change(expected + 1, value, by, at), before)

    def undo(
        self, connection: sa.Connection, identity: Identity, *, by: str, at: datetime, expected: int | None
    ) -> Change:
        """Take back the newest change that stands. Raises `NothingToUndo`, `StaleVersion` (not where None is given)."""
        known = self._expect(connection, identity, expected)
        stack = standing(known)
        if not stack:
            raise NothingToUndo(identity[self._name])
        value = stack[-2].value if len(stack) > 1 else None
        new = Change(known[-1].version + 1, value, by, at, undoes=stack[-1].version)
        return self._append(connection, identity, new, known[-1].value)

    def newest(self, platform: str, community: str) -> sa.Select[Any]:
        """A query for the newest version of each thing of a community, those without a value too."""
        return self.everywhere().where(self._table.c.platform == platform, self._table.c.community == community)

    def everywhere(self) -> sa.Select[Any]:
        """A query for the newest version of each thing of every community."""
        table = self._table
        newer = table.alias()
        of_same = [newer.c[column] == table.c[column] for column in self._identity()]
        is_newest = ~sa.exists().where(*of_same, newer.c.version > table.c.version)
        return sa.select(table).where(is_newest)

    def in_force(self, platform: str, community: str) -> sa.Select[Any]:
        """A query for the newest version of each thing of a community that has a value."""
        return self.newest(platform, community).where(self._table.c.value.is_not(None))

    def _identity(self) -> list[str]:
        own = {"id", "version", "value", "undoes", "by", "at"}
        return [column.name for column in self._table.c if column.name not in own]

    def _expect(self, connection: sa.Connection, identity: Identity, expected: int | None) -> list[Change]:
        known = self.changes(connection, identity)
        if expected is not None and expected != (known[-1].version if known else 0):
            raise StaleVersion(identity[self._name], expected, known[-1] if known else None)
        return known

    def _append(self, connection: sa.Connection, identity: Identity, new: Change, before: Any) -> Change:
        row = {"version": new.version, "value": new.value, "by": new.by, "at": new.at, "undoes": new.undoes}
        # Of two processes that get here at once, the table's unique key lets one through; the other looks again.
        connection.execute(sa.insert(self._table), {**identity, **row})
        scope = {key: value for key, value in identity.items() if key not in ("platform", "community") and value}
        detail = {**scope, "version": new.version, "before": before, "after": new.value}
        if new.undoes is not None:
            detail["undoes"] = new.undoes
        write_audit(
            connection, new.at, new.by, f"{self._what} {'undone' if new.undoes else 'changed'}", detail,
            platform=identity["platform"], community=identity["community"],
        )  # fmt: skip
        return new
