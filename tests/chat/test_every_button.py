"""Every screen that can be reached from the menu, pressed through as each role: nothing leads nowhere."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button, FormToFill
from safetybot.chat.commands import MENU, Caller, Commands, UnknownAction
from safetybot.chat.refusals import refusal
from safetybot.chat.services import Services
from safetybot.communities.access import Refused, Right, Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.model import Concern, Level

_ID = re.compile(r"\d+|[0-9a-f]{12}")
Make = Callable[..., Caller]
Happened = Callable[..., Awaitable[int]]
HERE = ("discord", "100")
MOST_CHARS = 1_900
TYPED = {
    "term": "glow party", "text": "where can I buy a hyaluron pen", "value": "30m", "id": "777", "channel": "888",
    "file": "term,state,does,to\nsilk night,draft,concern,diy"}  # fmt: skip
"""What the crawler fills in; anything else it leaves as it stands, or writes a word."""


def pressable(answer: Answer) -> Iterator[Button]:
    """All that can be pressed, the choices of a menu too."""
    for row in answer.rows:
        yield from row
    for choice in answer.menu.choices if answer.menu else ():
        yield Button(choice.label, choice.action)


def shape(action: Action) -> tuple[str, ...]:
    """Screens that differ only in a version, a page or a keyword are alike."""
    return (action.name, *("#" if _ID.fullmatch(part) else part for part in action.arguments))


def check_shape(services: Services, answer: Answer, came_by: Sequence[str]) -> None:
    """What every platform can show, and nobody is left without a way on."""
    assert len(answer.rows) + bool(answer.menu) <= 5, came_by
    assert all(0 < len(row) <= 5 for row in answer.rows), came_by
    assert answer.menu is None or 0 < len(answer.menu.choices) <= 25, came_by
    for button in pressable(answer):
        assert 0 < len(button.label) <= 64, (came_by, button.label)
        assert (button.action is None) == bool(button.url), came_by
        if button.action is not None:
            assert len(services.actions.encode(button.action).encode()) <= 64, came_by
    labels = [button.label for row in answer.rows for button in row]
    assert len(labels) == len(set(labels)), (came_by, labels)
    if answer.form is not None:
        check_form(services, answer.form, came_by)
        return
    assert len(answer.text.plain) <= MOST_CHARS, (came_by, len(answer.text.plain))
    assert answer.text.plain.strip(), came_by
    assert "{" not in answer.text.plain, came_by
    assert not any(unicodedata.category(char) == "Cc" and char != "\n" for char in answer.text.plain), came_by


def check_form(services: Services, form: FormToFill, came_by: Sequence[str]) -> None:
    assert len(services.actions.encode(form.action).encode()) <= 64, came_by
    assert 0 < len(form.title) <= 45, came_by
    assert 1 <= len(form.fields) <= 5, came_by
    for field in form.fields:
        assert len(field.label) <= 45, (came_by, field.label)
        assert len(field.hint) <= 100, (came_by, field.hint)
        assert len(field.value) <= field.most, came_by


async def crawl(commands: Commands, caller: Caller, each: int = 3) -> dict[tuple[str, ...], Answer]:
    """Press everything there is, each kind of button `each` times; what was found, by the shape of the action."""
    seen: dict[tuple[str, ...], Answer] = {}
    pressed: Counter[str] = Counter()
    waiting: deque[tuple[Action, tuple[str, ...]]] = deque([(Action(MENU), ())])
    while waiting:
        action, path = waiting.popleft()
        if shape(action) in seen or pressed[action.name] == each:
            continue
        pressed[action.name] += 1
        came_by = (*path, "/".join((action.name, *action.arguments)))
        answer = await commands.act(caller, action)
        unknown = str(UnknownAction(action.name))[1:]
        assert unknown not in answer.text.plain, came_by
        check_shape(commands.services, answer, came_by)
        seen[shape(action)] = answer
        if answer.form is not None:
            values = {field.name: field.value or TYPED.get(field.name, "a word") for field in answer.form.fields}
            answer = await commands.act(caller, answer.form.action, values)
            assert unknown not in answer.text.plain, came_by
            check_shape(commands.services, answer, (*came_by, "filled in"))
        ways = [button for button in pressable(answer) if button.action is not None]
        assert ways or answer.brief, (came_by, "there is no way on")
        waiting.extend((button.action, came_by) for button in ways if button.action is not None)
    return seen


@pytest.fixture
async def lived_in(services: Services, caller: Make, happened: Happened, wall: Any) -> None:
    """A community with keywords in every state, settings, and interactions that wait."""
    moderator, admin = caller(Role.MODERATOR).actor, caller(Role.ADMIN).actor
    states = [KeywordState.LIVE, KeywordState.SHADOW, KeywordState.RETIRED, *[KeywordState.DRAFT] * 12]
    wanted = [Keyword(f"glow party {n}", state, concern=Concern.DIY) for n, state in enumerate(states)]
    wanted.append(Keyword("filler", KeywordState.SHADOW, concern=Concern.DIY))
    wanted.append(Keyword("kindergarten glow party", KeywordState.DRAFT, allowed=True))
    wanted.append(Keyword("glow " * 15 + "glow", KeywordState.DRAFT, concept="product"))
    await services.keywords.put_all(moderator, *HERE, wanted)
    await services.policy.put(admin, *HERE, "exempt_channels", ["201", "202"], expected=0)
    await services.policy.put(admin, *HERE, "exempt_roles", ["301"], expected=0)
    await services.policy.put(admin, *HERE, "alert_channel", "900", expected=0)
    await happened("1", excerpt="lemon bottle at home")
    await happened("2", concern=Concern.ADVERSE, level=Level.EMERGENCY)


WHO = [
    (None, "ar"), (Role.VIEWER, "de"), (Role.MODERATOR, "fr"), (Role.ADMIN, "en"), (Role.ADMIN, "ru"),
]  # fmt: skip


@pytest.mark.usefixtures("lived_in")
@pytest.mark.parametrize(
    ("role", "language"), WHO, ids=[f"{role.label if role else 'member'}-{tag}" for role, tag in WHO]
)
async def test_every_button_that_a_role_can_reach_leads_somewhere(
    commands: Commands, caller: Make, role: Role | None, language: str
) -> None:
    held = caller(role, language=language)
    found = await crawl(commands, held)
    refusals = {
        refusal(held.texts, Refused(held.actor, right, *HERE, "")).plain for right in Right if right.least > (role or 0)
    }
    refused = [action for action, answer in found.items() if answer.text.plain in refusals]
    assert refused == [], "what somebody may not do is not offered"
    screens = {action[0] for action in found}
    assert {"menu", "privacy", "help"} <= screens
    assert ("kw" in screens) == (role is not None)
    assert ("queue" in screens) == (role in (Role.MODERATOR, Role.ADMIN))
    assert ("setup.end" in screens) == (role is Role.ADMIN)
