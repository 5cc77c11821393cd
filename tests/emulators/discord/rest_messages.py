"""Messages over REST: send (nonce rules D32, replies D35), read, page, edit, delete; threads and forum posts."""

from __future__ import annotations

import bisect
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import count

from .core import Core
from .errors import (
    FORUM_NEEDS_THREAD,
    INVALID_FORM,
    NOT_AUTHOR,
    REPLY_NEEDS_HISTORY,
    THREAD_ARCHIVED,
    THREAD_EXISTS,
    THREAD_LOCKED,
    TOO_OLD_FOR_BULK,
    WRONG_CHANNEL_TYPE,
    ApiError,
    Form,
    Json,
    missing_permissions,
)
from .http import Answer, Call, Endpoint, snowflake
from .payloads import channel_payload
from .permissions import Permission, channel_permissions
from .state import (
    EPHEMERAL,
    FORUM,
    PUBLIC_THREAD,
    AttachmentRecord,
    ChannelRecord,
    GuildRecord,
    MessageRecord,
    UserRecord,
)
from .validation import Upload, check_message

_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")


async def send(call: Call) -> Answer:
    """POST /channels/{id}/messages."""
    core, body = call.core, call.json
    guild, channel = core.channel(call.id("channel_id"))
    _may_speak(core, guild, channel, body, files=bool(call.files))
    check_message(body, call.files)
    known = _repeated(core, body)
    if known is not None:
        # A message that was deleted since is not made again either: the repeat is then an unknown message.
        return core.render(core.message(core.world.channels[known.channel_id], known.id))
    message = new_message(core, channel, core.world.bot, body, call.files)
    _reply(core, guild, channel, message, body)
    message.nonce = body.get("nonce")
    message.application_id = core.world.application_id
    channel.add(message)
    if body.get("enforce_nonce") and message.nonce is not None:
        core.nonces[core.world.bot.id, str(message.nonce)] = (time.monotonic(), message)
    core.say_message("MESSAGE_CREATE", message)
    return core.render(message)


async def read(call: Call) -> Answer:
    """GET one message."""
    _, channel = call.core.channel(call.id("channel_id"), Permission.READ_MESSAGE_HISTORY)
    return call.core.render(call.core.message(channel, call.id("message_id")))


