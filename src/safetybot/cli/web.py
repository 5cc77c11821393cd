"""`safetybot web`: serving the pages for moderators and admins, and links to sign in with.

Lives here: putting the pages' parts together, also for `safetybot run` and `demo`. Does not live here: any page.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError

from safetybot.cli.acting import AsOption, whose
from safetybot.cli.delivering import webhooks
from safetybot.cli.heap import settle
from safetybot.cli.runtime import Runtime, health_file, open_runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console
from safetybot.cli.use_cases import community_policy, me, privacy, with_runtime
from safetybot.cli.web_hooks import webhook_app
from safetybot.cli.web_tokens import token_app
from safetybot.communities.access import Role
from safetybot.communities.api_tokens import ApiTokens
from safetybot.communities.audit import Audit
from safetybot.communities.errors import CommunityError
from safetybot.communities.figures import Figures
from safetybot.communities.keywords import Keywords
from safetybot.communities.naming import Words
from safetybot.communities.rates import RuleRates
from safetybot.communities.records import Filters
from safetybot.communities.review import Reviews
from safetybot.communities.saved_views import SavedViews
from safetybot.communities.sign_in import Grant, SignIn, Standing
from safetybot.communities.terms_in_force import TermsInForce
from safetybot.communities.trying import Trials
from safetybot.config import LastGood
from safetybot.detection.detector import Detector
from safetybot.responses import ResponseLibrary
from safetybot.store import migrations
from safetybot.store.errors import StoreError
from safetybot.store.export import export
from safetybot.store.keys import read_or_create_key
from safetybot.telemetry import Metrics, set_up_logging

if TYPE_CHECKING:
    from safetybot.web.discord_login import DiscordLogin
    from safetybot.web.parts import Fact, Parts
    from safetybot.web.telegram_login import TelegramLogin

log = structlog.get_logger(__name__)
web_app = typer.Typer(no_args_is_help=True, help="The pages for moderators and admins.")
PORT = 8787
"""Where `web serve` listens unless told otherwise."""
_LOOK = 5.0
_COUNT_EVERY = 10.0
"""Seconds."""
_WELL_FOR = 30.0
"""Seconds since its sign of life for which a bot counts as running."""
_RoleName = Literal["viewer", "moderator", "admin", "operator"]


class WebMissing(CommunityError):
    """The pages were asked for, and what they are made with is not installed."""

    def __init__(self, package: str) -> None:
        """Keep which package is missing first."""
        super().__init__(f"the web pages need `{package}`, which is not installed: pip install 'safetybot[web]'")
        self.package = package


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    web_app.add_typer(token_app, name="token")
    web_app.add_typer(webhook_app, name="webhook")
    app.add_typer(web_app, name="web")


@web_app.command()
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; [web] host by default.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help=f"Port; [web] port, or {PORT}.")] = None,
) -> None:
    """Serve the pages alone, beside a bot that runs elsewhere on the same store. Ends with Ctrl-C."""
    session: Session = context.obj
    set_up_logging(session.settings.log.level, session.settings.log.format)
    web = session.settings.web
    wanted = port if port is not None else web.port or PORT
    asyncio.run(_serve_alone(session, host or web.host, wanted))


@web_app.command()
def login(
    context: typer.Context,
    community: Annotated[
        str,
        typer.Option("--community", metavar="PLATFORM/COMMUNITY", help="Where the role holds; not for an operator."),
    ] = "",
    role: Annotated[_RoleName, typer.Option(help="As what.")] = "operator",
    name: AsOption = "",
) -> None:
    """Print a link that signs somebody in, once. Whoever has it gets in: give it to them alone."""
    session: Session = context.obj
    platform, where = whose(community) if community else ("", "")
    grant = Grant(name or me().name, Role[role.upper()], platform, where)
    token = with_runtime(session, lambda runtime: sign_in(session, runtime).link(me(), grant))
    web = session.settings.web
    console().print(sign_in_url(web.url or f"http://localhost:{web.port or PORT}", token), soft_wrap=True, markup=False)
    minutes = int(web.link.total_seconds() // 60)
    console().print(f"For {grant.name}, as {role}. It can be used once, within {minutes} minutes.", style="dim")


def sign_in(session: Session, runtime: Runtime, standing: Mapping[str, Standing] | None = None) -> SignIn:
    """Links and sessions, signed with a key in the data folder; `standing` asks platforms about their moderators."""
    web = session.settings.web
    key = read_or_create_key(session.settings.data_dir / "web.key")[0]
    return SignIn(
        runtime.store.web, runtime.clock, key=key, link_age=web.link, session_age=web.session, standing=standing
    )


def sign_in_url(site: str, token: str) -> str:
    """Where a sign-in link leads."""
    return f"{site}/sign-in?token={token}"


async def serve_pages(
    session: Session,
    runtime: Runtime,
    metrics: Metrics,
    in_force: Callable[[], tuple[Detector, ResponseLibrary]],
    *,
    host: str,
    port: int,
    started: Callable[[str], None] | None = None,
    standing: Mapping[str, Standing] | None = None,
) -> None:
    """Serve the pages until cancelled.

    Args:
        session: Settings.
        runtime: The open store.
        metrics: What `/metrics` and `/healthz` tell of.
        in_force: Gives the detector and the responses in use.
        host: Address to listen on.
        port: Port; 0 for any free one.
        started: Called with the address under which people reach the pages, once they do.
        standing: By platform, what somebody whom it let in is there now.

    Raises:
        WebMissing: The extra `web` is not installed.
        OSError: The address is not to be had.
    """
    try:
        from safetybot.web.app import create_app
        from safetybot.web.parts import Site
        from safetybot.web.serving import listen, serve
    except ModuleNotFoundError as error:
        raise WebMissing(error.name or "fastapi") from error
    with listen(host, port) as listening:
        url = session.settings.web.url or f"http://localhost:{listening.getsockname()[1]}"
        site = Site(url, session.settings.web.session)
        app = create_app(make_parts(session, runtime, metrics, in_force, standing), site)
        counting = asyncio.create_task(_keep_counting(runtime))

        def tell() -> None:
            settle()
            if started is not None:
                started(url)

        try:
            await serve(app, listening, started=tell)
        finally:
            counting.cancel()
            await asyncio.wait({counting})


def make_parts(
    session: Session,
    runtime: Runtime,
    metrics: Metrics,
    in_force: Callable[[], tuple[Detector, ResponseLibrary]],
    standing: Mapping[str, Standing] | None = None,
) -> Callable[[], Parts]:
    """Gives the pages' use cases over what is in force; made anew when the configuration was read anew."""
    from safetybot.web.parts import Parts

    store, clock = runtime.store, runtime.clock
    terms, policy, members = TermsInForce(store.keywords), community_policy(session, runtime), privacy(session, runtime)
    door = sign_in(session, runtime, standing)
    made: list[tuple[Detector, ResponseLibrary, Parts]] = []

    async def own_terms(platform: str, community: str) -> Sequence[str]:
        return [keyword.term for keyword, _ in await store.keywords.in_force(platform, community)]

    async def status() -> Sequence[Fact]:
        return await _facts(session, runtime, *in_force())

    def export_log(filters: Filters, form: Literal["csv", "jsonl"]) -> AsyncIterator[str]:
        return export(store, filters, form)

    def parts() -> Parts:
        detector, library = in_force()
        if made and made[0][:2] == (detector, library):
            return made[0][2]
        words = Words.of(detector.terms, detector.rules.sentences())
        found = Parts(
            sign_in=door,
            tokens=ApiTokens(store.api_tokens, clock),
            webhooks=webhooks(session, runtime),
            figures=Figures(store.figures, clock),
            reviews=Reviews(store, words, clock),
            views=SavedViews(store.views, clock, runtime.pseudonyms),
            words=words,
            keywords=Keywords(store.keywords, detector, clock),
            policy=policy,
            privacy=members,
            audit=Audit(store.audit),
            rates=RuleRates(store.rules, clock),
            trials=Trials(detector, library, store.policy, terms, clock),
            library=library,
            own_terms=own_terms,
            export=export_log,
            status=status,
            health=metrics,
            discord=_discord_login(session) if "discord" in (standing or {}) else None,
            telegram=_telegram_login(session) if "telegram" in (standing or {}) else None,
            clock=clock,
            review_months=session.settings.responses.review_months,
        )
        made[:] = [(detector, library, found)]
        return found

    return parts


