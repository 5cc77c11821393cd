"""An earlier reply about symptoms that can wait must not hold back the one that says to call for help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from safetybot.model import Concern, Level, NewInteraction
from safetybot.ports import Cooldowns
from safetybot.store.store import SqlStore

HOUR = timedelta(hours=1)


async def test_an_emergency_has_a_cooldown_of_its_own(store: SqlStore, new: Callable[..., NewInteraction]) -> None:
    def cooldowns(level: Level) -> Cooldowns:
        return Cooldowns(Concern.ADVERSE, None, HOUR, level)

    first = new("m1", concern=Concern.ADVERSE)
    assert (await store.claim(first, cooldowns(Level.TODAY))).won
    assert (await store.claim(new("m2", concern=Concern.ADVERSE), cooldowns(Level.DAYS))).lost_to == "author cooldown"
    assert (await store.claim(new("m3", concern=Concern.ADVERSE), cooldowns(Level.EMERGENCY))).won
    assert not (await store.claim(new("m4", concern=Concern.ADVERSE), cooldowns(Level.EMERGENCY))).won
    history = await store.history(first.place, "m5", first.author_pseudonym, Concern.ADVERSE, Level.EMERGENCY)
    assert history.last_reply_to_author is not None
