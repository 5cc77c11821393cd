"""Numbers as people see them: whole weeks with their empty days, ranks with the rest added up, and who may see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import New, StillClock

from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.figures import OTHERS, TOP, By, Figures
from safetybot.model import Concern, InteractionState, Place
from safetybot.store.store import SqlStore

OPERATOR = Actor("op", Role.OPERATOR)
VIEWER = Actor("v", Role.VIEWER, "discord", "100")


@pytest.fixture
def figures(store: SqlStore, clock: StillClock) -> Figures:
    return Figures(store.figures, clock)


async def test_days_without_anything_are_shown_and_the_last_is_today(
    store: SqlStore, figures: Figures, new: New, clock: StillClock
) -> None:
    await store.claim(new("1"), None)
    clock.forward(days=2)
    rows = await figures.rows(VIEWER, "discord", "100", By.DAY, days=4)
    assert [(row.name, row.total) for row in rows] == [
        ("2026-02-28", 0), ("2026-03-01", 1), ("2026-03-02", 0), ("2026-03-03", 0),
    ]  # fmt: skip


async def test_all_hours_are_shown(store: SqlStore, figures: Figures, new: New) -> None:
    await store.claim(new("1"), None)
    rows = await figures.rows(VIEWER, "discord", "100", By.HOUR, days=1)
    assert [row.name for row in rows] == [str(hour) for hour in range(24)]
    assert [row.name for row in rows if row.total] == ["12"]


async def test_ranks_begin_with_the_most_and_end_with_the_rest_together(
    store: SqlStore, figures: Figures, new: New
) -> None:
    for channel in range(TOP + 3):
        for number in range(TOP + 3 - channel):
            concern = Concern.DIY if number else Concern.ADVERSE
            place = Place("discord", "100", f"c{channel:02}")
            await store.claim(new(f"{channel}/{number}", place=place, concern=concern), None)
    rows = await figures.rows(VIEWER, "discord", "100", By.CHANNEL, days=1)
    assert [row.name for row in rows] == [*(f"c{channel:02}" for channel in range(TOP)), OTHERS]
    assert rows[-1].counts == {Concern.ADVERSE: 3, Concern.DIY: 3}


async def test_an_overview_adds_up_and_knows_how_fast_replies_were(
    store: SqlStore, figures: Figures, new: New, clock: StillClock
) -> None:
    for number in range(20):
        claim = await store.claim(new(str(number)), None)
        await store.advance(claim.interaction_id, InteractionState.SENDING)
        clock.time += timedelta(seconds=1 if number else 30)
        await store.advance(claim.interaction_id, InteractionState.SENT)
    found = await figures.overview(VIEWER, "discord", "100", days=7)
    assert (found.interactions, found.replies, found.waiting) == (20, 20, 20)
    assert found.speed is not None
    assert (found.speed.replies, found.speed.median, found.speed.slow) == (20, 1.0, 30.0)
    assert By.COMMUNITY not in found.by
    assert By.COMMUNITY in (await figures.overview(OPERATOR, None, None, days=1)).by


@pytest.mark.parametrize(
    "actor",
    [Actor("m", None, "discord", "100"), Actor("a", Role.ADMIN, "discord", "200"), Actor("t", Role.ADMIN, "t", "100")],
)
async def test_numbers_are_for_those_who_may_see_them(figures: Figures, actor: Actor) -> None:
    with pytest.raises(Refused):
        await figures.overview(actor, "discord", "100", days=1)
    with pytest.raises(Refused):
        await figures.rows(actor, "discord", "100", By.DAY, days=1)
    with pytest.raises(Refused):
        await figures.overview(VIEWER, None, None, days=1)


async def test_everybody_but_an_operator_knows_of_their_own_community_alone(
    store: SqlStore, figures: Figures, new: New
) -> None:
    for community in ("100", "200"):
        await store.claim(new("1", place=Place("discord", community, "c")), None)
    assert list(await figures.communities(VIEWER)) == [("discord", "100")]
    assert list(await figures.communities(OPERATOR)) == [("discord", "100"), ("discord", "200")]
    with pytest.raises(Refused):
        await figures.communities(Actor("m", None, "discord", "100"))
