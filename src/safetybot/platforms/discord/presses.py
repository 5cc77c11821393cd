"""Presses, choices and filled-in forms: from an interaction to `Commands.act`, and its answer back in time (D30).

Lives here: what every button of ours leads to, and how any answer is given to an interaction. Does not live here: what
an action does (`chat/`), and slash commands (`interactions.py`). Nothing about a button is kept in memory: its custom
id says all, so that it works after a restart, and on another replica.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, Self

import discord
import structlog

from safetybot.chat.answers import Answer
from safetybot.chat.commands import Commands
from safetybot.chat.text import text
from safetybot.platforms.discord.caller import caller_of
from safetybot.platforms.discord.rendering import (
    AGAIN,
    MENU_ID,
    NOBODY,
    files_of,
    filled_in,
    modal_of,
    pages,
    view_of,
)
from safetybot.translation import marked, texts

log = structlog.get_logger(__name__)

PATIENCE = 1.5
"""Seconds after which an answer that is not there yet is announced; Discord waits for three (D30)."""
_PRESSED = re.compile(rf"(?P<carried>[A-Za-z0-9._-]+(?::[A-Za-z0-9._-]*)*:[A-Za-z0-9_-]{{8}}){AGAIN}*")
"""What `chat.actions.Actions.encode` makes; whether it is ours, its signature says."""


class Press(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_PRESSED):
    """Any button of ours."""

    def __init__(self, item: discord.ui.Button[discord.ui.View], carried: str) -> None:
        """Keep what the button carries."""
        super().__init__(item)
        self._carried = carried

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        assert isinstance(item, discord.ui.Button)  # noqa: S101  # no other component of ours has such an id
        return cls(item, match["carried"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it says."""
        await act(interaction, commands_of(interaction), self._carried)


class Pick(discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=re.escape(MENU_ID)):
    """Any menu of ours: what was chosen carries the action."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The menu that was used."""
        assert isinstance(item, discord.ui.Select)  # noqa: S101  # no other component of ours has this id
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what was chosen."""
        for chosen in self.item.values[:1]:
            await act(interaction, commands_of(interaction), chosen)


def commands_of(interaction: discord.Interaction[Any]) -> Commands:
    """The commands that the client of an interaction serves."""
    found = interaction.client.commands
    assert isinstance(found, Commands)  # noqa: S101  # narrows `Any`
    return found


async def act(interaction: discord.Interaction[Any], commands: Commands, carried: str) -> None:
    """Do what a button, a choice or a form carries, for whoever pressed, and answer them."""
    action = commands.services.actions.decode(carried)
    values = None
    if interaction.type is discord.InteractionType.modal_submit:
        values = filled_in(_data(interaction).get("components", ()))
    await respond(interaction, commands, commands.act(caller_of(interaction), action, values))


async def sent_in(interaction: discord.Interaction[Any]) -> None:
    """Do what a filled-in form of ours asks for; others are left to whoever made them."""
    custom_id = str(_data(interaction).get("custom_id", ""))
    if _PRESSED.fullmatch(custom_id):
        await act(interaction, commands_of(interaction), custom_id)


async def respond(interaction: discord.Interaction[Any], commands: Commands, work: Coroutine[Any, Any, Answer]) -> None:
    """Answer an interaction with what `work` makes: privately, in time, announced first where that takes long.

    A fault of ours is answered with an apology and then raised: its place is the log.
    """
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE)
    if not done:
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
        except discord.NotFound:
            # Discord gave up on the press, so nobody sees an answer; what was asked for is done all the same.
            log.warning("interaction_too_late")
            await task
            return
    try:
        answer = await task
    except Exception:
        await give(interaction, commands, _apology(interaction))
        raise
    try:
        await give(interaction, commands, answer)
    except discord.NotFound:
        log.warning("interaction_too_late")


async def give(interaction: discord.Interaction[Any], commands: Commands, answer: Answer) -> None:
    """Give an answer: a form, in place of the message pressed, or as messages that only the presser sees."""
    encode = commands.services.actions.encode
    late = interaction.response.is_done()
    if answer.form is not None:
        if late:
            # A form can only be the first answer to a press.
            await give(interaction, commands, _again(interaction))
        else:
            await interaction.response.send_modal(modal_of(answer.form, encode))
        return
    *before, last = pages(answer.text)
    view, files = view_of(answer, encode), files_of(answer)
    if before:
        await _first(interaction, answer, before[0], None, [])
        for page in before[1:]:
            await interaction.followup.send(page, ephemeral=True, suppress_embeds=True, allowed_mentions=NOBODY)
        await interaction.followup.send(
            last, ephemeral=True, suppress_embeds=True, allowed_mentions=NOBODY, **_extras(view, files)
        )
    else:
        await _first(interaction, answer, last, view, files)


async def _first(
    interaction: discord.Interaction[Any],
    answer: Answer,
    page: str,
    view: discord.ui.View | None,
    files: list[discord.File],
) -> None:
    if interaction.response.is_done():
        await interaction.edit_original_response(content=page, view=view, attachments=files, allowed_mentions=NOBODY)
    elif answer.replaces and interaction.message is not None and interaction.message.flags.ephemeral:
        # What everybody sees stays: a queue opened from an alert is for whoever opened it.
        await interaction.response.edit_message(
            content=page, view=view, attachments=files, allowed_mentions=NOBODY, suppress_embeds=True
        )
    else:
        await interaction.response.send_message(
            page, ephemeral=True, suppress_embeds=True, allowed_mentions=NOBODY, **_extras(view, files)
        )


def _data(interaction: discord.Interaction[Any]) -> dict[str, Any]:
    """The payload's data, whose shape differs from one kind of interaction to the next."""
    return dict(interaction.data or {})


def _extras(view: discord.ui.View | None, files: list[discord.File]) -> dict[str, Any]:
    """View and files as keywords; the library wants them left out where there are none."""
    extras: dict[str, Any] = {}
    if view is not None:
        extras["view"] = view
    if files:
        extras["files"] = files
    return extras


def _apology(interaction: discord.Interaction[Any]) -> Answer:
    say = texts(interaction.locale.value).say
    return Answer(text(say(marked("Something went wrong on our side. It is in the log of whoever runs the bot."))))


def _again(interaction: discord.Interaction[Any]) -> Answer:
    say = texts(interaction.locale.value).say
    return Answer(text(say(marked("That took too long. Please press the button again."))))
