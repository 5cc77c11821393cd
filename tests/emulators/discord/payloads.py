"""Renders state records as the JSON objects of Discord's API reference. Pure functions."""

from __future__ import annotations

from .errors import Json
from .permissions import channel_permissions
from .state import (
    FORUM,
    AttachmentRecord,
    ChannelRecord,
    GuildRecord,
    MemberRecord,
    MessageRecord,
    RoleRecord,
    UserRecord,
    World,
    iso,
    snowflake_time,
)


def user_payload(user: UserRecord) -> Json:
    """A user object."""
    return {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0000" if user.bot else "0",
        "global_name": user.global_name,
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_payload(member: MemberRecord, *, with_user: bool = True) -> Json:
    """A guild member object; message events leave the user out of it."""
    payload: Json = {
        "nick": member.nick,
        "avatar": None,
        "roles": [str(role) for role in member.roles],
        "joined_at": iso(member.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": iso(member.timeout_until) if member.timeout_until else None,
    }
    if with_user:
        payload["user"] = user_payload(member.user)
    return payload


def role_payload(role: RoleRecord) -> Json:
    """A role object."""
    return {
        "id": str(role.id),
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": role.position,
        "permissions": str(role.permissions),
        "managed": role.managed,
        "mentionable": False,
        "flags": 0,
    }


def channel_payload(channel: ChannelRecord) -> Json:
    """A channel object, or a thread's."""
    last = next(reversed(channel.messages)) if channel.messages else None
    payload: Json = {
        "id": str(channel.id),
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "type": channel.type,
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
        "last_message_id": str(last) if last else None,
        "rate_limit_per_user": 0,
        "flags": 0,
    }
    if channel.is_thread:
        stamp = iso(snowflake_time(channel.id))
        payload |= {
            "owner_id": str(channel.owner_id),
            "message_count": len(channel.messages),
            "member_count": 1,
            "total_message_sent": len(channel.messages),
            "applied_tags": [str(tag) for tag in channel.applied_tags],
            "thread_metadata": {
                "archived": channel.archived,
                "auto_archive_duration": 4320,
                "archive_timestamp": stamp,
                "locked": channel.locked,
                "create_timestamp": stamp,
            },
        }
        return payload
    payload |= {
        "position": channel.position,
        "nsfw": False,
        "topic": channel.topic,
        "permission_overwrites": [
            {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
            for o in channel.overwrites.values()
        ],
    }
    if channel.type == FORUM:
        payload |= {"available_tags": channel.tags, "default_reaction_emoji": None, "default_sort_order": None}
        payload |= {"default_forum_layout": 0, "default_thread_rate_limit_per_user": 0}
    return payload


def guild_payload(guild: GuildRecord) -> Json:
    """A guild object as REST gives it: without channels, members and threads."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "description": None,
        "owner_id": str(guild.owner_id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "roles": [role_payload(role) for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": ["COMMUNITY"],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "vanity_url_code": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": guild.locale,
        "max_members": 500_000,
        "nsfw_level": 0,
        "nsfw": False,
        "incidents_data": None,
    }


def guild_create_payload(guild: GuildRecord, bot: UserRecord) -> Json:
    """GUILD_CREATE: the guild with its channels, its threads that the bot sees, and of the members only the bot."""
    me = guild.members[bot.id]
    threads = [c for c in guild.channels.values() if c.is_thread and not c.archived]
    return {
        **guild_payload(guild),
        "joined_at": iso(me.joined_at),
        "large": len(guild.members) > 250,
        "unavailable": False,
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [member_payload(me)],
        "channels": [channel_payload(c) for c in guild.channels.values() if not c.is_thread],
        "threads": [channel_payload(c) for c in threads if channel_permissions(guild, c, me)],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def attachment_payload(attachment: AttachmentRecord, channel_id: int, origin: str) -> Json:
    """An attachment object; the url is served by the emulator itself."""
    url = f"{origin}/attachments/{channel_id}/{attachment.id}/{attachment.filename}"
    payload: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": attachment.size,
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    }
    if attachment.description is not None:
        payload["description"] = attachment.description
    return payload


def message_payload(message: MessageRecord, world: World, origin: str, *, event: bool = False) -> Json:
    """A message object; an event's also carries guild_id and the author's member."""
    payload: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "author": user_payload(message.author),
        "content": message.content,
        "timestamp": iso(message.created_at),
        "edited_timestamp": iso(message.edited_at) if message.edited_at else None,
        "tts": False,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_payload(user) for user in message.mentions],
        "mention_roles": [str(role) for role in message.mention_roles],
        "attachments": [attachment_payload(a, message.channel_id, origin) for a in message.attachments],
        "embeds": message.embeds,
        "pinned": False,
        "type": message.type,
        "flags": message.flags,
        "components": message.components,
    }
    for key, value in (
        ("nonce", message.nonce),
        ("webhook_id", message.webhook_id and str(message.webhook_id)),
        ("application_id", message.application_id and str(message.application_id)),
        ("interaction_metadata", message.interaction),
        ("message_reference", message.reference),
    ):
        if value is not None:
            payload[key] = value
    if message.reactions:
        payload["reactions"] = [
            {
                "emoji": emoji_payload(kind), "count": len(by), "count_details": {"burst": 0, "normal": len(by)},
                "me": world.bot.id in by, "me_burst": False, "burst_colors": [],
            }
            for kind, by in message.reactions.items()
        ]  # fmt: skip
    if message.snapshots:
        payload["message_snapshots"] = message.snapshots
    if message.reply_to is not None:
        channel = world.channels.get(message.channel_id)
        target = channel.messages.get(message.reply_to) if channel is not None else None
        payload["referenced_message"] = None
        if target is not None and not target.deleted:
            shown = message_payload(target, world, origin)
            # Discord nests one level only.
            shown.pop("referenced_message", None)
            payload["referenced_message"] = shown
    if event:
        payload["guild_id"] = str(message.guild_id)
        guild = world.guilds.get(message.guild_id)
        member = guild.members.get(message.author.id) if guild is not None else None
        if member is not None and message.webhook_id is None:
            payload["member"] = member_payload(member, with_user=False)
            payload["mentions"] = [
                {**user_payload(user), "member": member_payload(guild.members[user.id], with_user=False)}
                if guild is not None and user.id in guild.members
                else user_payload(user)
                for user in message.mentions
            ]
    return payload


def emoji_payload(kind: str) -> Json:
    """A partial emoji object: of Unicode by itself, a custom one from `name:id`."""
    name, _, number = kind.partition(":")
    return {"id": number or None, "name": name}


def without_content(payload: Json, bot_id: int) -> Json:
    """The payload as an application without the message-content intent gets it (D4).

    Its own messages, messages that mention it and ephemeral ones come whole.
    """
    if payload["author"]["id"] == str(bot_id) or any(user["id"] == str(bot_id) for user in payload["mentions"]):
        return payload
    stripped = {**payload, "content": "", "embeds": [], "attachments": [], "components": []}
    if payload.get("referenced_message"):
        stripped["referenced_message"] = without_content(payload["referenced_message"], bot_id)
    if payload.get("message_snapshots"):
        empty = {"content": "", "embeds": [], "attachments": [], "components": []}
        stripped["message_snapshots"] = [
            {"message": {**snapshot["message"], **empty}} for snapshot in payload["message_snapshots"]
        ]
    return stripped
