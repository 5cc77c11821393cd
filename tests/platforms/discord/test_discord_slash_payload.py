"""What is registered with Discord: every command of ours, within Discord's limits, in every language."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from tests.emulators.discord.command_rules import LOCALES, check_commands, valid_slash_name, weight

from safetybot.chat.answers import Answer
from safetybot.chat.command_words import WORDS
from safetybot.chat.commands import Arguments, Caller, Command, Option, OptionKind
from safetybot.chat.registry import all_commands
from safetybot.chat.services import Services
from safetybot.communities.access import Right
from safetybot.platforms.discord import slash
from safetybot.platforms.discord.slash import differs, is_name, locales, payload
from safetybot.translation import Texts, languages, texts

MANAGE_MESSAGES, MANAGE_SERVER = str(1 << 13), str(1 << 5)


async def _nothing(_: Services, __: Caller, ___: Arguments) -> Answer:
    return Answer()


def made(*path: str, right: Right | None = None, options: Sequence[Option] = ()) -> Command:
    return Command(path, "Does something", _nothing, right, tuple(options))


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for option in node.get("options", ()):
        if option["type"] == slash.SUBCOMMAND_GROUP:
            yield from leaves(option, (*path, option["name"]))
        elif option["type"] == slash.SUBCOMMAND:
            yield (*path, option["name"]), option


class _Shouting(gettext.NullTranslations):
    """A catalog in which every text is half as long again."""

    def gettext(self, message: str) -> str:
        return f"{message}{'ß' * (len(message) // 2)}"


@pytest.fixture
def long_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every language of Discord has a catalog, and a wordy one."""
    monkeypatch.setattr(slash, "texts", lambda locale: Texts(_Shouting(), locale))


def test_every_command_of_the_registry_is_registered_once_and_nothing_else() -> None:
    group, *menus = payload(all_commands())
    assert [path for path, _ in leaves(group)] == sorted(
        (one.path for one in all_commands()), key=[path for path, _ in leaves(group)].index
    )
    assert {path for path, _ in leaves(group)} == {one.path for one in all_commands()}
    assert [menu["name"] for menu in menus] == ["Check this message", "Report to moderators"]


def test_discord_takes_what_we_register() -> None:
    check_commands(payload(all_commands()))


def test_discord_takes_it_in_every_language_even_in_wordy_ones(long_words: None) -> None:
    registered = payload(all_commands())
    check_commands(registered)
    assert {locale for locale, _ in locales()} <= LOCALES
    assert len(registered[0]["description_localizations"]) == len(list(locales())) > 25
    assert weight(registered[0]) <= 8_000


def test_a_language_is_offered_only_where_there_is_a_catalog_of_it() -> None:
    known = {locale.partition("-")[0] for locale, _ in locales()}
    assert known == {language for language in languages() if language != "en"} & {
        one.partition("-")[0] for one in LOCALES
    }


@pytest.mark.parametrize("language", languages())
def test_every_translated_word_of_a_command_can_be_a_name(language: str) -> None:
    said = texts(language)
    assert {word: said.say(word) for word in WORDS if not is_name(said.say(word))} == {}


@pytest.mark.parametrize("language", languages())
def test_no_translation_has_to_be_cut(language: str) -> None:
    said = texts(language)
    says = {text for one in all_commands() for text in (one.says, *(option.says for option in one.options))}
    assert {text for text in says if len(said.say(text)) > 100} == set()
    assert {name for name in (slash.CHECK, slash.REPORT) if len(said.say(name)) > 32} == set()


def test_words_of_one_command_stay_apart_in_every_language() -> None:
    [group, *_] = payload(all_commands())
    for siblings in ([group], group["options"], *(one.get("options", []) for one in group["options"])):
        for locale, _ in locales():
            names = [one.get("name_localizations", {}).get(locale, one["name"]) for one in siblings]
            assert len(set(names)) == len(names), locale


def test_every_word_of_every_command_is_marked_for_translation() -> None:
    assert {word for command in all_commands() for word in command.path} <= set(WORDS)


@pytest.mark.parametrize("name", ["", "Keyword", "key word", "a" * 33, "why?", "naïve!"])
def test_what_discord_refuses_as_a_name_is_none_for_us_either(name: str) -> None:
    assert not is_name(name)
    assert not valid_slash_name(name)


@pytest.mark.parametrize("name", ["keyword", "schlüssel-wort", "キーワード", "คำสำคัญ", "कीवर्ड", "слово", "كلمة"])
def test_names_of_any_script_are_fine(name: str) -> None:
    assert is_name(name)
    assert valid_slash_name(name)


@pytest.mark.parametrize(
    ("rights", "needed"),
    [
        ([Right.REVIEW, None], None),
        ([Right.REVIEW, Right.CHANGE_POLICY], MANAGE_MESSAGES),
        ([Right.SEE_POLICY], MANAGE_MESSAGES),
        ([Right.CHANGE_POLICY, Right.SEE_STATUS], MANAGE_SERVER),
    ],
)
def test_a_command_is_offered_to_whoever_may_do_its_least_part(rights: list[Right | None], needed: str | None) -> None:
    commands = [made(f"c{number}", right=right) for number, right in enumerate(rights)]
    assert payload(commands)[0]["default_member_permissions"] == needed


def test_checking_a_message_is_offered_to_moderators_and_reporting_to_everybody() -> None:
    _, check, report = payload(all_commands())
    assert check["default_member_permissions"] == MANAGE_MESSAGES
    assert report["default_member_permissions"] is None


def test_options_keep_their_kind_and_what_is_needed_comes_first() -> None:
    kinds = {
        OptionKind.TEXT: 3, OptionKind.TRUTH: 5, OptionKind.MEMBER: 6, OptionKind.CHANNEL: 7, OptionKind.ROLE: 8,
        OptionKind.NUMBER: 10, OptionKind.FILE: 11,
    }  # fmt: skip
    options = [Option(kind.value, "says", kind, required=kind is OptionKind.FILE) for kind in OptionKind]
    group = payload([made("one", options=options)])[0]
    shown = group["options"][0]["options"]
    assert shown[0]["name"] == "file"
    assert {one["name"]: one["type"] for one in shown} == {kind.value: number for kind, number in kinds.items()}
    check_commands([group])


def test_choices_and_proposals_exclude_each_other() -> None:
    options = [
        Option("state", "says", choices=("draft", "live"), completes=True),
        Option("term", "says", completes=True),
    ]
    [state, term] = payload([made("one", options=options)])[0]["options"][0]["options"]
    assert [choice["value"] for choice in state["choices"]] == ["draft", "live"]
    assert "autocomplete" not in state
    assert term["autocomplete"] is True


def test_what_discord_adds_by_itself_is_no_difference() -> None:
    wanted = payload(all_commands())
    registered = [
        {
            **one,
            "id": "1",
            "version": "2",
            "nsfw": False,
            "dm_permission": True,
            "description": one.get("description", ""),
        }
        for one in wanted
    ]
    assert not differs(wanted, registered[::-1])


Change = Callable[[list[dict[str, Any]]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda there: there.pop(),
        lambda there: there[0].update(description="Something else"),
        lambda there: there[0]["options"].pop(),
        lambda there: there[0].update(default_member_permissions="8"),
        lambda there: there[0].update(description_localizations={"de": "Anders"}),
        lambda there: there[0]["options"].reverse(),
    ],
)
def test_any_difference_that_people_would_see_is_one(change: Change) -> None:
    there = payload(all_commands())
    change(there)
    assert differs(payload(all_commands()), there)
