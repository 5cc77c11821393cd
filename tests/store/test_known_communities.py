"""Which communities are known, and where each wants its alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from safetybot.model import NewInteraction
from safetybot.store.known_communities import KnownCommunities
from safetybot.store.store import SqlStore

NOW = datetime(2026, 11, 25, tzinfo=UTC)
New = Callable[..., NewInteraction]


async def test_known_is_who_changed_a_setting_or_has_something_waiting(store: SqlStore, new: New) -> None:
    known = KnownCommunities(store.database)
    assert await known.alert_channels("discord") == {}
    await store.claim(new("1"), None)
    await store.settings.put("discord", "200", "", "language", "de", by="mia", at=NOW, expected=0)
    await store.settings.put("telegram", "-7", "", "language", "de", by="mia", at=NOW, expected=0)
    assert await known.alert_channels("discord") == {"100": None, "200": None}
    assert await known.alert_channels("telegram") == {"-7": None}


async def test_the_alert_channel_in_force_is_told_and_one_taken_back_is_not(store: SqlStore) -> None:
    known, where = KnownCommunities(store.database), ("telegram", "-7")
    await store.settings.put(*where, "", "alert_channel", "-8", by="mia", at=NOW, expected=0)
    await store.settings.put(*where, "", "alert_channel", "-9", by="mia", at=NOW, expected=1)
    await store.settings.put(*where, "-7", "alert_channel", "-10", by="mia", at=NOW, expected=0)
    assert await known.alert_channels("telegram") == {"-7": "-9"}
    await store.settings.put(*where, "", "alert_channel", None, by="mia", at=NOW, expected=2)
    assert await known.alert_channels("telegram") == {"-7": None}
