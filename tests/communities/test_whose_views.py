"""Saved views as a use case: whose they are, who may have any, what they may hold."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.conftest import StillClock

from safetybot.communities.access import Refused, Role
from safetybot.communities.saved_views import NAME_CHARS, NoSuchView, SavedViews, UnusableView
from safetybot.communities.sign_in import Grant
from safetybot.model import Place
from safetybot.store.store import SqlStore
from safetybot.store.tables import saved_views

HERE = ("discord", "100")
ANN = Grant("ann", Role.MODERATOR, *HERE)
FILTERS = {"concern": "diy"}


def pseudonym(place: Place, member: str) -> str:
    assert not place.channel, "as privacy asks for it, so that both find the same rows"
    return f"pseudonym of {member} in {place.community}".replace("42", "somebody")


@pytest.fixture
def views(store: SqlStore, clock: StillClock) -> SavedViews:
    return SavedViews(store.views, clock, pseudonym)


async def rows(store: SqlStore) -> list[tuple[str, ...]]:
    kept = saved_views.c
    async with store.database.reader.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.select(kept.owner, kept.platform, kept.community))]


@pytest.mark.parametrize(
    ("grant", "place", "owner"),
    [
        (ANN, HERE, "name/ann"),
        (Grant("ann", Role.OPERATOR), HERE, "operator/ann"),
        (Grant("ann", Role.OPERATOR), (None, None), "operator/ann"),
        (Grant("ann", Role.ADMIN, *HERE, "42"), HERE, "member/pseudonym of somebody in 100"),
    ],
)
async def test_a_view_belongs_to_how_one_came_in(
    views: SavedViews, store: SqlStore, grant: Grant, place: tuple[str | None, str | None], owner: str
) -> None:
    view = await views.save(grant, *place, " mine ", FILTERS)
    assert view.name == "mine"
    assert await rows(store) == [(owner, place[0] or "", place[1] or "")]
    assert await views.listed(grant, *place) == [view]


@pytest.mark.parametrize(
    ("grant", "place"),
    [(Grant("v", Role.VIEWER, *HERE), HERE), (Grant("a", Role.ADMIN, "discord", "200"), HERE), (ANN, (None, None))],
    ids=["a viewer", "another community's admin", "all communities"],
)
async def test_who_may_not_see_the_log_has_no_views(
    views: SavedViews, store: SqlStore, grant: Grant, place: tuple[str | None, str | None]
) -> None:
    with pytest.raises(Refused):
        await views.save(grant, *place, "mine", FILTERS)
    with pytest.raises(Refused):
        await views.listed(grant, *place)
    with pytest.raises(Refused):
        await views.delete(grant, *place, 1)
    assert await rows(store) == []


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("", FILTERS), (" \t", FILTERS), ("x" * (NAME_CHARS + 1), FILTERS), ("a\nb", FILTERS), ("a\u202eb", FILTERS),
        ("x", {}), ("x", {"channel": "c" * 101}), ("x", {"c" * 101: "x"}), ("x", {str(n): "x" for n in range(21)}),
    ],
)  # fmt: skip
async def test_what_a_view_cannot_be_is_refused(
    views: SavedViews, store: SqlStore, name: str, filters: dict[str, str]
) -> None:
    with pytest.raises(UnusableView):
        await views.save(ANN, *HERE, name, filters)
    assert await rows(store) == []


async def test_nobody_deletes_anothers_or_one_that_is_gone(views: SavedViews) -> None:
    view = await views.save(ANN, *HERE, "x" * NAME_CHARS, FILTERS)
    member = Grant("ann", Role.MODERATOR, *HERE, "1")
    for other in (Grant("bo", Role.ADMIN, *HERE), Grant("ann", Role.OPERATOR), member):
        with pytest.raises(NoSuchView):
            await views.delete(other, *HERE, view.id)
    await views.delete(ANN, *HERE, view.id)
    with pytest.raises(NoSuchView):
        await views.delete(ANN, *HERE, view.id)


async def test_a_look_is_noted_once_a_day(views: SavedViews, clock: StillClock) -> None:
    begun = (await views.save(ANN, *HERE, "mine", FILTERS)).used_at
    noted = []
    for hours in (23, 1):
        clock.forward(hours=hours)
        (view,) = await views.listed(ANN, *HERE)
        await views.looked_at(view)
        noted.append((await views.listed(ANN, *HERE))[0].used_at)
    assert noted == [begun, clock.now()]
