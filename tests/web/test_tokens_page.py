"""The page of API tokens: what there is, made and shown once, revoked; never another community's."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from tests.web.conftest import HERE, OPERATOR, SITE, THERE, Browser, Pages

from safetybot.communities.access import Role
from safetybot.communities.api_tokens import ApiToken
from safetybot.communities.audit import AuditFilters
from safetybot.communities.sign_in import Grant
from safetybot.web.api.app import PATH

BASE = "/in/discord/100"


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


async def made(browser: Browser, base: str = BASE, **form: str) -> str:
    """Make a token by the page's form; the token."""
    answer = await browser.submit(f"{base}/tokens", **{"name": "report", "role": "viewer", "days": "30", **form})
    assert answer.status_code == 200, words(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    found = re.findall(r"sbot_[A-Za-z0-9_-]{40,}", answer.text)
    assert len(found) == 1
    return str(found[0])


async def kept(pages: Pages, place: tuple[str | None, str | None] = HERE) -> list[ApiToken]:
    return list(await pages.app.app.state.parts().tokens.listed(OPERATOR, *place))


async def status_of(pages: Pages, token: str) -> int:
    browser = await pages.browser(authorization=f"Bearer {token}")
    return (await browser.get(f"{SITE}{PATH}/token")).status_code


async def test_a_token_is_made_shown_once_and_works(pages: Pages) -> None:
    admin = await pages.signed_in(Role.ADMIN, name="ann")
    token = await made(admin, role="moderator")
    assert await status_of(pages, token) == 200
    (one,) = await kept(pages)
    assert (one.grant, one.made_by) == (Grant("report", Role.MODERATOR, *HERE), "ann")
    assert one.expires_at - one.made_at == timedelta(days=30)
    again = await admin.get(f"{BASE}/tokens")
    assert token not in again.text
    assert token[:9] not in again.text
    (entry, *_) = await pages.store.audit.newest(AuditFilters(*HERE), before=None, limit=1)
    assert (entry.by, entry.action, entry.detail["token"]) == ("ann", "api token made", one.id)
    assert token not in repr(entry)


async def test_the_page_tells_scope_maker_use_and_end(pages: Pages) -> None:
    admin = await pages.signed_in(Role.ADMIN, name="ann")
    token = await made(admin, role="moderator", days="20")
    row = words((await admin.get(f"{BASE}/tokens")).text)
    assert "report moderator 2026-03-01 12:00 UTC by ann never 2026-03-21 12:00 UTC Revoke" in row
    pages.clock.forward(hours=1)
    assert await status_of(pages, token) == 200
    row = words((await admin.get(f"{BASE}/tokens")).text)
    assert "2026-03-01 13:00 UTC 2026-03-21" in row
    assert "soon" not in row
    pages.clock.forward(days=7)
    admin = await pages.signed_in(Role.ADMIN, name="ann")
    assert "2026-03-21 12:00 UTC soon" in words((await admin.get(f"{BASE}/tokens")).text)


async def test_a_revoked_token_ends_at_once_and_only_once(pages: Pages) -> None:
    admin = await pages.signed_in(Role.ADMIN, name="ann")
    token = await made(admin)
    (one,) = await kept(pages)
    answer = await admin.submit(f"{BASE}/tokens/{one.id}/revoke")
    assert answer.headers["location"] == f"{BASE}/tokens?done=revoked"
    assert "The token is revoked" in (await admin.get(answer.headers["location"])).text
    assert await status_of(pages, token) == 401
    assert await kept(pages) == []
    assert (await admin.submit(f"{BASE}/tokens/{one.id}/revoke")).status_code == 404
    (entry, *_) = await pages.store.audit.newest(AuditFilters(*HERE), before=None, limit=1)
    assert (entry.by, entry.action) == ("ann", "api token revoked")


@pytest.mark.parametrize("days", ["0", "367", "10000"])
async def test_what_cannot_be_made_is_told_with_what_was_typed(pages: Pages, days: str) -> None:
    admin = await pages.signed_in(Role.ADMIN)
    for form in ({"name": " ", "days": "30"}, {"name": "weekly\u202e", "days": "30"}, {"name": "weekly", "days": days}):
        answer = await admin.submit(f"{BASE}/tokens", role="moderator", **form)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert f'name="days" value="{form["days"]}"' in answer.text
        assert '<option value="moderator" selected>' in answer.text
    assert await kept(pages) == []


async def test_an_admin_makes_none_above_themselves_and_sees_none_of_others(pages: Pages) -> None:
    tokens = pages.app.app.state.parts().tokens
    _, other = await tokens.create(OPERATOR, Grant("theirs", Role.VIEWER, *THERE))
    _, top = await tokens.create(OPERATOR, Grant("of an operator", Role.OPERATOR))
    admin = await pages.signed_in(Role.ADMIN)
    assert (await admin.submit(f"{BASE}/tokens", name="a", role="operator")).status_code == 400
    assert 'value="operator"' not in (await admin.get(f"{BASE}/tokens")).text
    page = (await admin.get(f"{BASE}/tokens")).text
    assert "theirs" not in page
    assert "of an operator" not in page
    for number in (other.id, top.id, 999):
        assert (await admin.submit(f"{BASE}/tokens/{number}/revoke")).status_code == 404
    moderator = await pages.signed_in(Role.MODERATOR)
    assert (await moderator.submit(f"{BASE}/tokens", name="a", role="viewer")).status_code == 403
    assert (await moderator.submit(f"{BASE}/tokens/{other.id}/revoke")).status_code == 403
    assert {one.id for one in await kept(pages, (None, None))} == {other.id, top.id}


async def test_an_operator_looks_after_all_and_finds_a_number_only_where_it_is(pages: Pages) -> None:
    operator = await pages.signed_in(Role.OPERATOR)
    await made(operator, "/in/discord/200", name="of the other")
    await made(operator, "/everywhere", name="of all", role="operator")
    page = words((await operator.get("/everywhere/tokens")).text)
    assert "viewer discord/200" in page
    assert "operator everywhere" in page
    (there,) = await kept(pages, THERE)
    assert (await operator.submit(f"{BASE}/tokens/{there.id}/revoke")).status_code == 404
    assert (await operator.submit(f"/everywhere/tokens/{there.id}/revoke")).status_code == 303
    assert await kept(pages, THERE) == []
