"""Settings broken in every way that people break them: each is told with its file and line, or its variable."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from safetybot.config import load_settings
from safetybot.documents import InvalidDocument, Problem

KEY = Fernet.generate_key().decode()


def problems_of(config_dir: Path | None, environ: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDocument) as caught:
        load_settings(config_dir, environ)
    return caught.value.problems


FILES = {
    "unknown key": ("[store]\nurll = 'x'\n", "2:1: unknown key `urll`. Hint: did you mean `url`."),
    "unknown section": (
        "# mine\n[polcy.diy]\nmode = 'off'\n",
        "2:1: unknown key `polcy`. Hint: did you mean `policy`.",
    ),
    "unknown concern": ("[policy.advers]\nmode = 'off'\n", "1:1: unknown key `advers`. Hint: did you mean `adverse`."),
    "key of another section": ("port = 9100\n", "1:1: unknown key `port`. Hint: it belongs in `metrics`."),
    "key of no section": ("[log]\nretention = '7d'\n", "2:1: unknown key `retention`. Hint: it belongs in `store`."),
    "duplicate key": ("[log]\nlevel = 'info'\nlevel = 'debug'\n", "3:1: a key or a section stands twice."),
    "duplicate section": ("[log]\n[metrics]\n[log]\n", "3:1: a key or a section stands twice."),
    "text without quotes": ("[log]\nlevel = debug\n", "2:9: not valid TOML: invalid value."),
    "no value": ("[log]\nlevel =\n", "2:8: not valid TOML: invalid value."),
    "no equals sign": ("[log]\nlevel: debug\n", "2:6: not valid TOML: expected '=' after a key"),
    "unclosed section": (
        "[log\nlevel = 'info'\n",
        "1:5: not valid TOML: expected ']' at the end of a table declaration",
    ),
    "unclosed text": ('data_dir = "data\n', "1:17: not valid TOML: illegal character '\\n'."),
    "section as a value": ("log = 'debug'\n", "1:1: `log` must be a mapping of keys to values (it is 'debug')."),
    "list as a section": (
        "[[log]]\nlevel = 'info'\n",
        "1:1: `log` must be a mapping of keys to values (it is a list).",
    ),
    "duration without unit": (
        "[store]\nretention = '90'\n",
        "2:1: `retention` must be a number and a unit. Hint: such",
    ),
    "duration as a number": ("[store]\nretention = 90\n", "2:1: `retention` must be a number and a unit. Hint: such"),
    "two durations": (
        "[policy.diy]\nauthor_cooldown = '1h30m'\n",
        "2:1: `author_cooldown` must be a number and a unit.",
    ),
    "duration too long": (
        "[store]\nretention = '99999d'\n",
        "2:1: `retention` is longer than ten years. Hint: at most",
    ),
    "nothing is kept": ("[store]\nretention = '0s'\n", "2:1: `retention` is too short. Hint: at least 1h"),
    "wrong word": (
        "[policy.diy]\nmode = 'replay'\n",
        "2:1: `mode` is none of the words that it may be (it is 'replay'). Hint: did you mean `reply`?",
    ),
    "wrong level": (
        "[log]\nlevel = 'warn'\n",
        "2:1: `level` is none of the words that it may be (it is 'warn'). Hint: did you mean `warning`?",
    ),
    "number as text": ("[metrics]\nport = '9100'\n", "2:1: `port` must be a whole number (it is '9100')."),
    "text as a number": ("data_dir = 3\n", "1:1: `data_dir` must be a path (it is 3)."),
    "fraction": ("[detection]\nthread_lines = 2.5\n", "2:1: `thread_lines` must be a whole number (it is 2.5)."),
    "number too large": ("[metrics]\nport = 99999\n", "2:1: `port` is too large (it is 99999). Hint: at most 65535."),
    "number too small": (
        "[detection]\nthread_lines = 0\n",
        "2:1: `thread_lines` is too small (it is 0). Hint: at least",
    ),
    "truth as text": ("[store]\nexcerpts = 'yes'\n", "2:1: `excerpts` must be true or false (it is 'yes')."),
    "truth as a number": ("[store]\nexcerpts = 1\n", "2:1: `excerpts` must be true or false (it is 1)."),
    "percent": (
        "[policy.mention]\nmin_confidence = 80\n",
        "2:1: `min_confidence` is too large (it is 80). Hint: at most",
    ),
    "no number at all": (
        "[policy.mention]\nmin_confidence = nan\n",
        "2:1: `min_confidence` must be a number (it is nan).",
    ),
    "region by name": (
        "[responses]\nregion = 'Germany'\n",
        "2:1: `region` is not written as it must be (it is 'Germany').",
    ),
    "emergency line too long": (
        f"[responses]\nemergency_number = '{'9' * 81}'\n",
        "2:1: `emergency_number` is too long",
    ),
    "empty folder": ("data_dir = ''\n", "1:1: `data_dir` names no folder. Hint: such as data"),
    "empty host": ("[metrics]\nhost = ''\n", "2:1: `host` is empty. Hint: write something."),
    "URL without scheme": ("[store]\nurl = 'log.sqlite3'\n", "2:1: `url` is no database URL. Hint: such as sqlite+aio"),
    "URL without driver": (
        "[store]\nurl = 'postgres://u:p@h/d'\n",
        "2:1: `url` begins with `postgres:`, which names no driver. Hint: begin it with `postgresql+",
    ),
    "sqlite without driver": (
        "[store]\nurl = 'sqlite:///x'\n",
        "2:1: `url` begins with `sqlite:`, which names no driver. Hint: begin it with `sqlite+aio",
    ),
    "other database": (
        "[store]\nurl = 'mysql://u:p@h/d'\n",
        "2:1: `url` is of another database. Hint: such as sqlite+",
    ),
    "sqlite without file": ("[store]\nurl = 'sqlite+aiosqlite://'\n", "2:1: `url` names no file. Hint: three slashes"),
    "postgres without name": (
        "[store]\nurl = 'postgresql+asyncpg://u:p@h'\n",
        "2:1: `url` is no URL of a PostgreSQL database. Hint: postgresql+asyncpg://user:password@",
    ),
    "postgres with a bad port": (
        "[store]\nurl = 'postgresql+asyncpg://u:p@h:many/d'\n",
        "2:1: `url` is no URL of a PostgreSQL database.",
    ),
    "short key": ("[secrets]\npseudonym_key = 'secret'\n", "2:1: `pseudonym_key` is too short. Hint: at least 32"),
    "no Fernet key": (
        f"[secrets]\nexcerpt_key = '{KEY} secret'\n",
        "2:1: `excerpt_key` holds no Fernet key at place 2.",
    ),
    "secret of another kind": ("[secrets]\nexcerpt_key = 12345\n", "2:1: `excerpt_key` must be text. Hint: put it in"),
}


@pytest.mark.parametrize(("text", "expected"), FILES.values(), ids=FILES)
def test_a_broken_file_is_told_by_line(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "safetybot.toml"
    path.write_text(text)
    (problem,) = problems_of(tmp_path, {})
    assert str(problem).startswith(f"{path}:{expected}")
    assert problem.hint


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").write_text("[store]\nretention = 'x'\n[log]\nlevel = 'x'\nform = 'x'\n")
    assert [problem.line for problem in problems_of(tmp_path, {})] == [2, 4, 5]


def test_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").write_bytes("data_dir = 'Müll'\n".encode("latin-1"))
    (problem,) = problems_of(tmp_path, {})
    assert (problem.line, problem.column, problem.reason) == (1, 14, "not UTF-8 text")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").mkdir()
    (problem,) = problems_of(tmp_path, {})
    assert problem.reason == "cannot be read: Is a directory"


def test_a_config_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "gone", {})
    assert str(problem) == f"{tmp_path / 'gone'}: there is no such folder. Hint: check --config-dir."


def test_a_config_folder_needs_no_settings_file(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == load_settings(None, {})


def test_an_operators_file_changes_only_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").write_text("[policy.adverse]\nauthor_cooldown = '2h'\n")
    ours, theirs = load_settings(None, {}), load_settings(tmp_path, {})
    assert theirs.policy.adverse.author_cooldown.total_seconds() == 7200
    assert theirs.policy.adverse.mode is ours.policy.adverse.mode
    assert theirs.policy.diy == ours.policy.diy


# --- the environment ---

VARIABLES = {
    "unknown": (
        {"SAFETYBOT_COLOUR": "red"},
        "SAFETYBOT_COLOUR: unknown environment variable. Hint: docs/configuration.md lists all variables.",
    ),
    "misspelt": (
        {"SAFETYBOT_STORE__RETENTON": "7d"},
        "SAFETYBOT_STORE__RETENTON: unknown environment variable. Hint: did you mean SAFETYBOT_STORE__RETENTION.",
    ),
    "one underscore": (
        {"SAFETYBOT_METRICS_PORT": "9100"},
        "SAFETYBOT_METRICS_PORT: unknown environment variable. Hint: did you mean SAFETYBOT_METRICS__PORT.",
    ),
    "lower case": (
        {"SAFETYBOT_log__level": "info"},
        "SAFETYBOT_log__level: unknown environment variable. Hint: did you mean SAFETYBOT_LOG__LEVEL.",
    ),
    "a section": ({"SAFETYBOT_STORE": "x"}, "SAFETYBOT_STORE: unknown environment variable."),
    "misspelt file": (
        {"SAFETYBOT_STORE__ULR_FILE": "x"},
        "SAFETYBOT_STORE__ULR_FILE: unknown environment variable. Hint: did you mean SAFETYBOT_STORE__URL_FILE.",
    ),
    "a word for a number": (
        {"SAFETYBOT_METRICS__PORT": "high"},
        "SAFETYBOT_METRICS__PORT: `port` must be a whole number (it is 'high').",
    ),
    "empty number": (
        {"SAFETYBOT_METRICS__PORT": ""},
        "SAFETYBOT_METRICS__PORT: `port` must be a whole number (it is '').",
    ),
    "a word for a fraction": (
        {"SAFETYBOT_POLICY__DIY__MIN_CONFIDENCE": "high"},
        "SAFETYBOT_POLICY__DIY__MIN_CONFIDENCE: `min_confidence` must be a number (it is 'high').",
    ),
    "a word for truth": (
        {"SAFETYBOT_STORE__EXCERPTS": "yes"},
        "SAFETYBOT_STORE__EXCERPTS: `excerpts` must be true or false (it is 'yes').",
    ),
    "a number for truth": (
        {"SAFETYBOT_STORE__EXCERPTS": "1"},
        "SAFETYBOT_STORE__EXCERPTS: `excerpts` must be true or false (it is '1').",
    ),
    "duration": (
        {"SAFETYBOT_STORE__RETENTION": "90 days"},
        "SAFETYBOT_STORE__RETENTION: `retention` must be a number and a unit.",
    ),
    "wrong word": (
        {"SAFETYBOT_LOG__FORMAT": "jsn"},
        "SAFETYBOT_LOG__FORMAT: `format` is none of the words that it may be (it is 'jsn'). Hint: did you mean `json`?",
    ),
    "out of range": ({"SAFETYBOT_METRICS__PORT": "-1"}, "SAFETYBOT_METRICS__PORT: `port` is too small (it is -1)."),
    "bad URL": ({"SAFETYBOT_STORE__URL": "mongodb://x"}, "SAFETYBOT_STORE__URL: `url` is of another database."),
    "bad key": (
        {"SAFETYBOT_SECRETS__EXCERPT_KEY": "é"},
        "SAFETYBOT_SECRETS__EXCERPT_KEY: `excerpt_key` holds no Fernet key",
    ),
    "a file that is missing": (
        {"SAFETYBOT_STORE__URL_FILE": "/nowhere/at/all"},
        "SAFETYBOT_STORE__URL_FILE: the file that it names cannot be read: No such file or directory.",
    ),
    "a file that is a folder": (
        {"SAFETYBOT_STORE__URL_FILE": "/"},
        "SAFETYBOT_STORE__URL_FILE: the file that it names cannot be read: Is a directory.",
    ),
    "a file that cannot be": (
        {"SAFETYBOT_STORE__URL_FILE": "a\0b"},
        "SAFETYBOT_STORE__URL_FILE: the file that it names cannot be read: not UTF-8 text, or no path.",
    ),
    "both": (
        {"SAFETYBOT_STORE__URL": "", "SAFETYBOT_STORE__URL_FILE": "/x"},
        "SAFETYBOT_STORE__URL_FILE: SAFETYBOT_STORE__URL is set as well. Hint: set one of the two.",
    ),
}


@pytest.mark.parametrize(("environ", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_a_broken_variable_is_told_by_name(environ: dict[str, str], expected: str) -> None:
    (problem,) = problems_of(None, environ)
    assert str(problem).startswith(expected)


def test_every_broken_variable_is_told_at_once() -> None:
    environ = {"SAFETYBOT_METRICS__PORT": "x", "SAFETYBOT_STORE__RETENTION": "x"}
    assert [problem.file for problem in problems_of(None, environ)] == [
        "SAFETYBOT_STORE__RETENTION", "SAFETYBOT_METRICS__PORT",
    ]  # fmt: skip


@pytest.mark.parametrize(("content", "why"), [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "not UTF-8")])
def test_a_file_for_a_variable_must_hold_text(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    (problem,) = problems_of(None, {"SAFETYBOT_STORE__URL_FILE": str(tmp_path / "secret")})
    assert why in problem.reason


def test_a_file_may_give_any_setting_and_end_with_a_newline(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9100\n")
    assert load_settings(None, {"SAFETYBOT_METRICS__PORT_FILE": str(tmp_path / "port")}).metrics.port == 9100


def test_the_environment_wins_over_the_operators_file(tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").write_text("[metrics]\nport = 1\nhost = '10.0.0.1'\n")
    metrics = load_settings(tmp_path, {"SAFETYBOT_METRICS__PORT": "2"}).metrics
    assert (metrics.port, metrics.host) == (2, "10.0.0.1")


def test_a_variable_cannot_mend_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "safetybot.toml").write_text("[metrics]\nport = 'x'\n")
    (problem,) = problems_of(tmp_path, {"SAFETYBOT_METRICS__PORT": "2"})
    assert problem.file.endswith("safetybot.toml")


def test_truth_in_the_environment_may_be_written_in_any_case() -> None:
    assert load_settings(None, {"SAFETYBOT_STORE__EXCERPTS": "True"}).store.excerpts is True


def test_variables_of_others_are_none_of_our_business() -> None:
    assert load_settings(None, {"PATH": "/bin", "SAFETYBOTS_X": "1", "XSAFETYBOT_Y": "2"}) == load_settings(None, {})


def test_variables_that_kubernetes_makes_for_a_service_are_left_alone() -> None:
    environ = {
        "SAFETYBOT_SERVICE_HOST": "10.0.0.1",
        "SAFETYBOT_SERVICE_PORT": "9100",
        "SAFETYBOT_SERVICE_PORT_METRICS": "9100",
        "SAFETYBOT_PORT": "tcp://10.0.0.1:9100",
        "SAFETYBOT_PORT_9100_TCP": "tcp://10.0.0.1:9100",
        "SAFETYBOT_PORT_9100_TCP_PROTO": "tcp",
        "SAFETYBOT_PORT_9100_TCP_PORT": "9100",
        "SAFETYBOT_PORT_9100_TCP_ADDR": "10.0.0.1",
        "SAFETYBOT_METRICS_SERVICE_HOST": "10.0.0.2",
        "SAFETYBOT_METRICS_PORT": "tcp://10.0.0.2:9100",
    }
    assert load_settings(None, environ) == load_settings(None, {})
