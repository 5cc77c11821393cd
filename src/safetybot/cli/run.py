"""`safetybot run`: the bot itself, on every chat platform that the settings have a token for, else on the console."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Protocol, runtime_checkable

import structlog
import typer
from pydantic import ValidationError

from safetybot.chat.registry import commands_for
from safetybot.chat.services import Services
from safetybot.cli.chat_services import chat_services
from safetybot.cli.delivering import keep_webhooks
from safetybot.cli.heap import settle
from safetybot.cli.runtime import Runtime, make_watcher, open_runtime, write_health
from safetybot.cli.serving import STORE_AWAY, Around, Serving, wanted_platforms
from safetybot.cli.session import Session
from safetybot.cli.use_cases import own_terms, words_of
from safetybot.communities.access import BOT, Role
from safetybot.communities.keyword import KeywordState
from safetybot.communities.rates import RuleRates
from safetybot.communities.sign_in import Standing
from safetybot.config import LastGood, Settings
from safetybot.config.settings import DiscordSettings
from safetybot.detection.detector import Detector
from safetybot.model import Message, Place, Response
from safetybot.platforms.console import NAME, ConsolePlatform, console_message
from safetybot.ports import Platform, PlatformError
from safetybot.responses import ResponseLibrary
from safetybot.store import retention
from safetybot.telemetry import Metrics, MetricsServer, set_up_logging
from safetybot.watcher import RecentMessages, Watcher

if TYPE_CHECKING:
    from rich.console import Console

log = structlog.get_logger(__name__)
_LOOK_AT_FILES = 5.0
_PURGE = timedelta(hours=24)
_LEASE = timedelta(minutes=10)
_RATES = 3600.0


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(run)


def run(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once/--stay", help="On the console: end with the input, or wait for a signal.")
    ] = True,
    on_console: Annotated[
        bool, typer.Option("--console", help="Watch the console even where the settings have tokens.")
    ] = False,
    discord_shards: Annotated[
        str, typer.Option("--discord-shards", help="Which shards of how many, such as 0-3/8; wins over the settings.")
    ] = "",
) -> None:
    """Watch Discord and Telegram, each where the settings have its token; without any, watch the console.

    On the console each line that comes in is a message; replies and alerts go out. Files under --config-dir and
    --responses-dir are looked at every few seconds; bad ones leave the last good in force.
    """
    session: Session = context.obj
    settings = session.settings
    set_up_logging(settings.log.level, settings.log.format)
    if discord_shards:
        session.settings = _with_shards(settings, discord_shards)
    asyncio.run(_run(session, once=once, on_console=on_console))


def _with_shards(settings: Settings, shards: str) -> Settings:
    """The settings with other shards. Raises `typer.BadParameter` where these are none."""
    discord = settings.discord
    try:
        read = DiscordSettings.model_validate(
            {name: getattr(discord, name) for name in type(discord).model_fields} | {"shards": shards}
        )
    except ValidationError as error:
        raise typer.BadParameter(f"{shards!r}: {error.errors()[0]['msg']}", param_hint="--discord-shards") from error
    return settings.model_copy(update={"discord": read})


async def _run(session: Session, *, once: bool, on_console: bool = False) -> None:
    metrics = Metrics()
    parts = LastGood(lambda: (session.fresh_detector(), session.fresh_library()), session.files)
    session.detector, session.library = parts.value
    server = MetricsServer(metrics, session.settings.metrics.host, session.settings.metrics.port) if (
        session.settings.metrics.port
    ) else None  # fmt: skip
    try:
        async with open_runtime(session) as runtime:
            recent = RecentMessages(
                lines=session.settings.detection.thread_lines, age=session.settings.detection.thread_age
            )
            services = chat_services(session, runtime, recent)
            around = Around(session, runtime, services, commands_for(services), metrics)
            builders = {} if on_console else wanted_platforms(session)
            chats = [build(around) for build in builders.values()]
            services.boards.update({chat.name: chat for chat in chats})
            platforms: dict[str, Platform] = {**{chat.name: chat for chat in chats}}
            if not chats:
                from safetybot.cli.show import console  # an idle bot needs neither this nor the pages, 3 MiB

                platforms[NAME] = _console_platform(console())
            watcher = make_watcher(session, runtime, platforms, metrics, recent)
            settle()
            log.info("started", platforms=sorted(platforms), languages=len(session.library.languages))
            serving = Serving(chats, watcher, metrics)
            background = [
                asyncio.create_task(_keep_config(session, parts, watcher, services, metrics)),
                asyncio.create_task(_keep_house(session, runtime, metrics, serving.health)),
                asyncio.create_task(keep_webhooks(session, runtime)),
                asyncio.create_task(_keep_rates(services, runtime, platforms)),
                asyncio.create_task(_keep_pages(session, runtime, metrics, parts, platforms)),
            ]
            try:
                stop = _stop_signal()
                if chats:
                    await serving.run(stop)
                else:
                    await watcher.resume(NAME)
                    await _watch_console(watcher, runtime, metrics, stop, once=once)
            finally:
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)
            log.info("stopped")
    finally:
        if server is not None:
            server.stop()


def _console_platform(out: Console) -> ConsolePlatform:
    def show_reply(_: Message, response: Response) -> None:
        out.print(f"safetybot> {response.public}", markup=False)

    def show_moderators(about: str, line: str) -> None:
        out.print(f"moderators ({about})> {line}", markup=False)

    return ConsolePlatform(show_reply, show_moderators)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    return stop


async def _watch_console(
    watcher: Watcher, runtime: Runtime, metrics: Metrics, stop: asyncio.Event, *, once: bool
) -> None:
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
        except STORE_AWAY as error:
            # A store that is away for a while costs its messages, never the bot.
            metrics.dropped("store")
            log.warning("message_dropped", why=type(error).__name__)
        else:
            metrics.handled(time.perf_counter() - started)


async def _lines() -> AsyncIterator[str]:
    """Lines of standard input, without ever blocking the loop."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()):
        # A plain file, or /dev/null, cannot be waited for; it never blocks for long either.
        for line in sys.stdin:
            yield line.rstrip("\n")
        return
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while raw := await reader.readline():
        yield raw.decode("utf-8", "replace").rstrip("\n")


