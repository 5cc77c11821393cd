"""Logs, metrics and health: what an operator sees of a running bot. Never any message's text, at any level.

Lives here: structlog's set-up with the guard against member text, the Prometheus metrics, the health answers and the
small HTTP server that offers both. Does not live here: when anything is counted (`watcher.py` calls `Metrics`).
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from safetybot.model import (
    Assessment,
    Author,
    Decision,
    InteractionState,
    Message,
    NewInteraction,
    Surface,
    ThreadLine,
    concern_label,
)

WITHHELD = "(not logged)"
_NEVER = frozenset(
    {
        "text", "content", "body", "caption", "excerpt", "message", "message_text", "surface", "surfaces", "thread",
        "author", "author_id", "author_name", "user", "user_id", "username", "member", "member_id",
        "token", "password", "secret", "url",
    }
)  # fmt: skip
"""Keys that could carry a member's words or name, or a secret; a log line with one is a bug, so it loses the value."""
_MEMBERS_DATA = (Message, Surface, ThreadLine, Author, NewInteraction)
_QUIET = ("httpx", "httpcore", "discord", "telegram", "aiohttp", "sqlalchemy", "alembic", "aiosqlite", "asyncio")
"""Libraries that write texts, tokens, statements or whole updates below WARNING."""

STALE = 60.0
"""Seconds without a heartbeat after which the process counts as stuck; it beats every few seconds."""

_EventDict = MutableMapping[str, Any]
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


# --- logs -------------------------------------------------------------------------------------------------


def set_up_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["console", "json"] = "console",
    stream: TextIO | None = None,
) -> None:
    """Send all logs, our own and the libraries', through one pipeline to `stream` (standard error by default).

    Members' data and secrets are taken out of every line (`guard`), and so are the messages of exceptions that are not
    written by us (`without_words`): they may quote what a member wrote.
    """
    out = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        guard,
        structlog.processors.StackInfoRenderer(),
        without_words,
    ]
    final: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, final],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def guard(_logger: object, _method: str, event: _EventDict) -> _EventDict:
    """Take out of a log line whatever could be a member's words, name or a secret, however deep it is nested."""
    for key in event:
        event[key] = _guarded(key, event[key], 6)
    return event


def _guarded(key: object, value: Any, depth: int) -> Any:
    if (isinstance(key, str) and key.lower() in _NEVER) or isinstance(value, _MEMBERS_DATA) or not depth:
        return WITHHELD
    if isinstance(value, dict):
        return {inner: _guarded(inner, part, depth - 1) for inner, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_guarded(None, part, depth - 1) for part in value]
    return value


def without_words(_logger: object, _method: str, event: _EventDict) -> _EventDict:
    """Write an exception out with its traceback, but with its message only where this program wrote it."""
    info = event.pop("exc_info", None)
    error = _exception(info)
    if error is not None:
        event["exception"] = "\n".join(_lines_of(error, set()))
    return event


