"""What members may ask for: shown and exported whole, erased whole, left alone; and who may ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safetybot.communities.access import BOT, Actor, Refused, Role
from safetybot.communities.privacy import Privacy
from safetybot.communities.records import Forgotten
from safetybot.communities.settings import CommunityPolicy, Limits
from safetybot.model import Concern, ConcernPolicy, Mode, NewInteraction, Place, Policy, Verdict, VerdictKind
from safetybot.ports import Cooldowns
from safetybot.store import retention
from safetybot.store.audit import audit_entries
from safetybot.store.errors import StaleVersion
from safetybot.store.keys import Pseudonyms
from safetybot.store.store import Filters, SqlStore

HERE = ("discord", "100")
PLACE = Place(*HERE, "200")
DAY = timedelta(days=1)
PSEUDONYMS = Pseudonyms("k" * 32)
DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(0), DAY) for c in Concern})
MEMBER = Actor("", None, *HERE, member="7")
ADMIN = Actor("ann", Role.ADMIN, *HERE)
New = Callable[..., NewInteraction]


@pytest.fixture
def policy(store: SqlStore, clock: Any) -> CommunityPolicy:
    return CommunityPolicy(store.settings, DEFAULTS, Limits(90 * DAY, 14 * DAY), clock)


@pytest.fixture
def privacy(store: SqlStore, policy: CommunityPolicy) -> Privacy:
    return Privacy(store.members, PSEUDONYMS, policy)


async def _write(
    store: SqlStore, new: New, message_id: str, member: str = "7", cooldowns: Cooldowns | None = None, **changes: Any
) -> int:
    author = PSEUDONYMS(changes.get("place", PLACE), member)
    return (await store.claim(new(message_id, author_pseudonym=author, **changes), cooldowns)).interaction_id


async def test_a_member_gets_all_that_is_kept_and_nothing_of_others(
    store: SqlStore, privacy: Privacy, new: New, cooldowns: Cooldowns
) -> None:
    own = await _write(store, new, "1", excerpt="my words", cooldowns=cooldowns)
    await store.add_verdict(own, Verdict(VerdictKind.CONFIRMED, "moderator-mo", store._clock.now(), "as said"))
    await store.add_note(own, "spoke to them", by="moderator-mo")
    await _write(store, new, "2", member="8", excerpt="others' words")
    await privacy.opt_out(MEMBER, *HERE, "7")
    data = await privacy.export(MEMBER, *HERE, "7")
    assert json.loads(json.dumps(data)) == data
    (row,) = data["interactions"]
    assert (row["id"], row["excerpt"], row["concern"]) == (own, "my words", "diy")
    assert [verdict["reason"] for verdict in row["verdicts"]] == ["as said"]
    assert [note["text"] for note in row["notes"]] == ["spoke to them"]
    assert row["reactions_to_reply"] == {"welcome": 0, "unwelcome": 0, "other": 0}
    assert data["opted_out_at"] == store._clock.now().isoformat()
    assert [one["about"] for one in data["last_answered"]] == ["diy"]
    assert "moderator-mo" not in json.dumps(data)


async def test_showing_tells_of_an_excerpt_but_not_its_words(store: SqlStore, privacy: Privacy, new: New) -> None:
    number = await _write(store, new, "1", excerpt="my words")
    data = await privacy.show(ADMIN, *HERE, "7")
    assert [(row.details.has_excerpt, row.excerpt) for row in data.interactions] == [(True, None)]
    await privacy.export(ADMIN, *HERE, "7")
    await privacy.export(MEMBER, *HERE, "7")
    entries = [entry async for entry in audit_entries(store.database)]
    assert [(e.by, e.action, e.detail["excerpts"]) for e in entries] == [
        ("ann", "member data read", 0), ("ann", "member data read", 1), ("a member", "member data read", 1),
    ]  # fmt: skip
    assert all(entry.detail["interactions"] == [number] and entry.community == "100" for entry in entries)
    assert PSEUDONYMS(PLACE, "7") not in repr(entries)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("", None, *HERE, member="8"),
        Actor("", None, "discord", "101", member="7"),
        Actor("mo", Role.MODERATOR, *HERE),
        Actor("el", Role.ADMIN, "discord", "101"),
    ],
)
async def test_nobody_else_may_ask(store: SqlStore, privacy: Privacy, new: New, actor: Actor) -> None:
    await _write(store, new, "1")
    for attempt in (privacy.show, privacy.export, privacy.erase):
        with pytest.raises(Refused, match="this needs the role admin"):
            await attempt(actor, *HERE, "7")
    for change in (privacy.opt_out, privacy.opt_in):
        if actor.role is Role.MODERATOR:
            assert await change(actor, *HERE, "7")
            continue
        with pytest.raises(Refused, match="this needs the role moderator"):
            await change(actor, *HERE, "7")
    assert len(await store.list_interactions()) == 1
    audited = [(entry.by, entry.action) async for entry in audit_entries(store.database)]
    assert audited == ([("mo", "opted out"), ("mo", "opted in")] if actor.role is Role.MODERATOR else [])


async def test_erasing_leaves_the_wish_to_be_left_alone(store: SqlStore, privacy: Privacy, new: New) -> None:
    await _write(store, new, "1")
    other = await _write(store, new, "2", member="8")
    assert await privacy.opt_out(MEMBER, *HERE, "7")
    assert not await privacy.opt_out(MEMBER, *HERE, "7"), "it held already"
    assert await privacy.erase(MEMBER, *HERE, "7") == Forgotten(interactions=1)
    data = await privacy.show(MEMBER, *HERE, "7")
    assert (data.interactions, data.opted_out_at) == ((), store._clock.now())
    assert [one.id for one in await store.list_interactions()] == [other]
    assert await privacy.opt_in(ADMIN, *HERE, "7")
    assert not await privacy.opt_in(ADMIN, *HERE, "7")
    entries = [(entry.by, entry.action) async for entry in audit_entries(store.database)]
    assert entries == [
        ("a member", "opted out"), ("a member", "erase author"), ("a member", "member data read"), ("ann", "opted in"),
    ]  # fmt: skip


async def test_a_deleted_message_and_a_left_community_take_their_rows_along(
    store: SqlStore, privacy: Privacy, new: New
) -> None:
    await _write(store, new, "1")
    await _write(store, new, "2")
    stays = await _write(store, new, "1", place=Place("discord", "101", "200"))
    assert await privacy.message_deleted(BOT, PLACE, "1") == Forgotten(interactions=1)
    assert (await privacy.community_left(BOT, *HERE)).interactions == 1
    assert [one.id for one in await store.list_interactions()] == [stays]
    with pytest.raises(Refused):
        await privacy.message_deleted(Actor("mo", Role.MODERATOR, *HERE), PLACE, "1")
    with pytest.raises(Refused):
        await privacy.community_left(ADMIN, "discord", "101")


async def test_switching_excerpts_off_deletes_those_that_there_are(store: SqlStore, privacy: Privacy, new: New) -> None:
    number = await _write(store, new, "1", excerpt="my words")
    elsewhere = await _write(store, new, "1", place=Place("discord", "101", "200"), excerpt="words")
    change, forgotten = await privacy.keep_excerpts(ADMIN, *HERE, keep=True, expected=0)
    assert (change.value, forgotten) == (True, Forgotten())
    with pytest.raises(StaleVersion):
        await privacy.keep_excerpts(ADMIN, *HERE, keep=False, expected=0)
    assert (await store.details(number)).has_excerpt, "nothing is deleted by who has not seen the newest"
    with pytest.raises(Refused):
        await privacy.keep_excerpts(MEMBER, *HERE, keep=False, expected=1)
    _, forgotten = await privacy.keep_excerpts(ADMIN, *HERE, keep=False, expected=1)
    assert forgotten == Forgotten(excerpts=1)
    assert not (await store.details(number)).has_excerpt
    assert (await store.details(elsewhere)).has_excerpt
    assert not (await store.policy(PLACE)).excerpts


async def test_a_community_may_forget_sooner_than_the_operator_and_not_later(
    store: SqlStore, policy: CommunityPolicy, new: New, clock: Any
) -> None:
    operator = Actor("op", Role.OPERATOR)
    await policy.put(operator, "discord", "100", "retention", "10d", expected=0)
    await policy.put(operator, "discord", "101", "excerpt_retention", "2d", expected=0)
    await policy.put(operator, "discord", "102", "retention", "90d", expected=0)
    for community in ("100", "101", "102", "103"):
        await _write(store, new, "1", place=Place("discord", community, "1"), excerpt="words")

    async def purge(days: int) -> Forgotten:
        keep, excerpts = timedelta(days=days), timedelta(days=14)
        return await retention.purge(store.database, clock.now(), retention=keep, excerpt_retention=excerpts, by="test")

    clock.forward(days=3)
    assert await purge(90) == Forgotten(excerpts=1)
    clock.forward(days=8)
    assert await purge(90) == Forgotten(interactions=1)
    clock.forward(days=9)
    assert await purge(15) == Forgotten(interactions=3), "the operator's limit was lowered since"


STEPS = st.lists(st.sampled_from(["write", "erase", "out", "in"]), max_size=10)
EXAMPLES = iter(range(10_000))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_whatever_was_done_before_what_is_shown_is_what_is_there(
    store: SqlStore, privacy: Privacy, new: New, steps: list[str]
) -> None:
    member = f"m{next(EXAMPLES)}"
    actor = Actor("", None, *HERE, member=member)
    rows, out = 0, False
    for number, step in enumerate(steps):
        if step == "write":
            await _write(store, new, f"{member}-{number}", member)
            rows += 1
        elif step == "erase":
            assert (await privacy.erase(actor, *HERE, member)).interactions == rows
            rows = 0
        elif step == "out":
            assert await privacy.opt_out(actor, *HERE, member) is not out
            out = True
        else:
            assert await privacy.opt_in(actor, *HERE, member) is out
            out = False
        data = await privacy.show(actor, *HERE, member)
        assert (len(data.interactions), data.opted_out_at is not None) == (rows, out)
    kept = await store.list_interactions(Filters(author=PSEUDONYMS(PLACE, member)))
    assert len(kept) == rows
