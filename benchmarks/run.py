"""`python -m benchmarks.run [--ordinary FOLDER]`: how fast, beside what people would write instead. Prints ratios.

Engines take turns within one run, so that a busy machine slows all alike; the best of several rounds counts. Never
compare absolute numbers of two runs.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks import messages
from safetybot.config import Settings, packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.detection.matcher import Matcher
from safetybot.model import Message
from safetybot.platforms.console import NAME, ConsolePlatform, console_message
from safetybot.responses import ResponseLibrary
from safetybot.store.keys import Excerpts, Pseudonyms
from safetybot.store.store import open_store
from safetybot.telemetry import Metrics
from safetybot.watcher import Watcher

ROUNDS = 3


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description="Measure safetybot; prints ratios.")
    parser.add_argument("--ordinary", type=Path, help="folder of ordinary messages (chat*.jsonl)")
    options = parser.parse_args()
    plain = messages.ordinary(options.ordinary)
    print(f"{len(plain)} ordinary messages, median {sorted(map(len, plain))[len(plain) // 2]} characters\n")
    matching(plain)
    detection(plain)
    asyncio.run(end_to_end(plain))
    start_up()


def microseconds(runs: Sequence[Callable[[str], object]], texts: Sequence[str]) -> list[float]:
    """Best microseconds a message for each of `runs`, taking turns."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for i, run in enumerate(runs):
            started = time.perf_counter()
            for text in texts:
                run(text)
            best[i] = min(best[i], (time.perf_counter() - started) / len(texts) * 1e6)
    return best


def matching(plain: Sequence[str]) -> None:
    """The matcher, its fold included, beside one alternation and a loop of regular expressions over the same terms."""
    print("Finding terms, microseconds a message")
    print(f"{'terms':>8} {'ours':>8} {'one alternation':>16} {'loop of regexes':>16} {'ratios':>14}")
    few, first = plain[:150], 0.0
    for count in (200, 2_000, 10_000):
        chosen = messages.terms(count)
        matcher = Matcher(chosen)
        words = [re.escape(term.text.strip("*")) for term in chosen]
        one = re.compile("|".join(rf"\b{word}\b" for word in words), re.IGNORECASE)
        each = [re.compile(rf"\b{word}\b", re.IGNORECASE) for word in words]
        (ours,) = microseconds([matcher.find], plain)
        alternation, loop = microseconds([one.search, lambda text: [r for r in each if r.search(text)]], few)  # noqa: B023
        first = first or ours
        print(
            f"{count:8} {ours:8.1f} {alternation:16.1f} {loop:16.1f} {alternation / ours:6.0f}x {loop / ours:5.0f}x"
            f"   growth since 200: {ours / first:.2f}x"
        )
    print()


def detection(plain: Sequence[str]) -> None:
    """The whole detector with the packaged lexicon and model."""
    detector = load_detector([packaged_dir("config")])
    rules = load_detector([packaged_dir("config")], with_model=False)
    two_thousand = Matcher(messages.terms(2_000))
    concern = messages.matching()
    on_plain = microseconds([detector.assess_text, rules.assess_text, two_thousand.find, str.lower], plain)
    on_concern = microseconds([detector.assess_text, rules.assess_text], concern)
    print(f"The whole detector, {len(detector.terms)} terms, microseconds a message")
    print(f"  ordinary chat      {on_plain[0]:8.1f}  ({1e6 / on_plain[0]:,.0f}/s)   rules alone {on_plain[1]:8.1f}")
    print(
        f"  all of concern     {on_concern[0]:8.1f}  ({1e6 / on_concern[0]:,.0f}/s)   rules alone {on_concern[1]:8.1f}"
    )
    print(
        f"  ratio to finding 2,000 terms: {on_plain[0] / on_plain[2]:.1f}x; "
        f"to str.lower: {on_plain[0] / on_plain[3]:.0f}x"
    )
    long = ("and then we talked about the weather for a while, " * 90)[:4_000]
    (worst,) = microseconds([detector.assess_text], [long] * 20)
    print(f"  one message of 4,000 characters: {worst / 1000:.2f} ms\n")


async def end_to_end(plain: Sequence[str]) -> None:
    """`Watcher.handle` with a real SQLite store, against the same with nothing to detect."""
    library = ResponseLibrary.load([packaged_dir("responses")])
    detector = load_detector([packaged_dir("config")])
    mixed = [text for pair in zip(plain[:1_000], messages.matching(1_000), strict=False) for text in pair]
    silent: Callable[..., None] = lambda *_: None  # noqa: E731

    class Clock:
        def now(self) -> datetime:
            return datetime.now(UTC)

    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/b.sqlite3"
        excerpts = Excerpts([Fernet.generate_key().decode()])
        async with open_store(url, clock=Clock(), defaults=settings.default_policy(), excerpts=excerpts) as store:
            watcher = Watcher(
                detector=detector, library=library, store=store, platforms={NAME: ConsolePlatform(silent, silent)},
                clock=Clock(), pseudonym=Pseudonyms("k"), observer=Metrics(),
            )  # fmt: skip
            seconds: list[float] = []
            for number, text in enumerate(mixed):
                message = _message(number, text)
                started = time.perf_counter()
                await watcher.handle(message)
                seconds.append(time.perf_counter() - started)
            seconds.sort()
            print(
                f"End to end, half of concern, SQLite synchronous=FULL: p50 {seconds[len(seconds) // 2] * 1e3:.2f} ms, "
                f"p99 {seconds[int(len(seconds) * 0.99)] * 1e3:.2f} ms"
            )
            started = time.perf_counter()
            await asyncio.gather(
                *(watcher.handle(_message(10_000 + i, t)) for i, t in enumerate(messages.matching(2_000)))
            )
            print(f"  2,000 messages of concern at once: {2_000 / (time.perf_counter() - started):,.0f} handled/s\n")


def _message(number: int, text: str) -> Message:
    now = datetime.now(UTC) - timedelta(seconds=1)
    return console_message(number, text, now, channel=str(number % 500), member=str(number))


def start_up() -> None:
    """From process start to a ready detector, and the memory it takes, beside the bare imports."""
    print("Start-up")
    bare = "import aiosqlite, sqlalchemy, pydantic, typer, rich, structlog, prometheus_client"
    ready = "from safetybot.cli.session import Session; s = Session(); s.detector; s.library; s.settings"
    memory = "; print(int(open('/proc/self/statm').read().split()[1]) * 4 // 1024)"
    for name, code in (("bare imports", bare), ("ready", ready)):
        best, size = float("inf"), 0
        for _ in range(ROUNDS):
            started = time.perf_counter()
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-c", code + memory], capture_output=True, text=True, check=True
            )
            best, size = min(best, time.perf_counter() - started), int(done.stdout)
        print(f"  {name:14} {best:5.2f} s  {size:4} MiB")


if __name__ == "__main__":
    main()
