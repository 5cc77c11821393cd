"""The pages in a real browser (Debian's Chromium): each role, with and without scripts, narrow and dark, by keyboard.

Skipped, with the reason, where Chromium is missing; never where CI=true.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from tests.web.conftest import HERE, THERE, Pages

from safetybot.communities.access import Role
from safetybot.web.serving import listen, serve

SERIOUS = {"serious", "critical"}
BASE = "/in/discord/100"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
ABOUT_ONE = (
    "overview",
    "review",
    "log",
    "keywords",
    "settings",
    "try",
    "responses",
    "privacy",
    "people",
    "tokens",
    "audit",
)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        reason = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        # Without its sandbox it also runs as root; it sees nothing but our own pages.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def served(pages: Pages) -> AsyncIterator[str]:
    """The pages on loopback."""
    started = asyncio.Event()
    with listen("127.0.0.1", 0) as listening:
        task = asyncio.create_task(serve(pages.app, listening, started=started.set))
        async with asyncio.timeout(10):
            await started.wait()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def entered(pages: Pages, context: BrowserContext, site: str, role: Role, faults: list[str]) -> Page:
    """A page of somebody who pressed the button of their link; what goes wrong in it ends in `faults`."""
    page = await context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(site) else faults.append(f"asks {request.url}"))
    await page.goto(f"{site}/sign-in?token={await pages.link(role)}")
    await page.click("button.main")
    await page.wait_for_url("**/overview")
    return page


async def violations(page: Page) -> list[Any]:
    found = (await Axe().run(page)).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize(
    ("role", "options"),
    [
        (Role.VIEWER, {"color_scheme": "light", "viewport": WIDE}),
        (Role.MODERATOR, {"color_scheme": "dark", "viewport": NARROW}),
        (
            Role.ADMIN,
            {"color_scheme": "light", "viewport": NARROW, "java_script_enabled": False},
        ),
        (Role.OPERATOR, {"color_scheme": "dark", "viewport": WIDE}),
    ],
    ids=lambda given: given.label if isinstance(given, Role) else "",
)
async def test_every_page_of_a_role_is_whole_readable_and_quiet(
    pages: Pages, chromium: Browser, role: Role, options: dict[str, Any]
) -> None:
    faults: list[str] = []
    scripted = options.get("java_script_enabled", True)
    async with served(pages) as site:
        context = await chromium.new_context(**options)
        page = await entered(pages, context, site, role, faults)
        menu = [f"{site}{BASE}/{name}" for name in ABOUT_ONE]
        if scripted:
            menu = await page.eval_on_selector_all("header nav a", "links => links.map(link => link.href)")
        assert len(menu) >= 5
        extra = [f"{site}{BASE}/interactions/{pages.rows[HERE]}"] if role >= Role.MODERATOR else []
        for url in (*menu, *extra, f"{site}{BASE}/responses/de"):
            answer = await page.goto(url)
            assert answer is not None
            assert answer.status == 200, url
            await page.wait_for_load_state("networkidle")
            assert await page.locator("h1").count() == 1
            if scripted:
                wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert wide <= 0, f"{url} is wider than its window"
                assert await violations(page) == [], url
        await context.close()
    assert faults == []


async def test_the_door_and_a_page_that_is_not_there_are_readable_by_strangers(pages: Pages, chromium: Browser) -> None:
    async with served(pages) as site:
        context = await chromium.new_context()
        page = await context.new_page()
        for path in ("/sign-in", "/sign-in?token=x", "/nothing", f"{BASE}/log"):
            await page.goto(site + path)
            assert await violations(page) == [], path
        assert page.url.startswith(f"{site}/sign-in?")
        await context.close()


async def test_a_moderator_clears_the_queue_with_the_keyboard(pages: Pages, chromium: Browser) -> None:
    numbers = [pages.rows[HERE], await pages.interaction(HERE, "two"), await pages.interaction(HERE, "three")]
    faults: list[str] = []
    async with served(pages) as site:
        context = await chromium.new_context()
        page = await entered(pages, context, site, Role.MODERATOR, faults)
        await page.goto(f"{site}{BASE}/review")
        await page.keyboard.press("c")
        await page.wait_for_url(f"**/review?before={numbers[2]}&done=verdict")
        await page.keyboard.press("n")
        await page.wait_for_url(f"**/review?before={numbers[1]}")
        await page.keyboard.press("f")
        assert await page.evaluate("document.activeElement.name") == "reason", "a false alarm asks why first"
        await page.keyboard.type("chf: keys within a text are letters")
        await page.click("[data-needs-reason]")
        await page.wait_for_url(f"**/interactions/{numbers[0]}?done=verdict")
        await context.close()
    assert faults == []
    kept = [(await pages.store.details(number)).interaction.verdict for number in numbers]
    assert [(one.kind.value if one else "", one.reason if one else "") for one in kept] == [
        ("false_alarm", "chf: keys within a text are letters"), ("", ""), ("confirmed", ""),
    ]  # fmt: skip


async def test_without_scripts_the_queue_is_cleared_by_its_buttons(pages: Pages, chromium: Browser) -> None:
    async with served(pages) as site:
        context = await chromium.new_context(java_script_enabled=False)
        page = await entered(pages, context, site, Role.MODERATOR, [])
        await page.goto(f"{site}{BASE}/review")
        await page.click("button[value=handled]")
        await page.wait_for_url("**/review?before=*")
        assert "That was the last one." in await page.inner_text("main")
        await context.close()


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light", "viewport": WIDE},
        {"color_scheme": "dark", "viewport": NARROW},
        {"viewport": NARROW, "java_script_enabled": False},
    ],
    ids=["wide and light", "narrow and dark", "without scripts"],
)
async def test_a_token_and_a_view_are_made_and_taken_away_by_their_buttons(
    pages: Pages, chromium: Browser, options: dict[str, Any]
) -> None:
    faults: list[str] = []
    scripted = options.get("java_script_enabled", True)

    async def readable() -> None:
        if scripted:
            assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            assert await violations(page) == []

    async with served(pages) as site:
        context = await chromium.new_context(**options)
        page = await entered(pages, context, site, Role.ADMIN, faults)
        await page.goto(f"{site}{BASE}/tokens")
        await page.fill("input[name=name]", "weekly report <b>")
        await page.select_option("select[name=role]", "moderator")
        await page.fill("input[name=days]", "7")
        await page.click("button.main")
        token = await page.inner_text(".once pre")
        assert token.startswith("sbot_")
        assert await page.locator("tbody tr").count() == 1
        await readable()
        await page.goto(f"{site}{BASE}/tokens")
        assert token not in await page.content()
        await page.click("tbody button")
        await page.wait_for_url("**/tokens?done=revoked")
        assert await page.locator("tbody button").count() == 0

        await page.goto(f"{site}{BASE}/log")
        await page.select_option("select[name=concern]", "diy")
        await page.click("button.main")
        await page.fill("input[name=name]", "a long name of a view, so that it has to break " + "x" * 13)
        await readable()
        await page.click(".views form.line button")
        await page.wait_for_url("**/log?concern=diy&done=view")
        await page.goto(f"{site}{BASE}/log")
        await readable()
        await page.click(".views li a")
        await page.wait_for_url("**/log?concern=diy")
        assert await page.locator(".views a[aria-current=true]").count() == 1
        await readable()
        await page.click(".views li button")
        await page.wait_for_url("**/log?done=view-gone")
        assert await page.locator(".views").count() == 0
        await context.close()
    assert faults == []


async def test_times_are_shown_in_the_readers_zone(pages: Pages, chromium: Browser) -> None:
    async with served(pages) as site:
        context = await chromium.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
        page = await entered(pages, context, site, Role.MODERATOR, [])
        await page.goto(f"{site}{BASE}/log")
        shown = page.locator("time").first
        assert "21:00" in await shown.inner_text(), "noon in UTC is nine in the evening in Tokyo"
        assert await shown.get_attribute("title") == "2026-03-01 12:00 UTC"
        await context.close()


async def test_following_the_log_shows_what_comes_in(pages: Pages, chromium: Browser) -> None:
    async with served(pages) as site:
        context = await chromium.new_context()
        page = await entered(pages, context, site, Role.MODERATOR, [])
        await page.goto(f"{site}{BASE}/log")
        await page.check("[data-follow]")
        number = await pages.interaction(HERE, "while one looks")
        await page.wait_for_selector(f"a[href='{BASE}/interactions/{number}']", timeout=15_000)
        assert await page.locator(f"a[href*='{THERE[1]}/']").count() == 0
        await context.close()
