"""The loopback Discord's messages, channels and permissions over REST, driven by the real discord.py."""

from __future__ import annotations

import errno
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tests.emulators.discord import CannotDo, File, Guild, LoopbackDiscord
from tests.emulators.discord.client import discord, pointed_at
from tests.emulators.discord.http import json_response

LINK = {"type": 2, "style": 5, "url": "https://example.org", "label": "l"}


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
def guild(loopback: LoopbackDiscord) -> Guild:
    return loopback.add_guild("g")


@asynccontextmanager
async def rest(loopback: LoopbackDiscord) -> AsyncIterator[discord.Client]:
    """A client that is logged in for REST and not connected to the gateway."""
    with pointed_at(loopback):
        client = discord.Client(
            intents=discord.Intents.none(), allowed_mentions=discord.AllowedMentions.none(), max_ratelimit_timeout=30
        )
        async with client:
            await client.login(loopback.token)
            yield client


async def raw(loopback: LoopbackDiscord, method: str, path: str, **more: Any) -> tuple[int, Any, dict[str, str]]:
    """A request without discord.py in between: status, JSON, headers."""
    headers = {"Authorization": f"Bot {loopback.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, loopback.api_base + path, **more) as response,
    ):
        body = await response.json() if response.content_type == "application/json" else await response.text()
        return response.status, body, dict(response.headers)


def test_no_answer_names_a_charset_in_its_content_type() -> None:
    assert json_response({}).headers["Content-Type"] == "application/json"


