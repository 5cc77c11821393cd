"""What an operator does for a community on the command line: policy, review, privacy, audit; in 80 columns."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SAID = "I inject lemon bottle into my own chin at home\n"
HERE = ("--in", "console/console")


class Shell:
    """Runs `safetybot` in a process of its own, with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.errors = ""
        own = {"COLUMNS": "80", "NO_COLOR": "1", "SAFETYBOT_DATA_DIR": str(folder / "data"), "PYTHONWARNINGS": "error"}
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("SAFETYBOT_")} | own
        self._folder = folder

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "safetybot", *arguments],
            input=stdin, capture_output=True, text=True, encoding="utf-8", env=self._environment, cwd=self._folder,
            timeout=120, check=False,
        )  # fmt: skip
        self.errors = done.stderr
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert max(map(len, done.stdout.split("\n"))) <= 80 or "--json" in arguments or "export" in arguments
        return done.stdout

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self(*arguments, "--json").splitlines()]


@pytest.fixture
def safetybot(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_setting_is_described_set_shown_with_its_origin_reset_and_undone(safetybot: Shell) -> None:
    (told,) = safetybot.rows("policy", "describe", "diy.mode")
    assert (told["type"], told["default"], told["per_channel"]) == ("mode", "reply", True)
    assert "shadow (log only)" in safetybot("policy", "describe", "diy.mode")
    assert "from inherited to shadow" in safetybot("policy", "set", "diy.mode", "shadow", *HERE, "--as", "ann")
    assert "safetybot>" not in safetybot("run", stdin=SAID), "what was set is in force"
    safetybot("policy", "set", "diy.mode", "off", *HERE, "--channel", "7")

    def origin(*channel: str) -> tuple[str, str, int]:
        rows = {row["key"]: row for row in safetybot.rows("policy", "show", *HERE, *channel)}
        assert (rows["language"]["value"], rows["language"]["origin"]) == ("none", "default")
        return rows["diy.mode"]["value"], rows["diy.mode"]["origin"], rows["diy.mode"]["version"]

    assert origin() == ("shadow", "community", 1)
    assert origin("--channel", "7") == ("off", "channel", 1)
    safetybot("policy", "reset", "diy.mode", *HERE, "--channel", "7")
    assert origin("--channel", "7") == ("shadow", "community", 2)
    assert "from shadow to inherited, taking back" in safetybot("policy", "undo", "diy.mode", *HERE)
    assert origin() == ("reply", "default", 2)
    history = safetybot.rows("policy", "history", "diy.mode", *HERE)
    assert [(row["by"], row["before"], row["after"], row["undoes"]) for row in history] == [
        ("ann", None, "shadow", None), (history[1]["by"], "shadow", None, 1),
    ]  # fmt: skip


def test_what_cannot_be_is_refused_in_words_with_exit_code_1(safetybot: Shell) -> None:
    safetybot("policy", "set", "language", "de", *HERE, "--as", "ann")
    for arguments, says in (
        (("set", "language", "fr", *HERE, "--version", "0"), "version 1 by ann, now 'de'"),
        (("set", "language", "German", *HERE), "two or three small letters"),
        (("set", "retention", "999d", *HERE), "the operator keeps at most 90d"),
        (("set", "retention", "1d", *HERE, "--channel", "7"), "without a channel"),
        (("set", "diy.mod", "off", *HERE), "there is no setting `diy.mod`"),
        (("undo", "region", *HERE), "no change of `region` left to undo"),
    ):
        safetybot("policy", *arguments, code=1)
        assert says in safetybot.errors
    safetybot("policy", "set", "language", "fr", "--in", "nowhere", code=2)


def test_a_review_from_the_list_to_the_repair_that_silences_the_false_alarm(safetybot: Shell) -> None:
    safetybot("policy", "set", "excerpts", "on", *HERE)
    safetybot("run", stdin=SAID)
    (row,) = safetybot.rows("review", "list", "--concern", "diy")
    number = str(row["id"])
    shown = safetybot("review", "show", number)
    assert "product: lemon bottle" in shown
    assert "into my own chin" not in shown
    assert "into my own chin" in safetybot("review", "show", number, "--excerpt", "--as", "ann")
    safetybot("review", "verdict", number, "false_alarm", code=1)
    assert "needs a reason" in safetybot.errors
    repairs = safetybot.rows("review", "verdict", number, "false_alarm", "--reason", "a joke [/red]")
    raised = next(one for one in repairs if one["kind"] == "raise")
    safetybot("review", "note", number, "[bold]seen")
    shown = safetybot("review", "show", number)
    assert "a joke [/red]" in shown
    assert "[bold]seen" in shown
    figures = safetybot.rows("review", "precision", "--platform", "console", "--community", "console")
    assert figures[0] == {
        "of": "all", "name": "all", "confirmed": 0, "false_alarms": 1, "handled": 0, "precision": 0.0,
    }  # fmt: skip
    assert {"term", "rule", "concept"} < {one["of"] for one in figures}
    safetybot("review", "precision")
    safetybot("policy", "set", raised["key"], str(raised["value"]), *HERE)
    safetybot("run", stdin=SAID)
    assert "below the confidence asked for" in safetybot.rows("review", "list")[0]["reasons"], "the repair helped"
    safetybot("review", "show", "99", code=1)
    (look,) = safetybot.rows("audit", "list", "--action", "excerpt read")
    assert (look["by"], look["detail"]) == ("ann", {"interaction": int(number)})


def test_a_members_data_is_shown_exported_and_erased_and_wishes_are_kept(safetybot: Shell) -> None:
    safetybot("policy", "set", "excerpts", "on", *HERE)
    safetybot("run", stdin=SAID)
    shown = safetybot("privacy", "show", "you", *HERE)
    assert "Opted out: no." in shown
    assert "kept" in shown
    data = json.loads(safetybot("privacy", "export", "you", *HERE))
    assert [one["excerpt"] for one in data["interactions"]] == [SAID.strip()]
    assert json.loads(safetybot("privacy", "export", "me", *HERE))["interactions"] == []
    assert "Deleted: 1 excerpts." in safetybot("privacy", "excerpts", "off", *HERE)
    assert json.loads(safetybot("privacy", "export", "you", *HERE))["interactions"][0]["excerpt"] is None
    assert safetybot("privacy", "opt-out", "you", *HERE) == "Opted out.\n"
    assert safetybot("privacy", "opt-out", "you", *HERE) == "Was opted out already.\n"
    assert "Deleted: 1 interactions" in safetybot("privacy", "erase", "you", *HERE)
    assert "safetybot>" not in safetybot("run", stdin=SAID)
    assert safetybot.rows("review", "list") == []
    assert "Opted out: since" in safetybot("privacy", "show", "you", *HERE)
    assert safetybot("privacy", "opt-in", "you", *HERE) == "Opted in again.\n"
    safetybot("run", stdin=SAID)
    assert len(safetybot.rows("review", "list")) == 1


def test_the_audit_is_listed_in_pages_and_exported(safetybot: Shell, tmp_path: Path) -> None:
    for language in ("de", "fr", "it"):
        safetybot("policy", "set", "language", language, *HERE, "--as", "=ann")
    first = safetybot.rows("audit", "list", "--limit", "2", "--by", "=ann")
    assert [row["detail"]["after"] for row in first] == ["it", "fr"]
    (last,) = safetybot.rows("audit", "list", "--by", "=ann", "--before", str(first[-1]["id"]))
    assert last["detail"]["after"] == "de"
    assert "setting" in safetybot("audit", "list")
    rows = list(csv.DictReader(io.StringIO(safetybot("audit", "export", "-", "--by", "=ann"), newline="")))
    assert [row["by"] for row in rows] == ["'=ann"] * 3
    out = tmp_path / "audit.jsonl"
    safetybot("audit", "export", str(out), "--format", "jsonl", "--platform", "console")
    assert [json.loads(line)["action"] for line in out.read_text().splitlines()] == ["setting changed"] * 3
    assert "No entries." in safetybot("audit", "list", "--by", "nobody")
