"""Taking the log out: whole, in pieces, and harmless to a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.communities import csv_text
from safetybot.model import NewInteraction, Place, Verdict, VerdictKind
from safetybot.store import export as export_module
from safetybot.store.export import FIELDS, export
from safetybot.store.log import Filters
from safetybot.store.store import SqlStore

New = Callable[..., NewInteraction]
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def _all(store: SqlStore, form: Any) -> str:
    return "".join([piece async for piece in export(store, Filters(), form)])


async def test_both_forms_hold_the_same_rows(store: SqlStore, new: New) -> None:
    for number in range(3):
        claim = await store.claim(new(f"m{number}"), None)
        await store.add_verdict(claim.interaction_id, Verdict(VerdictKind.HANDLED, "ann", new().at, 'said "no", twice'))
    lines = [json.loads(line) for line in (await _all(store, "jsonl")).splitlines()]
    rows = list(csv.DictReader(io.StringIO(await _all(store, "csv"), newline="")))
    assert [line["message_id"] for line in lines] == ["m2", "m1", "m0"]
    assert list(rows[0]) == list(lines[0]) == list(FIELDS)
    for row, line in zip(rows, lines, strict=True):
        assert row["verdict_reason"] == line["verdict_reason"] == 'said "no", twice'
        assert row["at"] == line["at"] == new().at.isoformat()
        assert row["rules"] == "; ".join(line["rules"])


async def test_an_empty_log_is_a_header_or_nothing(store: SqlStore) -> None:
    assert await _all(store, "csv") == ",".join(FIELDS) + "\r\n"
    assert await _all(store, "jsonl") == ""


async def test_pages_join_without_a_seam(store: SqlStore, new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "_PAGE", 4)
    for count in (4, 5):  # a page filled to the brim, and one row more
        while len(await store.list_interactions(limit=100)) < count:
            await store.claim(new(f"{len(await store.list_interactions(limit=100))}"), None)
        lines = (await _all(store, "jsonl")).splitlines()
        assert [json.loads(line)["message_id"] for line in lines] == [str(n) for n in reversed(range(count))]


@pytest.mark.parametrize("start", FORMULA)
async def test_no_cell_begins_as_a_formula(store: SqlStore, new: New, start: str) -> None:
    nasty = f"{start}cmd|' /C calc'!A0"
    place = Place("discord", nasty, nasty, nasty)
    claim = await store.claim(new(nasty, place=place, response_id=nasty), None)
    await store.add_verdict(claim.interaction_id, Verdict(VerdictKind.HANDLED, nasty, new().at, nasty))
    (row,) = csv.DictReader(io.StringIO(await _all(store, "csv"), newline=""))
    for name, cell in row.items():
        assert not cell.startswith(FORMULA), name
    assert row["verdict_reason"] == f"'{nasty}"
    (line,) = map(json.loads, (await _all(store, "jsonl")).splitlines())
    assert line["verdict_reason"] == nasty  # machines get what was written


@given(st.text())
def test_any_cell_can_be_read_back_from_csv(text: str) -> None:
    cell = csv_text.cell(text)
    assert cell in (text, f"'{text}")
    assert not cell.startswith(FORMULA)
    if "\x00" not in text:
        (row,) = csv.reader(io.StringIO(csv_text.csv_line([cell, "end"]), newline=""))
        assert row == [cell, "end"]


async def test_no_export_holds_an_excerpt(store: SqlStore, new: New) -> None:
    await store.claim(new(excerpt="I inject myself"), None)
    for form in ("csv", "jsonl"):
        assert "excerpt" not in await _all(store, form)
