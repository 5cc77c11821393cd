"""Forgetting: what is deleted, what stays, and that it is gone from the files too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from safetybot.model import Concern, NewInteraction, Place, Policy, Verdict, VerdictKind
from safetybot.ports import Cooldowns
from safetybot.store import retention
from safetybot.store.audit import audit_entries
from safetybot.store.keys import Excerpts
from safetybot.store.keywords import Keyword, KeywordState
from safetybot.store.retention import Forgotten
from safetybot.store.store import SqlStore, open_store
from safetybot.store.tables import notes, verdicts

New = Callable[..., NewInteraction]
AUTHOR = "a" * 32
DAY = timedelta(days=1)


async def _purge(store: SqlStore, *, days: int = 90, excerpt_days: int = 14) -> Forgotten:
    return await retention.purge(
        store.database, store._clock.now(), retention=days * DAY, excerpt_retention=excerpt_days * DAY, by="test"
    )


async def _reviewed(store: SqlStore, new: NewInteraction, cooldowns: Cooldowns | None = None) -> int:
    number = (await store.claim(new, cooldowns)).interaction_id
    await store.add_verdict(number, Verdict(VerdictKind.CONFIRMED, "ann", new.at))
    await store.add_note(number, "seen", by="ann")
    return number


async def _rows(store: SqlStore, table: sa.Table) -> int:
    async with store.database.reader.connect() as connection:
        return (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


async def test_a_purge_deletes_what_is_older_than_asked_with_all_that_hangs_on_it(
    store: SqlStore, new: New, clock: Any
) -> None:
    await _reviewed(store, new("old", excerpt="words"))
    clock.forward(days=1)
    kept = await _reviewed(store, new("young", excerpt="words"))
    clock.forward(days=89, microseconds=1)
    assert await _purge(store) == Forgotten(interactions=1, excerpts=1)
    assert [one.id for one in await store.list_interactions()] == [kept]
    assert (await _rows(store, verdicts), await _rows(store, notes)) == (1, 1)
    assert not (await store.details(kept)).has_excerpt


@pytest.mark.parametrize("count", [999, 1000, 1001])
async def test_a_purge_of_many_leaves_none(store: SqlStore, new: New, clock: Any, count: int) -> None:
    await asyncio.gather(*(store.claim(new(f"{number}"), None) for number in range(count)))
    clock.forward(days=91)
    assert (await _purge(store)).interactions == count
    assert await store.list_interactions() == []


async def test_excerpts_go_before_their_interactions(store: SqlStore, new: New, clock: Any) -> None:
    number = (await store.claim(new(excerpt="words"), None)).interaction_id
    clock.forward(days=14, microseconds=1)
    assert await _purge(store) == Forgotten(excerpts=1)
    assert await store.excerpt(number, by="ann") is None


async def test_a_purge_keeps_opt_outs_and_cooldowns_that_still_hold(store: SqlStore, new: New, clock: Any) -> None:
    one = new()
    await store.members.opt_out(one.place, AUTHOR)
    await store.claim(one, Cooldowns(Concern.DIY, DAY, 7 * DAY))
    clock.forward(days=1)
    assert await _purge(store, days=0, excerpt_days=0) == Forgotten(interactions=1)
    history = await store.history(one.place, "x", AUTHOR, Concern.DIY)
    assert history.author_opted_out
    assert history.last_reply_to_author == one.at
    clock.forward(days=90)
    assert await _purge(store) == Forgotten(cooldowns=2)


async def test_erasing_a_person_leaves_only_the_wish_to_be_left_alone(
    store: SqlStore, new: New, cooldowns: Cooldowns
) -> None:
    await _reviewed(store, new("1", excerpt="words"), cooldowns)
    await _reviewed(store, new("2"))
    other = await _reviewed(store, new("3", author_pseudonym="b" * 32))
    place = new().place
    await store.members.opt_out(place, AUTHOR)
    erased = await retention.erase_author(store.database, AUTHOR, store._clock.now(), by="op")
    assert erased == Forgotten(interactions=2, cooldowns=1)
    assert [one.id for one in await store.list_interactions()] == [other]
    history = await store.history(place, "1", AUTHOR, Concern.DIY)
    assert (history.author_opted_out, history.already_answered, history.last_reply_to_author) == (True, False, None)
    again = await retention.erase_author(store.database, AUTHOR, store._clock.now(), by="op")
    assert again == Forgotten()


async def test_erasing_a_message_takes_it_alone(store: SqlStore, new: New) -> None:
    await _reviewed(store, new("1"))
    elsewhere = await _reviewed(store, new("1", place=Place("discord", "100", "201")))
    erased = await retention.erase_message(store.database, new().place, "1", store._clock.now(), by="bot")
    assert erased == Forgotten(interactions=1)
    assert [one.id for one in await store.list_interactions()] == [elsewhere]


async def test_erasing_a_community_takes_all_of_it_and_nothing_of_others(
    store: SqlStore, new: New, cooldowns: Cooldowns
) -> None:
    places = {c: Place("discord", c, "1") for c in ("10", "100", "1_0")}
    at = store._clock.now()
    for community, place in places.items():
        author = f"{community:0>32}"
        await _reviewed(store, new(place=place, author_pseudonym=author), cooldowns)
        await store.members.opt_out(place, f"{community:f>32}")
        await store.settings.put("discord", community, "", "language", "de", by="a", at=at, expected=0)
        term = Keyword("x", KeywordState.LIVE, concept="product")
        await store.keywords.put("discord", community, term, by="a", at=at, expected=0)
    erased = await retention.erase_community(store.database, "discord", "1_0", at, by="op")
    assert erased == Forgotten(interactions=1, cooldowns=2, opt_outs=1, settings=2)
    assert {one.place.community for one in await store.list_interactions()} == {"10", "100"}
    for community in ("10", "100"):
        place = places[community]
        history = await store.history(place, "1", f"{community:0>32}", Concern.DIY)
        assert history.last_reply_in_channel == history.last_reply_to_author == at
        assert (await store.history(place, "x", f"{community:f>32}", Concern.DIY)).author_opted_out
        assert await store.settings.in_force("discord", community) == {("", "language"): "de"}
        assert len(await store.keywords.in_force("discord", community)) == 1


async def test_forgetting_is_audited_in_numbers_only(store: SqlStore, new: New) -> None:
    one = new("message-77")
    await store.claim(one, None)
    await retention.erase_author(store.database, AUTHOR, store._clock.now(), by="op")
    await store.claim(one, None)
    await retention.erase_message(store.database, one.place, one.message_id, store._clock.now(), by="bot")
    await retention.erase_community(store.database, "discord", "100", store._clock.now(), by="op")
    await _purge(store)
    entries = [entry async for entry in audit_entries(store.database)]
    assert [(entry.by, entry.action) for entry in entries] == [
        ("op", "erase author"), ("bot", "erase message"), ("op", "erase community"), ("test", "purge"),
    ]  # fmt: skip
    assert entries[0].detail == {"interactions": 1}
    assert AUTHOR not in repr(entries)
    assert "message-77" not in repr(entries)


async def test_what_is_erased_is_gone_from_sqlites_files(
    tmp_path: Path, new: New, clock: Any, excerpt_key: str
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}"
    defaults = Policy({})
    author = "c0ffee" * 5 + "c0"
    async with open_store(url, clock=clock, defaults=defaults, excerpts=Excerpts([excerpt_key])) as store:
        await store.claim(new("message-77", author_pseudonym=author), Cooldowns(Concern.DIY, DAY, DAY))
        await store.claim(new("message-78"), None)
        assert author.encode() in _files(tmp_path)
        await retention.erase_author(store.database, author, store._clock.now(), by="op")
        held = _files(tmp_path)
        assert author.encode() not in held
        assert b"message-77" not in held
        assert b"message-78" in held
        assert len(await store.list_interactions()) == 1


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
