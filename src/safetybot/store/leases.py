"""Leases: what only one process may do at a time (purge, poll, IDENTIFY), and which stores are alive.

A lease runs out by itself; a holder that lives renews it. The holder of an unexpired lease on this very machine whose
process is gone counts as dead at once, so that a restart need not wait. Clocks of machines that share a database must
agree within a few seconds.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.ports import Clock
from safetybot.store.database import Database, inserter
from safetybot.store.tables import leases

_HERE: set[str] = set()
"""Holders that live in this process. In a container every process may be number 1, so the number alone says little."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds leases: a name unlike any other, and the process behind it."""

    name: str
    host: str
    pid: int

    @classmethod
    def of_this_process(cls, name: str) -> Holder:
        """The holder `name`, alive in this process until `gone` is called."""
        _HERE.add(name)
        return cls(name, socket.gethostname(), os.getpid())

    def gone(self) -> None:
        """This holder no longer lives."""
        _HERE.discard(self.name)


class Leases:
    """Takes, renews and gives back leases for one holder. `SqlStore.leases` is one."""

    def __init__(self, database: Database, clock: Clock, holder: Holder) -> None:
        """Act for `holder`."""
        self._database, self._clock, self._holder = database, clock, holder
        upsert = inserter(is_sqlite=database.is_sqlite)(leases)
        taken = {column: upsert.excluded[column] for column in ("holder", "host", "pid", "until")}
        ours_or_over = sa.or_(
            leases.c.holder == upsert.excluded.holder,
            leases.c.until <= sa.bindparam("now", type_=leases.c.until.type),
            leases.c.holder.in_(sa.bindparam("dead", expanding=True)),
        )
        self._take = upsert.on_conflict_do_update(index_elements=["name"], set_=taken, where=ours_or_over).returning(
            leases.c.holder
        )

    async def take(self, name: str, length: timedelta) -> bool:
        """Take or renew `name` for `length` from now; False where another holds it."""
        return await self._database.writer.do(lambda connection: self.take_within(connection, name, length))

    def take_within(self, connection: sa.Connection, name: str, length: timedelta) -> bool:
        """`take`, as part of a transaction of the writer's."""
        now = self._clock.now()
        known = connection.execute(sa.select(leases).where(leases.c.name == name)).first()
        row = {
            "name": name, "holder": self._holder.name, "host": self._holder.host, "pid": self._holder.pid,
            "until": now + length, "now": now, "dead": [known.holder] if known and _is_dead(known, now) else [],
        }  # fmt: skip
        return connection.execute(self._take, row).first() is not None

    async def give_back(self, name: str) -> None:
        """Let go of `name`, if it is held."""

        def job(connection: sa.Connection) -> None:
            connection.execute(sa.delete(leases).where(leases.c.name == name, leases.c.holder == self._holder.name))

        await self._database.writer.do(job)


def alive(connection: sa.Connection, prefix: str, now: datetime) -> set[str]:
    """The holders of unexpired leases whose names begin with `prefix`, without those known to be dead."""
    query = sa.select(leases).where(leases.c.name.startswith(prefix, autoescape=True))
    return {row.holder for row in connection.execute(query) if not _is_dead(row, now)}


def _is_dead(row: sa.Row[Any], now: datetime) -> bool:
    if row.until <= now:
        return True
    if row.host != socket.gethostname() or os.name != "posix":
        return False  # cannot be told from here
    if row.pid == os.getpid():
        return row.holder not in _HERE
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
