"""Reading the log, the reviewers' words, excerpts, opting out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.fernet import Fernet

from safetybot.model import (
    Concern,
    HitPath,
    InteractionState,
    NewInteraction,
    Place,
    Span,
    Verdict,
    VerdictKind,
)
from safetybot.store.audit import audit_entries
from safetybot.store.errors import NoSuchInteraction
from safetybot.store.export import export
from safetybot.store.keys import Excerpts
from safetybot.store.log import DayCount, Filters, StoredHit, term_mark
from safetybot.store.store import SqlStore

New = Callable[..., NewInteraction]
AT = datetime(2026, 3, 2, tzinfo=UTC)


async def _fill(store: SqlStore, new: New, clock: Any) -> dict[str, int]:
    """One interaction of each kind that filters tell apart, by name."""
    kinds: dict[str, dict[str, Any]] = {
        "plain": {},
        "platform": {"place": Place("telegram", "100", "200")},
        "community": {"place": Place("discord", "101", "200")},
        "channel": {"place": Place("discord", "100", "201")},
        "concern": {"concern": Concern.SUPPLY},
        "author": {"author_pseudonym": "b" * 32},
    }
    ids = {}
    for name, changes in kinds.items():
        ids[name] = (await store.claim(new(name, **changes), None)).interaction_id
        clock.forward(hours=6)
    return ids


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), {"plain", "platform", "community", "channel", "concern", "author"}),
        (Filters(platform="telegram"), {"platform"}),
        (Filters(community="101"), {"community"}),
        (Filters(channel="201"), {"channel"}),
        (Filters(concern=Concern.SUPPLY), {"concern"}),
        (Filters(author="b" * 32), {"author"}),
        (Filters(state=InteractionState.SENDING), {"plain"}),
        (Filters(verdict=VerdictKind.FALSE_ALARM), {"channel"}),
        (Filters(verdict=VerdictKind.CONFIRMED), set()),
        (Filters(since=AT, until=AT + timedelta(hours=12)), {"community", "channel"}),
        (Filters(platform="discord", concern=Concern.DIY, channel="200"), {"plain", "community", "author"}),
        (Filters(community="nowhere"), set()),
    ],
)
async def test_listing_and_export_choose_alike(
    store: SqlStore, new: New, clock: Any, filters: Filters, found: set[str]
) -> None:
    clock.time = AT - timedelta(hours=12)
    ids = await _fill(store, new, clock)
    await store.advance(ids["plain"], InteractionState.SENDING)
    for kind in (VerdictKind.CONFIRMED, VerdictKind.FALSE_ALARM):
        await store.add_verdict(ids["channel"], Verdict(kind, "mod", clock.now(), "changed my mind"))
    listed = await store.list_interactions(filters)
    assert {one.message_id for one in listed} == found
    assert [one.id for one in listed] == sorted((one.id for one in listed), reverse=True)
    assert len([line async for line in export(store, filters, "jsonl")]) == len(found)
    assert sum((await store.counts(filters)).values()) == len(found)


async def test_pages_follow_each_other_without_a_gap_while_rows_come_and_go(store: SqlStore, new: New) -> None:
    ids = [(await store.claim(new(f"{n}"), None)).interaction_id for n in range(25)]
    seen: list[int] = []
    before: int | None = None
    while page := await store.list_interactions(before=before, limit=10):
        seen += [one.id for one in page]
        before = page[-1].id
        await store.claim(new(f"later {before}"), None)  # newer rows move no page
    assert seen == ids[::-1]


async def test_the_latest_verdict_counts_and_all_are_kept(store: SqlStore, new: New, clock: Any) -> None:
    number = (await store.claim(new(), None)).interaction_id
    words = [
        Verdict(VerdictKind.FALSE_ALARM, "ann", clock.now(), "a quotation"),
        Verdict(VerdictKind.HANDLED, "bob", clock.forward(minutes=1)),
    ]
    for word in words:
        await store.add_verdict(number, word)
    assert (await store.interaction(number)).verdict == words[-1]
    assert (await store.details(number)).verdicts == tuple(words)


async def test_details_hold_all_but_the_members_words(store: SqlStore, new: New, clock: Any) -> None:
    store.config_version = "c7"
    number = (await store.claim(new(excerpt="I inject mesotherapy myself"), None)).interaction_id
    sending_at = clock.forward(seconds=1)
    await store.advance(number, InteractionState.SENDING)
    ended_at = clock.forward(seconds=1)
    await store.advance(number, InteractionState.FAILED, error="Missing Access")
    await store.add_note(number, "asked the author", by="ann")
    details = await store.details(number)
    assert details.hits == (StoredHit("procedure", Span(4, 15), HitPath.FOLDED, term_mark("en", "mesotherapy")),)
    assert (details.error, details.sending_at, details.ended_at) == ("Missing Access", sending_at, ended_at)
    assert (details.config_version, details.has_excerpt) == ("c7", True)
    assert [(note.by, note.text) for note in details.notes] == [("ann", "asked the author")]
    assert "mesotherapy" not in repr(details)


@pytest.mark.parametrize("ask", ["interaction", "details"])
async def test_what_is_not_there_is_told_by_number(store: SqlStore, ask: str) -> None:
    with pytest.raises(NoSuchInteraction) as caught:
        await getattr(store, ask)(404)
    assert caught.value.interaction_id == 404


async def test_nothing_is_said_about_what_is_not_there(store: SqlStore, clock: Any) -> None:
    with pytest.raises(NoSuchInteraction):
        await store.add_verdict(404, Verdict(VerdictKind.HANDLED, "ann", clock.now()))
    with pytest.raises(NoSuchInteraction):
        await store.add_note(404, "hm", by="ann")
    with pytest.raises(NoSuchInteraction):
        await store.excerpt(404, by="ann")
    assert [entry async for entry in audit_entries(store.database)] == []


async def test_days_are_counted_in_utc(store: SqlStore, new: New, clock: Any) -> None:
    for number, at in enumerate([AT - timedelta(microseconds=1), AT, AT + timedelta(hours=23, minutes=59)]):
        claim = await store.claim(new(f"{number}", at=at.astimezone(timezone(timedelta(hours=9)))), None)
        if number == 1:
            await store.advance(claim.interaction_id, InteractionState.SENDING)
            await store.advance(claim.interaction_id, InteractionState.SENT)
    assert await store.day_counts() == [
        DayCount(date(2026, 3, 2), Concern.DIY, 2, 1),
        DayCount(date(2026, 3, 1), Concern.DIY, 1, 0),
    ]
    assert (await store.interaction(1)).at == AT - timedelta(microseconds=1)
    assert (await store.interaction(1)).at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(store: SqlStore, new: New) -> None:
    with pytest.raises(Exception, match="without a zone"):
        await store.claim(new(at=datetime(2026, 3, 1)), None)  # noqa: DTZ001  # that is the point


@pytest.mark.parametrize("text", ["x" * 1000, "д" * 1000, "😀" * 400, "short", "a\x00b", "half \ud83d"])
async def test_an_excerpt_is_cut_kept_sealed_and_each_look_at_it_audited(store: SqlStore, new: New, text: str) -> None:
    number = (await store.claim(new(excerpt=text), None)).interaction_id
    read = await store.excerpt(number, by="ann")
    assert read == text[:300].replace("\ud83d", "?")
    entries = [entry async for entry in audit_entries(store.database)]
    assert [(entry.by, entry.action, entry.detail) for entry in entries] == [
        ("ann", "excerpt read", {"interaction": number})
    ]


async def test_without_its_key_an_excerpt_is_gone_and_nothing_else(
    open_it: Callable[[], Any], new: New, database_url: str, clock: Any
) -> None:
    async with open_it() as store:
        number = (await store.claim(new(excerpt="secret"), None)).interaction_id
        store._excerpts = Excerpts([Fernet.generate_key().decode()])
        assert await store.excerpt(number, by="ann") is None
        assert (await store.interaction(number)).id == number


async def test_an_opt_out_is_seen_until_it_is_taken_back(store: SqlStore, new: New) -> None:
    one = new()

    async def opted_out() -> bool:
        return (await store.history(one.place, "x", one.author_pseudonym, Concern.DIY)).author_opted_out

    assert not await opted_out()
    for _ in range(2):  # asking twice is no error
        await store.members.opt_out(one.place, one.author_pseudonym)
        assert await opted_out()
    assert await store.members.opt_in(one.author_pseudonym)
    assert not await opted_out()
    assert not await store.members.opt_in(one.author_pseudonym)


async def test_the_audit_is_read_whole_and_by_community(store: SqlStore, new: New, clock: Any) -> None:
    elsewhere = replace(new("2"), place=Place("discord", "101", "1"))
    for one in (new("1"), elsewhere):
        number = (await store.claim(one, None)).interaction_id
        for _ in range(3):
            await store.add_verdict(number, Verdict(VerdictKind.HANDLED, "ann", clock.now()))
    everything = [entry async for entry in audit_entries(store.database)]
    assert len(everything) == 6
    there = [entry async for entry in audit_entries(store.database, platform="discord", community="101")]
    assert there == everything[3:]
    assert [entry async for entry in audit_entries(store.database, after=everything[4].id)] == everything[5:]
