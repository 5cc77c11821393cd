"""`python -m benchmarks.web_pages [--rows 1000000] [--url URL]`: how fast pages are over a long log, in milliseconds.

Fills a database (SQLite in a temporary folder, or an empty one at URL) with invented interactions of 300 communities,
of which the biggest has a sixth, and asks for each page a number of times. The first time of each page is told apart:
it draws with cold caches. What is at URL stays and serves again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from cryptography.fernet import Fernet
from starlette.types import ASGIApp, Receive, Scope, Send

from safetybot.cli.heap import settle
from safetybot.cli.runtime import Runtime, SystemClock
from safetybot.cli.session import Session
from safetybot.cli.web import make_parts
from safetybot.communities.access import Actor, Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.records import Filters
from safetybot.communities.sign_in import Grant
from safetybot.detection.own_terms import LIVE_RULE, SHADOW_RULE
from safetybot.model import Concern, VerdictKind
from safetybot.store.keys import Excerpts, Pseudonyms
from safetybot.store.store import SqlStore, open_store
from safetybot.store.tables import interactions, reactions, verdicts
from safetybot.telemetry import Metrics
from safetybot.web.app import create_app
from safetybot.web.parts import Site

Rows = list[dict[str, Any]]
BATCH = 20_000
DAYS = 90
RULES = [f"rule-{n}" for n in range(12)]
OWN = 30
"""Keywords of the biggest community; every fifth of its interactions rests on one."""
STATES = (KeywordState.LIVE, KeywordState.LIVE, KeywordState.SHADOW, KeywordState.DRAFT)
COMMUNITIES = [("discord", str(100 + n)) for n in range(200)] + [("telegram", f"-100{n}") for n in range(100)]
BIG, SMALL = "/in/discord/100", "/in/telegram/-10099"
OFTEN = ("overview", "overview?days=90", "log", "review")
PAGES = (
    *(f"{base}/{page}" for base in ("/everywhere", BIG, SMALL) for page in OFTEN),
    f"{BIG}/log?concern=adverse&verdict=false_alarm", f"{BIG}/log?channel=none", f"{BIG}/log?author={1:032x}",
    f"{BIG}/log?language=ru&channel=7100", f"{BIG}/log?before=5000", f"{BIG}/review?before=5000",
    f"{BIG}/interactions/1", f"{BIG}/overview/day.svg", f"{BIG}/overview/channel.svg",
    "/everywhere/overview/community.svg", f"{BIG}/keywords", f"{BIG}/keywords/one?term=own+word+0",
    f"{BIG}/settings", f"{BIG}/audit", "/everywhere/communities",
)  # fmt: skip
QUERIES: dict[str, tuple[Filters, int | None]] = {
    "all communities": (Filters(), None),
    "the biggest community": (Filters("discord", "100"), None),
    "... what waits for review": (Filters("discord", "100", waiting=True), None),
    "... adverse, false alarms": (
        Filters("discord", "100", concern=Concern.ADVERSE, verdict=VerdictKind.FALSE_ALARM), None,
    ),
    "... one language in one channel": (Filters("discord", "100", language="ru", channel="7100"), None),
    "... a channel that is not there": (Filters("discord", "100", channel="none"), None),
    "... one author": (Filters("discord", "100", author=f"{1:032x}"), None),
    "... its oldest": (Filters("discord", "100"), 5_000),
}  # fmt: skip


def main() -> None:
    """Fill, ask, tell."""
    parser = argparse.ArgumentParser(description="Time the pages over a long log.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--url", default="", help="a database, filled if it is empty; SQLite in a temporary folder by default"
    )
    options = parser.parse_args()
    asyncio.run(_measure(options.rows, options.rounds, options.url))


async def _measure(rows: int, rounds: int, url: str) -> None:
    session, clock = Session(), SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        session.settings = session.settings.model_copy(update={"data_dir": Path(folder)})
        excerpts = Excerpts([Fernet.generate_key().decode()])
        async with open_store(
            url or session.settings.store_url(), clock=clock, defaults=session.settings.default_policy(),
            excerpts=excerpts, migrate=True,
        ) as store:  # fmt: skip
            started = time.perf_counter()
            if await store.list_interactions(limit=1):
                print("the interactions that are there already")
            else:
                await _fill(store, rows)
                print(f"{rows:,} interactions written in {time.perf_counter() - started:.0f} s")
            started = time.perf_counter()
            print(f"{await store.figures.settle():,} changes counted in {time.perf_counter() - started:.0f} s")
            in_force = (session.detector, session.library)
            parts = make_parts(session, Runtime(store, Pseudonyms("k" * 32), clock), Metrics(), lambda: in_force)
            app = Timed(create_app(parts, Site("http://localhost")))
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as browser:
                token = await parts().sign_in.link(Actor("op", Role.OPERATOR), Grant("op", Role.OPERATOR))
                await browser.post("/sign-in", data={"token": token})
                settle()  # as whoever serves does
                print(f"\n{'first':>8} {'p50':>8} {'p95':>8}  page")
                for page in PAGES:
                    await _time(browser, app, page, rounds)
            print("\nA page of the log without the page: asking and reading fifty rows")
            for name, (filters, before) in QUERIES.items():
                await _time_query(store, name, filters, before, rounds)


class Timed:
    """An application, and how long its last answer took: what asks it runs in the same process and does not count."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.ms = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        started = time.perf_counter()
        await self._app(scope, receive, send)
        self.ms = (time.perf_counter() - started) * 1_000


