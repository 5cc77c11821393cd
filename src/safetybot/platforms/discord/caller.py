"""Who pressed or commanded, with the rights they have at this moment (D38): from an interaction to a `Caller`.

Lives here: Discord's permissions to our roles. Does not live here: what a role may do (`communities/access.py`).
"""

from __future__ import annotations

import discord

from safetybot.chat.commands import Caller
from safetybot.communities.access import Actor, Role
from safetybot.model import Place
from safetybot.platforms.discord.surfaces import NAME, place_of


def role_of(permissions: discord.Permissions) -> Role | None:
    """The role that guild-wide permissions give; None is a plain member.

    Whoever runs the guild decides the policy; whoever may take messages down or time members out reviews.
    """
    if permissions.administrator or permissions.manage_guild:
        return Role.ADMIN
    if permissions.manage_messages or permissions.moderate_members:
        return Role.MODERATOR
    return None


def permissions_of(interaction: discord.Interaction) -> discord.Permissions:
    """What somebody may do in the whole guild now.

    Discord says with each interaction what they may do in its channel. A channel can give the right to manage messages
    to people who have it nowhere else, so the roles of the guild have to give it too.
    """
    here = interaction.permissions
    if not isinstance(interaction.user, discord.Member):
        return discord.Permissions.none()
    return here & interaction.user.guild_permissions


def caller_of(interaction: discord.Interaction) -> Caller:
    """Who calls, where, in their own language; outside of guilds somebody without any right."""
    user = interaction.user
    community = str(interaction.guild_id or "")
    actor = Actor(
        name=f"{user.display_name} ({user.id})",
        role=role_of(permissions_of(interaction)),
        platform=NAME,
        community=community,
        member=str(user.id),
    )
    return Caller(actor, place_from(interaction), interaction.locale.value)


def place_from(interaction: discord.Interaction) -> Place:
    """Where an interaction happens."""
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        return place_of(channel, interaction.guild_id or 0)
    return Place(NAME, str(interaction.guild_id or ""), str(interaction.channel_id or ""))
