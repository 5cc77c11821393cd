"""`python -m benchmarks.idle`: the memory of an idle `safetybot run` on SQLite, by platforms, terms and servers.

Runs the real program against the loopback Discord and Telegram of the tests, each time in a process of its own, on a
database that is there already, and prints what is resident ten seconds after the start. The first start writes
bytecode as well, as an installation does: a process that compiles what it loads takes 6 MiB more. Needs Linux.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.emulators.discord import LoopbackDiscord
from tests.emulators.telegram import LoopbackTelegram

from benchmarks import messages
from safetybot.config import packaged_dir
from safetybot.detection.assembly import lexicon_files
from safetybot.detection.terms import Term
from safetybot.model import Strength

SETTLED = 10.0
"""Seconds after the start at which the bot is idle."""
CHANNELS = 5
BARE = "import discord, telegram.ext, sqlite3"


async def main() -> None:
    """Measure each case."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for count in (2_000, 10_000):
            write_lexicon(messages.terms(count), place / str(count))
        print(f"first start, which makes the database: {await resident(place, None, 0, telegram=True):.0f} MiB")
        print(f"{BARE}: {await bare():.0f} MiB")
        print(f"{'terms':>10} {'servers':>8} {'Discord':>8} {'both':>6}  MiB")
        for name in ("2000", "10000", None):
            for servers in (0, 1_000):
                config = place / name if name else None
                alone, both = [await resident(place, config, servers, telegram=wanted) for wanted in (False, True)]
                print(f"{name or 'packaged':>10} {servers:8,} {alone:8.0f} {both:6.0f}")


async def resident(place: Path, config: Path | None, servers: int, *, telegram: bool) -> float:
    """MiB of an idle bot that watches `servers` servers, and Telegram beside them if it is told so."""
    async with LoopbackDiscord() as discord, LoopbackTelegram() as loopback_telegram:
        for number in range(servers):
            guild = discord.add_guild(f"Community {number}")
            for channel in range(CHANNELS):
                guild.add_channel(f"channel-{channel}")
        env = {
            "SAFETYBOT_DATA_DIR": str(place / "data"),
            "SAFETYBOT_DISCORD__TOKEN": discord.token,
            "SAFETYBOT_DISCORD__API_BASE": discord.api_base,
            "SAFETYBOT_DISCORD__GATEWAY_URL": discord.gateway_url,
        }
        if telegram:
            env["SAFETYBOT_TELEGRAM__TOKEN"] = loopback_telegram.token
            env["SAFETYBOT_TELEGRAM__BASE_URL"] = loopback_telegram.base_url
        options = ["--config-dir", str(config)] if config else []
        return await _measured(["-m", "safetybot", *options, "run"], env)


async def bare() -> float:
    """MiB of a process that does nothing but load the libraries of both platforms and SQLite."""
    return await _measured(["-c", f"{BARE}; import time; time.sleep({SETTLED + 5})"], {})


async def _measured(arguments: list[str], env: dict[str, str]) -> float:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SAFETYBOT_")}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=ours | env, stdin=null, stdout=null, stderr=null
    )
    try:
        await asyncio.sleep(SETTLED)
        status = Path(f"/proc/{process.pid}/status").read_text()  # noqa: ASYNC240  # nothing else runs
    finally:
        process.terminate()
        await process.wait()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def write_lexicon(terms: Iterable[Term], config: Path) -> None:
    """Write `terms` as a config folder whose lexicon replaces the packaged one."""
    (config / "lexicon").mkdir(parents=True)
    by_language: dict[str, dict[str, dict[Strength, list[Term]]]] = {}
    for file in lexicon_files([packaged_dir("config")]):
        by_language[file.stem] = {}
    for term in terms:
        by_language[term.language].setdefault(term.concept, {}).setdefault(term.strength, []).append(term)
    for language, concepts in by_language.items():
        lines = [f"language: {language}", "concepts:" if concepts else "concepts: {}"]
        for concept, lists in concepts.items():
            lines.append(f"  {concept}:")
            for strength, listed in lists.items():
                lines.append(f"    {strength.value}:")
                lines += [f"      - {_entry(term)}" for term in listed]
        (config / "lexicon" / f"{language}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _entry(term: Term) -> str:
    """A term as a line of a file has it; JSON is YAML too."""
    said = {"term": term.text, "unless": list(term.unless), "case": term.case} | (
        {} if term.fuzzy is None else {"fuzzy": term.fuzzy}
    )
    return json.dumps(said, ensure_ascii=False)


if __name__ == "__main__":
    asyncio.run(main())
