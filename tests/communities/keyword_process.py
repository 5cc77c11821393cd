"""One of several moderators at their own machines, who all change the same keyword until each change is made.

Run as a program by `test_keywords.py`: URL, number of changes, a file to wait for, a name. Prints a line a try: the
version made, or whose change was seen instead.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from safetybot.communities.access import Actor, Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.communities.keywords import Keywords
from safetybot.detection.assembly import load_detector
from safetybot.model import Concern, ConcernPolicy, Mode, Policy
from safetybot.store.errors import StaleVersion
from safetybot.store.keys import Excerpts
from safetybot.store.store import open_store

CONFIG = Path(__file__).parent.parent.parent / "config"
DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(0), timedelta(0)) for c in Concern})
STATES = (KeywordState.SHADOW, KeywordState.DRAFT)


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


async def main(url: str, rounds: int, start: Path, name: str) -> None:
    keys, clock = Excerpts([Fernet.generate_key().decode()]), StillClock()
    detector = load_detector([CONFIG], with_model=False)
    async with open_store(url, clock=clock, defaults=DEFAULTS, excerpts=keys, migrate=True) as store:
        use, actor = Keywords(store.keywords, detector, clock), Actor(name, Role.MODERATOR, "discord", "100")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not start.exists():  # noqa: ASYNC110, ASYNC240  # the signal comes from another process
            await asyncio.sleep(0.002)
        made = 0
        while made < rounds:
            listed = await use.listed(actor, "discord", "100")
            wanted = Keyword("glow party", STATES[made % 2], concern=Concern.SUPPLY)
            try:
                if listed:
                    seen = listed[0].version
                    entered = await use.edit(actor, "discord", "100", wanted, expected=seen)
                else:
                    entered = await use.add(actor, "discord", "100", wanted)
            except StaleVersion as stale:
                newer = stale.newer
                sys.stdout.write(f"saw {newer.version} of {newer.by}\n" if newer else "saw nothing\n")
                continue
            made += 1
            sys.stdout.write(f"made {entered.change.version}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
