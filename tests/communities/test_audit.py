"""The audit: pages, filters, files, and who may have which."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from typing import Any

import pytest

from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.audit import FIELDS, Audit, AuditFilters
from safetybot.store.audit import write_audit
from safetybot.store.store import SqlStore

ADMIN = Actor("ann", Role.ADMIN, "discord", "100")
OPERATOR = Actor("op", Role.OPERATOR)


async def _fill(store: SqlStore, clock: Any, count: int = 5) -> None:
    for number in range(count):
        clock.forward(hours=1)
        await store.database.writer.do(
            partial(
                write_audit, at=clock.now(), by=f"=who{number % 3}", action="setting changed",
                detail={"key": f"k{number}"}, platform="discord", community=str(100 + number % 2),
            )
        )  # fmt: skip


async def test_pages_follow_one_another_without_gap_or_repetition(store: SqlStore, clock: Any) -> None:
    await _fill(store, clock, 7)
    audit, seen, before = Audit(store.audit), [], None
    while page := await audit.page(OPERATOR, AuditFilters(), before=before, limit=3):
        seen += [entry.detail["key"] for entry in page]
        before = page[-1].id
    assert seen == [f"k{number}" for number in reversed(range(7))]


async def test_filters_choose(store: SqlStore, clock: Any) -> None:
    start = clock.now()
    await _fill(store, clock)
    audit = Audit(store.audit)

    async def keys(**filters: Any) -> list[str]:
        return [entry.detail["key"] for entry in await audit.page(OPERATOR, AuditFilters(**filters))]

    assert await keys(platform="discord", community="101") == ["k3", "k1"]
    assert await keys(by="=who1") == ["k4", "k1"]
    assert await keys(action="purge") == []
    entries = await audit.page(OPERATOR, AuditFilters())
    assert await keys(since=entries[1].at) == ["k4", "k3"]
    assert await keys(until=entries[-2].at) == ["k0"]
    assert await keys(until=start) == []


async def test_an_admin_reads_the_own_communitys_and_exports_none(store: SqlStore, clock: Any) -> None:
    await _fill(store, clock)
    audit = Audit(store.audit)
    own = AuditFilters("discord", "100")
    assert len(await audit.page(ADMIN, own)) == 3
    for filters in (AuditFilters(), AuditFilters("discord", "101"), AuditFilters("discord")):
        with pytest.raises(Refused, match="read the audit"):
            await audit.page(ADMIN, filters)
    with pytest.raises(Refused, match="export the audit"):
        [piece async for piece in audit.export(ADMIN, own, "csv")]
    with pytest.raises(Refused, match="role held is moderator"):
        await audit.page(Actor("bob", Role.MODERATOR, "discord", "100"), own)


async def test_an_export_is_whole_in_order_and_safe_in_a_spreadsheet(store: SqlStore, clock: Any) -> None:
    await _fill(store, clock, 3)
    audit = Audit(store.audit)
    lines = [json.loads(piece) async for piece in audit.export(OPERATOR, AuditFilters(), "jsonl")]
    assert [line["detail"]["key"] for line in lines] == ["k0", "k1", "k2"]
    text = "".join([piece async for piece in audit.export(OPERATOR, AuditFilters(), "csv")])
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == FIELDS
    assert [row["by"] for row in rows] == ["'=who0", "'=who1", "'=who2"]
    assert [json.loads(row["detail"])["key"] for row in rows] == ["k0", "k1", "k2"]
