"""An idle bot loads no code that it may never need: each of these is several MiB."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATER = [
    "alembic", "cryptography", "discord", "fastapi", "fasttext", "mako", "matplotlib", "numpy", "telegram",
]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "allowed"), [("safetybot.cli.app", ""), ("safetybot.platforms.discord.platform", "discord")]
)
def test_only_what_is_needed_is_loaded(wanted: str, allowed: str) -> None:
    code = f"import sys, safetybot.cli.app, {wanted}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert set(LATER).intersection(done.stdout.split()) == ({allowed} if allowed else set())
