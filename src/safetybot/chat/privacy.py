"""Privacy, for everybody: what is kept about me, a copy of it, deleting it, no replies, replies again.

Lives here: this screen, in the presser's own language, from `responses/`. Does not live here: what is kept and who may
ask (`communities/privacy.py`).
"""

from __future__ import annotations

import json
from collections import Counter

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, File, Weight
from safetybot.chat.cards import STOP
from safetybot.chat.commands import MENU, ActionHandler, Arguments, Caller, Command
from safetybot.chat.forgetting import forget_caller
from safetybot.chat.screens import PRIVACY, screen, where
from safetybot.chat.services import FormValues, Services
from safetybot.chat.text import Line, bold, bullet, line, text
from safetybot.communities.records import MemberData
from safetybot.responses.files import UiFile
from safetybot.translation import marked

_DAYS = 7
"""The newest days are told one by one, with how many notes there are of each; then how many there are in all."""
_COPY, _SURE, _ERASE, _RESUME = "privacy.copy", "privacy.sure", "privacy.erase", "privacy.on"


async def _privacy_command(services: Services, caller: Caller, _: Arguments) -> Answer:
    return await privacy(services, caller)


COMMANDS = (
    Command(("privacy",), marked("What I keep about you: see it, get a copy, delete it"), _privacy_command, None),
)


async def privacy(services: Services, caller: Caller, done: str = "") -> Answer:
    """What is kept about the caller here, and what they can do about it."""
    ui = services.library.ui(caller.language)
    policy = line(" ".join(ui.privacy.split()))
    if not caller.place.community or caller.actor.member is None:
        return screen(text(policy, "", ui.elsewhere), [_menu(ui)])
    data = await services.privacy.show(caller.actor, *where(caller), caller.actor.member)
    lines = [*([line(done), Line()] if done else []), *_kept(ui, data), Line(), policy]
    stopped = data.opted_out_at is not None
    wish = Button(ui.resume, Action(_RESUME)) if stopped else Button(ui.stop, Action(STOP))
    if not (data.interactions or data.answered or data.views):
        return screen(text(lines), [wish], [_menu(ui)])
    erase = Button(ui.erase, Action(_SURE), Weight.DANGER)
    return screen(text(lines), [Button(ui.hand_out, Action(_COPY))], [wish], [erase], [_menu(ui)])


def _kept(ui: UiFile, data: MemberData) -> list[Line]:
    lines: list[Line] = []
    if data.interactions:
        days = Counter(row.details.interaction.at.date().isoformat() for row in reversed(data.interactions))
        lines += [line(bold(ui.kept)), *(bullet(f"{day}: {count}") for day, count in [*days.items()][:_DAYS])]
        if len(days) > _DAYS:
            lines.append(bullet(f"… ({len(data.interactions)})"))
    elif data.answered:
        answered = sorted({one.at.date().isoformat() for one in data.answered})
        lines += [line(bold(ui.kept)), *(bullet(day) for day in answered)]
    elif not data.views:
        lines.append(line(ui.nothing_kept))
    if data.views:
        heading = [] if data.interactions or data.answered else [line(bold(ui.kept))]
        lines += [*heading, *(bullet(f"“{view.name}”") for view in data.views)]
    if data.opted_out_at is not None:
        lines.append(line(ui.opted_out, f" ({data.opted_out_at.date().isoformat()})"))
    return lines


def _menu(ui: UiFile) -> Button:
    return Button(ui.menu, Action(MENU))


async def _privacy(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    return await privacy(services, caller)


async def _copy(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    ui = services.library.ui(caller.language)
    data = await services.privacy.export(caller.actor, *where(caller), caller.actor.member or "")
    file = File("privacy.json", json.dumps(data, ensure_ascii=False, indent=2).encode())
    return Answer(text(ui.handed_out), ((_menu(ui),),), files=(file,))


async def _sure(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    ui = services.library.ui(caller.language)
    return screen(
        text(ui.erase_sure), [Button(ui.erase_yes, Action(_ERASE), Weight.DANGER)], [_menu(ui)]
    )  # fmt: skip


async def _erase(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    await forget_caller(services, caller)
    return await privacy(services, caller, services.library.ui(caller.language).erased)


async def _resume(services: Services, caller: Caller, _: tuple[str, ...], __: FormValues) -> Answer:
    await services.privacy.opt_in(caller.actor, *where(caller), caller.actor.member or "")
    return await privacy(services, caller, services.library.ui(caller.language).resumed)


HANDLERS: dict[str, ActionHandler] = {
    PRIVACY: _privacy,
    _COPY: _copy,
    _SURE: _sure,
    _ERASE: _erase,
    _RESUME: _resume,
}