async def test_a_repeated_nonce_gives_the_first_message_again_and_never_a_new_one(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel = guild.add_channel("c")
    loopback.limits.lift()
    async with rest(loopback) as client:
        place = client.get_partial_messageable(channel.id)
        first = await place.send("one", nonce="claim-1")
        again = await place.send("two", nonce="claim-1")
        other = await place.send("three", nonce="claim-2")
        assert (again.id, again.content) == (first.id, "one")
        assert other.id != first.id
        await first.delete()
        with pytest.raises(discord.NotFound) as gone:
            await place.send("four", nonce="claim-1")
        assert gone.value.code == 10008
        loopback.core.nonce_window = 0.0
        assert (await place.send("five", nonce="claim-1")).id != first.id
        with pytest.raises(discord.HTTPException) as refused:
            await place.send("six", nonce="x" * 26)
    assert refused.value.code == 50035
    assert [m.content for m in channel.messages] == ["three", "five"]


async def test_a_nonce_that_is_not_enforced_does_not_merge(loopback: LoopbackDiscord, guild: Guild) -> None:
    path = f"/channels/{guild.add_channel('c').id}/messages"
    ids = [(await raw(loopback, "POST", path, json={"content": "x", "nonce": "n"}))[1]["id"] for _ in range(2)]
    assert ids[0] != ids[1]


async def test_an_answer_lost_after_it_was_carried_out_is_found_by_its_nonce(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel = guild.add_channel("c")
    async with rest(loopback) as client:
        loopback.drop_rest(path="messages$", carried_out=True)
        place = client.get_partial_messageable(channel.id)
        with pytest.raises(aiohttp.ClientOSError) as cut:
            await place.send("once", nonce="n")
        assert cut.value.errno == errno.ECONNRESET
        loopback.rest_fails(502, 1, path="messages$", carried_out=True)
        assert (await place.send("once", nonce="n")).content == "once"
    assert [m.content for m in channel.messages] == ["once"]
    assert [r.status for r in loopback.requests if r.method == "POST"] == [0, 502, 200]


async def test_a_reply_names_its_message_and_pings_only_when_asked(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    asked = await member.says(channel, "q")
    async with rest(loopback) as client:
        target = await client.get_partial_messageable(channel.id).fetch_message(asked.id)
        await target.reply("a", mention_author=False)
        await target.reply("b", mention_author=True)
    quiet, loud = channel.bot_messages
    assert quiet.reply_to == loud.reply_to == asked.id
    assert (quiet.mentions, loud.mentions) == ([], [asked.author])
    assert quiet.allowed_mentions == {"parse": [], "replied_user": False}


async def test_a_reply_to_a_deleted_message_fails_or_becomes_a_plain_one(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    asked = await member.says(channel, "q")
    await member.deletes(asked)
    async with rest(loopback) as client:
        place = client.get_partial_messageable(channel.id)
        strict = discord.MessageReference(message_id=asked.id, channel_id=channel.id)
        with pytest.raises(discord.HTTPException) as refused:
            await place.send("x", reference=strict)
        lax = discord.MessageReference(message_id=asked.id, channel_id=channel.id, fail_if_not_exists=False)
        sent = await place.send("y", reference=lax)
        other = discord.MessageReference(message_id=asked.id, channel_id=guild.add_channel("d").id)
        with pytest.raises(discord.HTTPException, match="different channel"):
            await place.send("z", reference=other)
    assert "Unknown message" in refused.value.text
    assert sent.reference is None


async def test_history_pages_before_after_and_around(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    said = [await member.says(channel, str(n)) for n in range(250)]
    said.insert(0, await member.says(channel, "old", at=datetime.now(UTC) - timedelta(hours=2)))
    await member.deletes(said[100])
    left = [m.content for m in said if not m.deleted]
    loopback.limits.lift()
    async with rest(loopback) as client:
        place = client.get_partial_messageable(channel.id)
        assert [m.content async for m in place.history(limit=None, oldest_first=True)] == left
        assert [m.content async for m in place.history(limit=None)] == left[::-1]
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        assert [m.content async for m in place.history(limit=None, after=hour_ago)] == left[1:]
        around = [m.content async for m in place.history(limit=5, around=discord.Object(said[50].id))]
        assert around == ["51", "50", "49", "48", "47"]
        pages = [r.query for r in loopback.requests if r.path.endswith("/messages")]
    assert all(int(page["limit"]) <= 100 for page in pages)
    status, body, _ = await raw(loopback, "GET", f"/channels/{channel.id}/messages?limit=101")
    assert (status, body["code"]) == (400, 50035)


@pytest.mark.parametrize(
    ("denied", "code"),
    [
        ("view_channel", 50001),
        ("send_messages", 50013),
        ("embed_links", 50013),
        ("attach_files", 50013),
        ("read_message_history", 160002),
    ],
)
async def test_each_missing_permission_has_its_code(
    loopback: LoopbackDiscord, guild: Guild, denied: str, code: int
) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    asked = await member.says(channel, "q")
    channel.deny(guild.bot_role, denied)
    async with rest(loopback) as client:
        reference = discord.MessageReference(message_id=asked.id, channel_id=channel.id)
        with pytest.raises(discord.Forbidden) as refused:
            await client.get_partial_messageable(channel.id).send(
                "a", reference=reference, embed=discord.Embed(title="t"), file=discord.File(io.BytesIO(b"x"), "x.txt")
            )
    assert refused.value.code == code
    assert loopback.limits.invalid_requests == 1


async def test_overwrites_apply_everyone_then_roles_then_member_and_threads_follow_their_channel(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel = guild.add_channel("c")
    thread = guild.add_thread(channel, "t")
    channel.deny(guild.everyone, "view_channel")
    channel.grant(guild.bot_role, "view_channel")
    async with rest(loopback) as client:
        await client.get_partial_messageable(thread.id).send("by role")
        channel.deny(guild.bot, "view_channel")
        with pytest.raises(discord.Forbidden):
            await client.get_partial_messageable(thread.id).send("the member's own overwrite is last")
        channel.clear(guild.bot)
        channel.deny(guild.bot_role, "send_messages_in_threads")
        with pytest.raises(discord.Forbidden):
            await client.get_partial_messageable(thread.id).send("not in threads")
        guild.bot_role.grant("administrator")
        await client.get_partial_messageable(thread.id).send("administrators may")
    assert [m.content for m in thread.messages] == ["by role", "administrators may"]


async def test_members_cannot_write_where_they_may_not(guild: Guild) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    channel.deny(guild.everyone, "send_messages")
    with pytest.raises(CannotDo, match="may not write"):
        await member.says(channel, "x")


async def test_history_without_permission_to_read_it_is_empty(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    await member.says(channel, "x")
    channel.deny(guild.bot_role, "read_message_history")
    assert (await raw(loopback, "GET", f"/channels/{channel.id}/messages"))[:2] == (200, [])


async def test_only_own_messages_are_edited_and_others_are_deleted_with_permission_only(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel, member = guild.add_channel("c"), guild.add_member("m")
    theirs = await member.says(channel, "x")
    async with rest(loopback) as client:
        handle = client.get_partial_messageable(channel.id).get_partial_message(theirs.id)
        with pytest.raises(discord.Forbidden) as edit:
            await handle.edit(content="y")
        with pytest.raises(discord.Forbidden) as delete:
            await handle.delete()
        guild.bot_role.grant("manage_messages")
        await handle.delete()
        with pytest.raises(discord.NotFound) as again:
            await handle.delete()
    assert [e.value.code for e in (edit, delete, again)] == [50005, 50013, 10008]


async def test_uploads_keep_name_bytes_and_description_through_edits(loopback: LoopbackDiscord, guild: Guild) -> None:
    channel = guild.add_channel("c")
    async with rest(loopback) as client:
        place = client.get_partial_messageable(channel.id)
        files = [discord.File(io.BytesIO(name.encode() * 9), name, description="alt " + name) for name in ("a", "b")]
        sent = await place.send("two", files=files)
        assert await sent.attachments[1].read() == b"b" * 9
        await sent.edit(attachments=[sent.attachments[1], discord.File(io.BytesIO(b"c"), "c.png")])
    (message,) = channel.messages
    assert [(a.filename, a.data, a.description) for a in message.attachments] == [
        ("b", b"b" * 9, "alt b"),
        ("c.png", b"c", None),
    ]
    assert message.edits == 1
    assert loopback.requests[-1].files == [("c.png", 1)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds"),
        ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, "embeds"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds"),
        ({"content": "x", "components": [{"type": 1, "components": [LINK]}] * 6}, "components"),
        ({"content": "x", "components": [{"type": 1, "components": [LINK] * 6}]}, "components"),
        (
            {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "l"}]}]},
            "components",
        ),
        (
            {
                "content": "x",
                "components": [
                    {"type": 1, "components": [{"type": 2, "style": 1, "label": "l" * 81, "custom_id": "c" * 101}]}
                ],
            },
            "components",
        ),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "t"}]}, "content"),
        ({"content": "x", "components": [{"type": 10, "content": "t"}]}, "components"),
        ({"flags": 64, "content": "x"}, "flags"),
    ],
)
async def test_messages_that_discord_refuses_are_refused_by_field(
    loopback: LoopbackDiscord, guild: Guild, body: dict[str, Any], field: str
) -> None:
    status, answer, _ = await raw(loopback, "POST", f"/channels/{guild.add_channel('c').id}/messages", json=body)
    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    assert list(answer["errors"]) == [field]


