"""Who may run which command: told kindly to whoever may not, and never half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safetybot.chat.commands import Arguments, Caller, Command, Commands, OptionKind, Upload
from safetybot.chat.registry import all_commands
from safetybot.chat.services import Services
from safetybot.communities.access import Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.model import Concern

Make = Callable[..., Caller]
HERE = ("discord", "100")
ROLES = [None, Role.VIEWER, Role.MODERATOR, Role.ADMIN]
REFUSED = "You may not do that here."
GIVEN: dict[str, str] = {
    "term": "glow party", "text": "anybody near me doing this at home", "key": "diy.mode", "value": "alert",
    "role": "301", "channel": "400", "id": "301", "days": "7", "concern": "diy", "form": "csv", "state": "draft",
}  # fmt: skip


def arguments(command: Command) -> Arguments:
    """What somebody would give who knows the command."""
    given: dict[str, Any] = {}
    for option in command.options:
        if option.kind is OptionKind.FILE:
            given[option.name] = Upload("k.csv", b"term,state,does,to\nsilk night,draft,concern,diy\n")
        elif option.required or option.name == "concern":
            given[option.name] = GIVEN[option.name]
    return given


@pytest.mark.parametrize("role", ROLES, ids=[role.label if role else "member" for role in ROLES])
async def test_each_command_does_what_the_role_may_and_nothing_else(
    services: Services, commands: Commands, caller: Make, wall: Any, role: Role | None
) -> None:
    keyword = Keyword("glow party", KeywordState.DRAFT, concern=Concern.MENTION)
    await services.keywords.put_all(caller(Role.MODERATOR).actor, *HERE, [keyword])
    held = caller(role)
    for command in all_commands():
        answer = await commands.run(held, command.path, arguments(command))
        allowed = command.right is None or (role is not None and role >= command.right.least)
        assert (REFUSED in answer.text.plain) != allowed, command.name
        assert answer.text.plain or answer.form, command.name
    changed = await services.keywords.listed(caller(Role.VIEWER).actor, *HERE)
    settings = await services.policy.effective(caller(Role.VIEWER).actor, *HERE)
    may_change_words = role is not None and role >= Role.MODERATOR
    assert {one.keyword.term for one in changed} == {"glow party", *(["silk night"] if may_change_words else [])}
    # `policy undo` comes after `set` and takes it back, as a version of its own.
    assert any(one.version for one in settings) == (role is Role.ADMIN)


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: command.name)
async def test_a_command_without_what_it_needs_is_answered_helpfully(
    commands: Commands, caller: Make, command: Command
) -> None:
    keyword = Keyword("glow party", KeywordState.DRAFT, concern=Concern.MENTION)
    await commands.services.keywords.put_all(caller(Role.MODERATOR).actor, *HERE, [keyword])
    await commands.services.policy.put(caller(Role.ADMIN).actor, *HERE, "exempt_roles", ["301"], expected=0)
    answer = await commands.run(caller(Role.ADMIN), command.path, {})
    assert "You may not" not in answer.text.plain
    if any(option.required for option in command.options):
        assert answer.form or answer.menu, "it is asked for, or can be chosen"
    assert answer.text.plain or answer.form


@pytest.mark.parametrize(
    ("path", "given", "told"),
    [
        (("policy", "set"), {"key": "diy.mood", "value": "reply"}, "There is no setting diy.mood"),
        (("policy", "set"), {"key": "diy.mode", "value": "shout"}, "cannot be shout"),
        (("policy", "set"), {"key": "retention", "value": "3000d"}, "operator keeps at most"),
        (("policy", "set"), {"key": "language", "value": "de", "channel": "5"}, "chosen for this channel"),
        (("policy", "set"), {"key": "diy.mode", "channel": "5"}, "value is missing"),
        (("policy", "set"), {"key": "retention", "value": "5d", "channel": "5"}, "holds for the whole community"),
        (("policy", "undo"), {"key": "diy.mode"}, "no change left to take back"),
        (("keyword", "edit"), {"term": "nothing", "concern": "diy"}, "There is no keyword nothing here"),
        (("keyword", "add"), {"term": "glow", "concern": "dyi"}, "It can be: mention, supply, diy, adverse"),
        (("keyword", "add"), {"term": "glow", "concept": "no-such"}, "There is no concept no-such"),
        (("keyword", "add"), {"term": "glow", "concern": "diy", "allow": True}, "does not fit"),
        (("keyword", "add"), {"term": "glow", "concept": "product", "strength": "medium"}, "strong, weak"),
        (("keyword", "list"), {"state": "asleep"}, "draft, shadow, live, retired"),
        (("keyword", "history"), {"term": "nothing"}, "There is no keyword nothing here"),
        (("keyword", "export"), {"form": "xls"}, "csv, yaml"),
        (("keyword", "import"), {"file": Upload("k.yaml", b"keywords: [{term: x")}, "k.yaml"),
        (("keyword", "import"), {"file": Upload("k.csv", b"\xff\xfe\x00")}, "UTF-8"),
        (("help",), {"command": "dance"}, "does not fit command"),
        (("stats",), {"days": "soon"}, "7, 30, 90"),
        (("exempt", "remove"), {"id": "12"}, "It is not left alone"),
        (("setup",), {"region": "Mars"}, "region cannot be MARS"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_answered_with_why_and_what_to_do(
    commands: Commands, caller: Make, path: tuple[str, ...], given: Arguments, told: str
) -> None:
    answer = await commands.run(caller(Role.ADMIN), path, given)
    assert told in answer.text.plain
    assert answer.rows, "there is a way on"


def test_every_command_fits_every_platform() -> None:
    paths = [command.path for command in all_commands()]
    assert len(paths) == len(set(paths))
    for command in all_commands():
        assert 1 <= len(command.path) <= 2
        for word in (*command.path, *(option.name for option in command.options)):
            assert 1 <= len(word) <= 32
            assert word == word.lower()
        for says in (command.says, *(option.says for option in command.options)):
            assert 10 <= len(says) <= 100, says
        assert len(command.options) <= 25
        assert all(len(option.choices) <= 25 for option in command.options)
        assert (command.complete is not None) == any(option.completes for option in command.options), command.name
    groups = {path[0] for path in paths if len(path) == 2}
    assert groups.isdisjoint(path[0] for path in paths if len(path) == 1)
    assert all(sum(path[0] == group for path in paths) <= 25 for group in groups)
