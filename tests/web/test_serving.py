"""The pages on a real socket: what every answer carries, what none does, health, and ending in time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from tests.web.conftest import Pages

from safetybot.communities.access import Role
from safetybot.communities.figures import FigureRows
from safetybot.web.guard import CONTENT_POLICY
from safetybot.web.serving import listen, serve


@asynccontextmanager
async def served(pages: Pages) -> AsyncIterator[httpx.AsyncClient]:
    started = asyncio.Event()
    with listen("127.0.0.1", 0) as listening:
        task = asyncio.create_task(serve(pages.app, listening, started=started.set))
        async with asyncio.timeout(10):
            await started.wait()
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
                yield client
        finally:
            task.cancel()
            async with asyncio.timeout(10):
                await asyncio.gather(task, return_exceptions=True)


async def test_every_answer_carries_the_headers_and_no_banner(pages: Pages) -> None:
    async with served(pages) as client:
        for path in ("/sign-in", "/nothing", "/", "/healthz", "/static/app.css", "/static/none", "/sign-in?token=%00"):
            answer = await client.get(path)
            assert answer.headers["content-security-policy"] == CONTENT_POLICY, path
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert "server" not in answer.headers
            assert "x-powered-by" not in answer.headers
            if "app.css" not in path:
                assert answer.headers["cache-control"] == "no-store", path
        refused = await client.get("/", headers={"host": "evil.example"})
        assert (refused.status_code, refused.headers["x-frame-options"]) == (421, "DENY")
        assert (await client.get("/static/app.css")).headers["cache-control"].endswith("immutable")


async def test_a_failure_inside_is_a_plain_page_with_the_same_headers(pages: Pages) -> None:
    class Broken:
        def __getattr__(self, name: str) -> FigureRows:
            raise RuntimeError("a secret word")

    browser = await pages.signed_in(Role.ADMIN)
    parts = pages.app.app.state.parts()
    object.__setattr__(parts, "figures", Broken())
    answer = await browser.get("/in/discord/100/overview")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_POLICY


async def test_there_is_no_documentation_of_a_framework(pages: Pages) -> None:
    async with served(pages) as client:
        for path in ("/docs", "/redoc"):
            assert (await client.get(path)).status_code == 404


async def test_probes_are_answered_without_signing_in(pages: Pages) -> None:
    async with served(pages) as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert (await client.get("/readyz")).status_code == 200
        assert "safetybot_messages_assessed_total" in (await client.get("/metrics")).text


async def test_serving_ends_when_it_is_told_to_and_gives_the_port_back(pages: Pages) -> None:
    async with served(pages) as client:
        port = client.base_url.port
        await client.get("/healthz")
    with pytest.raises(OSError, match=r"refused|Connect"), socket.create_connection(("127.0.0.1", port or 0), 1):
        pass


def test_a_port_that_is_taken_is_told() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


async def test_headers_that_never_end_are_refused(pages: Pages) -> None:
    async with served(pages) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"x" * 100_000)
        await writer.drain()
        async with asyncio.timeout(10):
            assert b"400" in (await reader.readline())
        writer.close()