async def history(call: Call) -> Answer:
    """GET a page, newest first; ``before``, ``after`` and ``around`` exclude each other; 1 to 100, by default 50.

    Without READ_MESSAGE_HISTORY the page is empty, as Discord documents it.
    """
    core = call.core
    guild, channel = core.channel(call.id("channel_id"))
    limit = snowflake(call.query.get("limit", "50"), "limit")
    if not 1 <= limit <= 100:
        problem = {"code": "NUMBER_TYPE_MAX", "message": "int value should be between 1 and 100."}
        raise ApiError(400, INVALID_FORM, errors={"limit": {"_errors": [problem]}})
    have = channel_permissions(guild, channel, guild.members[core.world.bot.id])
    if not have & Permission.READ_MESSAGE_HISTORY.value:
        return []
    seen = [m for m in channel.messages.values() if not m.deleted and m.visible_to is None]
    ids = [m.id for m in seen]
    if "after" in call.query:
        start = bisect.bisect_right(ids, snowflake(call.query["after"], "after"))
        page = seen[start : start + limit]
    elif "around" in call.query:
        middle = bisect.bisect_left(ids, snowflake(call.query["around"], "around"))
        start = max(middle - limit // 2, 0)
        page = seen[start : start + limit]
    else:
        end = bisect.bisect_left(ids, snowflake(call.query["before"], "before")) if "before" in call.query else len(ids)
        page = seen[max(end - limit, 0) : end]
    return [core.render(message) for message in reversed(page)]


async def edit(call: Call) -> Answer:
    """PATCH a message of the bot's own."""
    core, body = call.core, call.json
    _, channel = core.channel(call.id("channel_id"))
    message = core.message(channel, call.id("message_id"))
    if message.author is not core.world.bot or message.webhook_id is not None:
        raise ApiError(403, NOT_AUTHOR)
    if channel.archived:
        raise ApiError(400, THREAD_ARCHIVED)
    check_message(body, call.files, editing=True, flags=message.flags)
    apply_edit(core, message, body, call.files)
    core.say_message("MESSAGE_UPDATE", message)
    return core.render(message)


async def delete(call: Call) -> Answer:
    """DELETE a message; others' need MANAGE_MESSAGES."""
    core = call.core
    guild, channel = core.channel(call.id("channel_id"))
    message = core.message(channel, call.id("message_id"))
    if message.author is not core.world.bot:
        have = channel_permissions(guild, channel, guild.members[core.world.bot.id])
        if not have & Permission.MANAGE_MESSAGES.value:
            raise missing_permissions()
    message.deleted = True
    core.say_deleted(channel, [message.id])
    return None


async def bulk_delete(call: Call) -> Answer:
    """POST bulk-delete: 2 to 100 messages, none older than two weeks; unknown ids are passed over."""
    core = call.core
    _, channel = core.channel(call.id("channel_id"), Permission.MANAGE_MESSAGES)
    ids = [snowflake(text, "messages") for text in call.json.get("messages") or []]
    if not 2 <= len(ids) <= 100:
        problem = {"code": "BASE_TYPE_BAD_LENGTH", "message": "Must be between 2 and 100 in length."}
        raise ApiError(400, INVALID_FORM, errors={"messages": {"_errors": [problem]}})
    found = [channel.messages[i] for i in ids if i in channel.messages and not channel.messages[i].deleted]
    if any(datetime.now(UTC) - message.created_at > timedelta(days=14) for message in found):
        raise ApiError(400, TOO_OLD_FOR_BULK)
    for message in found:
        message.deleted = True
    core.say_deleted(channel, [message.id for message in found], bulk=True)
    return None


async def typing(call: Call) -> Answer:
    """POST typing."""
    _, channel = call.core.channel(call.id("channel_id"), Permission.SEND_MESSAGES)
    channel.typing += 1
    return None


async def start_thread(call: Call) -> Answer:
    """POST threads: without a message, or a forum post with its first message."""
    core, body = call.core, call.json
    _, channel = core.channel(call.id("channel_id"))
    if channel.type == FORUM:
        core.channel(channel.id, Permission.SEND_MESSAGES)
        first = body.get("message") or {}
        check_message(first, call.files)
    else:
        core.channel(channel.id, Permission.CREATE_PUBLIC_THREADS)
        first = None
    thread = _new_thread(core, channel, body, core.world.new_id())
    if first is None:
        core.say_channel("THREAD_CREATE", thread, newly_created=True)
        return channel_payload(thread)
    message = new_message(core, thread, core.world.bot, first, call.files, message_id=thread.id)
    thread.add(message)
    core.say_channel("THREAD_CREATE", thread, newly_created=True)
    core.say_message("MESSAGE_CREATE", message)
    return {**channel_payload(thread), "message": core.render(message)}


async def start_thread_from(call: Call) -> Answer:
    """POST threads below a message: the thread gets the message's id."""
    core = call.core
    _, channel = core.channel(call.id("channel_id"), Permission.CREATE_PUBLIC_THREADS)
    message = core.message(channel, call.id("message_id"))
    if message.id in core.world.channels:
        raise ApiError(400, THREAD_EXISTS)
    thread = _new_thread(core, channel, call.json, message.id)
    core.say_channel("THREAD_CREATE", thread, newly_created=True)
    return channel_payload(thread)


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/channels/{channel_id}/messages"): send,
    ("GET", "/channels/{channel_id}/messages"): history,
    ("GET", "/channels/{channel_id}/messages/{message_id}"): read,
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): edit,
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): delete,
    ("POST", "/channels/{channel_id}/messages/bulk-delete"): bulk_delete,
    ("POST", "/channels/{channel_id}/typing"): typing,
    ("POST", "/channels/{channel_id}/threads"): start_thread,
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads"): start_thread_from,
}


def new_message(
    core: Core,
    channel: ChannelRecord,
    author: UserRecord,
    body: Json,
    files: dict[int, Upload],
    *,
    message_id: int | None = None,
    at: datetime | None = None,
) -> MessageRecord:
    """A message from a checked body; the caller files and announces it."""
    message = MessageRecord(message_id or core.world.new_id(at), channel.id, channel.guild_id, author)
    message.content = str(body.get("content") or "")
    message.embeds = [{"type": "rich", **embed} for embed in body.get("embeds") or []]
    message.components = numbered(body.get("components") or [])
    message.flags = int(body.get("flags") or 0)
    message.allowed_mentions = body.get("allowed_mentions")
    message.attachments = uploads(core, body, files)
    mentioned(core, message)
    return message


def apply_edit(core: Core, message: MessageRecord, body: Json, files: dict[int, Upload]) -> None:
    """Change what the body names; listed attachments stay, new files are added, unlisted ones go."""
    if "content" in body:
        message.content = str(body["content"] or "")
    if "embeds" in body:
        message.embeds = [{"type": "rich", **embed} for embed in body["embeds"] or []]
    if "components" in body:
        message.components = numbered(body["components"] or [])
    if body.get("flags") is not None:
        # Whether a message is ephemeral is settled when it is made.
        message.flags |= int(body["flags"]) & ~EPHEMERAL
    if "attachments" in body:
        kept = {str(item.get("id")) for item in body["attachments"] or []}
        message.attachments = [a for a in message.attachments if str(a.id) in kept]
    message.attachments = message.attachments + uploads(core, body, files)
    if "allowed_mentions" in body:
        message.allowed_mentions = body["allowed_mentions"]
    mentioned(core, message)
    message.edited_at = datetime.now(UTC)
    message.edits += 1


