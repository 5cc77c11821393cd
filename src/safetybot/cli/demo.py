"""`safetybot demo`: an invented community's day through the real pipeline, then whatever you type."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from safetybot.cli.runtime import Runtime, make_watcher, open_runtime
from safetybot.cli.session import Session
from safetybot.cli.show import COLOURS, console, is_terminal, label, table, underlined, why
from safetybot.cli.use_cases import me
from safetybot.cli.web import serve_pages, sign_in, sign_in_url, until_signal
from safetybot.communities.access import Role
from safetybot.communities.sign_in import Grant
from safetybot.config import StoreSettings
from safetybot.config.settings import WebSettings
from safetybot.documents import read_yaml, validate
from safetybot.model import Assessment, InteractionState, Message, Response
from safetybot.platforms.console import NAME, ConsolePlatform, console_message
from safetybot.telemetry import Metrics
from safetybot.watcher import Outcome, Watcher

_BUTTONS = "[What are the risks] [Something's wrong now] [Sources] [Not for me]"
_BEAT = 5.0
_PACE = 0.35
"""Seconds between messages on a terminal."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str
    member: str
    minutes: int
    text: str


class _Conversation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    community: str
    messages: list[_Line]


@dataclass(slots=True)
class _DemoClock:
    """The demo's own time, so that cooldowns of hours can be seen in seconds; it runs once the pages are open."""

    moment: datetime
    running_since: float | None = None

    def now(self) -> datetime:
        if self.running_since is None:
            return self.moment
        return self.moment + timedelta(seconds=time.monotonic() - self.running_since)

    def run(self) -> None:
        self.running_since = time.monotonic()


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(demo)


def demo(
    context: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="Do not pause between messages, do not ask.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Then open the moderators' pages on it, until Ctrl-C.")] = False,
) -> None:
    """Play a conversation and show why the bot spoke or stayed silent; then type messages of your own.

    Uses the packaged config and responses, a real SQLite database in a temporary folder, and the real Watcher.
    """
    session: Session = context.obj
    asyncio.run(_demo(session, talk=is_terminal() and not fast, web=web))


async def _demo(session: Session, *, talk: bool, web: bool) -> None:
    out = console()
    conversation = read_conversation()
    clock = _DemoClock(datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0))
    with tempfile.TemporaryDirectory(prefix="safetybot-demo-") as folder:
        # Of invented people: excerpts show in the pages what was found where.
        own = {"data_dir": Path(folder), "store": StoreSettings(excerpts=web), "web": WebSettings()}
        session.settings = session.settings.model_copy(update=own)
        async with open_runtime(session, clock=clock) as runtime:
            # What is sent is shown by `_play`, after the message that it answers.
            platform = ConsolePlatform(lambda *_: None, lambda *_: None)
            watcher = make_watcher(session, runtime, {NAME: platform})
            out.print(
                f"[bold]{conversation.community}[/], an invented community. {len(conversation.messages)} messages."
            )
            out.print("What the bot notices is underlined; below each message stands why it spoke or not.\n")
            outcomes = []
            for number, line in enumerate(conversation.messages, 1):
                clock.moment += timedelta(minutes=line.minutes)
                message = console_message(
                    number, line.text, clock.moment, community=conversation.community, channel=line.channel,
                    member=line.member,
                )  # fmt: skip
                outcomes.append(await _play(out, watcher, message))
                if talk:
                    await asyncio.sleep(_PACE)
            await _summary(out, runtime, outcomes)
            if web:
                clock.run()
                await _open_pages(out, session, runtime)
            elif talk:
                await _talk(out, watcher, clock, len(outcomes))
    _how_to_go_on(out)


def read_conversation() -> _Conversation:
    """The bundled conversation. Raises `InvalidDocument`."""
    return validate(read_yaml(Path(__file__).with_name("demo_conversation.yaml")), _Conversation)


