"""Commands, presses, menus, modals and autocomplete through the loopback Discord, answered by the real discord.py."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.discord import BadOption, CannotDo, Channel, File, Guild, LoopbackDiscord, Member, MessageRecord
from tests.emulators.discord.client import discord, running

app_commands = discord.app_commands
Press = discord.Interaction[discord.Client]


class Reason(discord.ui.Modal, title="Why?"):
    """A modal with a field above and a menu in a label."""

    text: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Reason", custom_id="reason", min_length=3)
    kind: discord.ui.Label[Any] = discord.ui.Label(
        text="Kind",
        component=discord.ui.Select(
            custom_id="kind", options=[discord.SelectOption(label="Quote", value="q")], required=False, min_values=0
        ),
    )

    async def on_submit(self, interaction: Press, /) -> None:
        assert isinstance(self.kind.component, discord.ui.Select)
        await interaction.response.send_message(f"{self.text.value} {self.kind.component.values}", ephemeral=True)


class Buttons(discord.ui.View):
    """One button for each way to answer."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Link", url="https://example.org"))

    @discord.ui.button(label="Private", custom_id="private")
    async def private(self, interaction: Press, _: Any) -> None:
        await interaction.response.send_message(f"in {interaction.locale.value}", ephemeral=True)

    @discord.ui.button(label="Update", custom_id="update")
    async def update(self, interaction: Press, _: Any) -> None:
        await interaction.response.edit_message(content="updated")

    @discord.ui.button(label="Slow update", custom_id="slow")
    async def slow(self, interaction: Press, _: Any) -> None:
        await interaction.response.defer()
        await asyncio.sleep(0.05)
        await interaction.edit_original_response(content="updated late")

    @discord.ui.button(label="Never", custom_id="never")
    async def never(self, interaction: Press, _: Any) -> None:
        """Leave it without an answer."""

    @discord.ui.button(label="Ask", custom_id="ask", row=1)
    async def ask(self, interaction: Press, _: Any) -> None:
        await interaction.response.send_modal(Reason())

    @discord.ui.button(label="Off", custom_id="off", disabled=True, row=1)
    async def off(self, interaction: Press, _: Any) -> None:
        raise AssertionError(interaction)

    @discord.ui.select(
        custom_id="menu", placeholder="Pick", options=[discord.SelectOption(label="A", value="a")], row=2
    )
    async def menu(self, interaction: Press, select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"picked {select.values}", ephemeral=True)

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="where", placeholder="Where", row=3)
    async def where(self, interaction: Press, select: discord.ui.ChannelSelect[Any]) -> None:
        await interaction.response.send_message(f"chose {select.values[0].name}", ephemeral=True)