def _exception(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if isinstance(info[1], BaseException) else None
    return sys.exc_info()[1] if info else None


def _lines_of(error: BaseException, seen: set[int]) -> Iterator[str]:
    """What `traceback` writes, cause first, without the words of other people's exceptions."""
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _lines_of(before, seen)
        yield "The above led to:"
    yield "".join(["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__)]).rstrip()
    kind = type(error)
    ours = kind.__module__.partition(".")[0] == "safetybot"
    yield f"{kind.__module__}.{kind.__qualname__}: {error if ours else WITHHELD}"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            if id(inner) not in seen:
                yield from _lines_of(inner, seen)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream; a line that cannot be written is told by its logger's name, never with its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        error = sys.exc_info()[0]
        what = error.__name__ if error else "an error"
        if self.stream and not self.stream.closed:
            self.stream.write(f"a log line of {record.name} could not be written: {what}\n")


# --- metrics and health -----------------------------------------------------------------------------------


class Metrics:
    """What is counted, on a registry of its own. Implements `watcher.Observer`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Make the metrics; `clock` gives seconds and is the source of all ages."""
        self.registry = CollectorRegistry()
        self._clock = clock
        self._started = clock()
        self._last_message: float | None = None
        self._last_beat: float | None = None
        self._assessed = Counter(
            "safetybot_messages_assessed", "Messages assessed.", ["concern"], registry=self.registry
        )
        self._decided = Counter(
            "safetybot_decisions", "Reasons of decisions.", ["concern", "reason"], registry=self.registry
        )
        self._ended = Counter(
            "safetybot_interactions", "Interactions by the state they ended in.", ["platform", "state"],
            registry=self.registry,
        )  # fmt: skip
        self._handled = Histogram(
            "safetybot_handle_seconds", "From a message to the end of its handling.", registry=self.registry,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
        )  # fmt: skip
        self._dropped = Counter("safetybot_dropped", "Messages not handled.", ["why"], registry=self.registry)
        self._bad_config = Gauge(
            "safetybot_config_problems", "Problems in files that keep an older configuration in force.",
            registry=self.registry,
        )  # fmt: skip

    def assessed(self, assessment: Assessment) -> None:
        """A message was assessed."""
        self._last_message = self._clock()
        self._assessed.labels(concern_label(assessment.concern)).inc()

    def decided(self, assessment: Assessment, decision: Decision) -> None:
        """A decision was made about a message of concern."""
        for reason in decision.reasons:
            self._decided.labels(concern_label(assessment.concern), reason.name.lower()).inc()

    def ended(self, platform: str, state: InteractionState) -> None:
        """An interaction reached `state`."""
        self._ended.labels(platform, state.value).inc()

    def handled(self, seconds: float) -> None:
        """A message was seen through in `seconds`."""
        self._handled.observe(seconds)

    def dropped(self, why: str) -> None:
        """A message was not handled."""
        self._dropped.labels(why).inc()

    def config_problems(self, count: int) -> None:
        """How many problems keep an older configuration in force; 0 when all is well."""
        self._bad_config.set(count)

    def beat(self) -> None:
        """The event loop is alive and the store is open; to be called every few seconds while that holds."""
        self._last_beat = self._clock()

    def health(self) -> dict[str, object]:
        """Whether the process does its work: `starting`, `ok` or `stuck`, and how old its last good work is."""
        now = self._clock()
        beat = None if self._last_beat is None else now - self._last_beat
        return {
            "status": "starting" if beat is None else "ok" if beat <= STALE else "stuck",
            "uptime_seconds": round(now - self._started, 1),
            "last_beat_seconds": None if beat is None else round(beat, 1),
            "last_message_seconds": None if self._last_message is None else round(now - self._last_message, 1),
        }

    @property
    def alive(self) -> bool:
        """Whether the process is to be left running: it is starting or at work."""
        return self.health()["status"] != "stuck"

    @property
    def ready(self) -> bool:
        """Whether the process watches messages now."""
        return self.health()["status"] == "ok"

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class MetricsServer:
    """Serves `/metrics`, `/healthz` and `/readyz` from a thread of its own, so that a stuck loop still answers."""

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        """Listen on `host` and `port` (0: any free one, see `port`). Raises `OSError` where that is not possible."""
        self._server = _Server((host, port), _handler(metrics), ":" in host)
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and wait for the thread to end."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], ipv6: bool) -> None:  # noqa: FBT001
        if ipv6:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def handle_error(self, *_: object) -> None:
        """A scraper that hangs up is not worth a line."""


def _handler(metrics: Metrics) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "safetybot"
        sys_version = ""
        timeout = 10  # seconds that a scraper may take to ask

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, metrics.exposition())
            elif path == "/healthz":
                self._answer_health(well=metrics.alive)
            elif path == "/readyz":
                self._answer_health(well=metrics.ready)
            else:
                self._answer(404, "text/plain", b"try /metrics, /healthz or /readyz\n")

        do_HEAD = do_GET  # noqa: N815  # http.server looks for this name

        def log_message(self, *_: object) -> None:
            """Scrapes are not worth a line."""

        def _answer_health(self, *, well: bool) -> None:
            self._answer(200 if well else 503, "application/json", json.dumps(metrics.health()).encode())

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler
