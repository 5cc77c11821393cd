"""Signing in with Telegram: who gets in where by an address that Telegram signed, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.emulators.telegram.markup import signed_address
from tests.emulators.telegram.world import Account
from tests.web.conftest import Browser, Pages

from safetybot.communities.access import Role
from safetybot.communities.sign_in import SignIn
from safetybot.ports import PlatformError
from safetybot.web.telegram_login import TelegramLogin

TOKEN = "8000000001:a-token-of-the-bot"
ANN = Account(7, "Ann <b>", "ann")
DOOR = "/sign-in/telegram"
FIRST, SECOND = ("telegram", "-1001"), ("telegram", "-1002")
Change = Callable[[dict[str, str]], object]


@dataclass
class Telegram:
    """Who is what, and in which groups that was asked."""

    roles: dict[str, Role | None] = field(default_factory=lambda: {"-1001": Role.MODERATOR, "-1002": None})
    asked: list[str] = field(default_factory=list)

    async def standing(self, platform: str, community: str, member: str) -> Role | None:
        assert (platform, member) == ("telegram", "7")
        self.asked.append(community)
        if self.roles.get(community) is Role.OPERATOR:
            raise PlatformError("away", retry=True)
        return self.roles.get(community)


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture
async def browser(pages: Pages, telegram: Telegram) -> Browser:
    """One in which nobody is signed in, before pages that know of Telegram."""
    for number, place in enumerate((FIRST, SECOND)):
        await pages.interaction(place, f"t{number}")
    age = pages.session.settings.web
    door = SignIn(
        pages.store.web, pages.clock, key="k", link_age=age.link, session_age=age.session,
        standing={"telegram": telegram.standing},
    )  # fmt: skip
    plain = pages.app.app.state.parts
    pages.app.app.state.parts = lambda: replace(plain(), telegram=TelegramLogin.of(TOKEN), sign_in=door)
    return await pages.browser()


def address(pages: Pages, door: str = DOOR, *, token: str = TOKEN, who: Account = ANN, age: float = 0) -> str:
    stamp = (pages.clock.now() - timedelta(seconds=age)).timestamp()
    return signed_address(door, token, who, int(stamp))


def changed(signed: str, change: Change) -> str:
    """An address with its fields changed."""
    parts = urlsplit(signed)
    fields = dict(parse_qsl(parts.query))
    change(fields)
    return f"{parts.path}?{urlencode(fields)}"


async def test_a_moderator_comes_in_where_telegram_says_they_are_one(pages: Pages, browser: Browser) -> None:
    assert "write /web to the bot" in (await browser.get("/sign-in")).text
    shown = await browser.get(address(pages))
    assert shown.status_code == 200
    assert "Telegram says that you are Ann &lt;b&gt; (7)." in shown.text
    tokens = re.findall(r'name="token" value="([^"]+)"', shown.text)
    assert len(tokens) == 1
    assert "Into -1001 as moderator" in shown.text
    assert "set-cookie" not in shown.headers, "nobody is signed in by opening an address"
    assert (await browser.post("/sign-in", data={"token": tokens[0]})).status_code == 303
    assert (await browser.get("/in/telegram/-1001/log")).status_code == 200
    assert (await browser.get("/in/telegram/-1002/log")).status_code == 404
    assert (await browser.get("/in/discord/100/log")).status_code == 404


async def test_an_address_lets_somebody_in_once(pages: Pages, browser: Browser) -> None:
    signed = address(pages)
    assert (await browser.get(signed)).status_code == 200
    for again in (signed, changed(signed, lambda fields: fields.update(id=fields.pop("id"))), f"{signed}&"):
        answer = await (await pages.browser()).get(again)
        assert answer.status_code == 403
        assert "<form" not in answer.text
    other_door = address(pages, f"{DOOR}/-1001")
    assert (await (await pages.browser()).get(other_door)).status_code == 403, "the same words at another door"


async def test_a_used_address_is_remembered_until_it_is_too_old(pages: Pages, browser: Browser) -> None:
    signed = address(pages, age=-59)
    assert (await browser.get(signed)).status_code == 200
    for _ in range(4):
        pages.clock.forward(seconds=100)
        assert (await (await pages.browser()).get(signed)).status_code == 403
        await browser.get(address(pages))  # sweeps what is too old


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.update(id="8"), lambda fields: fields.update(hash="0" * 64),
        lambda fields: fields.update(hash=""), lambda fields: fields.update(hash=fields["hash"].upper()),
        lambda fields: fields.update(hash="ü" * 64), lambda fields: fields.update(auth_date="9999999999"),
        lambda fields: fields.update(first_name="Bob"), lambda fields: fields.update(last_name="Extra"),
        lambda fields: fields.update(next="/everywhere/log"), lambda fields: fields.pop("username"),
        lambda fields: fields.pop("id"), lambda fields: fields.pop("first_name"),
        lambda fields: fields.pop("auth_date"), lambda fields: fields.pop("hash"), dict.clear,
        lambda fields: fields.update({f"x{number}": "y" for number in range(30)}),
        # A line break in a value must not pass for another field.
        lambda fields: fields.update(first_name=f"{fields['first_name']}\nid=7", id=""),
    ],
)  # fmt: skip
async def test_what_telegram_did_not_sign_is_refused(
    pages: Pages, browser: Browser, telegram: Telegram, change: Change
) -> None:
    answer = await browser.get(changed(address(pages), change))
    assert answer.status_code == 403
    assert "Telegram did not say who you are" in answer.text
    assert "<form" not in answer.text
    assert telegram.asked == []


async def test_a_field_that_comes_twice_is_refused(pages: Pages, browser: Browser) -> None:
    signed = address(pages)
    assert (await browser.get(f"{signed}&id=8")).status_code == 403
    assert (await browser.get(signed.replace("?", "?id=8&"))).status_code == 403
    assert (await browser.get(signed)).status_code == 200, "what was refused used nothing up"


@pytest.mark.parametrize("age", [301, 86_400, -61])
async def test_an_address_of_another_time_is_refused(pages: Pages, browser: Browser, age: float) -> None:
    assert (await browser.get(address(pages, age=age))).status_code == 403


@pytest.mark.parametrize("age", [299, 0, -59])
async def test_clocks_may_differ_a_little(pages: Pages, browser: Browser, age: float) -> None:
    assert (await browser.get(address(pages, age=age))).status_code == 200


async def test_another_bots_address_is_refused(pages: Pages, browser: Browser) -> None:
    assert (await browser.get(address(pages, token="8000000002:another"))).status_code == 403


async def test_somebody_without_a_role_is_told_so(pages: Pages, browser: Browser, telegram: Telegram) -> None:
    telegram.roles = {"-1001": None, "-1002": Role.OPERATOR}  # the second: Telegram does not answer
    shown = await browser.get(address(pages))
    assert "You look after no community" in shown.text
    assert "<form" not in shown.text


async def test_the_group_of_the_button_comes_first_and_others_only_where_one_is_nothing_there(
    pages: Pages, browser: Browser, telegram: Telegram
) -> None:
    telegram.roles = {"-1001": Role.ADMIN, "-1002": Role.MODERATOR}
    shown = await browser.get(address(pages, f"{DOOR}/-1002"))
    assert re.findall(r"Into (-\d+) as (\w+)", shown.text) == [("-1002", "moderator")]
    assert telegram.asked == ["-1002"]
    telegram.roles["-1002"] = None
    shown = await browser.get(address(pages, f"{DOOR}/-1002", age=1))
    assert re.findall(r"Into (-\d+) as (\w+)", shown.text) == [("-1001", "admin")]
    telegram.asked.clear()
    shown = await browser.get(address(pages, f"{DOOR}/-999", age=2))
    assert "-999" not in telegram.asked, "a community of which nothing is kept"


async def test_whoever_loses_the_role_in_telegram_is_out(pages: Pages, browser: Browser, telegram: Telegram) -> None:
    shown = await browser.get(address(pages))
    token = re.findall(r'name="token" value="([^"]+)"', shown.text)[0]
    await browser.post("/sign-in", data={"token": token})
    telegram.roles["-1001"] = None
    pages.clock.forward(minutes=1)
    assert (await browser.get("/in/telegram/-1001/log")).status_code == 303


async def test_whoever_knocks_too_often_has_to_wait(pages: Pages, browser: Browser) -> None:
    answers = [(await browser.get(f"{DOOR}?id={number}")).status_code for number in range(11)]
    assert answers == [403] * 10 + [429]
    assert (await browser.get(address(pages))).headers["retry-after"] == "60"


async def test_without_telegram_there_is_no_such_door(pages: Pages) -> None:
    stranger = await pages.browser()
    assert "Telegram" not in (await stranger.get("/sign-in")).text
    assert (await stranger.get(address(pages))).status_code == 404
    assert (await stranger.get(address(pages, f"{DOOR}/-1001"))).status_code == 404


def test_the_token_cannot_be_read_from_what_checks_by_it() -> None:
    login = TelegramLogin.of(TOKEN)
    assert TOKEN not in repr(login)
    assert login.secret.hex() not in repr(login)
