"""An idle bot loads no code that it may never need: each of these is some MiB."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path

from tests.emulators.discord import LoopbackDiscord
from tests.emulators.telegram import LoopbackTelegram

from safetybot.store.database import open_database

LATER = [
    "aiohttp.web", "alembic", "click", "cryptography.exceptions", "fastapi", "fasttext",
    "httpcore", "jinja2", "mako", "matplotlib", "numpy", "pygments", "rich.text", "safetybot.cli.review",
    "safetybot.cli.web", "sqlalchemy.dialects.postgresql", "telegram.ext",
]  # fmt: skip


async def _loaded(folder: Path, settings: dict[str, str]) -> set[str]:
    """The modules that `safetybot run` has loaded when it is ready."""
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-X", "importtime", "-m", "safetybot", "run",
            env={**os.environ, "SAFETYBOT_DATA_DIR": str(folder), **settings},
            stdin=asyncio.subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    end = time.monotonic() + 60
    while b"started" not in (folder / "log").read_bytes():
        assert time.monotonic() < end, (folder / "log").read_text()
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    process.terminate()
    assert await process.wait() == 0
    return set(re.findall(r"^import time:.*\| +(\S+)$", (folder / "log").read_text(), re.MULTILINE))


async def test_only_what_is_needed_is_loaded(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'safetybot.sqlite3'}"):
        pass  # made before, since that takes Alembic
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram:
        on_discord = {
            "SAFETYBOT_DISCORD__TOKEN": discord.token,
            "SAFETYBOT_DISCORD__API_BASE": discord.api_base,
            "SAFETYBOT_DISCORD__GATEWAY_URL": discord.gateway_url,
        }
        on_both = {"SAFETYBOT_TELEGRAM__TOKEN": telegram.token, "SAFETYBOT_TELEGRAM__BASE_URL": telegram.base_url}
        for settings, platforms in ((on_discord, {"discord"}), (on_discord | on_both, {"discord", "telegram"})):
            loaded = await _loaded(tmp_path, settings)
            assert loaded & {"discord", "telegram"} == platforms
            assert loaded.intersection(LATER) == set()


async def test_a_command_is_found_wherever_its_name_stands(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "safetybot", "--config-dir", str(tmp_path), "explain", "run",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
