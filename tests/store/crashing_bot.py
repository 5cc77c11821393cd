"""A bot small enough to be killed: the store for real, a platform that writes each reply to a file.

Run as a program by `test_crash.py`: URL, key, file of replies, edge. It resumes what a dead one left, then handles ten
messages at once, as if all were delivered again. At the edge it kills itself, as SIGKILL does it: no clean-up at all.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from safetybot.model import (
    Assessment,
    Concern,
    ConcernPolicy,
    Decision,
    InteractionState,
    Mode,
    NewInteraction,
    Place,
    Policy,
    Reason,
)
from safetybot.ports import Cooldowns
from safetybot.store.keys import Excerpts
from safetybot.store.store import SqlStore, open_store

DEFAULTS = Policy({c: ConcernPolicy(Mode.REPLY, timedelta(0), timedelta(0)) for c in Concern})
UNLUCKY = "5"
"""The message on whose way the process dies."""
MESSAGES = [str(number) for number in range(10)]


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Bot:
    def __init__(self, store: SqlStore, replies: str, edge: str) -> None:
        self.store, self.replies, self.edge = store, replies, edge
        self.armed = False
        sa.event.listen(sa.Engine, "commit", self.at_commit)

    def at_commit(self, _connection: sa.Connection) -> None:
        if self.armed:
            die()

    def reach(self, message: str, edge: str) -> None:
        """Die here if this is the edge; `before x` dies as the commit of x begins."""
        if message != UNLUCKY:
            return
        if edge == self.edge:
            die()
        if self.edge == f"before {edge}":
            self.armed = True

    def reply(self, message: str) -> str:
        file = os.open(self.replies, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{message}\n".encode())
        os.fsync(file)
        os.close(file)
        return f"reply to {message}"

    async def send(self, interaction: int, message: str) -> None:
        self.reach(message, "sending")
        if not await self.store.advance(interaction, InteractionState.SENDING):
            return
        self.reach(message, "after sending")
        reply_id = self.reply(message)
        self.reach(message, "after the reply")
        self.reach(message, "sent")
        await self.store.advance(interaction, InteractionState.SENT, reply_id=reply_id)
        self.reach(message, "after sent")

    async def resume(self) -> None:
        for left in await self.store.unfinished("test"):
            if left.state is InteractionState.SENDING:
                await self.store.advance(left.id, InteractionState.UNKNOWN)
            else:
                await self.send(left.id, left.message_id)

    async def handle(self, message: str) -> None:
        new = NewInteraction(
            Place("test", "1", "2"),
            message,
            f"{int(message):032x}",
            datetime.now(UTC),
            Assessment(Concern.DIY, 1.0, "en"),
            Decision(reply=True, alert=False, shadow=False, reasons=(Reason.REPLY,)),
        )
        self.reach(message, "claim")
        claim = await self.store.claim(new, Cooldowns(Concern.DIY, timedelta(0), timedelta(0)))
        self.reach(message, "after claim")
        if claim.won:
            await self.send(claim.interaction_id, message)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, key: str, replies: str, edge: str) -> None:
    async with open_store(url, clock=WallClock(), defaults=DEFAULTS, excerpts=Excerpts([key]), migrate=True) as store:
        bot = Bot(store, replies, edge)
        await bot.resume()
        await asyncio.gather(*map(bot.handle, MESSAGES))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
