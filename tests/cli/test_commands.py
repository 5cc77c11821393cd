"""The commands as a person runs them: in a process of their own, 80 columns wide, on data of their own."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


class Shell:
    """Runs `safetybot` with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFETYBOT_")} | {
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "SAFETYBOT_DATA_DIR": str(folder / "data"),
            "PYTHONWARNINGS": "error",
        }

    def __call__(self, *arguments: str, stdin: str | bytes = "", code: int = 0, **environment: str) -> str:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "safetybot", *arguments],
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True, env=self.environment | environment, cwd=self.folder, timeout=120, check=False,
        )  # fmt: skip
        self.errors = done.stderr.decode("utf-8", "replace")
        out = done.stdout.decode("utf-8", "replace")
        assert done.returncode == code, f"exit {done.returncode}\n{out}\n{self.errors}"
        return out


@pytest.fixture
def safetybot(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def widest(text: str) -> int:
    from rich.cells import cell_len

    return max(cell_len(line) for line in text.split("\n"))


def test_the_demo_plays_shows_why_and_ends_with_a_summary(safetybot: Shell) -> None:
    shown = safetybot("demo")
    assert widest(shown) <= 80
    assert "is mesotherapy actually legit?" in shown
    assert "[What are the risks]" in shown
    assert "nothing of concern" in shown
    assert "on cooldown" in shown
    assert "What happened" in shown
    assert "How to go on" in shown
    assert not (safetybot.folder / "data").exists(), "the demo leaves nothing behind"


def test_a_console_session_ends_in_the_log_it_must(safetybot: Shell) -> None:
    said = "good morning\nI inject lemon bottle into my own chin at home\nanyone up for pizza\n"
    shown = safetybot("run", stdin=said)
    assert shown.count("safetybot>") == 1
    rows = [json.loads(line) for line in safetybot("logs", "--json").splitlines()]
    assert [(row["concern"], row["state"]) for row in rows] == [("diy", "sent")]
    assert rows[0]["reply_id"]
    assert "lemon" not in json.dumps(rows), "the log holds no words of members"
    assert "lemon" not in safetybot.errors, "no log line does either"


def test_replies_do_not_come_twice_even_in_another_run(safetybot: Shell) -> None:
    said = "I inject lemon bottle into my own chin at home\n"
    assert safetybot("run", stdin=said).count("safetybot>") == 1
    assert safetybot("run", stdin=said).count("safetybot>") == 0, "the author's cooldown survives the restart"
    shown = safetybot("logs")
    assert "on cooldown for this author" in re.sub(r"\s+", " ", shown)


def test_assess_answers_every_line_in_order(safetybot: Shell) -> None:
    lines = [
        '{"id": 1, "text": "SQL injection"}',
        '{"id": "b", "text": "is mesotherapy legit?", "thread": ["hello"]}',
        "not json",
        '{"id": 4}',
        '{"id": 5, "text": "\\ud800 lone"}',
        '{"id": 6, "text": ""}',
        json.dumps({"id": 7, "text": "x" * 100_000}),
    ]
    shown = safetybot("assess", "--jsonl", stdin="\n".join(lines), code=1)
    answers = [json.loads(line) for line in shown.splitlines()]
    assert [answer["id"] for answer in answers] == [1, "b", None, 4, 5, 6, 7]
    assert [answer["concern"] for answer in answers[:2]] == ["none", "mention"]
    assert "line 3" in answers[2]["error"]
    assert {"concern", "confidence", "language", "rules", "hits"} <= answers[1].keys()
    hit = answers[1]["hits"][0]
    assert "is mesotherapy legit?"[hit["start"] : hit["end"]] == "mesotherapy"


def test_assess_takes_random_bytes(safetybot: Shell) -> None:
    noise = bytes(range(256)) + b"\n" + b'{"id":1,"text":"\xff\xfe"}\n'
    answers = [json.loads(line) for line in safetybot("assess", "--jsonl", stdin=noise, code=1).splitlines()]
    assert answers[-1]["id"] == 1


def test_assess_without_a_text_says_what_is_wanted(safetybot: Shell) -> None:
    safetybot("assess", code=2)
    assert "give at least one message" in safetybot.errors


def test_explain_fits_one_screen_and_tells_the_whole_story(safetybot: Shell) -> None:
    shown = safetybot("explain", "I inject l3mon b0ttle into my own chin at home")
    assert widest(shown) <= 80
    assert len(shown.splitlines()) <= 45
    for part in ("Message", "As it is read", "Signs", "Answer", "Decision", "Reply", "diy", "lemon bottle"):
        assert part in shown


def test_explain_says_why_it_stays_silent(safetybot: Shell) -> None:
    shown = safetybot("explain", "SQL injection in the login form")
    assert "nothing of concern" in shown
    data = json.loads(safetybot("explain", "SQL injection", "--json"))
    assert data["concern"] == "none"
    assert data["reasons"] == ["nothing of concern"]


EXPORTS: dict[str, Any] = {
    "discord.json": {
        "guild": {"name": "g"},
        "channel": {"name": "beauty"},
        "messages": [
            {"id": "1", "timestamp": "2026-02-03T10:00:00+00:00", "author": {"id": "a", "name": "ann", "isBot": False},
             "content": "I inject lemon bottle into my own chin at home", "embeds": [], "attachments": []},
            {"id": "2", "timestamp": "2026-02-03T10:01:00+00:00", "author": {"id": "z", "name": "bot", "isBot": True},
             "content": "mesotherapy mesotherapy"},
            {"id": "3", "timestamp": "2026-02-04T10:00:00+00:00", "author": {"id": "b", "name": "<b>bo</b>"},
             "content": "hello <script>alert(1)</script>"},
        ],
    },
    "result.json": {
        "name": "group", "type": "private_supergroup", "id": 1,
        "messages": [
            {"id": 1, "type": "service", "text": ""},
            {"id": 2, "type": "message", "date_unixtime": "1770112800", "from": "Ann", "from_id": "user1",
             "text": ["I inject ", {"type": "bold", "text": "lemon bottle"}, " into my own chin at home"]},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_scan_reads_exports_and_sends_nothing(safetybot: Shell, name: str) -> None:
    (safetybot.folder / name).write_text(json.dumps(EXPORTS[name]))
    counts = json.loads(safetybot("scan", name, "--json"))
    assert counts["by_concern"] == {"diy": {"found": 1, "replies": 1, "alerts": 0}}
    assert not (safetybot.folder / "data").exists()


def test_scan_takes_lines_of_json_and_plain_text(safetybot: Shell) -> None:
    (safetybot.folder / "a.jsonl").write_text('{"id":1,"text":"is mesotherapy legit?"}\n{"id":2,"text":"hi"}\n')
    (safetybot.folder / "a.txt").write_text("is mesotherapy legit?\nhi\n")
    for name in ("a.jsonl", "a.txt"):
        assert json.loads(safetybot("scan", name, "--json"))["of_concern"] == 1


def test_scan_writes_a_report_that_stands_alone_and_escapes_members(safetybot: Shell) -> None:
    data = EXPORTS["discord.json"]
    data["messages"][0]["content"] += " <script>alert(1)</script>"
    (safetybot.folder / "d.json").write_text(json.dumps(data))
    shown = safetybot("scan", "d.json", "--html", "report.html")
    assert widest(shown) <= 80
    page = (safetybot.folder / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<mark>lemon bottle</mark>" in page
    assert not re.search(r"(?:src|href)\s*=|url\(|@import", page), "nothing is fetched from elsewhere"
    safetybot("scan", "d.json", "--html", "report.html", "--no-texts")
    assert "chin" not in (safetybot.folder / "report.html").read_text()


@pytest.mark.parametrize("content", ['{"messages": [', '{"a": 1}\n{"text"', '{"a": 1}'])
def test_scan_says_where_an_export_breaks_off(safetybot: Shell, content: str) -> None:
    (safetybot.folder / "bad.json").write_text(content)
    safetybot("scan", "bad.json", code=1)
    assert "bad.json" in safetybot.errors


def test_eval_prints_figures_and_compares(safetybot: Shell) -> None:
    rows = [
        {"id": "1", "text": "is mesotherapy legit?", "label": "mention", "lang": "en", "tags": ["short"]},
        {"id": "2", "text": "hello there", "label": "none", "lang": "en", "tags": []},
        {"id": "3", "text": "hello again", "label": "diy", "lang": "en", "tags": []},
    ]
    corpus = safetybot.folder / "c.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    figures = json.loads(safetybot("eval", "c.jsonl", "--json"))
    assert figures["overall"]["right"] == pytest.approx(2 / 3, abs=1e-3)
    assert figures["errors"][0]["id"] == "3"
    assert "hello" not in json.dumps(figures)
    (safetybot.folder / "before.json").write_text(json.dumps(figures))
    shown = safetybot("eval", "c.jsonl", "--compare", "before.json", "--rules-only")
    assert widest(shown) <= 80
    assert "Against the former run" in shown


def test_eval_writes_a_page_of_wrong_answers(safetybot: Shell) -> None:
    row = {"id": "7", "text": "hello <again> \ud800", "label": "adverse", "lang": "en"}
    (safetybot.folder / "c.jsonl").write_text(json.dumps(row))
    safetybot("eval", "c.jsonl", "--html", "wrong.html")
    page = (safetybot.folder / "wrong.html").read_text(encoding="utf-8")
    assert "hello &lt;again&gt;" in page
    assert "<article" in page


def test_eval_names_the_line_that_is_wrong(safetybot: Shell) -> None:
    (safetybot.folder / "c.jsonl").write_text(
        '{"id":1,"text":"a","label":"none"}\n{"id":2,"text":"b","label":"maybe"}\n'
    )
    safetybot("eval", "c.jsonl", code=1)
    assert "c.jsonl:2" in safetybot.errors


def test_check_is_content_with_what_ships(safetybot: Shell) -> None:
    assert "All well" in safetybot("check", "--today", "2026-12-01")


def test_check_warns_of_old_reviews_and_fails_only_when_strict(safetybot: Shell) -> None:
    safetybot("check", "--today", "2027-12-01")
    assert "months ago" in safetybot.errors
    safetybot("check", "--today", "2027-12-01", "--strict", code=1)


def test_check_names_file_line_reason_and_hint(safetybot: Shell) -> None:
    folder = safetybot.folder / "config"
    (folder / "lexicon").mkdir(parents=True)
    (folder / "lexicon" / "en.yaml").write_text("language: en\nconcepts:\n  procedur:\n    strong: [meso]\n")
    (folder / "safetybot.toml").write_text("[log]\nlevel = 'loud'\n")
    safetybot("--config-dir", str(folder), "check", code=1)
    assert re.search(r"en\.yaml:3:\d+: unknown concept 'procedur'", safetybot.errors)
    assert re.search(r"safetybot\.toml:2:\d+: ", safetybot.errors)
    problems = json.loads(safetybot("--config-dir", str(folder), "check", "--json", code=1))
    assert all(problem["line"] >= 1 and problem["reason"] for problem in problems)


def test_a_bad_configuration_ends_every_command_with_its_own_code(safetybot: Shell) -> None:
    safetybot("demo", code=3, SAFETYBOT_LOG__LEVEL="loud")
    assert "SAFETYBOT_LOG__LEVEL" in safetybot.errors
    assert "Traceback" not in safetybot.errors


def test_an_unusable_store_ends_with_its_own_code_and_no_password(safetybot: Shell) -> None:
    safetybot("logs", code=4, SAFETYBOT_STORE__URL="postgresql+asyncpg://u:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in safetybot.errors
    assert "Traceback" not in safetybot.errors


def test_schemas_are_json_schemas_that_accept_what_ships(safetybot: Shell) -> None:
    import jsonschema

    from safetybot.documents import read_yaml

    schemas = json.loads(safetybot("schema"))
    assert {"safetybot.toml", "lexicon", "rules", "response", "sources"} <= schemas.keys()
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read_yaml(ROOT / "config" / "rules.yaml").data, schemas["rules"])
    jsonschema.validate(read_yaml(ROOT / "config" / "lexicon" / "en.yaml").data, schemas["lexicon"])
    safetybot("schema", "--out", "schemas")
    assert (safetybot.folder / "schemas" / "rules.schema.json").exists()
    safetybot("schema", "nonsense", code=2)


def test_export_is_safe_in_a_spreadsheet_and_erase_forgets(safetybot: Shell) -> None:
    safetybot("run", stdin="I inject lemon bottle into my own chin at home\n")
    rows = list(csv.DictReader(io.StringIO(safetybot("export", "-"))))
    assert len(rows) == 1
    assert rows[0]["concern"] == "diy"
    assert "1 interactions written" in safetybot("export", "log.jsonl", "--format", "jsonl")
    assert json.loads((safetybot.folder / "log.jsonl").read_text())["concern"] == "diy"
    assert "Deleted: 1 interactions" in safetybot("erase", "console", "console", "--author", "you")
    assert safetybot("logs").strip() == "No interactions."
    assert "Deleted: 0 interactions" in safetybot("purge")


def test_erase_wants_to_know_exactly_what(safetybot: Shell) -> None:
    safetybot("erase", "console", "console", code=2)
    safetybot("erase", "console", "console", "--message", "1", code=2)


def test_doctor_and_db_say_what_they_find(safetybot: Shell) -> None:
    safetybot("doctor", "--quiet", code=1)
    shown = safetybot("doctor")
    assert widest(shown) <= 80
    assert "responses in" in shown
    assert "SQLite" in shown
    assert re.match(r"version \w+, needed \w+", safetybot("db", "status"))
    assert "Already at" in safetybot("db", "upgrade")


def test_keys_are_kept_from_others_and_a_key_that_others_may_read_is_refused(safetybot: Shell) -> None:
    safetybot("logs")
    key = safetybot.folder / "data" / "pseudonym.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    safetybot("logs", code=4)
    assert "chmod 600" in safetybot.errors


@pytest.mark.parametrize(
    "command",
    ["demo", "run", "assess", "explain", "scan", "eval", "check", "schema", "doctor", "logs", "export", "purge",
     "erase", "db", "db upgrade", "db status"],
)  # fmt: skip
def test_every_command_explains_itself_in_80_columns(safetybot: Shell, command: str) -> None:
    assert widest(safetybot(*command.split(), "--help")) <= 80
