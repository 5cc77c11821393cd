"""What an operator sees, and what no log may hold: a member's words, name or a secret, whatever goes wrong."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from safetybot.config import Settings
from safetybot.model import (
    Assessment,
    Author,
    Concern,
    Decision,
    Message,
    NewInteraction,
    Place,
    Reason,
    Surface,
    SurfaceKind,
    ThreadLine,
)
from safetybot.ports import PlatformError
from safetybot.telemetry import _QUIET, WITHHELD, guard, set_up_logging

WORDS = "I injected lemonade into my chin"
NAME = "Wilhelmina Quux"
PLACE = Place("discord", "10", "20")
MESSAGE = Message(
    "1", PLACE, Author("30987", NAME), (Surface(SurfaceKind.TEXT, WORDS),), sent_at=datetime(2026, 3, 1, tzinfo=UTC)
)  # fmt: skip
ASSESSMENT = Assessment(Concern.DIY, 0.9, "en")
REPLY = Decision(reply=True, alert=True, shadow=False, reasons=(Reason.REPLY, Reason.ALERT))


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers = list(root.handlers)
    loggers = [root, *map(logging.getLogger, _QUIET)]
    levels = [logger.level for logger in loggers]
    yield
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=["json", "console"])
def out(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    set_up_logging("debug", request.param, stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def json_out() -> io.StringIO:
    stream = io.StringIO()
    set_up_logging("debug", "json", stream)
    return stream


# --- form ---


def test_a_json_line_has_time_level_logger_event_and_values(json_out: io.StringIO) -> None:
    structlog.get_logger("safetybot.x").warning("reply_failed", interaction=7, place="discord/1/2")
    (line,) = lines(json_out)
    datetime.fromisoformat(str(line.pop("timestamp")))
    assert line == {
        "event": "reply_failed", "interaction": 7, "level": "warning", "logger": "safetybot.x", "place": "discord/1/2",
    }  # fmt: skip


def test_libraries_write_through_the_same_pipeline(json_out: io.StringIO) -> None:
    logging.getLogger("some.library").error("it %s", "broke")
    (line,) = lines(json_out)
    assert (line["event"], line["logger"], line["level"]) == ("it broke", "some.library", "error")


def test_a_console_line_names_the_event_and_its_values() -> None:
    stream = io.StringIO()
    set_up_logging("info", "console", stream)
    structlog.get_logger("safetybot.x").info("started", resumed=3)
    assert "started" in stream.getvalue()
    assert "resumed=3" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "written"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")]
)  # fmt: skip
def test_levels_below_the_one_set_are_not_written(level: str, written: str) -> None:
    stream = io.StringIO()
    set_up_logging(level, "json", stream)  # type: ignore[arg-type]
    log = structlog.get_logger("safetybot.x")
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    assert "".join(str(line["event"]) for line in lines(stream)) == written


def test_setting_up_again_replaces_what_was_set_up() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up_logging("info", "json", first)
    set_up_logging("info", "json", second)
    structlog.get_logger("safetybot.x").info("once")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1


@pytest.mark.parametrize("name", ["httpx", "discord.gateway", "telegram.ext", "sqlalchemy.engine", "aiosqlite"])
def test_talkative_libraries_are_kept_at_warning_even_when_debugging(json_out: io.StringIO, name: str) -> None:
    logging.getLogger(name).debug("update %s", WORDS)
    logging.getLogger(name).info("update %s", WORDS)
    logging.getLogger(name).warning("reconnecting")
    assert [line["event"] for line in lines(json_out)] == ["reconnecting"]


# --- what no log may hold ---

INTERACTION = NewInteraction(
    PLACE, "1", "a" * 32, MESSAGE.sent_at, ASSESSMENT, REPLY, "en/diy@1", excerpt=WORDS
)  # fmt: skip


@pytest.mark.parametrize("key", ["text", "content", "Body", "caption", "excerpt", "message", "surfaces", "thread"])
def test_a_key_that_could_hold_words_loses_its_value(out: io.StringIO, key: str) -> None:
    structlog.get_logger("x").info("seen", **{key: WORDS})
    assert WITHHELD in out.getvalue()
    assert WORDS not in out.getvalue()


@pytest.mark.parametrize("key", ["author", "author_id", "author_name", "user", "username", "member_id"])
def test_a_key_that_could_hold_a_name_loses_its_value(out: io.StringIO, key: str) -> None:
    structlog.get_logger("x").info("seen", **{key: NAME})
    assert NAME not in out.getvalue()


@pytest.mark.parametrize("key", ["token", "password", "secret", "url"])
def test_a_key_that_could_hold_a_secret_loses_its_value(out: io.StringIO, key: str) -> None:
    structlog.get_logger("x").info("seen", **{key: "hunter2"})
    assert "hunter2" not in out.getvalue()


@pytest.mark.parametrize(
    "value",
    [MESSAGE, MESSAGE.author, MESSAGE.surfaces[0], MESSAGE.surfaces, ThreadLine(WORDS), INTERACTION,
     {"deep": [{"deeper": MESSAGE}]}, {"deep": ({"text": WORDS},)}, [[[[[[[[WORDS]]]]]]]]],
)  # fmt: skip
def test_members_data_is_refused_wherever_it_is_put(out: io.StringIO, value: object) -> None:
    structlog.get_logger("x").info("seen", about=value)
    structlog.get_logger("x").info(value)
    logging.getLogger("y").warning("seen %s", value if not isinstance(value, dict | list) else "")
    for secret in (WORDS, NAME):
        assert secret not in out.getvalue()
    assert out.getvalue().count("\n") == 3


def test_ordinary_values_pass_the_guard_unchanged() -> None:
    event = {"event": "seen", "place": "discord/1/2", "n": 3, "names": ["a", {"rule": "b"}], "none": None}
    assert guard(None, "", dict(event)) == event


_values = st.recursive(
    st.just(MESSAGE) | st.integers() | st.text("abc", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "text"]), st.just(WORDS), max_size=1)
        | st.dictionaries(st.just("a"), inner)
        | st.tuples(inner)
    ),
)


@given(_values)
def test_nothing_nested_gets_past_the_guard(value: object) -> None:
    left = guard(None, "", {"event": value})
    assert WORDS not in repr(left).replace(repr({"a": WORDS}), "")
    assert "Message(" not in repr(left)


def test_the_settings_can_be_logged_without_their_secrets(out: io.StringIO) -> None:
    settings = Settings.model_validate({"store": {"url": "postgresql+asyncpg://u:hunter2@h/d"}})
    structlog.get_logger("x").info("settings", all=settings, store=settings.store)
    assert "hunter2" not in out.getvalue()


# --- exceptions ---


def test_an_exception_of_others_loses_its_words_but_not_its_place(out: io.StringIO) -> None:
    try:
        dict[str, int]()[WORDS]
    except KeyError:
        structlog.get_logger("x").exception("handling_failed")
        logging.getLogger("y").exception("task failed")
    assert WORDS not in out.getvalue()
    assert out.getvalue().count("KeyError: " + WITHHELD) == 2
    assert out.getvalue().count("test_an_exception_of_others_loses_its_words") == 2


def test_an_exception_of_our_own_keeps_its_words(out: io.StringIO) -> None:
    structlog.get_logger("x").error("reply_failed", exc_info=PlatformError("may not write here"))
    assert "safetybot.ports.PlatformError: may not write here" in out.getvalue()


def test_causes_contexts_and_groups_lose_their_words_too(out: io.StringIO) -> None:
    def fail() -> None:
        try:
            try:
                float(WORDS)
            except ValueError:
                int(WORDS)
        except ValueError as error:
            raise PlatformError("could not send") from error

    try:
        fail()
    except PlatformError as error:
        group = ExceptionGroup(WORDS, [error, OSError(WORDS)])
    structlog.get_logger("x").error("failed", exc_info=group)
    assert WORDS not in out.getvalue()
    for kind in ("builtins.ValueError", "builtins.OSError", "could not send", "builtins.ExceptionGroup"):
        assert kind in out.getvalue()


def test_an_exception_that_causes_itself_is_told_once(out: io.StringIO) -> None:
    error = PlatformError("round and round")
    error.__cause__ = PlatformError("the other")
    error.__cause__.__cause__ = error
    structlog.get_logger("x").error("failed", exc_info=error)
    assert out.getvalue().count("round and round") == 1


@pytest.mark.parametrize("info", [False, None, (None, None, None)])
def test_no_exception_is_no_exception(json_out: io.StringIO, info: object) -> None:
    structlog.get_logger("x").info("fine", exc_info=info)
    (line,) = lines(json_out)
    assert "exception" not in line


def test_a_line_that_cannot_be_written_does_not_spill_its_arguments(
    out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    (ours,) = (handler for handler in logging.getLogger().handlers if getattr(handler, "stream", None) is out)
    ours.handle(logging.LogRecord("some.library", logging.WARNING, __file__, 1, "%d messages", (WORDS,), None))
    assert out.getvalue() == "a log line of some.library could not be written: TypeError\n"
    assert capsys.readouterr().err == ""


def test_a_stream_that_was_closed_does_not_stop_the_bot() -> None:
    stream = io.StringIO()
    set_up_logging("info", "json", stream)
    stream.close()
    structlog.get_logger("x").info("into the void")
