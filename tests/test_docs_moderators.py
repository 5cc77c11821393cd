"""The walk in `docs/moderators.md` is run as it stands there: every command, and what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "moderators.md"
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d|(?<!\d)\d\d-\d\d \d\d:\d\d")


def commands(page: str) -> list[tuple[str, str]]:
    """Each command of the page's `console` blocks and the output that stands below it."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def even(text: str) -> str:
    """`text` without what differs from run to run: times, and spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in _TIME.sub("TIME", text).strip().splitlines())


def run(command: str, folder: Path) -> str:
    """What `command` says in a shell of its own, with data in `folder`."""
    python = folder / "bin" / "safetybot"
    if not python.exists():
        python.parent.mkdir()
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m safetybot "$@"\n')
        python.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFETYBOT_")}
    environment = kept | {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "SAFETYBOT_DATA_DIR": str(folder / "data"),
        "SAFETYBOT_LOG__LEVEL": "error", "COLUMNS": "80", "NO_COLOR": "1",
    }  # fmt: skip
    done = subprocess.run(  # noqa: S603  # commands of our own page
        ["/bin/sh", "-c", command], capture_output=True, env=environment, cwd=folder, timeout=120, check=False
    )
    assert done.returncode == 0 or b"too broad" in done.stderr, done.stderr.decode()
    return (done.stdout + done.stderr).decode()


def test_every_command_of_the_walk_says_what_the_page_says(tmp_path: Path) -> None:
    walk = commands(PAGE.read_text(encoding="utf-8"))
    assert len(walk) >= 12
    for command, output in walk:
        assert even(run(command, tmp_path)) == even(output), command
