"""What is counted, whether the process is well, and serving both."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from safetybot.model import (
    Assessment,
    Concern,
    Decision,
    InteractionState,
    Reason,
)
from safetybot.telemetry import STALE, Metrics, MetricsServer

ASSESSMENT = Assessment(Concern.DIY, 0.9, "en")
REPLY = Decision(reply=True, alert=True, shadow=False, reasons=(Reason.REPLY, Reason.ALERT))


# --- metrics ---


def values(metrics: Metrics) -> dict[str, float]:
    """Samples by name and label values, without the time stamps of their making."""
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_what_happens_is_counted() -> None:
    metrics = Metrics()
    metrics.assessed(Assessment(None, 0.9, "en"))
    metrics.assessed(ASSESSMENT)
    metrics.decided(ASSESSMENT, REPLY)
    for state in (InteractionState.SENT, InteractionState.FAILED, InteractionState.UNKNOWN, InteractionState.SENT):
        metrics.ended("discord", state)
    metrics.handled(0.002)
    metrics.dropped("queue full")
    metrics.config_problems(3)
    seen = values(metrics)
    assert seen["safetybot_messages_assessed_total/none"] == 1
    assert seen["safetybot_messages_assessed_total/diy"] == 1
    assert seen["safetybot_decisions_total/diy/reply"] == 1
    assert seen["safetybot_decisions_total/diy/alert"] == 1
    assert seen["safetybot_interactions_total/discord/sent"] == 2
    assert seen["safetybot_interactions_total/discord/failed"] == 1
    assert seen["safetybot_interactions_total/discord/unknown"] == 1
    assert seen["safetybot_handle_seconds_count"] == 1
    assert seen["safetybot_handle_seconds_bucket/0.001"] == 0
    assert seen["safetybot_handle_seconds_bucket/0.0025"] == 1
    assert seen["safetybot_dropped_total/queue full"] == 1
    assert seen["safetybot_config_problems"] == 3


def test_a_configuration_that_is_well_again_has_no_problems() -> None:
    metrics = Metrics()
    metrics.config_problems(3)
    metrics.config_problems(0)
    assert values(metrics)["safetybot_config_problems"] == 0


def test_each_process_part_may_have_metrics_of_its_own() -> None:
    first, second = Metrics(), Metrics()
    first.assessed(ASSESSMENT)
    assert "safetybot_messages_assessed_total/diy" not in values(second)


# --- health ---


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_process_is_starting_until_its_first_beat() -> None:
    seconds = Seconds()
    metrics = Metrics(seconds)
    seconds.now += 500
    assert metrics.health() == {
        "status": "starting", "uptime_seconds": 500.0, "last_beat_seconds": None, "last_message_seconds": None,
    }  # fmt: skip
    assert metrics.alive
    assert not metrics.ready


def test_a_beating_process_is_well_however_quiet_its_chats_are() -> None:
    seconds = Seconds()
    metrics = Metrics(seconds)
    metrics.assessed(ASSESSMENT)
    seconds.now += 86_400
    metrics.beat()
    seconds.now += STALE
    assert metrics.health() == {
        "status": "ok", "uptime_seconds": 86_460.0, "last_beat_seconds": 60.0, "last_message_seconds": 86_460.0,
    }  # fmt: skip
    assert metrics.alive
    assert metrics.ready


def test_a_process_that_stopped_beating_is_stuck_until_it_beats_again() -> None:
    seconds = Seconds()
    metrics = Metrics(seconds)
    metrics.beat()
    seconds.now += STALE + 1
    assert metrics.health()["status"] == "stuck"
    assert not metrics.alive
    assert not metrics.ready
    metrics.beat()
    assert metrics.ready


# --- the server ---


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def metrics(seconds: Seconds) -> Metrics:
    return Metrics(seconds)


@pytest.fixture
def server(metrics: Metrics) -> Iterator[MetricsServer]:
    made = MetricsServer(metrics, "127.0.0.1", 0)
    yield made
    made.stop()


def get(server: MetricsServer, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    asked = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_metrics_are_served_for_prometheus(server: MetricsServer, metrics: Metrics) -> None:
    metrics.assessed(ASSESSMENT)
    status, kind, body = get(server, "/metrics?name=x")
    assert status == 200
    assert kind.startswith("text/plain")
    assert b'safetybot_messages_assessed_total{concern="diy"} 1.0' in body


def test_health_and_readiness_follow_the_heartbeat(server: MetricsServer, metrics: Metrics, seconds: Seconds) -> None:
    def both() -> tuple[int, int]:
        return get(server, "/healthz")[0], get(server, "/readyz")[0]

    assert both() == (200, 503)
    metrics.beat()
    assert both() == (200, 200)
    seconds.now += STALE + 1
    assert both() == (503, 503)
    status, kind, body = get(server, "/healthz")
    assert (status, kind, json.loads(body)["status"]) == (503, "application/json", "stuck")


def test_other_paths_say_where_to_look(server: MetricsServer) -> None:
    assert get(server, "/") == (404, "text/plain", b"try /metrics, /healthz or /readyz\n")


def test_a_head_request_gets_no_body(server: MetricsServer) -> None:
    assert get(server, "/healthz", "HEAD")[::2] == (200, b"")


def test_other_methods_are_refused(server: MetricsServer) -> None:
    assert get(server, "/metrics", "DELETE")[0] == 501


def test_serving_writes_nothing_to_the_terminal(server: MetricsServer, capfd: pytest.CaptureFixture[str]) -> None:
    get(server, "/metrics")
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(b"nonsense\r\n\r\n")
    get(server, "/metrics")
    assert capfd.readouterr().err == ""


def test_one_slow_scraper_does_not_hold_up_another(server: MetricsServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        assert get(server, "/healthz")[0] == 200


def test_a_stopped_server_is_gone_and_its_port_free(metrics: Metrics) -> None:
    before = threading.active_count()
    first = MetricsServer(metrics, "127.0.0.1", 0)
    get(first, "/healthz")
    first.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", first.port), timeout=1)
    second = MetricsServer(metrics, "127.0.0.1", first.port)
    second.stop()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_port_in_use_is_an_error_at_once(server: MetricsServer, metrics: Metrics) -> None:
    with pytest.raises(OSError, match="in use"):
        MetricsServer(metrics, "127.0.0.1", server.port)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
def test_the_server_listens_on_ipv6_too(metrics: Metrics) -> None:
    server = MetricsServer(metrics, "::1", 0)
    try:
        with urllib.request.urlopen(f"http://[::1]:{server.port}/healthz", timeout=10) as answer:
            assert answer.status == 200
    finally:
        server.stop()
