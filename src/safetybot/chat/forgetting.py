"""Deleting all that is kept about somebody, their words in alerts too. One place for every button that does it."""

from __future__ import annotations

from safetybot.chat.alerts import wipe_alerts
from safetybot.chat.commands import Caller
from safetybot.chat.services import Services


async def forget_caller(services: Services, caller: Caller) -> None:
    """Delete all that is kept about the caller in their community, and wipe the alerts about them."""
    here, member = (caller.place.platform, caller.place.community), caller.actor.member or ""
    # Where the alerts stand is known from what is about to be deleted.
    alerts = await services.alerts.about_author(services.pseudonym(caller.place, member))
    await services.privacy.erase(caller.actor, *here, member)
    await wipe_alerts(services, *here, alerts)
