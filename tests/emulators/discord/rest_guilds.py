"""Users, application, gateway, guilds, channels, roles and members over REST."""

from __future__ import annotations

from typing import Any

from .core import Core
from .errors import (
    UNKNOWN_APPLICATION,
    UNKNOWN_MEMBER,
    UNKNOWN_OVERWRITE,
    UNKNOWN_ROLE,
    UNKNOWN_USER,
    Form,
    Json,
    missing_permissions,
    not_found,
)
from .http import Answer, Call, Endpoint, snowflake
from .payloads import channel_payload, guild_payload, member_payload, role_payload, user_payload
from .permissions import Permission, channel_permissions, guild_permissions
from .state import CATEGORY, FORUM, NEWS, TEXT, VOICE, ChannelRecord, GuildRecord, MemberRecord, Overwrite


async def me(call: Call) -> Answer:
    """GET /users/@me."""
    return {**user_payload(call.core.world.bot), "verified": True, "mfa_enabled": False, "locale": "en-US", "flags": 0}


async def user(call: Call) -> Answer:
    """GET /users/{id}."""
    found = call.core.world.users.get(call.id("user_id"))
    if found is None:
        raise not_found(UNKNOWN_USER)
    return user_payload(found)


async def my_guilds(call: Call) -> Answer:
    """GET /users/@me/guilds, in pages of up to 200 by ``after`` and ``before``."""
    core = call.core
    limit = min(snowflake(call.query.get("limit", "200"), "limit"), 200)
    after = snowflake(call.query.get("after", "0"), "after")
    before = snowflake(call.query.get("before", str(1 << 63)), "before")
    found = sorted(g.id for g in core.world.guilds.values() if g.has_bot and after < g.id < before)[:limit]
    guilds = [core.world.guilds[i] for i in found]
    return [
        {
            "id": str(g.id),
            "name": g.name,
            "icon": None,
            "owner": False,
            "permissions": str(guild_permissions(g, g.members[core.world.bot.id])),
            "features": [],
        }
        for g in guilds
    ]


async def leave(call: Call) -> Answer:
    """DELETE /users/@me/guilds/{id}."""
    guild = call.core.guild(call.id("guild_id"))
    call.core.say_guild("GUILD_DELETE", guild, {"id": str(guild.id)})
    guild.has_bot = False
    return None


async def application(call: Call) -> Answer:
    """GET /oauth2/applications/@me and /applications/@me."""
    return application_payload(call.core)


async def application_by_id(call: Call) -> Answer:
    """GET or PATCH /applications/{id}."""
    if call.id("application_id") != call.core.world.application_id:
        raise not_found(UNKNOWN_APPLICATION)
    return application_payload(call.core)


def application_payload(core: Core) -> Json:
    """The application object."""
    owner = {"id": str(core.world.application_id), "username": "owner", "discriminator": "0", "avatar": None}
    return {
        "id": str(core.world.application_id),
        "name": core.world.bot.name,
        "icon": None,
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": owner,
        "verify_key": "0" * 64,
        "team": None,
        "flags": core.application_flags,
        "bot": user_payload(core.world.bot),
        "approximate_guild_count": sum(g.has_bot for g in core.world.guilds.values()),
        "interactions_endpoint_url": None,
        "redirect_uris": [],
        "rpc_origins": [],
    }


async def gateway(call: Call) -> Answer:
    """GET /gateway."""
    return {"url": call.core.gateway.resume_url}


async def gateway_bot(call: Call) -> Answer:
    """GET /gateway/bot."""
    door = call.core.gateway
    limit = {
        "total": door.session_start_limit,
        "remaining": door.session_start_remaining,
        "reset_after": 86_400_000,
        "max_concurrency": door.max_concurrency,
    }
    return {"url": door.resume_url, "shards": call.core.recommended_shards, "session_start_limit": limit}


async def guild(call: Call) -> Answer:
    """GET a guild."""
    found = call.core.guild(call.id("guild_id"))
    payload = guild_payload(found)
    if call.query.get("with_counts") in {"1", "true"}:
        payload["approximate_member_count"] = len(found.members)
        payload["approximate_presence_count"] = 0
    return payload