class Bot(discord.AutoShardedClient):
    """A bot with one command for each way to answer."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), max_messages=None)
        self.tree = app_commands.CommandTree(self)
        self.errors: list[BaseException] = []
        self.tree.on_error = self._note  # type: ignore[method-assign]  # discord.py documents this assignment
        group = app_commands.Group(
            name="safety", description="d", default_permissions=discord.Permissions(manage_guild=True)
        )
        for function in (layout, say, late, mute, twice, pick, load):
            group.add_command(app_commands.command(name=function.__name__, description="d")(function))
        self.tree.add_command(group)
        self.tree.context_menu(name="Check this message")(check)

    async def _note(self, _: Press, error: app_commands.AppCommandError, /) -> None:
        self.errors.append(getattr(error, "original", error))

    async def setup_hook(self) -> None:
        self.add_view(Buttons())
        await self.tree.sync()


async def say(
    interaction: Press, text: app_commands.Range[str, 2, 5], where: discord.TextChannel | None = None
) -> None:
    await interaction.response.send_message(f"{text} {where}", file=discord.File(io.BytesIO(b"chart"), "chart.png"))


async def late(interaction: Press, seconds: float) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await asyncio.sleep(seconds)
    await interaction.followup.send("after a while")
    await interaction.followup.send("and more", ephemeral=True)


async def layout(interaction: Press) -> None:
    await interaction.response.defer(thinking=True)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay("laid out"))
    await interaction.followup.send(view=view, ephemeral=True)


async def mute(interaction: Press, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await interaction.response.send_message("too late")


async def twice(interaction: Press) -> None:
    await interaction.response.send_message("first")
    interaction.response._response_type = None
    await interaction.response.send_message("second")


async def pick(interaction: Press, term: str) -> None:
    await interaction.response.send_message(term)


async def load(interaction: Press, file: discord.Attachment) -> None:
    await interaction.response.send_message(f"{file.filename}: {(await file.read()).decode()}")


async def terms(current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{current}{n}", value=str(n)) for n in range(3)]


async def check(interaction: Press, message: discord.Message) -> None:
    await interaction.response.send_message(f"checked {message.content}", ephemeral=True)


class Scene:
    """A connected bot in a guild, with a message of the bot that has all the buttons."""

    def __init__(self, loopback: LoopbackDiscord, guild: Guild, channel: Channel, bot: Bot) -> None:
        self.loopback, self.guild, self.channel, self.bot = loopback, guild, channel, bot
        self.member: Member = guild.add_member("m", locale="de")
        self.moderator: Member = guild.add_member("mod", guild.add_role("mods", "manage_guild"))
        self.message: MessageRecord


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with LoopbackDiscord() as loopback:
        guild = loopback.add_guild("g")
        channel = guild.add_channel("c")
        bot = Bot()
        async with running(loopback, bot):
            made = Scene(loopback, guild, channel, bot)
            await bot.get_partial_messageable(channel.id, guild_id=guild.id).send("press", view=Buttons())
            made.message = channel.bot_messages[0]
            yield made
        assert bot.errors == []


async def test_a_press_is_answered_in_the_pressers_locale_and_only_they_see_it(scene: Scene) -> None:
    result = await scene.member.taps(scene.message, "Private")
    assert (result.content, result.ephemeral, result.deferred) == ("in de", True, False)
    assert result.answered_after is not None
    assert result.answered_after < 1
    assert [m.content for m in scene.channel.messages] == ["press"]
    with pytest.raises(CannotDo, match="somebody else"):
        await scene.moderator.taps(result, "x")
    assert (await scene.member.taps(scene.message, "private", locale="fr")).content == "in fr"


async def test_updates_change_the_message_at_once_or_late(scene: Scene) -> None:
    await scene.member.taps(scene.message, "Update")
    assert scene.message.content == "updated"
    result = await scene.member.taps(scene.message, "Slow update")
    assert result.deferred
    assert scene.message.content == "updated late"
    assert scene.message.edits == 2


async def test_an_unanswered_press_fails_after_the_deadline(scene: Scene) -> None:
    scene.loopback.core.interaction_deadline = 0.1
    assert (await scene.member.taps(scene.message, "Never")).failed


async def test_buttons_that_cannot_be_pressed_are_refused(scene: Scene) -> None:
    for label, why in (("Off", "disabled"), ("Link", "link"), ("Nope", "no button")):
        with pytest.raises(CannotDo, match=why):
            await scene.member.taps(scene.message, label)
    scene.channel.deny(scene.guild.everyone, "view_channel")
    with pytest.raises(CannotDo, match="does not see"):
        await scene.member.taps(scene.message, "Private")


async def test_menus_give_values_and_resolved_channels(scene: Scene) -> None:
    assert (await scene.member.chooses(scene.message, "Pick", "A")).content == "picked ['a']"
    assert (await scene.member.chooses(scene.message, "where", scene.channel.id)).content == "chose c"
    with pytest.raises(CannotDo, match="no option"):
        await scene.member.chooses(scene.message, "menu", "B")
    with pytest.raises(CannotDo, match="takes 1 to 1"):
        await scene.member.chooses(scene.message, "menu", "A", "A")


async def test_a_modal_is_opened_filled_and_submitted(scene: Scene) -> None:
    opened = await scene.member.taps(scene.message, "Ask")
    assert opened.modal is not None
    assert opened.modal["title"] == "Why?"
    with pytest.raises(CannotDo, match="required"):
        await scene.member.submits_modal(opened)
    with pytest.raises(CannotDo, match="2 characters"):
        await scene.member.submits_modal(opened, {"Reason": "no"})
    with pytest.raises(CannotDo, match="no field"):
        await scene.member.submits_modal(opened, {"Reason": "yes", "Other": 1})
    done = await scene.member.submits_modal(opened, {"reason": "a quote", "Kind": "Quote"})
    assert (done.content, done.ephemeral) == ("a quote ['q']", True)


async def test_a_slash_command_answers_with_a_file(scene: Scene) -> None:
    result = await scene.moderator.runs("safety say", text="hello", where=scene.channel)
    assert (result.content, result.ephemeral) == ("hello c", False)
    assert [(f.filename, f.data) for f in result.files] == [("chart.png", b"chart")]
    assert scene.channel.messages[-1] is result.message


async def test_a_command_takes_a_file_and_the_bot_can_read_it(scene: Scene) -> None:
    result = await scene.moderator.runs("safety load", file=File("terms.csv", data=b"a,b"))
    assert result.content == "terms.csv: a,b"
    with pytest.raises(BadOption, match="takes a File"):
        await scene.moderator.runs("safety load", file="terms.csv")


async def test_a_deferred_answer_is_filled_by_the_first_follow_up(scene: Scene) -> None:
    result = await scene.moderator.runs("safety late", seconds=0.05)
    assert (result.deferred, result.content, result.ephemeral) == (True, "after a while", True)
    assert (await result.followup()).content == "and more"
    assert result.followups[0].ephemeral


async def test_a_deferred_answer_keeps_its_visibility_and_takes_a_layout(scene: Scene) -> None:
    result = await scene.moderator.runs("safety layout")
    assert result.message is not None
    assert (result.ephemeral, result.message.flags) == (False, 1 << 15)
    assert [c["content"] for c in result.components] == ["laid out"]
    assert scene.channel.messages[-1] is result.message


async def test_a_deferred_answer_that_does_not_come_is_still_thinking(scene: Scene) -> None:
    result = await scene.moderator.runs("safety late", seconds=0.3, patience=0.05)
    assert result.thinking
    await result.followup()
    assert not result.thinking


async def test_a_callback_after_the_deadline_is_unknown(scene: Scene) -> None:
    scene.loopback.core.interaction_deadline = 0.1
    result = await scene.moderator.runs("safety mute", seconds=0.2)
    assert result.failed
    await scene.loopback.until(lambda: scene.bot.errors)
    error = scene.bot.errors.pop()
    assert isinstance(error, discord.NotFound)
    assert error.code == 10062


async def test_a_second_acknowledgement_is_40060(scene: Scene) -> None:
    result = await scene.moderator.runs("safety twice")
    await scene.loopback.until(lambda: scene.bot.errors)
    error = scene.bot.errors.pop()
    assert isinstance(error, discord.HTTPException)
    assert (error.status, error.code, result.content) == (400, 40060, "first")
    assert [p.code for p in result.problems] == [40060]


async def test_a_token_that_is_too_old_is_refused(scene: Scene) -> None:
    scene.loopback.core.interaction_life = 0.0
    result = await scene.moderator.runs("safety late", seconds=0.01, patience=0.1)
    assert result.thinking
    await scene.loopback.until(lambda: scene.bot.errors)
    error = scene.bot.errors.pop()
    assert isinstance(error, discord.HTTPException)
    assert error.code == 50027


async def test_commands_are_hidden_from_those_without_the_permission(scene: Scene) -> None:
    with pytest.raises(CannotDo, match="hidden"):
        await scene.member.runs("safety twice")
    assert (await scene.member.runs("safety pick", term="t", by_override=True)).content == "t"
    with pytest.raises(CannotDo, match="no command"):
        await scene.moderator.runs("danger")
    with pytest.raises(CannotDo, match="is a group"):
        await scene.moderator.runs("safety")


@pytest.mark.parametrize("options", [{}, {"text": "x"}, {"text": "xxxxxx"}, {"text": 3}, {"text": "ok", "more": 1}])
async def test_options_that_the_client_would_refuse_are_refused(scene: Scene, options: dict[str, object]) -> None:
    with pytest.raises(BadOption):
        await scene.moderator.runs("safety say", options=options)


async def test_a_context_menu_gets_the_whole_message_without_the_content_intent(scene: Scene) -> None:
    scene.loopback.granted_intents(message_content=False)
    said = await scene.member.says(scene.channel, "something")
    result = await scene.member.runs_on_message("Check this message", said)
    assert (result.content, result.ephemeral) == ("checked something", True)


async def test_autocomplete_shows_what_the_bot_offers(scene: Scene) -> None:
    command = scene.bot.tree.get_command("safety")
    assert isinstance(command, app_commands.Group)
    inner = command.get_command("pick")
    assert isinstance(inner, app_commands.Command)

    @inner.autocomplete("term")
    async def offer(_: Press, current: str) -> list[app_commands.Choice[str]]:
        return await terms(current)

    await scene.bot.tree.sync()
    result = await scene.moderator.autocompletes("safety pick", "term", "me")
    assert [(c["name"], c["value"]) for c in result.choices] == [("me0", "0"), ("me1", "1"), ("me2", "2")]
    with pytest.raises(BadOption, match="no autocomplete"):
        await scene.moderator.autocompletes("safety say", "text")
