"""Where a bot that is made to be killed dies: at a given edge of one message's way, as SIGKILL ends it.

Lives here: the edges, put around what the Watcher calls, and a detector that reads simply. Does not live here: the bots
(`crashing_discord_bot.py`, `crashing_telegram_bot.py`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from safetybot.cli.runtime import Runtime
from safetybot.model import Assessment, Concern, InteractionState, Message, NewInteraction, Response, ThreadLine
from safetybot.ports import Claim, Cooldowns, Platform, Receipt


class Alarmist:
    """Finds a concern in every message that speaks of injecting: reading well is not what is tried here."""

    def assess(self, message: Message, thread: Sequence[ThreadLine] = (), own: object = None) -> Assessment:
        return Assessment(Concern.DIY if "inject" in message.text else None, 1.0, "en")


class Edges:
    """Where the process dies: on the way of the message with this text, or of its row."""

    def __init__(self, edge: str, unlucky: str) -> None:
        self.edge, self.unlucky = edge, unlucky
        self.message = ""
        self.row = -1

    def reach(self, edge: str, *, of: bool) -> None:
        if of and edge == self.edge:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(runtime: Runtime, platform: Platform, edges: Edges) -> None:
    """Put the edges around what the Watcher calls."""
    store = runtime.store
    claim, advance, reply = store.claim, store.advance, platform.reply

    async def claims(new: NewInteraction, cooldowns: Cooldowns | None) -> Claim:
        mine = new.message_id == edges.message
        edges.reach("before claim", of=mine)
        made = await claim(new, cooldowns)
        if mine:
            edges.row = made.interaction_id
        edges.reach("after claim", of=mine)
        return made

    async def advances(row: int, to: InteractionState, **more: Any) -> bool:
        edges.reach(f"before {to.value}", of=row == edges.row)
        done = await advance(row, to, **more)
        edges.reach(f"after {to.value}", of=row == edges.row)
        return done

    async def replies(to: Message, response: Response, row: int, key: str) -> Receipt:
        receipt = await reply(to, response, row, key)
        edges.reach("after the reply", of=row == edges.row)
        return receipt

    store.claim = claims  # type: ignore[method-assign]
    store.advance = advances  # type: ignore[assignment,method-assign]
    platform.reply = replies  # type: ignore[assignment,method-assign]
