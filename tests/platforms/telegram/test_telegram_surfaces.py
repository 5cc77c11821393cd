"""What a Telegram message says, and who said it: one list of texts, whatever the message looks like."""

from __future__ import annotations

from typing import Any

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st

from safetybot.model import Place, SurfaceKind
from safetybot.platforms.telegram.surfaces import ANONYMOUS, author_of, place_of, surfaces_of, to_message

GROUP = {"id": -1002100000001, "type": "supergroup", "title": "Group"}
CHANNEL = {"id": -1002100000009, "type": "channel", "title": "Channel"}
MIA = {"id": 5000000001, "is_bot": False, "first_name": "Mia", "language_code": "de"}
NOAH = {"id": 5000000002, "is_bot": False, "first_name": "Noah"}
A_BOT = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
FILE = {"file_id": "f", "file_unique_id": "u"}


def message(**fields: Any) -> telegram.Message:
    raw = {"message_id": 7, "date": 1_780_000_000, "chat": GROUP, "from": MIA, **fields}
    found = telegram.Message.de_json(raw, None)
    assert found is not None
    return found


def texts(**fields: Any) -> list[tuple[SurfaceKind, str]]:
    return [(one.kind, one.text) for one in surfaces_of(message(**fields))]


def origin(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "date": 1_780_000_000, **fields}


def test_words_are_a_text() -> None:
    assert texts(text="hello") == [(SurfaceKind.TEXT, "hello")]


def test_a_caption_and_a_files_name_are_surfaces() -> None:
    assert texts(caption="look", document={**FILE, "file_name": "mesotherapy at home.pdf"}) == [
        (SurfaceKind.CAPTION, "look"),
        (SurfaceKind.ATTACHMENT, "mesotherapy at home.pdf"),
    ]
    assert texts(audio={**FILE, "duration": 1, "file_name": "a.mp3", "title": "How I did it"}) == [
        (SurfaceKind.ATTACHMENT, "a.mp3"),
        (SurfaceKind.ATTACHMENT, "How I did it"),
    ]


def test_of_an_album_only_what_has_a_caption_counts() -> None:
    part = {"media_group_id": "9", "document": {**FILE, "file_name": "kit.pdf"}}
    assert texts(**part) == []
    assert texts(**part, caption="my kit") == [
        (SurfaceKind.CAPTION, "my kit"),
        (SurfaceKind.ATTACHMENT, "kit.pdf"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        origin("user", sender_user=NOAH), origin("hidden_user", sender_user_name="Somebody"),
        origin("chat", sender_chat=GROUP), origin("channel", chat=CHANNEL, message_id=3),
    ],
)  # fmt: skip
def test_forwarded_words_are_somebody_elses(source: dict[str, Any]) -> None:
    assert texts(text="do it like this", forward_origin=source) == [(SurfaceKind.FORWARD, "do it like this")]


def test_ones_own_words_forwarded_are_ones_own() -> None:
    assert texts(text="as I said", forward_origin=origin("user", sender_user=MIA)) == [(SurfaceKind.TEXT, "as I said")]


def test_a_quoted_part_and_a_block_quote_are_somebody_elses() -> None:
    assert texts(text="no", quote={"text": "inject it", "position": 3}) == [
        (SurfaceKind.TEXT, "no"),
        (SurfaceKind.FORWARD, "inject it"),
    ]
    words = "😀 before\nthey wrote\nafter"  # the smiley counts twice for Telegram
    quote = [{"type": "blockquote", "offset": 10, "length": 10}]
    assert texts(text=words, entities=quote) == [
        (SurfaceKind.TEXT, "😀 before"),
        (SurfaceKind.FORWARD, "they wrote"),
        (SurfaceKind.TEXT, "after"),
    ]


def test_what_a_reply_elsewhere_shows_is_somebody_elses() -> None:
    reply = {"origin": origin("user", sender_user=NOAH), "document": {**FILE, "file_name": "pen.pdf"}}
    assert texts(text="thanks", external_reply=reply) == [
        (SurfaceKind.TEXT, "thanks"),
        (SurfaceKind.FORWARD, "pen.pdf"),
    ]


