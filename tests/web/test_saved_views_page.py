"""Saved views on the log: kept under a name, shown as links, one's own alone, erased with whom they belong to."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import pytest
from tests.web.conftest import HERE, OPERATOR, THERE, Browser, Pages

from safetybot.communities.access import Role
from safetybot.communities.records import SavedView
from safetybot.communities.saved_views import MOST, NAME_CHARS
from safetybot.communities.sign_in import Grant
from safetybot.model import Place
from safetybot.store.keys import Pseudonyms

BASE = "/in/discord/100"
ANN = Grant("ann", Role.MODERATOR, *HERE)


def links(page: str) -> dict[str, str]:
    """The views that a page offers: names and addresses."""
    part = page.partition('<section class="views"')[2].partition("</section>")[0]
    return {
        html.unescape(name): html.unescape(url) for url, name in re.findall(r'href="([^"]+)"[^>]*>([^<]*)</a>', part)
    }


async def views_of(pages: Pages, grant: Grant, place: tuple[str | None, str | None] = HERE) -> Sequence[SavedView]:
    found: Sequence[SavedView] = await pages.app.app.state.parts().views.listed(grant, *place)
    return found


async def member(pages: Pages, number: str, name: str = "ann") -> Browser:
    """Somebody whom Discord let in."""
    parts = pages.app.app.state.parts()
    link = await parts.sign_in._new_link(Grant(name, Role.MODERATOR, *HERE, number), name)
    browser = await pages.browser()
    assert (await browser.post("/sign-in", data={"token": link})).status_code == 303
    return browser


async def test_filters_are_kept_under_a_name_and_found_again(pages: Pages) -> None:
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    plain = (await ann.get(f"{BASE}/log")).text
    assert "Save the view" not in plain, "without filters there is nothing to save"
    shown = (await ann.get(f"{BASE}/log?concern=diy&state=sent")).text
    action = html.unescape(re.findall(r'action="([^"]*log/views[^"]*)"', shown)[0])
    assert action == f"{BASE}/log/views?concern=diy&state=sent"
    saved = await ann.submit(action, name="  Sent & done ")
    assert saved.headers["location"] == f"{BASE}/log?concern=diy&state=sent&done=view"
    shown = (await ann.get(saved.headers["location"])).text
    assert "The view is saved." in shown
    assert links(shown) == {"Sent & done": f"{BASE}/log?concern=diy&state=sent"}
    assert 'aria-current="true">Sent &amp; done</a>' in shown
    assert "Save the view" not in shown, "these filters have a name already"
    other = (await ann.get(f"{BASE}/log")).text
    assert links(other) == {"Sent & done": f"{BASE}/log?concern=diy&state=sent"}
    (view,) = await views_of(pages, ANN)
    gone = await ann.submit(f"{BASE}/log/views/{view.id}/delete")
    assert gone.headers["location"] == f"{BASE}/log?done=view-gone"
    assert links((await ann.get(gone.headers["location"])).text) == {}
    assert (await ann.submit(f"{BASE}/log/views/{view.id}/delete")).status_code == 404


async def test_a_view_of_the_same_name_gives_way(pages: Pages) -> None:
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    for state in ("sent", "failed"):
        await ann.submit(f"{BASE}/log/views?state={state}", name="mine")
    assert [(one.name, one.filters) for one in await views_of(pages, ANN)] == [("mine", {"state": "failed"})]


async def test_nobody_sees_or_deletes_anothers(pages: Pages) -> None:
    ann, bo = await pages.signed_in(Role.MODERATOR, name="ann"), await pages.signed_in(Role.ADMIN, name="bo")
    there = await pages.signed_in(Role.MODERATOR, THERE, name="ann")
    operator = await pages.signed_in(Role.OPERATOR, name="ann")
    from_discord = await member(pages, "4711")
    await ann.submit(f"{BASE}/log/views?state=sent", name="of ann")
    (view,) = await views_of(pages, ANN)
    for browser, base in ((bo, BASE), (operator, BASE), (from_discord, BASE), (there, "/in/discord/200")):
        assert links((await browser.get(f"{base}/log?state=sent")).text) == {}
        assert (await browser.submit(f"{base}/log/views/{view.id}/delete")).status_code == 404
    for base in (BASE, "/everywhere"):
        await operator.submit(f"{base}/log/views?state=failed", name=f"at {base}")
        assert list(links((await operator.get(f"{base}/log")).text)) == [f"at {base}"]
    assert await views_of(pages, ANN) == [view]


@pytest.mark.parametrize("name", ["", "  ", "x" * (NAME_CHARS + 1), "a\u202eb", "a\nb"])
async def test_a_name_that_cannot_be_is_told_with_what_was_typed(pages: Pages, name: str) -> None:
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    answer = await ann.submit(f"{BASE}/log/views?state=sent", name=name)
    assert answer.status_code == 400
    if name.strip():
        assert "a saved view needs a name" in answer.text
        assert f'name="name" value="{html.escape(name)}"' in answer.text
        assert '<option value="sent" selected>' in answer.text
    assert await views_of(pages, ANN) == []


async def test_filters_that_show_nothing_are_not_kept(pages: Pages) -> None:
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    assert "there are no filters to save" in (await ann.submit(f"{BASE}/log/views", name="all")).text
    for query in ("state=odd", "since=yesterday", f"channel={'x' * 101}"):
        assert (await ann.submit(f"{BASE}/log/views?{query}", name="odd")).status_code == 400
    await ann.submit(f"{BASE}/log/views?state=sent&colour=red&before=9", name="known alone")
    assert [one.filters for one in await views_of(pages, ANN)] == [{"state": "sent"}]


async def test_there_are_so_many_and_no_more(pages: Pages) -> None:
    views = pages.app.app.state.parts().views
    for number in range(MOST):
        await views.save(ANN, *HERE, f"{number}", {"channel": f"{number}"})
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    answer = await ann.submit(f"{BASE}/log/views?state=sent", name="one more")
    assert (answer.status_code, "delete one first" in answer.text) == (400, True)
    assert len(links(answer.text)) == MOST


async def test_a_filter_of_another_version_does_no_harm(pages: Pages) -> None:
    await pages.app.app.state.parts().views.save(ANN, *HERE, "old", {"page": "x", "self": "y", "state": "sent"})
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    assert links((await ann.get(f"{BASE}/log")).text) == {"old": f"{BASE}/log?state=sent"}


async def test_looking_at_a_view_keeps_it(pages: Pages) -> None:
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    await ann.submit(f"{BASE}/log/views?state=sent", name="used")
    begun = pages.clock.now()
    pages.clock.forward(hours=11)
    await ann.get(f"{BASE}/log?state=sent")
    assert [one.used_at for one in await views_of(pages, ANN)] == [begun], "exact to a day is enough"
    pages.clock.forward(days=1)
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    await ann.get(f"{BASE}/log")
    assert [one.used_at for one in await views_of(pages, ANN)] == [begun]
    await ann.get(f"{BASE}/log?state=sent")
    assert [one.used_at for one in await views_of(pages, ANN)] == [pages.clock.now()]


async def test_the_views_of_a_member_are_shown_handed_out_and_deleted_with_all_else(pages: Pages) -> None:
    ann = await member(pages, "4711")
    await ann.submit(f"{BASE}/log/views?channel=chat", name="<b>mine")
    async with pages.store.database.reader.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM saved_views")).all()
    assert "4711" not in repr(rows)
    admin = await pages.signed_in(Role.ADMIN)
    assert "1 saved view of the log: &lt;b&gt;mine." in (await admin.submit(f"{BASE}/privacy", member="4711")).text
    data = (await admin.submit(f"{BASE}/privacy/export", member="4711")).json()
    assert [(one["name"], one["filters"]) for one in data["saved_views"]] == [("<b>mine", {"channel": "chat"})]
    assert links((await ann.get(f"{BASE}/log")).text) == {"<b>mine": f"{BASE}/log?channel=chat"}
    await admin.submit(f"{BASE}/privacy/erase", member="4711", sure="yes")
    assert links((await ann.get(f"{BASE}/log")).text) == {}


async def test_a_view_of_one_author_goes_with_the_author(pages: Pages) -> None:
    pseudonym = Pseudonyms("k" * 32)(Place(*HERE, ""), "4711")
    ann = await pages.signed_in(Role.MODERATOR, name="ann")
    await ann.submit(f"{BASE}/log/views?author={pseudonym}", name="this one")
    page = (await ann.get(f"{BASE}/log?author={pseudonym}")).text
    assert f'name="author" value="{pseudonym}"' in page, "showing with other filters keeps to the author"
    await pages.app.app.state.parts().privacy.erase(OPERATOR, *HERE, "4711")
    assert await views_of(pages, ANN) == []
