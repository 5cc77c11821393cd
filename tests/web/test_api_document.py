"""The OpenAPI document against the API behind it: schemathesis makes requests from it and holds answers against it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import schemathesis
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from tests.conftest import DEFAULTS
from tests.web.conftest import HERE, OPERATOR

from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.web import make_parts
from safetybot.communities.access import Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.sign_in import Grant
from safetybot.detection.detector import Detector
from safetybot.model import Assessment, Concern, Decision, NewInteraction, Place, Reason
from safetybot.responses import ResponseLibrary
from safetybot.store.keys import Excerpts, Pseudonyms
from safetybot.store.store import SqlStore, open_store
from safetybot.telemetry import Metrics
from safetybot.web.api.app import PATH, create_api
from safetybot.web.app import create_app
from safetybot.web.parts import Parts, Site
from safetybot.web.serving import listen, serve

T = TypeVar("T")
KEYWORD = Keyword("glow party", KeywordState.DRAFT, concern=Concern.DIY)
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
_KNOWN = {
    "platform": ["discord"], "community": ["100"], "number": [1, 2, 999], "id": [KEYWORD.id, "0" * 12],
    "key": ["language", "diy.mode", "exempt_roles", "retention", "no_such"],
}  # fmt: skip
"""Without these the tests would ask about places that there are not, nearly always."""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Server:
    """The pages and the API on a loopback port, in a thread and a loop of their own: schemathesis blocks."""

    def __init__(self, folder: Path, in_force: tuple[Detector, ResponseLibrary]) -> None:
        self._folder, self._in_force = folder, in_force
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="served-api")
        self._stack = AsyncExitStack()
        self._serving: Future[None] | None = None
        self.address = ""
        self.token = ""

    def start(self) -> None:
        self._thread.start()
        self.run(self._prepare())

    def stop(self) -> None:
        try:
            self.run(self._end())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _prepare(self) -> None:
        clock = RealClock()
        store = await self._stack.enter_async_context(
            open_store(
                f"sqlite+aiosqlite:///{self._folder / 'store.sqlite3'}", clock=clock, defaults=DEFAULTS,
                excerpts=Excerpts([Fernet.generate_key().decode()]),
            )
        )  # fmt: skip
        session = Session()
        session.settings = session.settings.model_copy(update={"data_dir": self._folder})
        runtime = Runtime(store, Pseudonyms("k" * 32), clock)
        parts = make_parts(session, runtime, Metrics(), lambda: self._in_force)
        await _fill(store, parts())
        self.token, _ = await parts().tokens.create(OPERATOR, Grant("all", Role.ADMIN, *HERE))
        listening = self._stack.enter_context(listen("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(parts, Site(self.address))
        mounted = next(route for route in app.app.routes if getattr(route, "path", "") == PATH)
        mounted.app.state.pace.wait = lambda _: 0  # type: ignore[attr-defined]  # how fast has a test of its own
        started = asyncio.Event()
        self._serving = asyncio.ensure_future(serve(app, listening, started=started.set))  # type: ignore[assignment]
        await started.wait()

    async def _end(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})  # type: ignore[type-var]
        await self._stack.aclose()


async def _fill(store: SqlStore, parts: Parts) -> None:
    now = datetime.now(UTC)
    for number, concern in enumerate(Concern):
        assessment = Assessment(concern, 0.9, "en")
        decision = Decision(reply=False, alert=True, shadow=False, reasons=(Reason.ALERT,))
        at = now - timedelta(hours=number)
        place = Place(*HERE, "chat")
        await store.claim(NewInteraction(place, str(number), "a" * 32, at, assessment, decision, excerpt="words"), None)
    await parts.keywords.add(OPERATOR, *HERE, KEYWORD)
    await parts.policy.put(OPERATOR, *HERE, "language", "de", expected=0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, in_force: tuple[Detector, ResponseLibrary]) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("api"), in_force)
    server.start()
    yield server
    server.stop()


def _nothing() -> Parts:
    raise AssertionError("the document needs no use case")


def _document() -> dict[str, Any]:
    """The document as it is served; what is asked about exists, where chance alone would never meet it."""
    made = deepcopy(create_api(_nothing).openapi())
    for methods in made["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in _KNOWN:
                    parameter["schema"]["enum"] = _KNOWN[parameter["name"]]
    return made


schema = schemathesis.openapi.from_dict(_document())
# Too large to be read at all is refused as well, before anything else is looked at.
schema.config.checks.negative_data_rejection.expected_statuses += ["413"]


@schema.parametrize()
@seeded(20260301)
@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
def test_answers_are_as_documented_and_never_a_fault_of_ours(case: schemathesis.Case[Any], served: Server) -> None:
    headers = {"Authorization": f"Bearer {served.token}"}
    answer = case.call(base_url=f"{served.address}{PATH}", headers=headers)
    case.validate_response(answer, checks=CHECKS, headers=headers)


def test_the_document_is_served_to_everybody_and_names_no_community(served: Server) -> None:
    answer = httpx.get(f"{served.address}{PATH}/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == create_api(_nothing).openapi()
    assert len(answer.json()["paths"]) > 20
