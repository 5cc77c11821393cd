"""Every filter of the log by an index of its own: on a long log, whatever else is read is read for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from tests.conftest import START, New, Open, StillClock

from safetybot.communities.records import Filters
from safetybot.model import Assessment, Concern, InteractionState, Place, Verdict, VerdictKind
from safetybot.store import migrations
from safetybot.store.database import open_database
from safetybot.store.log import interaction_query, page_conditions
from safetybot.store.store import SqlStore
from safetybot.store.tables import interactions

HERE = ("discord", "100")
DAY = timedelta(days=1)
USES: list[tuple[Filters, str]] = [
    (Filters(*HERE), "ix_interactions_platform_community_id (platform=? AND community=?"),
    (Filters(*HERE, channel="1"), "ix_interactions_platform_community_channel_id"),
    (Filters(*HERE, concern=Concern.DIY), "ix_interactions_platform_community_concern_id"),
    (Filters(*HERE, language="hu"), "ix_interactions_platform_community_language_id"),
    (Filters(*HERE, state=InteractionState.FAILED), "ix_interactions_platform_community_state_id"),
    (Filters(*HERE, verdict=VerdictKind.HANDLED), "ix_interactions_judged"),
    (Filters(*HERE, author="a"), "ix_interactions_author"),
    (Filters(*HERE, author="a", language="hu", concern=Concern.DIY), "ix_interactions_author"),
    (Filters(*HERE, waiting=True), "ix_interactions_waiting"),
    (Filters(*HERE, waiting=True, concern=Concern.DIY, channel="1"), "ix_interactions_waiting"),
    (Filters(*HERE, until=START), "ix_interactions_platform_community_id (platform=? AND community=? AND id<?"),
    (Filters(*HERE, since=START), "ix_interactions_platform_community_id (platform=? AND community=? AND id>?"),
    (Filters(*HERE, language="hu", since=START, until=START + DAY), "ix_interactions_platform_community_language_id"),
    (Filters(channel="1"), "ix_interactions_channel_id"),
    (Filters(language="hu"), "ix_interactions_language_id"),
    (Filters(verdict=VerdictKind.HANDLED), "ix_interactions_all_judged"),
    (Filters(state=InteractionState.FAILED), "ix_interactions_state"),
    (Filters(author="a"), "ix_interactions_author"),
    (Filters(waiting=True), "ix_interactions_all_waiting"),
    (Filters(until=START), "INTEGER PRIMARY KEY (rowid<?"),
]


@pytest.fixture
async def plans(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('plans') / 'store.sqlite3'}"
    async with open_database(url, migrate=True) as database:

        async def plan(filters: Filters) -> str:
            number = interactions.c.id + 0 if filters.author is not None else interactions.c.id
            query = interaction_query().where(*page_conditions(filters, None)).order_by(number.desc()).limit(50)
            text = str(query.compile(database.reader.sync_engine, compile_kwargs={"literal_binds": True}))
            async with database.reader.connect() as connection:
                rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
                return "\n".join(row.detail for row in rows)

        yield plan


async def test_each_filter_uses_its_index_and_sorts_nothing(plans: Any) -> None:
    wrong: list[tuple[Filters, str]] = []
    for filters, index in USES:
        plan = await plans(filters)
        sorted_after = "TEMP B-TREE" in plan and filters.author is None
        if f"interactions USING {'' if 'PRIMARY' in index else 'INDEX '}{index}" not in plan or sorted_after:
            wrong.append((filters, plan))
    assert wrong == []


async def _fill(store: SqlStore, new: New, clock: StillClock) -> list[int]:
    """Sixty of six days, of two communities, two languages, two concerns; with verdicts on some."""
    made: list[int] = []
    for number in range(60):
        clock.time = START + number * DAY / 10
        language, concern = "hu" if number % 7 == 0 else "en", Concern.ADVERSE if number % 5 == 0 else Concern.MENTION
        one = new(str(number), place=Place("discord", "100" if number % 2 else "200", f"c{number % 3}"), at=clock.now())
        one = replace(one, assessment=Assessment(concern, 0.9, language))
        made.append((await store.claim(one, None)).interaction_id)
    for number in made[::4]:
        await store.add_verdict(number, Verdict(VerdictKind.CONFIRMED, "me", clock.now()))
    for number in made[::8]:
        await store.add_verdict(number, Verdict(VerdictKind.HANDLED, "me", clock.now()))
    return made


async def test_pages_hold_what_the_filters_say_and_nothing_else(store: SqlStore, new: New, clock: StillClock) -> None:
    await _fill(store, new, clock)
    everything = await store.list_interactions(limit=100)
    assert len(everything) == 60
    times = [None, START, START + DAY * 1.05, START + DAY * 2, START + DAY * 30, START - DAY * 3]
    checked = 0
    for since in times:
        for until in times:
            for more in (Filters(), Filters(language="hu"), Filters(*HERE), Filters(channel="c1")):
                filters = replace(more, since=since, until=until)
                expected = [one.id for one in everything if _fits(one, filters)]
                found = await store.list_interactions(filters, limit=100)
                assert [one.id for one in found] == expected, filters
                rest = await store.list_interactions(filters, before=expected[1] if expected[1:] else 1, limit=100)
                assert [one.id for one in rest] == expected[2:], filters
                checked += bool(expected)
    assert checked > 40


def _fits(one: Any, filters: Filters) -> bool:
    return (
        (filters.since is None or one.at >= filters.since)
        and (filters.until is None or one.at < filters.until)
        and (filters.language is None or one.language == filters.language)
        and (filters.community is None or one.place.community == filters.community)
        and (filters.channel is None or one.place.channel == filters.channel)
    )


async def test_the_latest_verdict_is_what_is_filtered_by(store: SqlStore, new: New, clock: StillClock) -> None:
    made = await _fill(store, new, clock)
    handled = await store.list_interactions(Filters(verdict=VerdictKind.HANDLED), limit=100)
    confirmed = await store.list_interactions(Filters(verdict=VerdictKind.CONFIRMED), limit=100)
    assert [one.id for one in handled] == made[::8][::-1]
    assert [one.id for one in confirmed] == [number for number in made[::4] if number not in made[::8]][::-1]
    judged = await store.judged(Filters(), before=None, limit=100)
    assert [one.id for one in judged] == made[::4][::-1]
    latest = dict.fromkeys(made[::4], VerdictKind.CONFIRMED) | dict.fromkeys(made[::8], VerdictKind.HANDLED)
    assert {one.id: one.verdict for one in judged} == latest


async def test_numbers_out_of_order_by_less_than_an_hour_are_found(
    store: SqlStore, open_it: Open, new: New, clock: StillClock
) -> None:
    """Two replicas' clocks differ by many minutes: numbers and times do not grow together."""
    step = timedelta(minutes=10)
    async with open_it() as other:
        for number in range(36):
            slow, fast = START + number * step, START + number * step + timedelta(minutes=55)
            await asyncio.gather(
                store.claim(new(f"slow {number}", at=slow), None), other.claim(new(f"fast {number}", at=fast), None)
            )
    since, until = START + 9 * step, START + 18 * step
    found = await store.list_interactions(Filters(since=since, until=until), limit=100)
    everything = await store.list_interactions(limit=100)
    assert [one.id for one in found] == [one.id for one in everything if since <= one.at < until]
    assert len(found) == 18


def test_the_column_of_verdicts_is_filled_where_there_were_some(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    with engine.begin() as connection:
        config = migrations._config(connection)
        command.upgrade(config, "0007")
        connection.exec_driver_sql(
            "INSERT INTO interactions (platform, community, channel, message_id, author, at, concern, confidence, "
            "language, rules, hits, reasons, state, alerted, shadow) VALUES "
            "('discord', '1', '1', '1', 'a', 1, 1, 0.9, 'en', '[]', '[]', '[]', 'sent', 0, 0), "
            "('discord', '1', '1', '2', 'a', 1, 1, 0.9, 'en', '[]', '[]', '[]', 'sent', 0, 0)"
        )
        for kind in ("confirmed", "handled"):
            connection.execute(
                sa.text("INSERT INTO verdicts (interaction_id, kind, \"by\", at) VALUES (2, :kind, 'me', 1)"),
                {"kind": kind},
            )
        command.upgrade(config, "head")
        assert list(connection.exec_driver_sql("SELECT id, verdict FROM interactions")) == [(1, None), (2, "handled")]
    engine.dispose()
