"""The process is killed at each edge between two states: no second reply, no lost row, nothing left half-way."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from safetybot.model import InteractionState
from safetybot.store.store import SqlStore

BOT = Path(__file__).with_name("crashing_bot.py")
UNLUCKY = "5"
MESSAGES = {str(number) for number in range(10)}
NEVER_SENT = ("before claim", "after claim", "before sending")
"""Edges at which the reply is not yet tried, so that it must come after the restart."""
IN_DOUBT = ("after sending", "after the reply", "before sent")
"""Edges at which it may have been sent: it must never be tried again."""


async def _run(url: str, key: str, replies: Path, edge: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(BOT), url, key, str(replies), edge, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    assert process.returncode in (0, -signal.SIGKILL), said.decode()
    return process.returncode


@pytest.mark.parametrize("edge", [*NEVER_SENT, *IN_DOUBT, "after sent"])
async def test_a_killed_process_leaves_no_second_reply_and_no_half_row(
    edge: str,
    database_url: str,
    excerpt_key: str,
    tmp_path: Path,
    open_it: Callable[[], AbstractAsyncContextManager[SqlStore]],
) -> None:
    replies = tmp_path / "replies"
    async with open_it():
        pass  # the tables are there before the process is
    assert await _run(database_url, excerpt_key, replies, edge) == -signal.SIGKILL
    assert await _run(database_url, excerpt_key, replies, "none") == 0

    sent = Counter(replies.read_text().split())
    assert set(sent.values()) == {1}
    async with open_it() as store:
        rows = {row.message_id: row for row in await store.list_interactions(limit=100)}
        assert await store.unfinished("test") == []
    assert set(rows) == MESSAGES
    for message, row in rows.items():
        assert row.state in (InteractionState.SENT, InteractionState.UNKNOWN)
        if row.state is InteractionState.SENT:
            assert sent[message] == 1
            assert row.reply_id == f"reply to {message}"
    if edge in NEVER_SENT:
        assert rows[UNLUCKY].state is InteractionState.SENT
    elif edge in IN_DOUBT:
        assert rows[UNLUCKY].state is InteractionState.UNKNOWN


async def test_a_process_that_fails_with_an_open_store_ends(database_url: str, excerpt_key: str) -> None:
    program = (
        "import asyncio, sys\n"
        f"sys.path.insert(0, {str(BOT.parent)!r})\n"
        "from crashing_bot import *\n"
        "kept = []\n"
        "async def main(url, key):\n"
        "    opened = open_store(url, clock=WallClock(), defaults=DEFAULTS, excerpts=Excerpts([key]), migrate=True)\n"
        "    kept.append(opened)\n"
        "    store = await opened.__aenter__()\n"
        "    kept.append(store)\n"
        "    await store.list_interactions()\n"
        "    raise SystemExit(7)\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, database_url, excerpt_key,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert await asyncio.wait_for(process.wait(), 20) == 7
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
