"""Auto-moderation: rules over REST with their caps (D41), and what enabled keyword rules do to a message (D6)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .core import Core
from .errors import UNKNOWN_AUTOMOD_RULE, Form, Json, not_found
from .gateway import AUTOMOD_EXECUTION
from .http import Answer, Call, Endpoint
from .permissions import Permission, guild_permissions
from .state import ChannelRecord, GuildRecord, MemberRecord, MessageRecord

KEYWORD, SPAM, PRESET, MENTION_SPAM, PROFILE = 1, 3, 4, 5, 6
PER_KIND = {KEYWORD: 6, SPAM: 1, PRESET: 1, MENTION_SPAM: 1, PROFILE: 1}
BLOCK, ALERT, TIMEOUT, BLOCK_PROFILE = 1, 2, 3, 4


async def listed(call: Call) -> Answer:
    """GET a guild's rules."""
    return list(_guild(call).automod.values())


async def read(call: Call) -> Answer:
    """GET one rule."""
    return _rule(call)[1]


async def create(call: Call) -> Answer:
    """POST a rule."""
    guild, body, core = _guild(call), call.json, call.core
    check_rule(body, guild)
    _may_time_out(core, guild, body)
    same = sum(rule["trigger_type"] == body["trigger_type"] for rule in guild.automod.values())
    if same >= PER_KIND[body["trigger_type"]]:
        form = Form()
        text = "Maximum number of rules with this trigger type exceeded"
        form.add("trigger_type", "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED", text)
        form.check()
    rule: Json = {
        "id": str(core.world.new_id()),
        "guild_id": str(guild.id),
        "name": body["name"],
        "creator_id": str(core.world.bot.id),
        "event_type": body["event_type"],
        "trigger_type": body["trigger_type"],
        "trigger_metadata": _metadata(body),
        "actions": _actions(body),
        "enabled": bool(body.get("enabled", False)),
        "exempt_roles": [str(i) for i in body.get("exempt_roles") or []],
        "exempt_channels": [str(i) for i in body.get("exempt_channels") or []],
    }
    guild.automod[int(rule["id"])] = rule
    core.say_automod_rule("AUTO_MODERATION_RULE_CREATE", guild, rule)
    return rule


async def edit(call: Call) -> Answer:
    """PATCH a rule; its trigger type stands."""
    guild, rule = _rule(call)
    merged = {**rule, **call.json, "trigger_type": rule["trigger_type"]}
    check_rule(merged, guild)
    _may_time_out(call.core, guild, merged)
    merged |= {"trigger_metadata": _metadata(merged), "actions": _actions(merged)}
    for name in ("exempt_roles", "exempt_channels"):
        merged[name] = [str(i) for i in merged[name] or []]
    guild.automod[int(rule["id"])] = merged
    call.core.say_automod_rule("AUTO_MODERATION_RULE_UPDATE", guild, merged)
    return merged


async def delete(call: Call) -> Answer:
    """DELETE a rule."""
    guild, rule = _rule(call)
    del guild.automod[int(rule["id"])]
    call.core.say_automod_rule("AUTO_MODERATION_RULE_DELETE", guild, rule)
    return None


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/guilds/{guild_id}/auto-moderation/rules"): listed,
    ("POST", "/guilds/{guild_id}/auto-moderation/rules"): create,
    ("GET", "/guilds/{guild_id}/auto-moderation/rules/{rule_id}"): read,
    ("PATCH", "/guilds/{guild_id}/auto-moderation/rules/{rule_id}"): edit,
    ("DELETE", "/guilds/{guild_id}/auto-moderation/rules/{rule_id}"): delete,
}


