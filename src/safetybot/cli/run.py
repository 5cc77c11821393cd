"""`safetybot run`: the bot itself. The console is its only platform so far: every line is a message."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import structlog
import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from safetybot.cli.runtime import Runtime, make_watcher, open_runtime, write_health
from safetybot.cli.session import Session
from safetybot.cli.show import console
from safetybot.cli.use_cases import own_terms, words
from safetybot.communities.access import BOT
from safetybot.communities.keyword import KeywordState
from safetybot.communities.rates import RuleRates
from safetybot.config import LastGood
from safetybot.detection.detector import Detector
from safetybot.model import Message, Response
from safetybot.platforms.console import NAME, ConsolePlatform, console_message
from safetybot.responses import ResponseLibrary
from safetybot.store import retention
from safetybot.store.errors import StoreError
from safetybot.telemetry import Metrics, MetricsServer, set_up_logging
from safetybot.watcher import Watcher

log = structlog.get_logger(__name__)
_LOOK_AT_FILES = 5.0
_PURGE = timedelta(hours=24)
_LEASE = timedelta(minutes=10)
_RESUME = 60.0
_RATES = 3600.0


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(run)


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="End with the input instead of waiting for a signal.")] = True,
) -> None:
    """Watch the console: each line that comes in is a message; replies and alerts go out.

    Files under --config-dir and --responses-dir are looked at every few seconds; bad ones leave the last good in force.
    """
    session: Session = context.obj
    settings = session.settings
    set_up_logging(settings.log.level, settings.log.format)
    asyncio.run(_run(session, once=once))


async def _run(session: Session, *, once: bool) -> None:
    out = console()
    metrics = Metrics()

    def show_reply(_: Message, response: Response) -> None:
        out.print(f"safetybot> {response.public}", markup=False)

    def show_moderators(about: str, line: str) -> None:
        out.print(f"moderators ({about})> {line}", markup=False)

    parts = LastGood(lambda: (session.fresh_detector(), session.fresh_library()), session.files)
    session.detector, session.library = parts.value
    server = MetricsServer(metrics, session.settings.metrics.host, session.settings.metrics.port) if (
        session.settings.metrics.port
    ) else None  # fmt: skip
    try:
        async with open_runtime(session) as runtime:
            watcher = make_watcher(session, runtime, {NAME: ConsolePlatform(show_reply, show_moderators)}, metrics)
            resumed = await watcher.resume(NAME)
            log.info("started", resumed=resumed, languages=len(session.library.languages))
            background = [
                asyncio.create_task(_keep_config(parts, watcher, metrics)),
                asyncio.create_task(_keep_house(session, runtime, metrics)),
                asyncio.create_task(_keep_resuming(watcher)),
                asyncio.create_task(_keep_rates(session, runtime, out)),
            ]
            try:
                await _watch(watcher, runtime, metrics, once=once)
            finally:
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)
            log.info("stopped")
    finally:
        if server is not None:
            server.stop()


async def _watch(watcher: Watcher, runtime: Runtime, metrics: Metrics, *, once: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    lines = asyncio.create_task(_handle_lines(watcher, runtime, metrics))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({lines, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if lines.done():
        lines.result()
        if not once:
            await stopped
    for task in (lines, stopped):
        task.cancel()
    await asyncio.gather(lines, stopped, return_exceptions=True)


async def _handle_lines(watcher: Watcher, runtime: Runtime, metrics: Metrics) -> None:
    # Ids begin anew at each start, so they carry the start's time: an old row must not look like this run's.
    run_id = int(time.time())
    number = 0
    async for line in _lines():
        number += 1
        started = time.perf_counter()
        message = console_message(run_id * 1_000_000 + number, line, runtime.clock.now())
        try:
            await watcher.handle(message)
        except (StoreError, SQLAlchemyError, OSError) as error:
            # A store that is away for a while costs its messages, never the bot.
            metrics.dropped("store")
            log.warning("message_dropped", why=type(error).__name__)
        else:
            metrics.handled(time.perf_counter() - started)


async def _lines() -> AsyncIterator[str]:
    """Lines of standard input, without ever blocking the loop."""
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    except (ValueError, OSError):
        # A plain file is no pipe; it never blocks for long either.
        for line in sys.stdin:
            yield line.rstrip("\n")
        return
    while raw := await reader.readline():
        yield raw.decode("utf-8", "replace").rstrip("\n")


async def _keep_config(parts: LastGood[tuple[Detector, ResponseLibrary]], watcher: Watcher, metrics: Metrics) -> None:
    while True:
        await asyncio.sleep(_LOOK_AT_FILES)
        seen = parts.refresh()
        if seen.problems:
            metrics.config_problems(len(seen.problems))
            for problem in seen.problems:
                log.error("config_kept", problem=str(problem))
        elif seen.changed:
            metrics.config_problems(0)
            watcher.use(*parts.value)
            log.info("config_reloaded")


async def _keep_resuming(watcher: Watcher) -> None:
    """What a process on another machine left behind is taken over once it has shown no life for a while."""
    while True:
        await asyncio.sleep(_RESUME)
        await watcher.resume(NAME)


async def _keep_house(session: Session, runtime: Runtime, metrics: Metrics) -> None:
    """A sign of life every few seconds, a purge every day."""
    store, settings = session.settings.store, session.settings
    last = runtime.clock.now() - _PURGE
    while True:
        now = runtime.clock.now()
        metrics.beat()
        write_health(settings.data_dir, metrics.health(), now)
        # Every replica looks; whoever holds the lease purges.
        if now - last >= _PURGE and await runtime.store.leases.take("purge", _LEASE):
            forgotten = await retention.purge(
                runtime.store.database, now, retention=store.retention, excerpt_retention=store.excerpt_retention,
                by="safetybot",
            )  # fmt: skip
            log.info("purged", interactions=forgotten.interactions, excerpts=forgotten.excerpts)
            last = now
        await asyncio.sleep(_LOOK_AT_FILES)


async def _keep_rates(session: Session, runtime: Runtime, out: Console) -> None:
    """Every hour, tell moderators of live rules that fire far more often than they used to."""
    rates = RuleRates(runtime.store.rules, runtime.clock)
    while True:
        # One replica looks, so that an alarm is given once.
        if await runtime.store.leases.take("rates", timedelta(seconds=2 * _RATES)):
            for one in await rates.alarms(BOT):
                own = await own_terms(runtime, one.platform, one.community, *KeywordState)
                named = words(session).with_own(own).rule_name(one.rule)
                out.print(f"moderators ({one.platform}/{one.community})> {one.says(named)}", markup=False)
        await asyncio.sleep(_RATES)