async def _play(out: Console, watcher: Watcher, message: Message) -> Outcome:
    """Handle one message; show it first, then what came of it, then why."""
    outcome = await watcher.handle(message)
    assessment, decision = outcome.assessment, outcome.decision
    time = (message.sent_at.strftime("%H:%M "), "dim")
    out.print(Text.assemble(time, (f"#{message.place.channel} ", "dim"), (message.author.name, "bold")))
    out.print(Padding(underlined(message.text, assessment.telling), (0, 0, 0, 2)))
    if outcome.state is InteractionState.SENT and outcome.response is not None:
        _show_reply(out, outcome.response)
    if decision is not None and decision.alert and assessment.concern is not None:
        _show_alert(out, assessment)
    mark = "●" if assessment.concern else "·"
    said = Text.assemble((f"{mark} ", COLOURS[assessment.concern]), label(assessment.concern))
    said.append(f": {why(decision, assessment)}", "dim")
    out.print(Padding(said, (0, 0, 1, 2)))
    return outcome


def _show_reply(out: Console, response: Response) -> None:
    body = Text.assemble(response.public, "\n\n", (_BUTTONS, "dim"))
    out.print(Padding(Panel(body, title="safetybot", title_align="left", border_style="green"), (0, 0, 0, 4)))


def _show_alert(out: Console, assessment: Assessment) -> None:
    level = f", {assessment.level.label}" if assessment.level else ""
    text = f"{assessment.label}{level}, {assessment.confidence:.0%} sure"
    out.print(Padding(Text.assemble(("to moderators: ", "bold"), (text, COLOURS[assessment.concern])), (0, 0, 0, 4)))


async def _open_pages(out: Console, session: Session, runtime: Runtime) -> None:
    token = await sign_in(session, runtime).link(me(), Grant("you", Role.OPERATOR))
    metrics = Metrics()

    def told(url: str) -> None:
        out.print("Open this in a browser; it lets you in once. Ctrl-C ends the demo and deletes what it kept.\n")
        out.print(f"  {sign_in_url(url, token)}\n", soft_wrap=True, markup=False)
        sys.stdout.flush()

    async def beat() -> None:
        while True:
            metrics.beat()
            await asyncio.sleep(_BEAT)

    in_force = (session.detector, session.library)
    await until_signal(
        serve_pages(session, runtime, metrics, lambda: in_force, host="127.0.0.1", port=0, started=told), beat()
    )  # fmt: skip


async def _summary(out: Console, runtime: Runtime, outcomes: Sequence[Outcome]) -> None:
    counts = Counter(outcome.assessment.label for outcome in outcomes)
    replies = Counter(o.assessment.label for o in outcomes if o.decision and o.decision.reply)
    alerts = Counter(o.assessment.label for o in outcomes if o.decision and o.decision.alert)
    logged = await runtime.store.counts()
    made = table("What happened", "concern", "messages", "replies", "alerts", "rows in the log", right=(1, 2, 3, 4))
    for name in ("adverse", "diy", "supply", "mention", "none"):
        made.add_row(name, *(str(c.get(name, 0)) for c in (counts, replies, alerts, logged)))
    out.print(made, "")


async def _talk(out: Console, watcher: Watcher, clock: _DemoClock, number: int) -> None:
    out.print("Now type messages as if you were in the channel; an empty line ends.\n")
    while line := (await asyncio.to_thread(_ask, out)).strip():
        number += 1
        clock.moment += timedelta(minutes=1)
        await _play(out, watcher, console_message(number, line, clock.moment, community="typed", channel="here"))


def _ask(out: Console) -> str:
    try:
        return out.input("[bold]you>[/] ")
    except EOFError:
        return ""


def _how_to_go_on(out: Console) -> None:
    out.print(
        "How to go on:\n"
        '  safetybot explain "a message"    one screen: why, and what would be done\n'
        "  safetybot scan export.json       what it would have done in your chat\n"
        "  safetybot run                    watch the console\n"
        "  safetybot demo --web             the moderators' pages on this conversation\n"
        "  safetybot --help                 everything else",
        markup=False,
    )
    sys.stdout.flush()
