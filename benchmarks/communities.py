"""`python -m benchmarks.communities`: what own keywords cost. 10,000 communities of 50 each, beside as many without.

Messages go round all communities, the worst case for every cache; both kinds take turns, the best of several rounds
counts. Prints the ratio of costs and the memory that the terms take, and ends with 1 where they break the promise.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.preview import ordinary_sample
from safetybot.communities.terms_in_force import ChangedAt, TermsInForce
from safetybot.config import packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.model import Author, Concern, Message, Place, Surface, SurfaceKind
from safetybot.watcher import RecentMessages

COMMUNITIES, KEYWORDS = 10_000, 50
ROUNDS = 3
MOST_RATIO, MOST_MIB = 2.0, 400


class MadeUpRows:
    """Keywords of communities as a store would give them: words of their own, phrases and wildcards."""

    async def in_force(self, platform: str, community: str) -> list[tuple[Keyword, int]]:
        """Fifty for each community `with`."""
        if platform == "without":
            return []
        chance = random.Random(community)  # noqa: S311  # no secret
        terms = {_term(chance) for _ in range(KEYWORDS)}
        return [(Keyword(term, KeywordState.LIVE, concern=Concern.MENTION), 1) for term in sorted(terms)]

    async def newest_changes(self, limit: int) -> Sequence[ChangedAt]:
        """Nothing changes."""
        return []


def _term(chance: random.Random) -> str:
    def word() -> str:
        return "".join(chance.choice("bcdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(3, 5)))

    kind = chance.random()
    return f"{word()} {word()}" if kind < 0.3 else f"{word()}*" if kind < 0.5 else word()


async def main() -> int:
    """Run it."""
    plain = list(ordinary_sample())
    detector = load_detector([packaged_dir("config")])
    terms = TermsInForce(MadeUpRows())
    before = _resident()
    started = time.perf_counter()
    for number in range(COMMUNITIES):
        await terms.terms("with", str(number))
    loading = (time.perf_counter() - started) / COMMUNITIES
    size = _resident() - before
    for number in range(COMMUNITIES):
        await terms.terms("without", str(number))

    async def handle(platform: str) -> float:
        made = [
            _message(platform, number % COMMUNITIES, plain[number % len(plain)]) for number in range(2 * COMMUNITIES)
        ]
        recent = RecentMessages(places=COMMUNITIES)
        started = time.perf_counter()
        for message in made:
            thread = recent.before(message)
            recent.add(message)
            own = await terms.terms(message.place.platform, message.place.community)
            detector.assess(message, thread, own)
        return (time.perf_counter() - started) / len(made)

    best = {"without": float("inf"), "with": float("inf")}
    for _ in range(ROUNDS):
        for platform in best:
            best[platform] = min(best[platform], await handle(platform))
    ratio = best["with"] / best["without"]
    print(f"{COMMUNITIES:,} communities of {KEYWORDS} keywords, messages going round all of them")
    print(f"  without own keywords {best['without'] * 1e6:8.1f} microseconds a message")
    print(f"  with                 {best['with'] * 1e6:8.1f} microseconds a message: {ratio:.2f}x (promised: 2x)")
    print(f"  memory of all terms  {size:8.1f} MiB, {size * 1024 / COMMUNITIES:.1f} KiB a community")
    print(f"  compiling one community, made-up rows included {loading * 1e3:.2f} ms")
    return int(ratio > MOST_RATIO or size > MOST_MIB)


def _message(platform: str, community: int, text: str) -> Message:
    place = Place(platform, str(community), "1")
    return Message(text[:9], place, Author("you"), (Surface(SurfaceKind.TEXT, text),), datetime.now(UTC))


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 / 1024


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
