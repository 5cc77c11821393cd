"""`safetybot web token` and `web webhook` as they are typed: made and shown once, listed, ended."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


class Shell:
    """Runs `safetybot` in a process of its own, with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFETYBOT_")}
        self.environment = kept | {"COLUMNS": "80", "NO_COLOR": "1", "SAFETYBOT_DATA_DIR": str(folder)}

    def __call__(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "safetybot", "web", *arguments],
            capture_output=True, text=True, encoding="utf-8", env=self.environment, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def web(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_token_is_shown_once_listed_without_itself_and_revoked(web: Shell) -> None:
    made = web("token", "create", "weekly report", "--community", "discord/100", "--role", "moderator", "--days", "7")
    token = re.search(r"^sbot_\S{43}$", made, re.MULTILINE)
    assert token is not None
    listed = web("token", "list", "--community", "discord/100")
    assert "weekly report  moderator in discord/100" in listed
    assert token[0] not in listed
    (row,) = [json.loads(line) for line in web("token", "list", "--json").splitlines()]
    assert (row["id"], row["role"], row["last_used_at"]) == (1, "moderator", None)
    assert "Token 1 is revoked." in web("token", "revoke", "1")
    assert "there is no API token 1" in web("token", "revoke", "1", code=1)
    assert "There is no token." in web("token", "list")


def test_a_token_without_a_community_for_a_role_in_one_is_refused(web: Shell) -> None:
    assert "holds in a community: say in which" in web("token", "create", "x", "--role", "admin", code=1)


def test_a_webhook_is_set_shown_without_its_secret_and_removed(web: Shell) -> None:
    here = ("--in", "discord/100")
    made = web("webhook", "set", "https://hooks.example.org/a", *here)
    secret = re.search(r"^whsec_\S{44}$", made, re.MULTILINE)
    assert secret is not None
    shown = web("webhook", "show", *here)
    assert "https://hooks.example.org/a" in shown
    assert secret[0] not in shown
    assert "Nothing was to be delivered" in web("webhook", "deliveries", *here)
    assert "of this machine or its network" in web("webhook", "set", "https://127.0.0.1/", *here, code=1)
    web("webhook", "remove", *here)
    assert "there is no webhook here" in web("webhook", "show", *here, code=1)
    web.environment["SAFETYBOT_WEB__HOOKS_WITHIN"] = "true"
    assert "whsec_" in web("webhook", "set", "http://127.0.0.1:9000/", *here)