def uploads(core: Core, body: Json, files: dict[int, Upload]) -> list[AttachmentRecord]:
    """The uploaded files with the names and descriptions that the body's ``attachments`` give them."""
    listed = {str(item.get("id")): item for item in body.get("attachments") or []}
    found = []
    for number, (name, data, content_type) in sorted(files.items()):
        about = listed.get(str(number), {})
        filename = str(about.get("filename") or name)
        found.append(AttachmentRecord(core.world.new_id(), filename, data, content_type, about.get("description")))
    return found


def numbered(components: list[Json]) -> list[Json]:
    """Components with the ids that Discord gives to those that have none."""
    number = count(1)

    def walk(component: Json) -> Json:
        result = {"id": component.get("id") or next(number), **{k: v for k, v in component.items() if k != "id"}}
        if isinstance(component.get("components"), list):
            result["components"] = [walk(child) for child in component["components"]]
        if isinstance(component.get("accessory"), dict):
            result["accessory"] = walk(component["accessory"])
        return result

    return [walk(component) for component in components]


def mentioned(core: Core, message: MessageRecord) -> None:
    """Work out who is mentioned, within what ``allowed_mentions`` lets through (all, when it is absent: D34)."""
    allowed = message.allowed_mentions
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or [])
    listed = {str(i) for i in (allowed or {}).get("users") or []}
    roles = {str(i) for i in (allowed or {}).get("roles") or []}
    users = [i for i in _MENTION.findall(message.content) if "users" in parse or i in listed]
    message.mentions = [core.world.users[int(i)] for i in dict.fromkeys(users) if int(i) in core.world.users]
    message.mention_roles = [int(i) for i in _ROLE.findall(message.content) if "roles" in parse or i in roles]
    said = "@everyone" in message.content or "@here" in message.content
    message.mention_everyone = said and "everyone" in parse


def _may_speak(core: Core, guild: GuildRecord, channel: ChannelRecord, body: Json, *, files: bool) -> None:
    if channel.type == FORUM:
        raise ApiError(400, FORUM_NEEDS_THREAD)
    needed = [Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES]
    if body.get("embeds"):
        needed.append(Permission.EMBED_LINKS)
    if files:
        needed.append(Permission.ATTACH_FILES)
    core.channel(channel.id, *needed)
    have = channel_permissions(guild, channel, guild.members[core.world.bot.id])
    if channel.locked and not have & Permission.MANAGE_THREADS.value:
        raise ApiError(400, THREAD_LOCKED)
    # A message wakes an archived thread, unless it is locked.
    if channel.archived:
        channel.archived = False
        core.say_channel("THREAD_UPDATE", channel)
    replies = bool(body.get("message_reference")) and body["message_reference"].get("type", 0) == 0
    if replies and not have & Permission.READ_MESSAGE_HISTORY.value:
        raise ApiError(403, REPLY_NEEDS_HISTORY)


def _repeated(core: Core, body: Json) -> MessageRecord | None:
    """The message that this nonce already made within the window, deleted or not (D32)."""
    if not body.get("enforce_nonce") or body.get("nonce") is None:
        return None
    found = core.nonces.get((core.world.bot.id, str(body["nonce"])))
    if found is None or time.monotonic() - found[0] > core.nonce_window:
        return None
    return found[1]


def _reply(core: Core, guild: GuildRecord, channel: ChannelRecord, message: MessageRecord, body: Json) -> None:
    reference = body.get("message_reference")
    if not reference:
        return
    target_id = snowflake(reference.get("message_id"), "message_reference")
    if str(reference.get("channel_id", channel.id)) != str(channel.id):
        form = Form()
        text = "Cannot reply to a message in a different channel"
        form.add("message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", text)
        form.check()
    target = channel.messages.get(target_id)
    if target is None or target.deleted:
        if reference.get("fail_if_not_exists", True):
            form = Form()
            form.add("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.check()
        # Discord then sends it as a plain message.
        return
    message.type = 19
    message.reference = {
        "type": 0,
        "message_id": str(target_id),
        "channel_id": str(channel.id),
        "guild_id": str(guild.id),
    }
    allowed = message.allowed_mentions
    if (allowed is None or allowed.get("replied_user")) and target.author not in message.mentions:
        message.mentions.append(target.author)


def _new_thread(core: Core, parent: ChannelRecord, body: Json, thread_id: int) -> ChannelRecord:
    form = Form()
    form.length("name", body.get("name"), 1, 100)
    form.check()
    if parent.is_thread:
        raise ApiError(400, WRONG_CHANNEL_TYPE)
    thread = ChannelRecord(thread_id, parent.guild_id, body["name"], PUBLIC_THREAD, parent_id=parent.id)
    thread.owner_id = core.world.bot.id
    thread.applied_tags = [int(tag) for tag in body.get("applied_tags") or []]
    core.world.add_channel(thread)
    return thread