async def _keep_config(
    session: Session,
    parts: LastGood[tuple[Detector, ResponseLibrary]],
    watcher: Watcher,
    services: Services,
    metrics: Metrics,
) -> None:
    while True:
        await asyncio.sleep(_LOOK_AT_FILES)
        seen = parts.refresh()
        if seen.problems:
            metrics.config_problems(len(seen.problems))
            for problem in seen.problems:
                log.error("config_kept", problem=str(problem))
        elif seen.changed:
            metrics.config_problems(0)
            session.detector, session.library = parts.value
            watcher.use(*parts.value)
            services.use(*parts.value, words_of(parts.value[0]))
            log.info("config_reloaded")
            settle()


async def _keep_house(
    session: Session, runtime: Runtime, metrics: Metrics, platforms: Callable[[], Mapping[str, object]]
) -> None:
    """A sign of life every few seconds, a purge every day."""
    store, settings = session.settings.store, session.settings
    last = runtime.clock.now() - _PURGE
    while True:
        now = runtime.clock.now()
        metrics.beat()
        write_health(settings.data_dir, {**metrics.health(), "platforms": platforms()}, now)
        try:
            # Every replica looks; whoever holds the lease purges.
            if now - last >= _PURGE and await runtime.store.leases.take("purge", _LEASE):
                forgotten = await retention.purge(
                    runtime.store.database, now, retention=store.retention, excerpt_retention=store.excerpt_retention,
                    by="safetybot",
                )  # fmt: skip
                log.info("purged", interactions=forgotten.interactions, excerpts=forgotten.excerpts)
                last = now
        except STORE_AWAY as error:
            log.warning("purge_failed", why=type(error).__name__)
        await asyncio.sleep(_LOOK_AT_FILES)


@runtime_checkable
class _KnowsPeople(Protocol):
    """A platform that can be asked what somebody is in one of its communities."""

    async def standing(self, community: str, member: str) -> Role | None: ...


def _standing(platforms: Mapping[str, Platform]) -> dict[str, Standing]:
    """For the pages: each platform that can be asked about people whom it let in."""

    def asked(platform: _KnowsPeople) -> Standing:
        return lambda _, community, member: platform.standing(community, member)

    return {name: asked(one) for name, one in platforms.items() if isinstance(one, _KnowsPeople)}


async def _keep_pages(
    session: Session,
    runtime: Runtime,
    metrics: Metrics,
    parts: LastGood[tuple[Detector, ResponseLibrary]],
    platforms: Mapping[str, Platform],
) -> None:
    """The web pages, where they are wanted. What stands in their way is told, and the bot goes on without them."""
    web = session.settings.web
    if not web.port:
        return
    from safetybot.cli.web import WebMissing, serve_pages

    try:
        await serve_pages(
            session, runtime, metrics, lambda: parts.value, host=web.host, port=web.port,
            started=lambda url: log.info("pages_served", at=url), standing=_standing(platforms),
        )  # fmt: skip
    except (OSError, WebMissing) as error:
        log.warning("pages_not_served", problem=str(error))


async def _keep_rates(services: Services, runtime: Runtime, platforms: Mapping[str, Platform]) -> None:
    """Every hour, tell moderators of live rules that fire far more often than they used to."""
    rates = RuleRates(runtime.store.rules, runtime.clock)
    while True:
        try:
            # One replica looks, so that an alarm is given once.
            if await runtime.store.leases.take("rates", timedelta(seconds=2 * _RATES)):
                for one in await rates.alarms(BOT):
                    own = await own_terms(runtime, one.platform, one.community, *KeywordState)
                    named = services.words.with_own(own).rule_name(one.rule)
                    await _notice(runtime, platforms, one.platform, one.community, one.says(named))
        except STORE_AWAY as error:
            log.warning("rates_failed", why=type(error).__name__)
        await asyncio.sleep(_RATES)


async def _notice(
    runtime: Runtime, platforms: Mapping[str, Platform], platform: str, community: str, line: str
) -> None:
    served = platforms.get(platform)
    if served is None:
        return  # another process serves it
    policy = await runtime.store.policy(Place(platform, community, ""))
    try:
        await served.notice(community, policy.alert_channel, line)
    except PlatformError as error:
        log.warning("notice_failed", platform=platform, community=community, error=str(error))
