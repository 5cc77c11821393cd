"""The way to the web pages: a button, by which a platform that can vouches for whoever presses it.

Lives here: this screen. Does not live here: the pages, and letting people in there (`web/`).
"""

from __future__ import annotations

from safetybot.chat.answers import Answer, Button, Weight
from safetybot.chat.commands import ActionHandler, Arguments, Caller, Command
from safetybot.chat.screens import WEB, back, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, line, text
from safetybot.communities.access import Right, require
from safetybot.translation import marked


async def _web_command(services: Services, caller: Caller, _: Arguments) -> Answer:
    return _pages(services, caller)


COMMANDS = (
    Command(
        ("web",), marked("Open the web pages: figures, the log, the review queue, settings"), _web_command,
        Right.SEE_FIGURES,
    ),
)  # fmt: skip


def _pages(services: Services, caller: Caller) -> Answer:
    require(caller.actor, Right.SEE_FIGURES, *where(caller))
    said, pages = caller.texts, services.pages
    if not pages.url:
        return screen(text(said.say("There are no web pages: whoever runs me has not set them up.")), [back(said)])
    platform, community = where(caller)
    vouched = platform in pages.vouching
    lines: list[Line] = [line(said.say("Figures, the log, the review queue and all settings, in your browser."))]
    if vouched:
        lines.append(line(said.say("The button lets you in as what you are here. It works once, for a few minutes.")))
        address = f"{pages.url}/sign-in/{platform}/{community}"
    else:
        lines.append(line(said.say("Sign in there as somebody who looks after this community.")))
        address = f"{pages.url}/sign-in"
    opening = Button(said.say("Open the pages"), weight=Weight.MAIN, url=address, vouched=vouched)
    return screen(text(lines), [opening], [back(said)])


async def _pressed(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return _pages(services, caller)


HANDLERS: dict[str, ActionHandler] = {WEB: _pressed}
