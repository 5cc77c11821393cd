"""Permission bits and how Discord computes a member's permissions in a channel. Pure functions of the state records."""

from __future__ import annotations

from enum import IntFlag

from .state import ChannelRecord, GuildRecord, MemberRecord


class Permission(IntFlag):
    """The permission bits that the emulator checks or shows, named as Discord's documentation names them."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40


ALL = (1 << 53) - 1
"""What the owner and administrators have."""

EVERYONE = int(
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What @everyone has in a new guild here."""


def bits(*names: str | Permission | int) -> int:
    """The union of permissions given by name (``"send_messages"``) or value.

    Raises:
        ValueError: a name is not one of `Permission`.
    """
    total = 0
    for name in names:
        if isinstance(name, int):
            total |= int(name)
            continue
        try:
            total |= int(Permission[name.upper()])
        except KeyError:
            raise ValueError(
                f"no permission is called {name!r}; known: {', '.join(p.name or '' for p in Permission)}"
            ) from None
    return total


def guild_permissions(guild: GuildRecord, member: MemberRecord) -> int:
    """Permissions from roles alone, before any channel's overwrites."""
    if guild.owner_id == member.user.id:
        return ALL
    total = guild.roles[guild.id].permissions
    for role_id in member.roles:
        role = guild.roles.get(role_id)
        if role is not None:
            total |= role.permissions
    return ALL if total & Permission.ADMINISTRATOR.value else total


def channel_permissions(guild: GuildRecord, channel: ChannelRecord, member: MemberRecord) -> int:
    """Permissions in a channel, by Discord's order: @everyone, roles together, the member; threads ask their parent.

    Without VIEW_CHANNEL nothing is left, as Discord denies all else with it; without SEND_MESSAGES no embeds or files.
    """
    total = guild_permissions(guild, member)
    if total == ALL:
        return ALL
    parent = guild.channels.get(channel.parent_id or 0) if channel.is_thread else channel
    overwrites = parent.overwrites if parent is not None else {}
    everyone = overwrites.get(guild.id)
    if everyone is not None:
        total = (total & ~everyone.deny) | everyone.allow
    allow = deny = 0
    for role_id in member.roles:
        overwrite = overwrites.get(role_id)
        if overwrite is not None:
            allow |= overwrite.allow
            deny |= overwrite.deny
    total = (total & ~deny) | allow
    own = overwrites.get(member.user.id)
    if own is not None:
        total = (total & ~own.deny) | own.allow
    if not total & Permission.VIEW_CHANNEL.value:
        return 0
    speak = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    if not total & speak.value:
        total &= ~int(Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.MENTION_EVERYONE)
    return total
