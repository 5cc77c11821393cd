"""Signing in with Discord, against a loopback server that speaks its OAuth: who gets in where, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse
from tests.web.conftest import HERE, SITE, THERE, Browser, Pages

from safetybot.communities.access import Role
from safetybot.communities.sign_in import SignIn
from safetybot.ports import PlatformError
from safetybot.web.discord_login import DiscordLogin, NotVouchedFor
from safetybot.web.serving import listen, serve

SECRET = "the application's secret"


@dataclass
class Discord:
    """What Discord answers, and what it was asked."""

    base: str = ""
    guilds: list[str] = field(default_factory=lambda: ["100", "200", "300"])
    challenge: str = ""
    broken: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, Role | None] = field(default_factory=lambda: {"100": Role.MODERATOR, "200": None})

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/oauth2/token")
        async def token(request: Request) -> JSONResponse:
            form = dict(await request.form())
            verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            given = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
            asked = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
            right = given == self.challenge and form["code"] == "good" and asked == f"42:{SECRET}"
            if not right or form["redirect_uri"] != f"{SITE}/sign-in/discord/back":
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"access_token": "t", "token_type": "Bearer", "expires_in": 9, "scope": "identify"})

        @app.get("/users/@me")
        async def me(request: Request) -> JSONResponse:
            assert request.headers["authorization"] == "Bearer t"
            return JSONResponse(self.broken.get("me", {"id": "7", "username": "ann", "global_name": "Ann <b>"}))

        @app.get("/users/@me/guilds")
        async def guilds() -> JSONResponse:
            return JSONResponse([{"id": one} for one in self.guilds], self.broken.get("status", 200))

        return app

    async def standing(self, platform: str, community: str, member: str) -> Role | None:
        assert (platform, member) == ("discord", "7")
        if self.roles.get(community) is Role.OPERATOR:
            raise PlatformError("away", retry=True)
        return self.roles.get(community)


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    made, started = Discord(), asyncio.Event()
    with listen("127.0.0.1", 0) as listening:
        made.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        task = asyncio.create_task(serve(made.app(), listening, started=started.set))
        async with asyncio.timeout(10):
            await started.wait()
        yield made
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def browser(pages: Pages, discord: Discord) -> Browser:
    """One in which nobody is signed in, before pages that know of Discord."""
    age = pages.session.settings.web
    door = SignIn(
        pages.store.web, pages.clock, key="k", link_age=age.link, session_age=age.session,
        standing={"discord": discord.standing},
    )  # fmt: skip
    login = DiscordLogin("42", SECRET, f"{SITE}/sign-in/discord/back", discord.base)
    plain = pages.app.app.state.parts
    pages.app.app.state.parts = lambda: replace(plain(), discord=login, sign_in=door)
    return await pages.browser()


async def went(browser: Browser, discord: Discord, after: str = "/") -> str:
    """Press the button; returns the state with which Discord sends people back."""
    answer = await browser.get("/sign-in/discord", params={"next": after})
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith("https://discord.com/oauth2/authorize?")
    assert asked["client_id"] == ["42"]
    assert asked["code_challenge_method"] == ["S256"]
    assert SECRET not in answer.headers["location"]
    discord.challenge = asked["code_challenge"][0]
    return asked["state"][0]


async def test_a_moderator_comes_in_where_discord_says_they_are_one(browser: Browser, discord: Discord) -> None:
    assert "/sign-in/discord?next=%2F" in (await browser.get("/sign-in")).text
    state = await went(browser, discord, "/in/discord/100/log")
    shown = await browser.get("/sign-in/discord/back", params={"state": state, "code": "good"})
    assert shown.status_code == 200
    assert "Ann &lt;b&gt; (7)" in shown.text
    tokens = re.findall(r'name="token" value="([^"]+)"', shown.text)
    assert len(tokens) == 1, "no role in 200, and nothing is known of 300"
    assert "Into 100 as moderator" in shown.text
    entered = await browser.post("/sign-in", data={"token": tokens[0], "next": "/in/discord/100/log"})
    assert entered.headers["location"] == "/in/discord/100/log"
    assert (await browser.get("/in/discord/100/log")).status_code == 200
    assert (await browser.get("/in/discord/200/log")).status_code == 404


async def test_whoever_loses_the_role_in_discord_is_out(pages: Pages, browser: Browser, discord: Discord) -> None:
    state = await went(browser, discord)
    shown = await browser.get("/sign-in/discord/back", params={"state": state, "code": "good"})
    token = re.findall(r'name="token" value="([^"]+)"', shown.text)[0]
    await browser.post("/sign-in", data={"token": token})
    discord.roles["100"] = None
    pages.clock.forward(minutes=1)
    assert (await browser.get("/in/discord/100/log")).status_code == 303


async def test_only_guilds_that_somebody_is_in_are_asked_about(browser: Browser, discord: Discord) -> None:
    discord.guilds, discord.roles = ["100"], {HERE[1]: Role.ADMIN, THERE[1]: Role.ADMIN}
    state = await went(browser, discord)
    shown = await browser.get("/sign-in/discord/back", params={"state": state, "code": "good"})
    assert "Into 100 as admin" in shown.text
    assert "200" not in re.findall(r"Into (\d+)", shown.text)


async def test_somebody_without_a_role_is_told_so(browser: Browser, discord: Discord) -> None:
    discord.roles = {"100": None, "200": Role.OPERATOR}  # the second: Discord does not answer
    state = await went(browser, discord)
    shown = await browser.get("/sign-in/discord/back", params={"state": state, "code": "good"})
    assert "You look after no community" in shown.text
    assert "<form" not in shown.text


@pytest.mark.parametrize("params", [{"state": "another", "code": "good"}, {"state": "", "code": "good"}])
async def test_an_answer_that_nobody_asked_for_is_refused(
    browser: Browser, discord: Discord, params: dict[str, str]
) -> None:
    await went(browser, discord)
    assert (await browser.get("/sign-in/discord/back", params=params)).status_code == 400


async def test_another_browsers_answer_is_refused(pages: Pages, browser: Browser, discord: Discord) -> None:
    state = await went(browser, discord)
    other = await pages.browser()
    assert (await other.get("/sign-in/discord/back", params={"state": state, "code": "good"})).status_code == 400
    forged = await pages.browser(cookie="safetybot-going=bm8.0000")
    assert (await forged.get("/sign-in/discord/back", params={"state": state, "code": "good"})).status_code == 400


async def test_somebody_who_says_no_is_back_at_the_door(browser: Browser, discord: Discord) -> None:
    state = await went(browser, discord)
    answer = await browser.get("/sign-in/discord/back", params={"state": state, "error": "access_denied"})
    assert answer.status_code == 400
    assert "Discord did not say who you are" in answer.text


@pytest.mark.parametrize("broken", [{"me": {"id": "7"}}, {"me": []}, {"status": 500}])
async def test_an_answer_of_discord_that_cannot_be_used_tells_nothing_secret(
    browser: Browser, discord: Discord, broken: dict[str, Any]
) -> None:
    discord.broken = broken
    state = await went(browser, discord)
    answer = await browser.get("/sign-in/discord/back", params={"state": state, "code": "good"})
    assert answer.status_code == 502
    assert SECRET not in answer.text


async def test_a_code_that_is_no_good_is_no_way_in(browser: Browser, discord: Discord) -> None:
    state = await went(browser, discord)
    assert (await browser.get("/sign-in/discord/back", params={"state": state, "code": "bad"})).status_code == 502
    with pytest.raises(NotVouchedFor) as caught:
        await DiscordLogin("42", SECRET, "x", discord.base).visitor("bad code", "v" * 50)
    assert "bad code" not in str(caught.value)


async def test_without_an_application_of_discords_there_is_no_such_door(pages: Pages) -> None:
    stranger = await pages.browser()
    assert "Discord" not in (await stranger.get("/sign-in")).text
    assert (await stranger.get("/sign-in/discord")).status_code == 404
    assert (await stranger.get("/sign-in/discord/back?state=x")).status_code == 404
