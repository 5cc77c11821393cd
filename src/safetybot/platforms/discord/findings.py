"""What `setup` and `status` tell about Discord: rights, intents, connection, and what stops working without each. Pure.

Lives here: looking, and the sentences. Does not live here: who may ask, and setting anything right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import discord

from safetybot.chat.services import Finding
from safetybot.translation import Texts, marked

_NAMED = 5
"""Channels that are named; the rest is counted."""

Watched = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel


def connection(said: Texts, *, connected: bool, message_content: bool, empty: int) -> Iterator[Finding]:
    """How the bot is connected and what it may read; `empty` counts messages that came without anything to read."""
    if connected:
        yield _well(said.say(marked("Connected to Discord.")))
    else:
        yield _missing(said.say(marked("Not connected to Discord now; messages are read later, as far as possible.")))
    if not message_content:
        yield _missing(
            said.say(
                marked(
                    "Reading messages is switched off for this bot: only what Discord's AutoMod finds is seen, "
                    "without the words around it."
                )
            ),
        )
    elif empty > _NAMED:
        yield _missing(
            said.say(
                marked(
                    "Messages come without their text. Whoever runs the bot has to switch on “Message Content Intent” "
                    "in the developer portal; without it nothing is found."
                )
            ),
        )
    else:
        yield _well(said.say(marked("Messages can be read.")))


def rights(
    said: Texts, guild: discord.Guild, *, alert_channel: str | None, exempt: frozenset[str], automod: bool
) -> Iterator[Finding]:
    """What the bot may do in a guild, channel by channel; channels that are `exempt` need nothing."""
    me = guild.me
    watched = [channel for channel in _channels(guild) if str(channel.id) not in exempt]
    hidden = _lacking(watched, me, lambda p: p.view_channel)
    open_to_us = [channel for channel in watched if channel not in hidden]
    yield _found(
        said, hidden,
        marked("All channels can be seen."),
        marked("Cannot see {channels} (View Channel): nothing is found there."),
    )  # fmt: skip
    yield _found(
        said, _lacking(open_to_us, me, _may_answer),
        marked("Replies can be written in all these channels."),
        marked("Cannot write in {channels} (Send Messages, in threads too): nobody is answered there."),
    )  # fmt: skip
    yield _found(
        said, _lacking(open_to_us, me, lambda p: p.read_message_history),
        marked("The history of all these channels can be read."),
        marked(
            "Cannot read the history of {channels} (Read Message History): nobody is answered there, and what is "
            "written while the bot is away is missed."
        ),
    )  # fmt: skip
    yield _alerts(said, guild, alert_channel)
    if automod:
        yield Finding(
            me.guild_permissions.manage_guild,
            said.say(marked("What AutoMod finds can be received."))
            if me.guild_permissions.manage_guild
            else said.say(marked("Lacks Manage Server: what AutoMod finds is not received, so nothing is found.")),
        )


def _alerts(said: Texts, guild: discord.Guild, alert_channel: str | None) -> Finding:
    if alert_channel is None:
        return _missing(said.say(marked("No alert channel is chosen: alerts wait in the review queue.")))
    channel = guild.get_channel_or_thread(int(alert_channel)) if alert_channel.isdigit() else None
    if channel is None:
        return _missing(said.say(marked("The alert channel is gone or hidden: alerts wait in the review queue.")))
    may = channel.permissions_for(guild.me)
    missing = [
        name
        for name, has in (
            ("View Channel", may.view_channel),
            (
                "Send Messages",
                may.send_messages_in_threads if isinstance(channel, discord.Thread) else may.send_messages,
            ),
            ("Read Message History", may.read_message_history),
        )
        if not has
    ]
    if missing:
        return _missing(said.say(
                marked("In the alert channel #{channel} the bot lacks {rights}: alerts do not arrive."),
                channel=channel.name, rights=", ".join(missing),
            ),
        )  # fmt: skip
    if not may.attach_files:
        return _missing(said.say(
                marked("In the alert channel #{channel} the bot lacks Attach Files: no charts, no exports there."),
                channel=channel.name,
            ),
        )  # fmt: skip
    return _well(said.say(marked("Alerts go to #{channel}."), channel=channel.name))


def _well(says: str) -> Finding:
    return Finding(well=True, says=says)


def _missing(says: str) -> Finding:
    return Finding(well=False, says=says)


def _channels(guild: discord.Guild) -> list[Watched]:
    return [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.forums]


def _may_answer(permissions: discord.Permissions) -> bool:
    return permissions.send_messages and permissions.send_messages_in_threads


def _lacking(
    channels: Sequence[Watched], me: discord.Member, has: Callable[[discord.Permissions], bool]
) -> list[Watched]:
    return [channel for channel in channels if not has(channel.permissions_for(me))]


def _found(said: Texts, lacking: Sequence[Watched], well: str, bad: str) -> Finding:
    if not lacking:
        return _well(said.say(well))
    names = ", ".join(f"#{channel.name}" for channel in lacking[:_NAMED])
    if len(lacking) > _NAMED:
        names = said.say(marked("{channels} and {number} more"), channels=names, number=len(lacking) - _NAMED)
    return _missing(said.say(bad, channels=names))
