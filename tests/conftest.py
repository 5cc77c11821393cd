"""What several rooms' tests share: a PostgreSQL of the session's own, a store on either database, rows to put in.

The server listens on a Unix socket in a temporary folder only. It is skipped, with the reason, where the program is
missing, and never where CI=true: there its absence is a failure.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet

from safetybot.model import (
    Assessment,
    Concern,
    ConcernPolicy,
    Decision,
    FiredRule,
    Hit,
    HitPath,
    Level,
    Mode,
    NewInteraction,
    Place,
    Policy,
    Reason,
    Span,
)
from safetybot.ports import Cooldowns
from safetybot.store.keys import Excerpts
from safetybot.store.store import SqlStore, open_store

STARTS_WITHIN = 60.0
"""Seconds that a server may take before it answers."""


class PostgresServer:
    """One throw-away server. Nothing of it is durable: it lives as long as the tests do."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="safetybot-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = _account()
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self._folder / "data"
        self._run("initdb", "--pgdata", str(data), "--username=tests", "--auth=trust", "--no-sync", "--encoding=UTF8",
                  "--locale=C")  # fmt: skip
        with (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own arguments
                [str(self._programs / "postgres"), "-D", str(data), "-k", str(self._folder),
                 "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"],
                stdout=log, stderr=log, cwd=self._folder, **self._as,
            )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://tests@/{database}?host={self._folder}"

    def sql(self, *statements: str) -> None:
        """Run administrator's statements, each in a transaction of its own."""

        async def run() -> None:
            connection = await asyncpg.connect(host=str(self._folder), user="tests", database="postgres")
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        # A fixture may be asked for while a test's own loop runs, hence the thread.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, run()).result()

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "server.log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{said[-2000:]}")
            try:
                self.sql("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                time.sleep(0.05)
            else:
                return

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, cwd=self._folder, check=False, **self._as)  # noqa: S603
        if done.returncode:
            said = done.stderr.decode(errors="replace")
            self.stop()
            raise RuntimeError(f"{program} failed:\n{said[-2000:]}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server; one for each process of the session."""
    programs = _programs()
    if programs is None:
        reason = "PostgreSQL's `postgres` and `initdb` are not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    server = PostgresServer(programs)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of the test's own."""
    name = f"t{uuid.uuid4().hex}"
    postgres.sql(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of the test's own; every test that takes it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


# --- the store ---

START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(minutes=30), timedelta(days=1)) for c in Concern})
PLACE = Place("discord", "100", "200")


class StillClock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def excerpt_key() -> str:
    return Fernet.generate_key().decode()


Open = Callable[[], AbstractAsyncContextManager[SqlStore]]
"""Opens the test's database; several stores of one database are replicas of one bot."""


@pytest.fixture
def open_it(database_url: str, clock: StillClock, excerpt_key: str) -> Open:
    return lambda: open_store(
        database_url, clock=clock, defaults=DEFAULTS, excerpts=Excerpts([excerpt_key]), migrate=True
    )


@pytest.fixture
async def store(open_it: Open) -> AsyncIterator[SqlStore]:
    async with open_it() as opened:
        yield opened


New = Callable[..., NewInteraction]


@pytest.fixture
def new(clock: StillClock) -> New:
    """Makes interactions: everything has a default, keywords change it."""

    def make(
        message_id: str = "1", *, reply: bool = True, concern: Concern = Concern.DIY, **changes: Any
    ) -> NewInteraction:
        assessment = Assessment(
            concern,
            0.875,
            "en",
            hits=(Hit("procedure", "mesotherapy", "en", Span(4, 15), HitPath.FOLDED),),
            rules=(FiredRule("diy.self", concern, "Somebody injects themselves.", (0,)),),
            level=Level.TODAY if concern is Concern.ADVERSE else None,
        )
        decision = Decision(
            reply=reply, alert=False, shadow=not reply, reasons=(Reason.REPLY if reply else Reason.SHADOW,)
        )
        made = NewInteraction(PLACE, message_id, "a" * 32, clock.now(), assessment, decision, "en/diy/plain@1")
        return replace(made, **changes)

    return make


@pytest.fixture
def cooldowns() -> Cooldowns:
    return Cooldowns(Concern.DIY, timedelta(minutes=30), timedelta(days=1))


# --- the server's program ---


def _programs() -> Path | None:
    """The folder that holds `postgres` and `initdb`: on PATH, or the newest of Debian's."""
    found = shutil.which("postgres")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name, reverse=True)
    return next((p for p in places if (p / "postgres").exists() and (p / "initdb").exists()), None)


def _account() -> pwd.struct_passwd:
    """Whom the server runs as where the tests run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as")