def check_rule(rule: Json, guild: GuildRecord) -> None:
    """Check a rule against the caps.

    Raises:
        ApiError: 400 with every field that is wrong.
    """
    form = Form()
    form.length("name", rule.get("name"), 1, 100)
    kind = rule.get("trigger_type")
    if kind not in PER_KIND:
        form.add("trigger_type", "BASE_TYPE_CHOICES", f"Value must be one of {sorted(PER_KIND)}.")
    if rule.get("event_type") not in {1, 2}:
        form.add("event_type", "BASE_TYPE_CHOICES", "Value must be one of 1, 2.")
    metadata = rule.get("trigger_metadata") or {}
    if kind in {KEYWORD, PROFILE}:
        _list(form, "trigger_metadata.keyword_filter", metadata.get("keyword_filter"), 1000, 60)
        _list(form, "trigger_metadata.regex_patterns", metadata.get("regex_patterns"), 10, 260)
        _list(form, "trigger_metadata.allow_list", metadata.get("allow_list"), 100, 60)
        if not metadata.get("keyword_filter") and not metadata.get("regex_patterns"):
            form.required("trigger_metadata")
    for name, most in (("exempt_roles", 20), ("exempt_channels", 50)):
        if len(rule.get(name) or []) > most:
            form.add(name, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if not rule.get("actions"):
        form.required("actions")
    for number, action in enumerate(rule.get("actions") or []):
        _action(form, f"actions.{number}", action, guild, kind)
    form.check()


@dataclass(frozen=True, slots=True)
class Match:
    """A keyword rule that a message met: the rule, the keyword as configured, and the words it met."""

    rule: Json
    keyword: str
    matched: str


def matches(guild: GuildRecord, channel: ChannelRecord, member: MemberRecord, text: str) -> list[Match]:
    """The enabled keyword rules that a message meets, exempt roles and channels left out.

    A keyword is surrounded by whitespace; ``*`` at its start or end lets the word go on there. Members who may manage
    the server are never moderated.
    """
    if guild_permissions(guild, member) & Permission.MANAGE_GUILD.value:
        return []
    found = []
    for rule in guild.automod.values():
        if not rule["enabled"] or rule["trigger_type"] != KEYWORD or str(channel.id) in rule["exempt_channels"]:
            continue
        if {str(role) for role in member.roles} & set(rule["exempt_roles"]):
            continue
        metadata = rule["trigger_metadata"]
        if any(_pattern(word).search(text) for word in metadata.get("allow_list") or []):
            continue
        patterns = [(word, _pattern(word)) for word in metadata.get("keyword_filter") or []]
        patterns += [(regex, re.compile(regex)) for regex in metadata.get("regex_patterns") or []]
        for keyword, pattern in patterns:
            hit = pattern.search(text)
            if hit:
                found.append(Match(rule, keyword, hit[0]))
                break
    return found


def act(
    core: Core,
    match: Match,
    action: Json,
    member: MemberRecord,
    channel: ChannelRecord,
    text: str,
    message_id: int | None,
) -> None:
    """Carry one action out and tell it: an alert stands in its channel, and the bot learns of it if it may (D6).

    Args:
        core: the emulator's parts.
        match: the rule that was met.
        action: one of the rule's actions.
        member: who wrote.
        channel: where.
        text: what was written.
        message_id: the message, None when it was blocked.
    """
    guild = core.world.guilds[channel.guild_id]
    payload: Json = {
        "guild_id": str(guild.id),
        "action": action,
        "rule_id": match.rule["id"],
        "rule_trigger_type": match.rule["trigger_type"],
        "user_id": str(member.user.id),
        "channel_id": str(channel.id),
        "content": text,
        "matched_keyword": match.keyword,
        "matched_content": match.matched,
    }
    if message_id is not None:
        payload["message_id"] = str(message_id)
    if action["type"] == ALERT:
        payload["alert_system_message_id"] = str(_alert(core, match, action, member, channel, text).id)
    if not guild_permissions(guild, guild.members[core.world.bot.id]) & Permission.MANAGE_GUILD.value:
        return
    bare = {**payload, "content": "", "matched_content": ""}
    event = "AUTO_MODERATION_ACTION_EXECUTION"
    core.gateway.dispatch(event, payload, guild_id=guild.id, intent=AUTOMOD_EXECUTION, stripped=bare)


def _alert(
    core: Core, match: Match, action: Json, member: MemberRecord, channel: ChannelRecord, text: str
) -> MessageRecord:
    """The message of type 24 in the alert channel: its author is the member, its embed carries what they wrote."""
    place = core.world.channels[int(action["metadata"]["channel_id"])]
    message = MessageRecord(core.world.new_id(), place.id, place.guild_id, member.user, type=24)
    fields = {
        "rule_name": match.rule["name"],
        "channel_id": str(channel.id),
        "keyword": match.keyword,
        "keyword_matched_content": match.matched,
    }
    listed = [{"name": name, "value": value, "inline": False} for name, value in fields.items()]
    message.embeds = [{"type": "auto_moderation_message", "description": text, "fields": listed}]
    place.add(message)
    core.say_message("MESSAGE_CREATE", message)
    return message


def _pattern(keyword: str) -> re.Pattern[str]:
    # Documented as surrounded by whitespace: punctuation beside a word keeps it from matching without a wildcard.
    start = "" if keyword.startswith("*") else r"(?<!\S)"
    end = "" if keyword.endswith("*") else r"(?!\S)"
    return re.compile(start + re.escape(keyword.strip("*")) + end, re.IGNORECASE)


def _guild(call: Call) -> GuildRecord:
    guild = call.core.guild(call.id("guild_id"))
    call.core.require(guild, Permission.MANAGE_GUILD)
    return guild


def _rule(call: Call) -> tuple[GuildRecord, Json]:
    guild = _guild(call)
    rule = guild.automod.get(call.id("rule_id"))
    if rule is None:
        raise not_found(UNKNOWN_AUTOMOD_RULE)
    return guild, rule


def _may_time_out(core: Core, guild: GuildRecord, rule: Json) -> None:
    if any(action["type"] == TIMEOUT for action in rule["actions"]):
        core.require(guild, Permission.MODERATE_MEMBERS)


def _list(form: Form, at: str, words: list[str] | None, most: int, length: int) -> None:
    if words is None:
        return
    if len(words) > most:
        form.add(at, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    for number, word in enumerate(words):
        form.length(f"{at}.{number}", word, 1, length)


def _action(form: Form, at: str, action: Json, guild: GuildRecord, trigger: object) -> None:
    kind, metadata = action.get("type"), action.get("metadata") or {}
    if kind not in {BLOCK, ALERT, TIMEOUT, BLOCK_PROFILE}:
        form.add(f"{at}.type", "BASE_TYPE_CHOICES", "Value must be one of 1, 2, 3, 4.")
    elif kind == BLOCK:
        form.most(f"{at}.metadata.custom_message", metadata.get("custom_message"), 150)
    elif kind == ALERT and int(metadata.get("channel_id") or 0) not in guild.channels:
        form.add(f"{at}.metadata.channel_id", "CHANNEL_NOT_FOUND", "Unknown channel")
    elif kind == TIMEOUT:
        if trigger not in {KEYWORD, MENTION_SPAM}:
            form.add(f"{at}.type", "BASE_TYPE_CHOICES", "A timeout is for keyword and mention-spam rules only.")
        if not 1 <= int(metadata.get("duration_seconds") or 0) <= 2_419_200:
            form.add(f"{at}.metadata.duration_seconds", "NUMBER_TYPE_MAX", "int value should be between 1 and 2419200.")


def _metadata(body: Json) -> Json:
    given = body.get("trigger_metadata") or {}
    if body["trigger_type"] in {KEYWORD, PROFILE}:
        return {"keyword_filter": [], "regex_patterns": [], "allow_list": [], **given}
    return dict(given)


def _actions(body: Json) -> list[Json]:
    actions = []
    for action in body["actions"]:
        metadata = dict(action.get("metadata") or {})
        if "channel_id" in metadata:
            metadata["channel_id"] = str(metadata["channel_id"])
        actions.append({"type": action["type"], "metadata": metadata})
    return actions
