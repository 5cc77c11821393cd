"""What the loopback Discord accepts and refuses as application commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.discord import ApiError, LoopbackDiscord
from tests.emulators.discord.client import discord, pointed_at
from tests.emulators.discord.command_rules import LOCALES, check_commands, valid_slash_name, weight

Json = dict[str, Any]


def command(**change: Any) -> Json:
    return {"name": "safety", "description": "d", "type": 1, **change}


def option(**change: Any) -> Json:
    return {"name": "term", "description": "d", "type": 3, **change}


def test_the_locales_are_those_that_discord_py_knows() -> None:
    assert {locale.value for locale in discord.Locale} == LOCALES


@pytest.mark.parametrize(
    "name", ["a", "sicherheit-1", "o'clock", "безопасность", "सुरक्षा", "ความปลอดภัย", "安全", "a" * 32]
)
def test_good_names_pass(name: str) -> None:
    check_commands([command(name_localizations={"de": name})])


@pytest.mark.parametrize("name", ["", "Two", "two words", "a" * 33, "a!", "Ünder", None])
def test_bad_names_are_refused(name: object) -> None:
    with pytest.raises(ApiError):
        check_commands([command(name=name)])
    if name is not None:
        with pytest.raises(ApiError) as refused:
            check_commands([command(name_localizations={"de": name})])
        assert list(refused.value.body()["errors"]["0"]["name_localizations"]) == ["de"]


@given(st.text(max_size=40))
def test_a_valid_name_is_short_lower_case_and_has_no_space(text: str) -> None:
    if valid_slash_name(text):
        assert 1 <= len(text) <= 32
        assert text == text.lower()
        assert not any(char.isspace() for char in text)


@pytest.mark.parametrize(
    "broken",
    [
        command(description=""),
        command(description="d" * 101),
        command(description_localizations={"de": "d" * 101}),
        command(description_localizations={"es": "d"}),
        command(options=[option(name=f"o{n}") for n in range(26)]),
        command(options=[option(), option()]),
        command(options=[option(name="a"), option(name="b", required=True)]),
        command(options=[option(choices=[{"name": f"c{n}", "value": str(n)} for n in range(26)])]),
        command(options=[option(choices=[{"name": "c", "value": "v" * 101}])]),
        command(options=[option(choices=[{"name": "c" * 101, "value": "v"}])]),
        command(options=[option(choices=[{"name": "c", "value": "v", "name_localizations": {"de": "c" * 101}}])]),
        command(options=[option(choices=[{"name": "c", "value": "v"}], autocomplete=True)]),
        command(options=[option(type=4, choices=[{"name": "c", "value": "v"}])]),
        command(options=[option(type=5, autocomplete=True)]),
        command(options=[option(type=12)]),
        command(options=[option(max_length=6001)]),
        command(options=[option(min_value=1)]),
        command(options=[option(type=1), option(name="x")]),
        command(options=[option(type=2, options=[option(type=2)])]),
        command(options=[option(type=1, options=[option(type=1)])]),
        command(options=[option(options=[option()])]),
        command(type=4),
        command(type=3, name="Check", description="d"),
        command(type=3, name="C" * 33, description=""),
        command(type=3, name="Check", description="", options=[option()]),
        command(default_member_permissions="x"),
        command(contexts=[3]),
    ],
)
def test_each_broken_command_is_refused_under_its_index(broken: Json) -> None:
    with pytest.raises(ApiError) as refused:
        check_commands([command(name="fine"), broken])
    body = refused.value.body()
    assert (refused.value.status, body["code"], body["message"]) == (400, 50035, "Invalid Form Body")
    assert list(body["errors"]) == ["1"]


def test_groups_sub_commands_and_context_menus_pass() -> None:
    keyword = option(name="keyword", type=2, options=[option(name="add", type=1, options=[option(required=True)])])
    check_commands(
        [
            command(options=[keyword, option(name="status", type=1)]),
            command(name="Check this message", type=3, description=""),
        ]
    )


def test_the_longest_locale_counts_towards_the_8000_characters() -> None:
    options = [option(name=f"o{n}", description="d" * 100, type=1) for n in range(25)]
    inner = [option(name=f"i{n}", description="d" * 100) for n in range(2)]
    for each in options:
        each["options"] = inner
    assert weight(command(options=options)) < 8000
    check_commands([command(options=options)])
    for each in inner:
        each["description"] = "d"
        each["description_localizations"] = {"de": "d" * 100, "fr": "d"}
    assert weight(command(options=options)) < 8000
    heavy = [{**each, "options": [option(name=f"x{n}", description="d" * 100) for n in range(3)]} for each in options]
    with pytest.raises(ApiError) as refused:
        check_commands([command(options=heavy)])
    assert refused.value.body()["errors"]["0"]["_errors"][0]["code"] == "APPLICATION_COMMAND_TOO_LARGE"


@pytest.mark.parametrize(("kind", "most"), [(1, 100), (2, 15), (3, 15)])
def test_there_is_a_most_of_each_kind(kind: int, most: int) -> None:
    description = "d" if kind == 1 else ""
    many = [command(name=f"c{n}", type=kind, description=description) for n in range(most + 1)]
    check_commands(many[:-1])
    with pytest.raises(ApiError) as refused:
        check_commands(many)
    assert refused.value.code == 30032


def test_one_name_may_serve_two_kinds_but_not_one_kind_twice() -> None:
    check_commands([command(), command(type=3, description="")])
    with pytest.raises(ApiError):
        check_commands([command(), command()])


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


async def test_discord_py_syncs_localised_commands_and_reads_them_back(loopback: LoopbackDiscord) -> None:
    class Translator(discord.app_commands.Translator):
        async def translate(
            self,
            string: discord.app_commands.locale_str,
            locale: discord.Locale,
            context: discord.app_commands.TranslationContextTypes,
        ) -> str | None:
            return "hilfe" if locale is discord.Locale.german and string.message == "help" else None

    client = discord.Client(intents=discord.Intents.none())
    tree = discord.app_commands.CommandTree(client)

    @tree.command(name=discord.app_commands.locale_str("help"), description="d")
    async def _help(_: discord.Interaction[discord.Client]) -> None:
        """Never called."""

    with pointed_at(loopback):
        async with client:
            await client.login(loopback.token)
            await tree.set_translator(Translator())
            first = await tree.sync()
            assert [c.id for c in await tree.sync()] == [c.id for c in first]
            (read,) = await tree.fetch_commands()
            assert read.name == "help"
            tree.remove_command("help")
            await tree.sync()
    assert loopback.commands == []
    puts = [r.json for r in loopback.requests if r.method == "PUT"]
    assert isinstance(puts[0], list)
    assert puts[0][0]["name_localizations"] == {"de": "hilfe"}


async def test_guild_commands_are_apart_and_creates_are_limited_by_the_day(loopback: LoopbackDiscord) -> None:
    guild = loopback.add_guild("g")
    url = f"{loopback.api_base}/applications/{loopback.core.world.application_id}/guilds/{guild.id}/commands"
    loopback.limits.lift()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {loopback.token}"}) as http:
        for start, status in ((0, 200), (0, 200), (100, 200), (200, 429)):
            body = [command(name=f"c{start + n}") for n in range(100)]
            async with http.put(url, json=body) as response:
                assert response.status == status
                answer = await response.json()
        assert (answer["code"], answer["global"]) == (30034, False)
        assert answer["retry_after"] > 0
        assert loopback.limits.invalid_requests == 0
        async with http.post(url, json=command(name="Bad Name")) as response:
            assert list((await response.json())["errors"]) == ["name"]
        wanted = guild.commands[0]["id"]
        async with http.patch(f"{url}/{wanted}", json={"description": "new"}) as response:
            assert (await response.json())["description"] == "new"
        async with http.delete(f"{url}/{wanted}") as response:
            assert response.status == 204
    assert len(guild.commands) == 99
    assert loopback.commands == []