async def test_an_empty_message_is_refused(loopback: LoopbackDiscord, guild: Guild) -> None:
    _, answer, _ = await raw(loopback, "POST", f"/channels/{guild.add_channel('c').id}/messages", json={"content": ""})
    assert answer["code"] == 50006


async def test_a_components_v2_message_goes_through_discord_py(loopback: LoopbackDiscord, guild: Guild) -> None:
    class Layout(discord.ui.LayoutView):
        box = discord.ui.Container[Any](discord.ui.TextDisplay("hello"), discord.ui.ActionRow[Any]())

    view = Layout(timeout=None)
    row = view.box.children[1]
    assert isinstance(row, discord.ui.ActionRow)
    row.add_item(discord.ui.Button(label="b", custom_id="c"))
    channel = guild.add_channel("c")
    async with rest(loopback) as client:
        await client.get_partial_messageable(channel.id).send(view=view)
    (message,) = channel.messages
    assert message.flags == 1 << 15
    assert [c["custom_id"] for c in message.interactive] == ["c"]


async def test_guild_channel_member_role_and_application_are_read_by_discord_py(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    channel, role = guild.add_channel("c", topic="t"), guild.add_role("mods", "manage_messages")
    member = guild.add_member("m", role)
    async with rest(loopback) as client:
        found = await client.fetch_guild(guild.id)
        assert [c.id for c in await found.fetch_channels()] == [channel.id]
        assert [r.id for r in (await found.fetch_member(member.id)).roles[1:]] == [role.id]
        assert (await found.fetch_role(role.id)).permissions.manage_messages
        about = await client.application_info()
        assert about.flags.gateway_message_content_limited
        assert not about.flags.gateway_guild_members_limited
        assert [g.id async for g in client.fetch_guilds()] == [guild.id]
        with pytest.raises(discord.NotFound) as unknown:
            await found.fetch_member(1)
    assert unknown.value.code == 10007


async def test_forum_posts_and_threads_are_made_by_members_and_by_the_bot(
    loopback: LoopbackDiscord, guild: Guild
) -> None:
    forum, text, member = guild.add_forum("f"), guild.add_channel("c"), guild.add_member("m")
    thread, first = await member.posts(forum, "title", "body", attachments=[File("a.png", "alt")])
    assert thread.id == first.id
    below = await member.says(text, "root")
    async with rest(loopback) as client:
        await client.get_partial_messageable(thread.id).send("in the post")
        with pytest.raises(discord.HTTPException) as refused:
            await client.get_partial_messageable(forum.id).send("not here")
    path = f"/channels/{text.id}/messages/{below.id}/threads"
    assert (await raw(loopback, "POST", path, json={"name": "t"}))[1]["id"] == str(below.id)
    assert (await raw(loopback, "POST", path, json={"name": "t"}))[1]["code"] == 160004
    assert refused.value.code == 40058
    assert [m.content for m in thread.messages] == ["body", "in the post"]