async def _time(browser: httpx.AsyncClient, app: Timed, page: str, rounds: int) -> None:
    taken: list[float] = []
    for _ in range(rounds + 1):
        answer = await browser.get(page)
        taken.append(app.ms)
        if answer.status_code != 200:
            raise RuntimeError(f"{page} answered {answer.status_code}")
    _tell(taken, page)


async def _time_query(store: SqlStore, name: str, filters: Filters, before: int | None, rounds: int) -> None:
    taken: list[float] = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        await store.list_interactions(filters, before=before, limit=50)
        taken.append((time.perf_counter() - started) * 1_000)
    _tell(taken, name)


def _tell(taken: list[float], name: str) -> None:
    first, rest = taken[0], sorted(taken[1:])
    p95 = rest[min(len(rest) - 1, int(len(rest) * 0.95))]
    print(f"{first:8.1f} {statistics.median(rest):8.1f} {p95:8.1f}  {name}")


async def _fill(store: SqlStore, rows: int) -> None:
    chance = random.Random(1)  # noqa: S311  # invented rows
    now = datetime.now(UTC)
    watching = [Keyword(f"own word {n}", STATES[n % len(STATES)], concern=Concern.DIY) for n in range(OWN)]
    await store.keywords.put_all("discord", "100", [(one, 0) for one in watching], by="op", at=now)
    own = [
        (LIVE_RULE if one.state is KeywordState.LIVE else SHADOW_RULE) + one.id
        for one in watching
        if one.state is not KeywordState.DRAFT
    ]
    places = chance.choices(COMMUNITIES, [1 / (n + 1) for n in range(len(COMMUNITIES))], k=rows)
    places[0] = ("discord", "100")
    for start in range(0, rows, BATCH):
        made: Rows = []
        judged: Rows = []
        reacted: Rows = []
        for number in range(start, min(rows, start + BATCH)):
            at = now - timedelta(days=DAYS) * ((rows - number) / rows)
            concern = chance.choices((1, 2, 3, 4), (6, 2, 3, 1))[0]
            state = chance.choice(("sent", "sent", "suppressed", "failed"))
            kind = (
                chance.choice(("confirmed", "confirmed", "false_alarm", "handled")) if chance.random() < 0.6 else None
            )
            rules = chance.sample(RULES, 2)
            if places[number] == ("discord", "100") and chance.random() < 0.2:
                rules.insert(0, chance.choice(own))
            made.append(
                {
                    "id": number + 1, "platform": places[number][0], "community": places[number][1],
                    # No two communities have a channel in common.
                    "channel": f"{chance.randint(1, 40)}{places[number][1].strip('-')}", "message_id": str(number),
                    "author": f"{chance.randint(0, rows // 5):032x}", "at": at, "concern": concern,
                    "level": 3 if concern == 4 else None, "confidence": 0.9,
                    "language": chance.choice(("en", "de", "es", "ru")), "rules": rules,
                    "hits": [["procedure", 0, 5, "exact", "abcdef012345"]] * 3, "reasons": ["policy asks for a reply"],
                    "state": state, "sending_at": at, "ended_at": at + timedelta(milliseconds=chance.randint(50, 900)),
                    "alerted": concern == 4, "shadow": False, "response_id": "en/diy@1", "reply_id": str(number),
                    "waiting": state != "suppressed" and kind is None, "verdict": kind,
                }
            )  # fmt: skip
            if kind:
                judged.append({"interaction_id": number + 1, "kind": kind, "by": "op", "at": at, "reason": "x"})
            if state == "sent" and chance.random() < 0.3:
                welcome, unwelcome = chance.choice(((1, 0), (3, 0), (0, 1), (2, 1), (0, 0)))
                reacted.append(
                    {"interaction_id": number + 1, "welcome": welcome, "unwelcome": unwelcome, "other": 1}
                )  # fmt: skip

        def write(connection: sa.Connection, made: Rows = made, judged: Rows = judged, reacted: Rows = reacted) -> None:
            connection.execute(sa.insert(interactions), made)
            connection.execute(sa.insert(verdicts), judged)
            connection.execute(sa.insert(reactions), reacted)

        await store.database.writer.do(write)


if __name__ == "__main__":
    main()
