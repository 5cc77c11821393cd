"""`safetybot purge`, `erase`, `db`: expiring, forgetting, migrating."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.show import console
from safetybot.cli.use_cases import me, privacy, with_runtime
from safetybot.communities.records import Forgotten
from safetybot.model import Place
from safetybot.store import migrations, retention
from safetybot.store.database import Database

OUTDATED = 1
database_app = typer.Typer(no_args_is_help=True, help="The database's version.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(purge)
    app.command()(erase)
    app.add_typer(database_app, name="db")


def purge(context: typer.Context) -> None:
    """Delete what is older than the settings allow: interactions, excerpts, stale cooldowns."""
    session: Session = context.obj
    store = session.settings.store

    async def work(runtime: Runtime) -> Forgotten:
        return await retention.purge(
            runtime.store.database, runtime.clock.now(), retention=store.retention,
            excerpt_retention=store.excerpt_retention, by=me().name,
        )  # fmt: skip

    _tell(with_runtime(session, work))


def erase(
    context: typer.Context,
    platform: Annotated[str, typer.Argument(help="discord, telegram or console.")],
    community: Annotated[str, typer.Argument(help="Id of the guild or group.")],
    author: Annotated[str | None, typer.Option(help="Id of the member whose rows are deleted.")] = None,
    channel: Annotated[str | None, typer.Option(help="With --message: the channel's id.")] = None,
    message: Annotated[str | None, typer.Option(help="Id of one message whose row is deleted.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All that belongs to the community.")] = False,
) -> None:
    """Delete what is kept of one member, one message, or a whole community. There is no way back."""
    session: Session = context.obj
    if sum((author is not None, message is not None, everything)) != 1:
        raise typer.BadParameter("give one of --author, --message (with --channel) and --everything")
    if message is not None and channel is None:
        raise typer.BadParameter("--message needs --channel", param_hint="--channel")

    async def work(runtime: Runtime) -> Forgotten:
        desk, actor = privacy(session, runtime), me()
        if author is not None:
            return await desk.erase(actor, platform, community, author)
        if message is not None:
            return await desk.message_deleted(actor, Place(platform, community, channel or ""), message)
        return await desk.community_left(actor, platform, community)

    _tell(with_runtime(session, work))


@database_app.command("upgrade")
def upgrade(context: typer.Context) -> None:
    """Bring the database to the version that this program needs."""
    session: Session = context.obj

    async def work() -> tuple[str | None, str | None]:
        session.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = Database(session.settings.store_url())
        try:
            before = await database.version()
            await database.migrate()
            return before, await database.version()
        finally:
            await database.close()

    before, after = asyncio.run(work())
    console().print(f"From version {before or 'none'} to {after}." if before != after else f"Already at {after}.")


@database_app.command("status")
def status(context: typer.Context) -> None:
    """Say which version the database has; exit code 1 where it is not the one needed."""
    session: Session = context.obj

    async def work() -> str | None:
        database = Database(session.settings.store_url())
        try:
            return await database.version()
        finally:
            await database.close()

    found, wanted = asyncio.run(work()), migrations.newest()
    console().print(f"version {found or 'none'}, needed {wanted}")
    raise typer.Exit(0 if found == wanted else OUTDATED)


def _tell(forgotten: Forgotten) -> None:
    console().print(
        f"Deleted: {forgotten.interactions} interactions, {forgotten.excerpts} excerpts, "
        f"{forgotten.cooldowns} cooldowns, {forgotten.views} saved views."
    )