async def guild_channels(call: Call) -> Answer:
    """GET a guild's channels, threads left out."""
    found = call.core.guild(call.id("guild_id"))
    return [channel_payload(c) for c in found.channels.values() if not c.is_thread]


async def active_threads(call: Call) -> Answer:
    """GET a guild's active threads that the bot sees."""
    found = call.core.guild(call.id("guild_id"))
    threads = [c for c in found.channels.values() if c.is_thread and not c.archived and call.core.bot_sees(c)]
    return {"threads": [channel_payload(c) for c in threads], "members": []}


async def archived_threads(call: Call) -> Answer:
    """GET a channel's archived public threads."""
    found, channel = call.core.channel(call.id("channel_id"), Permission.READ_MESSAGE_HISTORY)
    threads = [c for c in found.channels.values() if c.is_thread and c.archived and c.parent_id == channel.id]
    threads.sort(key=lambda c: c.id, reverse=True)
    return {"threads": [channel_payload(c) for c in threads], "members": [], "has_more": False}


async def create_channel(call: Call) -> Answer:
    """POST a channel; needs MANAGE_CHANNELS."""
    core, body = call.core, call.json
    found = core.guild(call.id("guild_id"))
    core.require(found, Permission.MANAGE_CHANNELS)
    form = Form()
    form.length("name", body.get("name"), 1, 100)
    form.most("topic", body.get("topic"), 4096 if body.get("type") == FORUM else 1024)
    if body.get("type", TEXT) not in {TEXT, VOICE, CATEGORY, NEWS, FORUM}:
        form.add("type", "BASE_TYPE_CHOICES", "Value must be one of 0, 2, 4, 5, 15.")
    form.check()
    channel = ChannelRecord(core.world.new_id(), found.id, body["name"], body.get("type", TEXT))
    channel.topic = body.get("topic")
    channel.parent_id = int(body["parent_id"]) if body.get("parent_id") else None
    channel.overwrites = _overwrites(body.get("permission_overwrites") or [])
    core.world.add_channel(channel)
    core.say_channel("CHANNEL_CREATE", channel)
    return channel_payload(channel)


async def channel(call: Call) -> Answer:
    """GET a channel or thread."""
    return channel_payload(call.core.channel(call.id("channel_id"))[1])


async def edit_channel(call: Call) -> Answer:
    """PATCH a channel (MANAGE_CHANNELS) or a thread (MANAGE_THREADS, or its owner)."""
    core, body = call.core, call.json
    found, target = core.channel(call.id("channel_id"))
    if not (target.is_thread and target.owner_id == core.world.bot.id):
        core.channel(target.id, Permission.MANAGE_THREADS if target.is_thread else Permission.MANAGE_CHANNELS)
    form = Form()
    if "name" in body:
        form.length("name", body["name"], 1, 100)
    form.most("topic", body.get("topic"), 4096 if target.type == FORUM else 1024)
    form.check()
    for name in ("name", "topic", "archived", "locked"):
        if name in body:
            setattr(target, name, body[name])
    if "permission_overwrites" in body:
        core.require(found, Permission.MANAGE_ROLES)
        target.overwrites = _overwrites(body["permission_overwrites"] or [])
    core.say_channel("THREAD_UPDATE" if target.is_thread else "CHANNEL_UPDATE", target)
    return channel_payload(target)


async def delete_channel(call: Call) -> Answer:
    """DELETE a channel or thread."""
    core = call.core
    target = core.channel(call.id("channel_id"))[1]
    core.channel(target.id, Permission.MANAGE_THREADS if target.is_thread else Permission.MANAGE_CHANNELS)
    core.say_channel("THREAD_DELETE" if target.is_thread else "CHANNEL_DELETE", target)
    core.world.drop_channel(target)
    return channel_payload(target)


