"""One of several moderators at their own machines, who all change the same setting as they have seen it.

Run as a program by `test_settings.py`: URL, number of rounds, a file to wait for, a name. Prints a line a round: the
version made, or whose change was seen instead.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from safetybot.communities.access import Actor, Role
from safetybot.communities.settings import CommunityPolicy, Limits
from safetybot.model import Concern, ConcernPolicy, Mode, Policy
from safetybot.store.errors import StaleVersion
from safetybot.store.keys import Excerpts
from safetybot.store.store import open_store

DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(0), timedelta(0)) for c in Concern})


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


async def main(url: str, rounds: int, start: Path, name: str) -> None:
    keys, clock = Excerpts([Fernet.generate_key().decode()]), StillClock()
    async with open_store(url, clock=clock, defaults=DEFAULTS, excerpts=keys, migrate=True) as store:
        policy = CommunityPolicy(store.settings, DEFAULTS, Limits(timedelta(90), timedelta(14)), clock)
        actor = Actor(name, Role.ADMIN, "discord", "100")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not start.exists():  # noqa: ASYNC110, ASYNC240  # the signal comes from another process
            await asyncio.sleep(0.002)
        for number in range(rounds):
            try:
                change = await policy.put(
                    actor, "discord", "100", "emergency_number", f"{name} {number}", expected=number
                )
                sys.stdout.write(f"made {change.version}\n")
            except StaleVersion as stale:
                newer = stale.newer
                sys.stdout.write(f"saw {newer.version} of {newer.by}\n" if newer else "saw nothing\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