def _discord_login(session: Session) -> DiscordLogin | None:
    """Signing in with Discord, where it is set up; only beside a bot that can ask Discord about people."""
    from safetybot.web.discord_login import API, DiscordLogin

    web = session.settings.web
    if not (web.discord_client_id and web.url):
        return None
    return DiscordLogin(
        web.discord_client_id, web.discord_client_secret.get_secret_value(), f"{web.url}/sign-in/discord/back",
        session.settings.discord.api_base or API,
    )  # fmt: skip


def _telegram_login(session: Session) -> TelegramLogin | None:
    """Signing in with Telegram, where people reach the pages by an address that Telegram leads to."""
    from safetybot.web.telegram_login import TelegramLogin

    token = session.settings.telegram.token.get_secret_value()
    return TelegramLogin.of(token) if token and session.settings.web.url.startswith("https:") else None


async def _keep_counting(runtime: Runtime) -> None:
    """Count what changed ahead of whoever looks at figures: what is counted already is read much faster."""
    while True:
        try:
            await runtime.store.figures.settle()
        except (StoreError, SQLAlchemyError, OSError) as error:
            log.warning("changes_not_counted", why=type(error).__name__)
        await asyncio.sleep(_COUNT_EVERY)


async def _serve_alone(session: Session, host: str, port: int) -> None:
    out, metrics = console(), Metrics()
    parts = LastGood(lambda: (session.fresh_detector(), session.fresh_library()), session.files)

    def told(url: str) -> None:
        out.print(f"The pages are at {url}; `safetybot web login` prints a link to sign in with.", markup=False)

    async with open_runtime(session) as runtime:
        pages = serve_pages(session, runtime, metrics, lambda: parts.value, host=host, port=port, started=told)
        await until_signal(pages, _look_after(parts, metrics))


