"""What is typed after a command, and back again: nothing that anybody types is a fault."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.chat.commands import Command, OptionKind, Value
from safetybot.chat.refusals import Unfit
from safetybot.chat.registry import all_commands
from safetybot.communities.errors import CommunityError
from safetybot.platforms.telegram.arguments import (
    GivenTwice,
    Head,
    LeftOver,
    UnclosedQuote,
    UnknownOption,
    arguments_of,
    command_in,
    head_of,
    typed,
    usage_of,
)

COMMANDS = {one.path: one for one in all_commands()}
EVERY = st.sampled_from(list(COMMANDS.values()))
TEXTS = st.text(max_size=40)
NOISE = st.text(st.sampled_from('ab =:"“”„«»\\\n/@-1,term concern diy=yes'), max_size=60) | TEXTS


def read(line: str) -> dict[str, Value]:
    """The options of a typed line, whose command is known."""
    head = head_of(line)
    assert head is not None
    found = command_in(COMMANDS, f"{head.word} {head.rest}")
    assert found is not None
    return arguments_of(*found)


def test_a_command_begins_with_a_slash_and_may_name_its_bot() -> None:
    assert head_of("/Try@Safety_Bot  a b ") == Head("try", "safety_bot", "a b")
    assert head_of("/try\nsome\nlines") == Head("try", "", "some\nlines")
    assert head_of("/try") == Head("try", "", "")
    for none in ("try", " /try", "/", "/tr-y", "/try@", "//try", "/try/this", "/home/user"):
        assert head_of(none) is None


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ('/keyword add "glow party" diy', {"term": "glow party", "concern": "diy"}),
        ("/keyword add glow party diy", {"term": "glow party", "concern": "diy"}),
        ("/keyword add “glow party” concern=DIY", {"term": "glow party", "concern": "diy"}),
        ("/keyword add term:glow party concern:diy force:yes", {"term": "glow party", "concern": "diy", "force": True}),
        ("/keyword add glow party allow=yes", {"term": "glow party", "allow": True}),
        ("/keyword live glow party force=no", {"term": "glow party", "force": False}),
        ("/keyword history kindergarten glow party", {"term": "kindergarten glow party"}),
        ("/keyword list shadow", {"state": "shadow"}),
        ("/keyword", {}),
        ("/policy set diy.mode reply+alert", {"key": "diy.mode", "value": "reply+alert"}),
        ("/policy set exempt_channels 1, 2, 3", {"key": "exempt_channels", "value": "1, 2, 3"}),
        ("/policy set diy.mode off channel=-100123", {"key": "diy.mode", "value": "off", "channel": "-100123"}),
        ('/try she said "fill it" = 5', {"text": 'she said "fill it" = 5'}),
        ('/try "just this"', {"text": "just this"}),
        ("/try one\n\n  two", {"text": "one\n\n  two"}),
        ('/try "never closed', {"text": '"never closed'}),
        ("/stats 30", {"days": 30.0}),
        ("/setup here de AT", {"alerts": "here", "language": "de", "region": "AT"}),
        ("/setup alerts=here language=de region=AT", {"alerts": "here", "language": "de", "region": "AT"}),
        ("/exempt channel -10077", {"channel": "-10077"}),
        ("/exempt role administrator", {"role": "administrator"}),
        ("/help keyword add", {"command": "keyword add"}),
    ],
)
def test_options_are_given_by_place_and_by_name(line: str, options: dict[str, Value]) -> None:
    assert read(line) == options


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('/keyword add "glow party', UnclosedQuote),
        ("/keyword add term=„glow", UnclosedQuote),
        ("/keyword add glow colour=red", UnknownOption),
        ("/keyword add term=a term=b", GivenTwice),
        ("/keyword add a concern=worry", Unfit),
        ('/keyword add "a" worry', Unfit),
        ("/keyword list everything", Unfit),
        ("/stats many", Unfit),
        ("/stats 1e999", Unfit),
        ("/stats nan", Unfit),
        ("/keyword live a force=perhaps", Unfit),
        ("/status now", LeftOver),
        ("/stats 7 8", LeftOver),
    ],
)
def test_what_cannot_be_read_is_named(line: str, kind: type[CommunityError]) -> None:
    with pytest.raises(kind):
        read(line)


def test_a_group_of_commands_alone_is_its_first_that_needs_nothing() -> None:
    for word, name in (("keyword", "keyword list"), ("policy", "policy show"), ("exempt", "exempt list")):
        found = command_in(COMMANDS, word)
        assert found is not None
        assert found[0].name == name
    assert command_in(COMMANDS, "keyword glow") is None
    assert command_in(COMMANDS, "nothing of ours") is None
    assert command_in(COMMANDS, "") is None


def test_usage_names_every_option_that_can_be_typed() -> None:
    assert usage_of(COMMANDS["keyword", "list"]) == "/keyword list [state=draft|shadow|live|retired]"
    assert usage_of(COMMANDS["policy", "set"]) == "/policy set <key> <value> [channel=…]"
    assert usage_of(COMMANDS["keyword", "import"]) == "/keyword import [force=yes]"


@given(EVERY, NOISE)
def test_nothing_that_is_typed_is_a_fault(command: Command, words: str) -> None:
    found: dict[str, Value] = {}
    with contextlib.suppress(CommunityError):
        found = arguments_of(command, words)
    assert found.keys() <= {one.name for one in command.options}


@given(NOISE)
def test_whatever_begins_with_a_slash_is_read_or_left(words: str) -> None:
    head = head_of("/" + words)
    if head is not None:
        command_in(COMMANDS, f"{head.word} {head.rest}")


@given(st.data())
def test_what_is_written_is_read_again(data: st.DataObject) -> None:
    command = data.draw(EVERY)
    options: dict[str, Value] = {}
    for option in command.options:
        if option.kind is OptionKind.FILE or not data.draw(st.booleans()):
            continue
        if option.kind is OptionKind.TRUTH:
            options[option.name] = data.draw(st.booleans())
        elif option.kind is OptionKind.NUMBER:
            options[option.name] = float(data.draw(st.integers(-9_999, 9_999)))
        elif option.choices:
            options[option.name] = data.draw(st.sampled_from(option.choices))
        else:
            options[option.name] = data.draw(TEXTS.filter(bool))
    assert read(typed(command, options)) == options
