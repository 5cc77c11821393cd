"""Getting in and out: links used once, cookies that browsers guard, sessions that change, run out and can be ended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from tests.web.conftest import HERE, OPERATOR, SITE, THERE, Browser, Pages

from safetybot.communities.access import Actor, Refused, Role
from safetybot.communities.audit import AuditFilters
from safetybot.communities.sign_in import Grant, SignIn, UnusableGrant
from safetybot.ports import PlatformError
from safetybot.store.tables import audit, web_links, web_sessions
from safetybot.web.pages import door


def cookie(browser: Browser) -> str:
    return browser.cookies["safetybot"]


def desk(pages: Pages) -> SignIn:
    found = pages.app.app.state.parts().sign_in
    assert isinstance(found, SignIn)
    return found


async def inside(browser: Browser) -> bool:
    return (await browser.get("/in/discord/100/overview")).status_code == 200


async def test_a_link_is_used_up_by_its_button_and_not_by_being_opened(pages: Pages) -> None:
    token = await pages.link(Role.MODERATOR)
    preview = await pages.browser()
    for _ in range(3):
        shown = await preview.get(f"/sign-in?token={token}")
        assert (shown.status_code, "set-cookie" in shown.headers) == (200, False)
    await preview.head(f"/sign-in?token={token}")
    first, second = await pages.browser(), await pages.browser()
    assert (await first.post("/sign-in", data={"token": token})).status_code == 303
    assert await inside(first)
    late = await second.post("/sign-in", data={"token": token})
    assert late.status_code == 403
    assert not await inside(second)


async def test_a_link_runs_out(pages: Pages) -> None:
    token = await pages.link(Role.MODERATOR)
    pages.clock.forward(minutes=15)
    assert (await (await pages.browser()).post("/sign-in", data={"token": token})).status_code == 403


async def test_the_cookie_is_kept_from_scripts_and_other_sites(pages: Pages) -> None:
    browser = await pages.browser()
    answer = await browser.post("/sign-in", data={"token": await pages.link(Role.ADMIN)})
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= parts
    assert "secure" not in parts  # this site has no HTTPS; see the next test


@pytest.mark.parametrize("site_url", ["https://bot.example.org"])
async def test_under_https_the_cookie_belongs_to_this_host_alone(pages: Pages) -> None:
    browser = await pages.browser()
    answer = await browser.post("/sign-in", data={"token": await pages.link(Role.ADMIN)})
    assert answer.headers["set-cookie"].startswith("__Host-safetybot=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"]
    assert await inside(browser)


async def test_neither_store_nor_audit_holds_a_token(pages: Pages) -> None:
    token = await pages.link(Role.ADMIN)
    unused = await pages.link(Role.ADMIN)
    browser = await pages.browser()
    await browser.post("/sign-in", data={"token": token})
    async with pages.store.database.reader.connect() as connection:
        for table in (web_links, web_sessions, audit):
            rows = str((await connection.execute(sa.select(table))).all())
            assert rows != "[]"
            for secret in (token, unused, cookie(browser), cookie(browser).partition(".")[0]):
                assert secret not in rows


async def test_a_cookie_from_before_is_not_the_cookie_after(pages: Pages) -> None:
    planted = await pages.signed_in(Role.VIEWER, name="attacker")
    victim = await pages.browser(cookie=f"safetybot={cookie(planted)}")
    answer = await victim.post("/sign-in", data={"token": await pages.link(Role.ADMIN)})
    assert answer.headers["set-cookie"].partition("=")[2].partition(";")[0] != cookie(planted)
    shown = await planted.get("/in/discord/100/overview")
    assert "(viewer)" in shown.text
    assert "(admin)" not in shown.text


FORGED: dict[str, Callable[[str], str]] = {
    "cut": lambda cookie: cookie[:-1],
    "longer": lambda cookie: cookie + "0",
    "another token": lambda cookie: "x" + cookie[1:],
    "invented": lambda _: "x.y",
    "another case": str.upper,
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_cookie_that_we_did_not_sign_is_nobodys(pages: Pages, how: str) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    forged = FORGED[how](cookie(browser))
    stranger = await pages.browser(cookie=f"safetybot={forged}")
    assert not await inside(stranger)


async def test_another_key_ends_every_session(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    age = pages.session.settings.web
    other = SignIn(pages.store.web, pages.clock, key="another", link_age=age.link, session_age=age.session)
    assert await desk(pages).who(cookie(browser)) is not None
    assert await other.who(cookie(browser)) is None


async def test_a_token_changes_while_it_is_used_and_the_old_one_is_soon_worth_nothing(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    old, mark = cookie(browser), await browser.csrf()
    pages.clock.forward(minutes=14)
    await browser.get("/")
    assert cookie(browser) == old
    pages.clock.forward(minutes=1)
    answer = await browser.get("/in/discord/100/overview")
    assert "set-cookie" in answer.headers
    assert cookie(browser) != old
    assert await browser.csrf() == mark, "forms that are open in another tab stay good"
    late = await pages.browser(cookie=f"safetybot={old}")
    assert await inside(late), "a request that was on its way"
    pages.clock.forward(minutes=1)
    assert not await inside(late)
    assert await inside(browser)


async def test_a_session_runs_out_however_much_it_is_used(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    for _ in range(11):
        pages.clock.forward(hours=1)
        assert await inside(browser)
    pages.clock.forward(hours=1)
    assert not await inside(browser)


async def test_signing_out_ends_the_session_for_copies_of_the_cookie_too(pages: Pages) -> None:
    browser = await pages.signed_in(Role.ADMIN)
    copy = await pages.browser(cookie=f"safetybot={cookie(browser)}")
    pages.clock.forward(minutes=20)
    answer = await browser.submit("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert "safetybot" not in browser.cookies
    assert not await inside(copy)


async def test_an_admin_lets_somebody_in_and_out_again(pages: Pages) -> None:
    admin = await pages.signed_in(Role.ADMIN)
    shown = await admin.submit("/in/discord/100/people", name="bo", role="moderator")
    token = shown.text.split("/sign-in?token=")[1].split("<")[0]
    bo = await pages.browser()
    assert (await bo.post("/sign-in", data={"token": token})).status_code == 303
    assert await inside(bo)
    (session,) = [one for one in await pages.store.web.open(*HERE) if one.grant.name == "bo"]
    assert session.grant == Grant("bo", Role.MODERATOR, *HERE)
    await admin.submit(f"/in/discord/100/people/{session.id}/end")
    assert not await inside(bo)
    entries = await pages.store.audit.newest(AuditFilters(), before=None, limit=3)
    assert [(one.by, one.action) for one in entries] == [
        ("admin", "session ended"), ("bo", "signed in"), ("admin", "web link made"),
    ]  # fmt: skip


async def test_an_admin_ends_no_session_of_another_community(pages: Pages) -> None:
    admin, other = await pages.signed_in(Role.ADMIN), await pages.signed_in(Role.VIEWER, THERE)
    (session,) = await pages.store.web.open(*THERE)
    assert (await admin.submit(f"/in/discord/100/people/{session.id}/end")).status_code == 404
    assert (await other.get("/in/discord/200/overview")).status_code == 200


@pytest.mark.parametrize(
    ("actor", "grant"),
    [
        (Actor("a", Role.ADMIN, *HERE), Grant("b", Role.OPERATOR)),
        (Actor("a", Role.ADMIN, *HERE), Grant("b", Role.VIEWER, *THERE)),
        (Actor("a", Role.MODERATOR, *HERE), Grant("b", Role.VIEWER, *HERE)),
        (Actor("a", Role.MODERATOR, *HERE), Grant("a", Role.ADMIN, *HERE)),
        (Actor("a", Role.MODERATOR, *HERE), Grant("a", Role.MODERATOR, *HERE)),
        (Actor("a", None, *HERE), Grant("a", Role.VIEWER, *HERE)),
    ],
)
async def test_nobody_gives_more_than_they_have(pages: Pages, actor: Actor, grant: Grant) -> None:
    with pytest.raises(Refused):
        await desk(pages).link(actor, grant)


async def test_a_moderator_may_have_a_link_for_themselves(pages: Pages) -> None:
    actor = Actor("Ann \u200d (7)\n", Role.MODERATOR, *HERE, member="7")
    browser = await pages.browser()
    await browser.post("/sign-in", data={"token": await desk(pages).own_link(actor)})
    assert await inside(browser)
    (session,) = await pages.store.web.open(*HERE)
    assert session.grant == Grant("Ann   (7)", Role.MODERATOR, *HERE, member="7")
    with pytest.raises(Refused):
        await desk(pages).own_link(Actor("plain", None, *HERE, member="8"))


# --- whom a platform let in ---


class People:
    """Stands where a platform stands; `roles` is what it says, an error where it does not answer."""

    def __init__(self) -> None:
        self.roles: dict[str, Role | None] = {"7": Role.MODERATOR}
        self.away = False
        self.asked = 0

    async def standing(self, platform: str, community: str, member: str) -> Role | None:
        self.asked += 1
        if self.away:
            raise PlatformError("away", retry=True)
        return self.roles.get(member)


async def let_in(pages: Pages, people: People) -> tuple[SignIn, str]:
    age = pages.session.settings.web
    door = SignIn(
        pages.store.web, pages.clock, key="k", link_age=age.link, session_age=age.session,
        standing={"discord": people.standing},
    )  # fmt: skip
    cookie = await door.redeem(await door.own_link(Actor("ann", Role.MODERATOR, *HERE, member="7")))
    assert cookie is not None
    return door, cookie


async def test_somebody_who_is_no_moderator_any_more_is_out_within_a_minute(pages: Pages) -> None:
    people = People()
    door, cookie = await let_in(pages, people)
    assert await door.who(cookie) is not None
    people.roles["7"] = None
    assert await door.who(cookie) is not None, "asked a moment ago"
    assert people.asked == 1
    pages.clock.forward(minutes=1)
    assert await door.who(cookie) is None
    people.roles["7"] = Role.ADMIN
    assert await door.who(cookie) is None, "their session is over for good"
    (entry, *_) = await pages.store.audit.newest(AuditFilters(), before=None, limit=1)
    assert (entry.by, entry.action) == ("safetybot", "session ended")


@pytest.mark.parametrize(("now", "held"), [(Role.VIEWER, Role.VIEWER), (Role.ADMIN, Role.MODERATOR)])
async def test_a_role_holds_as_it_is_now_and_at_most_as_it_was_given(pages: Pages, now: Role, held: Role) -> None:
    people = People()
    door, cookie = await let_in(pages, people)
    people.roles["7"] = now
    found = await door.who(cookie)
    assert found is not None
    assert found.session.grant.actor.role is held


async def test_a_platform_that_does_not_answer_is_believed_for_a_while(pages: Pages) -> None:
    people = People()
    door, cookie = await let_in(pages, people)
    assert await door.who(cookie) is not None
    people.away = True
    pages.clock.forward(minutes=14)
    assert await door.who(cookie) is not None
    pages.clock.forward(minutes=1)
    assert await door.who(cookie) is None
    people.away = False
    assert await door.who(cookie) is not None, "the session was not ended for the platform's sake"


async def test_without_their_platform_at_hand_a_session_holds_as_it_was_given(pages: Pages) -> None:
    _, cookie = await let_in(pages, People())
    age = pages.session.settings.web
    apart = SignIn(pages.store.web, pages.clock, key="k", link_age=age.link, session_age=age.session)
    pages.clock.forward(hours=1)
    assert await apart.who(cookie) is not None


# --- links that cannot be ---


@pytest.mark.parametrize(
    "grant",
    [
        Grant("", Role.OPERATOR), Grant("x" * 81, Role.OPERATOR), Grant("a\nb", Role.OPERATOR),
        Grant("a", Role.OPERATOR, *HERE), Grant("a", Role.ADMIN), Grant("a", Role.ADMIN, "discord", ""),
    ],
)  # fmt: skip
async def test_a_grant_that_can_hold_nowhere_is_refused(pages: Pages, grant: Grant) -> None:
    with pytest.raises(UnusableGrant):
        await desk(pages).link(OPERATOR, grant)


async def test_sign_ins_are_counted_and_a_good_link_waits_too(pages: Pages) -> None:
    browser = await pages.browser()
    token = await pages.link(Role.ADMIN)
    for _ in range(door.TRIES):
        assert (await browser.post("/sign-in", data={"token": "guess"})).status_code == 403
    answer = await browser.post("/sign-in", data={"token": token})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert token in answer.text, "it can be tried again"


def test_tries_are_forgotten_after_a_while_and_addresses_are_counted_apart() -> None:
    tries = door.Tries()
    assert [tries.allowed("a", 0.0) for _ in range(door.TRIES + 1)] == [True] * door.TRIES + [False]
    assert tries.allowed("b", 0.0)
    assert tries.allowed("a", door.WINDOW)
    made = [tries.allowed(f"c{number}", door.WINDOW) for number in range(10 * door.TRIES)]
    assert (made[0], made[-1]) == (True, False)


async def test_the_door_says_no_word_of_any_community(pages: Pages) -> None:
    shown = await (await pages.browser()).get("/sign-in?next=/in/discord/100/log")
    assert SITE.startswith("http")
    assert "discord/200" not in shown.text
    assert "safetybot web login" in shown.text
