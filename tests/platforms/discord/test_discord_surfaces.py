"""From Discord's payloads to a `Message`: every text a member wrote, the right place, and nobody else's lines."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import discord
import pytest

from safetybot.model import Place, SurfaceKind
from safetybot.platforms.discord.client import intents
from safetybot.platforms.discord.surfaces import from_member, to_message

GUILD, CHANNEL, FORUM, THREAD, ROLE, BOT, MEMBER = 100, 200, 201, 300, 400, 500, 600
SENT = "2026-11-20T12:00:00.000000+00:00"


def user(id_: int, name: str = "somebody", **more: object) -> dict[str, Any]:
    return {"id": str(id_), "username": name, "discriminator": "0", "global_name": None, "avatar": None, **more}


def message_payload(**more: object) -> dict[str, Any]:
    return {
        "id": "900", "channel_id": str(CHANNEL), "guild_id": str(GUILD), "author": user(MEMBER), "content": "hello",
        "timestamp": SENT, "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [],
        "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "type": 0,
        "member": {"nick": "Mia", "roles": [str(ROLE)], "joined_at": SENT, "deaf": False, "mute": False, "flags": 0},
        **more,
    }  # fmt: skip


@pytest.fixture
def client() -> discord.Client:
    """A client that never connects, knowing one guild: what turns payloads into objects is the library itself."""
    client = discord.Client(intents=intents(message_content=True), max_messages=None)
    state: Any = client._connection
    channels = [
        {"id": str(CHANNEL), "type": 0, "name": "general", "position": 0, "permission_overwrites": []},
        {"id": str(FORUM), "type": 15, "name": "questions", "position": 1, "permission_overwrites": []},
    ]
    threads = [
        {
            "id": str(THREAD + n), "type": 11, "name": name, "parent_id": str(parent), "owner_id": "1",
            "message_count": 1, "member_count": 1, "thread_metadata": {
                "archived": False, "auto_archive_duration": 60, "archive_timestamp": SENT, "locked": False,
            },
        }
        for n, (name, parent) in enumerate((("a talk", CHANNEL), ("My question", FORUM)))
    ]  # fmt: skip
    state._add_guild_from_data(
        {
            "id": str(GUILD), "name": "A community", "channels": channels, "threads": threads, "emojis": [],
            "stickers": [], "roles": [{"id": str(r), "name": "r", "permissions": "0", "position": 1, "color": 0,
            "colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}
            for r in (GUILD, ROLE)], "features": [], "owner_id": "1", "unavailable": False,
        }
    )  # fmt: skip
    return client


def read(client: discord.Client, payload: dict[str, Any]) -> discord.Message:
    state: Any = client._connection
    channel, _ = state._get_guild_channel(payload)
    return discord.Message(state=state, channel=channel, data=copy.deepcopy(payload))  # type: ignore[arg-type]


def test_a_message_carries_text_author_roles_time_and_place(client: discord.Client) -> None:
    sent = datetime(2026, 11, 20, 12, tzinfo=UTC)
    written = str(discord.utils.time_snowflake(sent))
    made = to_message(read(client, message_payload(id=written)))
    assert made is not None
    assert made.id == written
    assert made.text == "hello"
    assert made.place == Place("discord", str(GUILD), str(CHANNEL))
    assert made.author.id == str(MEMBER)
    assert made.author.name == "Mia"
    assert {str(ROLE)} <= made.author.roles
    assert made.author.locale is None
    assert made.sent_at == sent
    assert made.edited_at is None
    assert made.reply_to is None


def test_a_thread_is_below_its_channel(client: discord.Client) -> None:
    made = to_message(read(client, message_payload(channel_id=str(THREAD))))
    assert made is not None
    assert made.place == Place("discord", str(GUILD), str(CHANNEL), str(THREAD))
    assert [s.kind for s in made.surfaces] == [SurfaceKind.TEXT]


def test_a_forum_post_begins_with_its_title_and_answers_to_it_do_not(client: discord.Client) -> None:
    post = to_message(read(client, message_payload(id=str(THREAD + 1), channel_id=str(THREAD + 1))))
    answer = to_message(read(client, message_payload(channel_id=str(THREAD + 1))))
    assert post is not None
    assert answer is not None
    assert [(s.kind, s.text) for s in post.surfaces] == [
        (SurfaceKind.TITLE, "My question"), (SurfaceKind.TEXT, "hello"),
    ]  # fmt: skip
    assert [s.kind for s in answer.surfaces] == [SurfaceKind.TEXT]
    assert post.place == Place("discord", str(GUILD), str(FORUM), str(THREAD + 1))


def test_a_forward_is_read_with_its_embeds_and_files(client: discord.Client) -> None:
    snapshot = {
        "type": 0, "content": "buy here", "timestamp": SENT, "edited_timestamp": None, "flags": 0, "mentions": [],
        "mention_roles": [], "embeds": [{
            "type": "rich", "title": "A shop", "description": "best prices", "fields": [{"name": "kit", "value": "12"}],
            "footer": {"text": "by us"}, "author": {"name": "a seller"},
        }],
        "attachments": [{"id": "1", "filename": "price_list.png", "size": 1, "url": "u", "proxy_url": "u"}],
    }  # fmt: skip
    payload = message_payload(
        content="", message_snapshots=[{"message": snapshot}],
        message_reference={"type": 1, "message_id": "1", "channel_id": "2", "guild_id": "3"},
    )  # fmt: skip
    made = to_message(read(client, payload))
    assert made is not None
    assert [(s.kind, s.text) for s in made.surfaces] == [
        (SurfaceKind.FORWARD, "buy here\na seller\nA shop\nbest prices\nkit\n12\nby us"),
        (SurfaceKind.ATTACHMENT, "price_list.png"),
    ]
    assert made.reply_to is None, "a forward answers nobody"


def test_a_link_preview_is_not_the_members_text(client: discord.Client) -> None:
    made = to_message(read(client, message_payload(embeds=[{"type": "link", "title": "Mesotherapy at home"}])))
    assert made is not None
    assert [s.kind for s in made.surfaces] == [SurfaceKind.TEXT]


def test_file_names_and_alt_texts_are_read(client: discord.Client) -> None:
    files = [
        {"id": "1", "filename": "a.png", "title": "a, really", "description": "needles", "size": 1, "url": "u",
         "proxy_url": "u"},
        {"id": "2", "filename": "b.png", "size": 1, "url": "u", "proxy_url": "u"},
    ]  # fmt: skip
    made = to_message(read(client, message_payload(content="", attachments=files)))
    assert made is not None
    assert [s.text for s in made.surfaces] == ["a, really", "needles", "b.png"]
    assert {s.kind for s in made.surfaces} == {SurfaceKind.ATTACHMENT}


def test_a_poll_is_read(client: discord.Client) -> None:
    poll = {
        "question": {"text": "Who injects at home?"}, "expiry": SENT, "allow_multiselect": False, "layout_type": 1,
        "answers": [{"answer_id": n, "poll_media": {"text": t}} for n, t in enumerate(("me", "not me"), 1)],
    }  # fmt: skip
    made = to_message(read(client, message_payload(content="", poll=poll)))
    assert made is not None
    assert made.text == "Who injects at home?\nme\nnot me"


def test_a_reply_names_what_it_answers(client: discord.Client) -> None:
    reference = {"type": 0, "message_id": "899", "channel_id": str(CHANNEL), "guild_id": str(GUILD)}
    made = to_message(read(client, message_payload(type=19, message_reference=reference)))
    assert made is not None
    assert made.reply_to == "899"


def test_an_edit_says_when(client: discord.Client) -> None:
    made = to_message(read(client, message_payload(edited_timestamp="2026-11-20T12:05:00.000000+00:00")))
    assert made is not None
    assert made.edited_at == datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "more",
    [
        {"author": user(BOT, bot=True)},
        {"webhook_id": "700"},
        {"type": 7},
        {"type": 18, "content": "Injecting at home"},
        {"type": 20},
        {"type": 24},
        {"content": "", "sticker_items": [{"id": "1", "name": "a sticker", "format_type": 1}]},
        {"content": " \n "},
    ],
    ids=["bot", "webhook", "join", "thread made", "command", "AutoMod", "sticker", "blank"],
)
def test_what_no_member_wrote_or_nobody_can_read_is_left_out(client: discord.Client, more: dict[str, object]) -> None:
    assert to_message(read(client, message_payload(**more))) is None


def test_a_direct_message_is_left_out(client: discord.Client) -> None:
    payload = message_payload()
    del payload["guild_id"], payload["member"]
    message = read(client, payload)
    assert not from_member(message)
    assert to_message(message) is None


def test_roles_that_history_does_not_name_are_taken_from_the_caller(client: discord.Client) -> None:
    payload = message_payload()
    del payload["member"]
    unnamed = to_message(read(client, payload))
    named = to_message(read(client, payload), roles=frozenset({"7"}))
    assert unnamed is not None
    assert named is not None
    assert unnamed.author.roles == frozenset()
    assert named.author.roles == {"7"}
