"""Logs, metrics and health: what an operator sees of a running bot. Never any message's text, at any level.

Lives here: structlog's set-up with the guard against member text, the Prometheus metrics, the health answers and the
small HTTP server that offers both. Does not live here: when anything is counted (`watcher.py` calls `Metrics`).
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal, TextIO

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from safetybot.model import Assessment, Decision, InteractionState, Message, Surface, ThreadLine, concern_label

_NEVER = frozenset({"text", "content", "body", "excerpt", "message_text", "author_id", "author", "token", "password"})
"""Keys that could carry a member's words or name, or a secret; a log line with one is a bug, so it loses the value."""
_QUIET = ("httpx", "httpcore", "discord", "telegram", "aiohttp", "sqlalchemy", "alembic", "aiosqlite", "asyncio")
"""Libraries that write texts, tokens or whole updates below WARNING (platform-libraries 1.7)."""

_EventDict = MutableMapping[str, Any]


def set_up_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["console", "json"] = "console",
    stream: TextIO | None = None,
) -> None:
    """Send all logs, our own and the libraries', through one pipeline to `stream` (standard error by default)."""
    out = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        guard,
        structlog.processors.StackInfoRenderer(),
    ]
    final: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info if form == "json" else _as_it_is,
                final,
            ],
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
    """Take out of a log line whatever could be a member's words, name or a secret."""
    for key, value in list(event.items()):
        if key in _NEVER or isinstance(value, Message | Surface | ThreadLine):
            event[key] = "(not logged)"
    return event


def _as_it_is(_logger: object, _method: str, event: _EventDict) -> _EventDict:
    return event


class Metrics:
    """What is counted, on a registry of its own. Implements `watcher.Observer`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Make the metrics; `clock` gives seconds and is the source of all ages."""
        self.registry = CollectorRegistry()
        self._clock = clock
        self._last_good = clock()
        self._started = clock()
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
        self._last_good = self._clock()
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

    def health(self) -> dict[str, object]:
        """Whether the process does its work: seconds since start and since the last message assessed."""
        now = self._clock()
        return {
            "status": "ok",
            "uptime_seconds": round(now - self._started, 1),
            "last_message_seconds": round(now - self._last_good, 1),
        }

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class MetricsServer:
    """Serves `/metrics` and `/healthz` from a thread of its own, so that a stuck loop still answers the scraper."""

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        """Listen on `host` and `port` (0: any free one, see `port`). Raises `OSError` where that is not possible."""
        self._server = ThreadingHTTPServer((host, port), _handler(metrics))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and wait for the thread to end."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(metrics: Metrics) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "safetybot"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, metrics.exposition())
            elif self.path == "/healthz":
                self._answer(200, "application/json", json.dumps(metrics.health()).encode())
            else:
                self._answer(404, "text/plain", b"try /metrics or /healthz\n")

        def log_message(self, *_: object) -> None:
            """Scrapes are not worth a line."""

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
