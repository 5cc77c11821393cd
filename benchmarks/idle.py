"""`python -m benchmarks.idle`: the memory of an idle `safetybot run` with Discord and SQLite, by terms and servers.

Runs the real program against the loopback Discord of the tests, each time in a process of its own, on a database that
is there already, and prints what is resident ten seconds after the start. Needs Linux.
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

from benchmarks import messages
from safetybot.config import packaged_dir
from safetybot.detection.assembly import lexicon_files
from safetybot.detection.terms import Term
from safetybot.model import Strength

SETTLED = 10.0
"""Seconds after the start at which the bot is idle."""
CHANNELS = 5


async def main() -> None:
    """Measure each case."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for count in (2_000, 10_000):
            write_lexicon(messages.terms(count), place / str(count))
        print(f"first start, which makes the database: {await resident(place, None, 0):.0f} MiB")
        print(f"{'terms':>10} {'servers':>8} {'MiB':>6}")
        for name in ("2000", "10000", None):
            for servers in (0, 1_000):
                size = await resident(place, place / name if name else None, servers)
                print(f"{name or 'packaged':>10} {servers:8,} {size:6.0f}")


async def resident(place: Path, config: Path | None, servers: int) -> float:
    """MiB of an idle bot that watches `servers` servers."""
    async with LoopbackDiscord() as discord:
        for number in range(servers):
            guild = discord.add_guild(f"Community {number}")
            for channel in range(CHANNELS):
                guild.add_channel(f"channel-{channel}")
        env = {name: value for name, value in os.environ.items() if not name.startswith("SAFETYBOT_")} | {
            "SAFETYBOT_DATA_DIR": str(place / "data"),
            "SAFETYBOT_DISCORD__TOKEN": discord.token,
            "SAFETYBOT_DISCORD__API_BASE": discord.api_base,
            "SAFETYBOT_DISCORD__GATEWAY_URL": discord.gateway_url,
        }
        options = ["--config-dir", str(config)] if config else []
        null = asyncio.subprocess.DEVNULL
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "safetybot", *options, "run", env=env, stdin=null, stdout=null, stderr=null
        )
        try:
            await asyncio.sleep(SETTLED)
            status = Path(f"/proc/{bot.pid}/status").read_text()  # noqa: ASYNC240  # nothing else runs
        finally:
            bot.terminate()
            await bot.wait()
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