def test_a_poll_is_a_text() -> None:
    options = [
        {"text": text, "voter_count": 0, "persistent_id": str(at)} for at, text in enumerate(["myself", "clinic"])
    ]
    poll = {
        "id": "1", "question": "Who injects?", "options": options, "total_voter_count": 0, "is_closed": False,
        "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": False,
        "members_only": False,
    }  # fmt: skip
    assert texts(poll=poll) == [(SurfaceKind.TEXT, "Who injects?\nmyself\nclinic")]


def test_a_members_message_in_our_words() -> None:
    found = to_message(message(text="hi", edit_date=1_780_000_050), "-77")
    assert found is not None
    assert (found.id, found.place) == ("7", Place("telegram", "-77", "-1002100000001"))
    assert (found.author.id, found.author.locale, found.author.is_bot) == ("5000000001", "de", False)
    assert found.edited_at is not None
    assert found.reply_to is None


@pytest.mark.parametrize(
    "fields",
    [
        {"from": A_BOT, "text": "hi"},
        {"text": "hi", "via_bot": A_BOT},
        {"new_chat_members": [NOAH]},
        {"pinned_message": {"message_id": 5, "date": 0, "chat": GROUP}},
        {"text": "hi", "chat": {"id": 5000000001, "type": "private"}},
        {"text": "  \n "},
    ],
)
def test_bots_service_lines_and_private_chats_are_left_alone(fields: dict[str, Any]) -> None:
    assert to_message(message(**fields), "-77") is None


def test_who_writes_as_a_channel_is_that_channel() -> None:
    author = author_of(message(**{"from": A_BOT}, sender_chat=CHANNEL, text="hi"))
    assert author is not None
    assert (author.id, author.is_bot, author.roles) == (str(CHANNEL["id"]), False, frozenset())


def test_who_writes_as_the_group_itself_is_an_administrator() -> None:
    author = author_of(message(**{"from": A_BOT}, sender_chat=GROUP, text="hi"))
    assert author is not None
    assert author.roles == {ANONYMOUS}


def test_a_channels_post_and_its_copy_are_its_own_words() -> None:
    post = to_message(message(**{"from": None}, chat=CHANNEL, sender_chat=CHANNEL, text="news"), str(CHANNEL["id"]))
    assert post is not None
    assert post.surfaces[0].kind is SurfaceKind.TEXT
    copy = message(
        **{"from": {"id": 777000, "is_bot": False, "first_name": "Telegram"}}, sender_chat=CHANNEL, text="news",
        is_automatic_forward=True, forward_origin=origin("channel", chat=CHANNEL, message_id=3),
    )  # fmt: skip
    assert [one.kind for one in surfaces_of(copy)] == [SurfaceKind.TEXT]


def test_only_a_topic_is_a_thread() -> None:
    opening = {"message_id": 3, "date": 0, "chat": GROUP, "forum_topic_created": {"name": "Skin", "icon_color": 1}}
    topic = message(text="hi", message_thread_id=3, is_topic_message=True, reply_to_message=opening)
    assert place_of(topic, "-77").thread == "3"
    assert to_message(topic, "-77").reply_to is None  # type: ignore[union-attr]
    answered = {"message_id": 4, "date": 0, "chat": GROUP, "text": "question"}
    reply = message(text="hi", message_thread_id=4, reply_to_message=answered)
    assert place_of(reply, "-77").thread is None
    assert to_message(reply, "-77").reply_to == "4"  # type: ignore[union-attr]


@given(st.text(max_size=60), st.integers(0, 80), st.integers(1, 80))
def test_no_character_is_lost_or_invented_by_a_quotation(words: str, offset: int, length: int) -> None:
    quote = [{"type": "blockquote", "offset": offset, "length": length}]
    shown = "".join(text for _, text in texts(text=words, entities=quote))
    kept = words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "\ufffd" not in kept + shown:
        assert "".join(shown.split()) == "".join(kept.split())
