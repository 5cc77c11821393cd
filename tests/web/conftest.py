"""The pages over a store of the test's own, asked as browsers ask: cookies, forms, the marks in them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from tests.conftest import DEFAULTS, New, StillClock

from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.web import make_parts
from safetybot.communities.access import Actor, Role
from safetybot.communities.sign_in import Grant
from safetybot.detection.detector import Detector
from safetybot.model import Concern, InteractionState, Place
from safetybot.responses import ResponseLibrary
from safetybot.store.keys import Excerpts, Pseudonyms
from safetybot.store.store import SqlStore, open_store
from safetybot.telemetry import Metrics
from safetybot.web.app import create_app
from safetybot.web.guard import Guard
from safetybot.web.parts import Site

SITE = "http://localhost"
HERE = ("discord", "100")
THERE = ("discord", "200")
OPERATOR = Actor("op", Role.OPERATOR)


class Browser(httpx.AsyncClient):
    """Keeps cookies, and sends forms as a page's own button would."""

    async def csrf(self) -> str:
        """The mark that this session's forms carry."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await self.get("/", follow_redirects=True)).text)
        assert found is not None
        return found[1]

    async def submit(self, path: str, **form: str) -> httpx.Response:
        """Send a form."""
        return await self.post(path, data={"csrf": await self.csrf(), **form})


@dataclass
class Pages:
    """The application, what is beneath it, and browsers to look at it with."""

    app: Guard
    store: SqlStore
    clock: StillClock
    session: Session
    stack: AsyncExitStack
    new: New
    site: str = SITE
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    """An interaction of each community."""

    async def browser(self, **headers: str) -> Browser:
        """One in which nobody is signed in."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        made = Browser(transport=transport, base_url=self.site, headers=headers)
        return await self.stack.enter_async_context(made)

    async def link(self, role: Role, place: tuple[str, str] = HERE, name: str = "") -> str:
        """A sign-in link's token."""
        grant = Grant(name or role.label, role, *(place if role is not Role.OPERATOR else ("", "")))
        return await self.app.app.state.parts().sign_in.link(OPERATOR, grant)  # type: ignore[no-any-return]

    async def signed_in(self, role: Role, place: tuple[str, str] = HERE, name: str = "") -> Browser:
        """One in which somebody is."""
        browser = await self.browser()
        answer = await browser.post("/sign-in", data={"token": await self.link(role, place, name)})
        assert answer.status_code == 303
        return browser

    async def interaction(self, place: tuple[str, str], message_id: str, *, excerpt: str | None = None) -> int:
        """A sent reply of that community."""
        made = self.new(message_id, place=Place(*place, "chat"), excerpt=excerpt, concern=Concern.DIY)
        claim = await self.store.claim(made, None)
        await self.store.advance(claim.interaction_id, InteractionState.SENDING)
        await self.store.advance(claim.interaction_id, InteractionState.SENT, reply_id=f"reply to {message_id}")
        return claim.interaction_id


@pytest.fixture(scope="session")
def in_force() -> tuple[Detector, ResponseLibrary]:
    """What detects and answers, read once for all tests."""
    session = Session()
    return session.detector, session.library


@pytest.fixture
def site_url() -> str:
    """Where people reach the pages."""
    return SITE


@pytest.fixture
async def pages(
    tmp_path: Path, clock: StillClock, new: New, in_force: tuple[Detector, ResponseLibrary], site_url: str
) -> AsyncIterator[Pages]:
    session = Session()
    session.settings = session.settings.model_copy(update={"data_dir": tmp_path})
    excerpts = Excerpts([Fernet.generate_key().decode()])
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}"
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(url, clock=clock, defaults=DEFAULTS, excerpts=excerpts, migrate=True)
        )
        runtime = Runtime(store, Pseudonyms("k" * 32), clock)
        metrics = Metrics()
        metrics.beat()
        app = create_app(make_parts(session, runtime, metrics, lambda: in_force), Site(site_url))
        made = Pages(app, store, clock, session, stack, new, site_url)
        for number, place in enumerate((HERE, THERE)):
            made.rows[place] = await made.interaction(place, f"m{number}", excerpt="mesotherapy at home")
        yield made
