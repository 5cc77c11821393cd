"""Letting a community's alerts come into the chat in which somebody says so, for platforms where chats have no names.

Lives here: that button. Does not live here: which chats and communities there are (the platform knows), and who may
(`communities/settings.py` asks at the press).
"""

from __future__ import annotations

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer
from safetybot.chat.commands import ActionHandler, Caller
from safetybot.chat.policy_screens import in_force, put, setting_screen
from safetybot.chat.services import FormValues, Services
from safetybot.translation import marked

SAYS = marked("Let a group's alerts come into this chat")
_TO, _KEY = "alerts.to", "alert_channel"


async def to_here(services: Services, caller: Caller, channel: str) -> Action:
    """The action that lets the alerts of the caller's community come into `channel`. Raises `Refused`."""
    return Action(_TO, (channel, str((await in_force(services, caller))[_KEY].version)))


async def _to(services: Services, caller: Caller, arguments: tuple[str, ...], _: FormValues) -> Answer:
    channel, version = arguments
    done = await put(services, caller, _KEY, channel, expected=int(version))
    return await setting_screen(services, caller, _KEY, (done,))


HANDLERS: dict[str, ActionHandler] = {_TO: _to}
"""What the button does."""
