"""Several processes on one database, as replicas are: never two winners, and no winner missing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("claiming_process.py")
PROCESSES = 3
ROUNDS = 200


@pytest.mark.parametrize("kind", ["message", "cooldown"])
async def test_of_several_processes_exactly_one_wins_each_round(database_url: str, tmp_path: Path, kind: str) -> None:
    start = tmp_path / "start"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), database_url, str(ROUNDS), str(start), kind,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", (await process.communicate())[1].decode()
    start.touch()
    won: list[int] = []
    for process in processes:
        out, said = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, said.decode()
        won += map(int, out.split())
    assert sorted(won) == list(range(ROUNDS))