async def until_signal(*work: Coroutine[Any, Any, object]) -> None:
    """Run until one of these ends or the process is told to; then end the others. Raises what the first one raised."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    tasks = [asyncio.create_task(one) for one in (*work, stop.wait())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _look_after(parts: LastGood[tuple[Detector, ResponseLibrary]], metrics: Metrics) -> None:
    """A sign of life and a look at the files, every few seconds."""
    while True:
        metrics.beat()
        await asyncio.sleep(_LOOK)
        seen = parts.refresh()
        metrics.config_problems(len(seen.problems))
        for problem in seen.problems:
            log.error("config_kept", problem=str(problem))
        if seen.changed:
            settle()


async def _facts(session: Session, runtime: Runtime, detector: Detector, library: ResponseLibrary) -> Sequence[Fact]:
    from safetybot.web.parts import Fact

    store = runtime.store
    version, newest = await store.database.version(), migrations.newest()
    newest_row = await store.list_interactions(limit=1)
    rows = newest_row[0].id if newest_row else 0
    kind = "SQLite" if store.database.is_sqlite else "PostgreSQL"
    model = "with its model" if detector.classifier else "rules alone, no model"
    return [
        Fact("detection", detector.classifier is not None, f"{len(detector.terms)} terms, {model}"),
        Fact("responses", well=True, says=f"{len(library.languages)} languages: {', '.join(library.languages)}"),
        Fact("store", version == newest, f"{kind}, version {version} of {newest}, newest interaction {rows}"),
        Fact("configuration", well=True, says=store.config_version or "as packaged, without a version"),
        *_bot(session, runtime.clock.now()),
    ]


def _bot(session: Session, now: datetime) -> list[Fact]:
    """What the running bot has written of itself: that it lives, and how each platform fares."""
    from safetybot.web.parts import Fact

    try:
        told = json.loads(health_file(session.settings.data_dir).read_text(encoding="utf-8"))
        age = (now - datetime.fromisoformat(told["at"])).total_seconds()
        platforms = dict(told.get("platforms") or {})
    except (OSError, ValueError, KeyError, TypeError):
        return [Fact("running bot", well=False, says="none has run over this data folder yet")]
    lives = age < _WELL_FOR
    return [
        Fact("running bot", lives, f"last sign of life {int(age)} seconds ago"),
        *(
            Fact(name, lives and bool(told.get("connected")) and not told.get("refused"), _in_words(told))
            for name, told in sorted(platforms.items())
            if isinstance(told, dict)
        ),
    ]


def _in_words(told: Mapping[str, object]) -> str:
    """What a platform says of itself, in a line; of shards each."""
    said: list[str] = []
    for name, value in told.items():
        shown = name.replace("_", " ")
        if isinstance(value, Mapping):
            said += [f"{shown.removesuffix('s')} {key}: {_in_words(one)}" for key, one in value.items() if one]
        elif value not in (None, ""):
            said.append(f"{shown} {'yes' if value is True else 'no' if value is False else value}")
    return "; ".join(said)
