"""One of several processes that claim the same messages at once; says which it won, one a line.

Run as a program by `test_processes.py`: URL, number of rounds, a file to wait for, `cooldown` or `message`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from safetybot.model import (
    Assessment,
    Concern,
    ConcernPolicy,
    Decision,
    Mode,
    NewInteraction,
    Place,
    Policy,
    Reason,
)
from safetybot.ports import Cooldowns
from safetybot.store.keys import Excerpts
from safetybot.store.store import open_store

AT = datetime(2026, 3, 1, tzinfo=UTC)
DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(0), timedelta(0)) for c in Concern})


class StillClock:
    def now(self) -> datetime:
        return AT


def contest(kind: str, number: int) -> tuple[NewInteraction, Cooldowns | None]:
    """What everybody fights for in one round: the same message, or a channel's cooldown with messages of their own."""
    own = kind == "cooldown"
    new = NewInteraction(
        Place("test", "1", str(number)),
        f"{os.getpid()}" if own else "0",
        f"{os.getpid() if own else 0:032x}",
        AT,
        Assessment(Concern.DIY, 1.0, "en"),
        Decision(reply=True, alert=False, shadow=False, reasons=(Reason.REPLY,)),
    )
    return new, Cooldowns(Concern.DIY, timedelta(hours=1), timedelta(0)) if own else None


async def main(url: str, rounds: int, start: Path, kind: str) -> None:
    keys = Excerpts([Fernet.generate_key().decode()])
    async with open_store(url, clock=StillClock(), defaults=DEFAULTS, excerpts=keys, migrate=True) as store:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not start.exists():  # noqa: ASYNC110, ASYNC240  # the signal comes from another process
            await asyncio.sleep(0.002)
        claims = await asyncio.gather(*(store.claim(*contest(kind, number)) for number in range(rounds)))
    sys.stdout.write("".join(f"{number}\n" for number, claim in enumerate(claims) if claim.won))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
