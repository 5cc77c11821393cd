"""What is read for every message of concern: once for all who ask at once, never stale, told where it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from safetybot.model import Place
from safetybot.store.database import open_database
from safetybot.store.errors import StoreClosed
from safetybot.store.store import SqlStore

HERE = Place("discord", "100", "200")


@pytest.fixture
def taken(store: SqlStore) -> list[object]:
    """Grows with each connection that somebody takes in order to read."""
    taken: list[object] = []
    sa.event.listen(store.database.reader.sync_engine.pool, "checkout", lambda *_: taken.append(None))
    return taken


async def test_all_who_ask_for_a_policy_at_once_wait_for_one_reading(store: SqlStore, taken: list[object]) -> None:
    places = [Place("discord", "100", str(channel)) for channel in range(50)]
    policies = await asyncio.gather(*map(store.policy, places))
    assert all(policy == policies[0] for policy in policies)
    assert len(taken) == 1


async def test_who_asks_after_a_change_gets_no_reading_from_before_it(store: SqlStore, taken: list[object]) -> None:
    before = asyncio.create_task(store.policy(HERE))
    await asyncio.sleep(0)
    store.settings_changed("discord", "100")
    await asyncio.gather(before, store.policy(HERE))
    assert len(taken) == 2


async def test_one_who_goes_away_leaves_the_reading_to_the_others(store: SqlStore) -> None:
    first, second = (asyncio.create_task(store.policy(HERE)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).language is None
    assert first.cancelled()


async def test_a_reading_that_fails_is_told_to_all_and_tried_anew(store: SqlStore) -> None:
    async def rename(old: str, new: str) -> None:
        await store.database.writer.do(lambda c: c.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}")))

    await rename("settings", "away")
    failures = await asyncio.gather(*(store.policy(HERE) for _ in range(3)), return_exceptions=True)
    assert [isinstance(one, sa.exc.SQLAlchemyError) for one in failures] == [True] * 3
    await rename("away", "settings")
    assert (await store.policy(HERE)).language is None


async def test_nothing_is_read_after_the_end(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}") as database:
        assert await database.read(lambda connection: connection.execute(sa.text("SELECT 1")).scalar()) == 1
    with pytest.raises(StoreClosed):
        await database.read(lambda _: None)