async def put_overwrite(call: Call) -> Answer:
    """PUT a channel's permission overwrite; nobody may allow what they lack themselves."""
    core, body = call.core, call.json
    found, target = core.channel(call.id("channel_id"), Permission.MANAGE_ROLES)
    overwrite = Overwrite(
        call.id("overwrite_id"), int(body.get("type", 0)), int(body.get("allow") or 0), int(body.get("deny") or 0)
    )
    have = channel_permissions(found, target, found.members[core.world.bot.id])
    if (overwrite.allow | overwrite.deny) & ~have:
        raise missing_permissions()
    target.overwrites[overwrite.id] = overwrite
    core.say_channel("CHANNEL_UPDATE", target)
    return None


async def delete_overwrite(call: Call) -> Answer:
    """DELETE a channel's permission overwrite."""
    _, target = call.core.channel(call.id("channel_id"), Permission.MANAGE_ROLES)
    if target.overwrites.pop(call.id("overwrite_id"), None) is None:
        raise not_found(UNKNOWN_OVERWRITE)
    call.core.say_channel("CHANNEL_UPDATE", target)
    return None


async def roles(call: Call) -> Answer:
    """GET a guild's roles."""
    return [role_payload(role) for role in call.core.guild(call.id("guild_id")).roles.values()]


async def role(call: Call) -> Answer:
    """GET one role."""
    found = call.core.guild(call.id("guild_id")).roles.get(call.id("role_id"))
    if found is None:
        raise not_found(UNKNOWN_ROLE)
    return role_payload(found)


async def member(call: Call) -> Answer:
    """GET one member."""
    return member_payload(_member(call)[1])


async def members(call: Call) -> Answer:
    """GET members in pages; needs the members intent to be granted."""
    found = call.core.guild(call.id("guild_id"))
    if not call.core.gateway.granted & (1 << 1):
        raise missing_permissions()
    after = snowflake(call.query.get("after", "0"), "after")
    limit = min(snowflake(call.query.get("limit", "1"), "limit"), 1000)
    page = sorted(m.user.id for m in found.members.values() if m.user.id > after)[:limit]
    return [member_payload(found.members[i]) for i in page]


def _member(call: Call) -> tuple[GuildRecord, MemberRecord]:
    found = call.core.guild(call.id("guild_id"))
    text = call.ids["user_id"]
    someone = found.members.get(call.core.world.bot.id if text == "@me" else snowflake(text, "user_id"))
    if someone is None:
        raise not_found(UNKNOWN_MEMBER)
    return found, someone


def _overwrites(listed: list[Any]) -> dict[int, Overwrite]:
    found = [Overwrite(int(o["id"]), int(o["type"]), int(o.get("allow") or 0), int(o.get("deny") or 0)) for o in listed]
    return {overwrite.id: overwrite for overwrite in found}


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/users/@me"): me,
    ("GET", "/users/@me/guilds"): my_guilds,
    ("DELETE", "/users/@me/guilds/{guild_id}"): leave,
    ("GET", "/users/{user_id}"): user,
    ("GET", "/oauth2/applications/@me"): application,
    ("GET", "/applications/@me"): application,
    ("GET", "/applications/{application_id}"): application_by_id,
    ("GET", "/gateway"): gateway,
    ("GET", "/gateway/bot"): gateway_bot,
    ("GET", "/guilds/{guild_id}"): guild,
    ("GET", "/guilds/{guild_id}/channels"): guild_channels,
    ("POST", "/guilds/{guild_id}/channels"): create_channel,
    ("GET", "/guilds/{guild_id}/threads/active"): active_threads,
    ("GET", "/guilds/{guild_id}/roles"): roles,
    ("GET", "/guilds/{guild_id}/roles/{role_id}"): role,
    ("GET", "/guilds/{guild_id}/members"): members,
    ("GET", "/guilds/{guild_id}/members/{user_id}"): member,
    ("GET", "/channels/{channel_id}"): channel,
    ("PATCH", "/channels/{channel_id}"): edit_channel,
    ("DELETE", "/channels/{channel_id}"): delete_channel,
    ("GET", "/channels/{channel_id}/threads/archived/public"): archived_threads,
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}"): put_overwrite,
    ("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}"): delete_overwrite,
}
