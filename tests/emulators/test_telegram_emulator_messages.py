"""What the bot sends: text and its entities, keyboards, replies, threads, edits, files, answers to buttons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LoginUrl, ReplyParameters
from telegram.error import BadRequest

from tests.emulators.telegram import LoopbackTelegram
from tests.emulators.telegram.entities import parse_html, utf16_length


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[button] for button in buttons])


async def test_html_becomes_text_with_entities(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    html = (
        '  <b>Bold <i>both</i></b> &lt;&amp;&gt; 🙂 <a href="https://example.org/?a=1&amp;b=2">link</a>\n'
        "<blockquote expandable>long</blockquote> <tg-spoiler>secret</tg-spoiler> <code>x</code> /safety "
    )
    sent = await bot.send_message(group.id, html, parse_mode="HTML")
    assert sent.text == "Bold both <&> 🙂 link\nlong secret x /safety"
    found = {entity.type: sent.parse_entity(entity) for entity in sent.entities}
    assert found == {
        "bold": "Bold both",
        "italic": "both",
        "text_link": "link",
        "expandable_blockquote": "long",
        "spoiler": "secret",
        "code": "x",
        "bot_command": "/safety",
    }
    assert next(entity.url for entity in sent.entities if entity.url) == "https://example.org/?a=1&b=2"
    assert group.from_bot()[0].text == sent.text


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("ü <script>", 'Unsupported start tag "script" at byte offset 3'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
        ("<a href=x/y>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<tg-emoji emoji-id=x>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
async def test_broken_html_is_refused_in_telegrams_words(
    telegram: LoopbackTelegram, bot: Bot, html: str, error: str
) -> None:
    group = telegram.add_supergroup()
    with pytest.raises(BadRequest, match="Can't parse entities"):
        await bot.send_message(group.id, html, parse_mode="HTML")
    assert telegram.requests[-1].description == f"Bad Request: can't parse entities: {error}"
    assert group.messages == []


@given(st.text(alphabet="ab<>/&;\"'= ü🙂", max_size=30))
def test_escaped_text_always_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain, entities = parse_html(f"<b>{escaped}</b>")
    assert plain == text
    assert [entity["length"] for entity in entities] == ([utf16_length(text)] if text else [])


async def test_the_length_counts_after_parsing_and_in_utf16(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    await bot.send_message(group.id, f"<b>{'&amp;' * 4096}</b>", parse_mode="HTML")
    for text in ("x" * 4097, "🙂" * 2049):
        with pytest.raises(BadRequest, match="Message is too long"):
            await bot.send_message(group.id, text)
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(group.id, " <b> </b> ", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Unsupported parse_mode"):
        await bot.send_message(group.id, "x", parse_mode="Shouting")


async def test_callback_data_is_counted_in_bytes(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    for data in ("x" * 64, "ü" * 32):
        await bot.send_message(group.id, "x", reply_markup=keyboard(InlineKeyboardButton("A", callback_data=data)))
    for data in ("x" * 65, "ü" * 33):
        with pytest.raises(BadRequest, match="Button_data_invalid"):
            await bot.send_message(group.id, "x", reply_markup=keyboard(InlineKeyboardButton("A", callback_data=data)))


@pytest.mark.parametrize(
    ("button", "error"),
    [
        ({"text": "A"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "A", "callback_data": ""}, "Text buttons are unallowed in the inline keyboard"),
        ({"callback_data": "x"}, 'Can\'t find field "text"'),
        ({"text": "A", "url": "nowhere"}, "Wrong HTTP URL"),
        ({"text": "A", "url": "ftp://example.org"}, "Unsupported URL protocol"),
    ],
)
async def test_odd_buttons_are_refused(
    telegram: LoopbackTelegram, bot: Bot, button: dict[str, str], error: str
) -> None:
    group = telegram.add_supergroup()
    with pytest.raises(BadRequest):
        await bot.send_message(group.id, "x", api_kwargs={"reply_markup": {"inline_keyboard": [[button]]}})
    assert telegram.requests[-1].description.endswith(error)


async def test_a_reply_names_its_target_or_goes_without(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    asked = await member.says(group, "A question about something")
    sent = await bot.send_message(
        group.id, "An answer", reply_parameters=ReplyParameters(asked.message_id, quote="about")
    )
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == asked.message_id
    assert sent.quote is not None
    assert (sent.quote.text, sent.quote.position) == ("about", 11)
    await member.deletes(asked)
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(group.id, "x", reply_parameters=ReplyParameters(asked.message_id))
    lone = await bot.send_message(
        group.id, "x", reply_parameters=ReplyParameters(asked.message_id, allow_sending_without_reply=True)
    )
    assert lone.reply_to_message is None


async def test_the_bot_speaks_in_topics_that_exist_and_are_open(telegram: LoopbackTelegram, bot: Bot) -> None:
    forum, member = telegram.add_supergroup(forum=True, bot="administrator"), telegram.add_user()
    topic = telegram.add_topic(forum, "Skin care")
    in_topic = await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    assert (in_topic.message_thread_id, in_topic.is_topic_message) == (topic.id, True)
    asked = await member.says(forum, "hello", topic=topic)
    answer = await bot.send_message(forum.id, "x", reply_parameters=ReplyParameters(asked.message_id))
    assert answer.message_thread_id == topic.id
    general = await bot.send_message(forum.id, "x")
    assert general.message_thread_id is None
    for wrong in (1, 4711):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(forum.id, "x", message_thread_id=wrong)
    await bot.close_forum_topic(forum.id, topic.id)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)


async def test_how_a_message_was_sent_is_kept(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    await bot.send_message(group.id, "x https://example.org", disable_notification=True, disable_web_page_preview=True)
    (message,) = group.from_bot()
    assert message.silent
    assert message.extra["link_preview_options"]["is_disabled"] is True
    assert telegram.requests_of("sendMessage")[0].params["chat_id"] == str(group.id)


async def test_edits_replace_text_and_keyboard(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    button = keyboard(InlineKeyboardButton("A", callback_data="a"))
    sent = await bot.send_message(group.id, "one", reply_markup=button)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("one", group.id, sent.message_id, reply_markup=button)
    await bot.edit_message_text("<b>two</b>", group.id, sent.message_id, parse_mode="HTML")
    (message,) = group.from_bot()
    assert (message.text, message.buttons, message.versions) == ("two", [], ["one"])
    await bot.edit_message_reply_markup(group.id, sent.message_id, reply_markup=button)
    assert [one["text"] for one in message.buttons] == ["A"]
    foreign = await member.says(group, "mine")
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", group.id, foreign.message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", group.id, 4711)


async def test_the_bot_deletes_its_own_and_with_the_right_others(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    own = await bot.send_message(group.id, "x")
    foreign = await member.says(group, "mine")
    await bot.delete_message(group.id, own.message_id)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(group.id, foreign.message_id)
    telegram.bot_is_admin(group)
    await bot.delete_message(group.id, foreign.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(group.id, foreign.message_id)
    assert [message.deleted for message in group.messages] == [True, True]


async def test_the_bot_deletes_many_at_once_and_passes_over_what_is_gone(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    ids = [(await bot.send_message(group.id, "x")).message_id for _ in range(3)]
    await bot.delete_messages(group.id, [*ids[:2], 4711])
    assert [message.message_id for message in group.from_bot()] == ids[2:]
    telegram.clock.advance(49 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(group.id, ids[2])


async def test_a_caption_is_edited_as_one(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    sent = await bot.send_photo(group.id, b"a picture", caption="one")
    await bot.edit_message_caption(group.id, sent.message_id, caption="<i>two</i>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("x", group.id, sent.message_id)
    (message,) = group.from_bot()
    assert (message.text, message.versions, message.entities[0]["type"]) == ("two", ["one"], "italic")
    text = await bot.send_message(group.id, "x")
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(group.id, text.message_id, caption="x")


async def test_the_bot_opens_and_closes_topics_with_the_right_to(telegram: LoopbackTelegram, bot: Bot) -> None:
    forum = telegram.add_supergroup(forum=True)
    with pytest.raises(BadRequest, match="Not enough rights to manage topics"):
        await bot.create_forum_topic(forum.id, "Alerts")
    telegram.bot_is_admin(forum)
    topic = await bot.create_forum_topic(forum.id, "Alerts")
    sent = await bot.send_message(forum.id, "x", message_thread_id=topic.message_thread_id)
    assert sent.is_topic_message
    await bot.close_forum_topic(forum.id, topic.message_thread_id)
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await bot.close_forum_topic(forum.id, topic.message_thread_id)
    await bot.reopen_forum_topic(forum.id, topic.message_thread_id)
    with pytest.raises(BadRequest, match="The chat is not a forum"):
        await bot.create_forum_topic(telegram.add_supergroup(bot="administrator").id, "x")


async def test_the_bot_quotes_a_message_of_another_chat(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, admins = telegram.add_supergroup(bot="administrator"), telegram.add_supergroup("Moderators")
    said = await telegram.add_user().says(group, "something to look at")
    reply = ReplyParameters(said.message_id, chat_id=group.id, quote="to look")
    alert = await bot.send_message(admins.id, "Look", reply_parameters=reply)
    assert alert.external_reply is not None
    assert (alert.external_reply.message_id, alert.reply_to_message) == (said.message_id, None)
    with pytest.raises(BadRequest, match="Quote_text_invalid"):
        await bot.send_message(group.id, "x", reply_parameters=ReplyParameters(said.message_id, quote="not there"))


async def test_files_arrive_whole_with_their_names(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup()
    body = bytes(range(256)) * 400
    await bot.send_document(group.id, body, filename="export ü.json", caption="<b>Yours</b>", parse_mode="HTML")
    sent = await bot.send_photo(group.id, b"a picture", filename="chart.png")
    assert sent.photo
    document, photo = group.from_bot()
    assert document.upload is not None
    assert (document.upload.name, document.upload.size) == ("export ü.json", 102_400)
    assert document.upload.data == body
    assert document.text == "Yours"
    assert photo.upload is not None
    assert photo.upload.data == b"a picture"
    assert telegram.requests_of("sendDocument")[0].files["document"].size == 102_400
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_document(group.id, body, caption="x" * 1025)


async def test_a_pressed_button_asks_the_bot_and_shows_its_answer(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    await bot.send_message(
        group.id,
        "x",
        reply_markup=keyboard(
            InlineKeyboardButton("Risks", callback_data="r1"), InlineKeyboardButton("More", url="https://example.org")
        ),
    )
    message = await telegram.bot_message(group)
    tap = await member.taps(message, "Risks")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert (query.data, query.from_user.id, query.message is not None) == ("r1", member.id, True)
    assert tap.answer is None
    await query.answer("Careful", show_alert=True)
    answer = await tap.answered()
    assert (answer.text, answer.show_alert, answer.url) == ("Careful", True, "")
    await query.edit_message_text("y")
    assert tap.edits == ["y"]
    assert (await member.taps_again(message, "forged")).query is not None
    with pytest.raises(LookupError, match="no button"):
        await member.taps(message, "Risks")


async def test_a_button_of_a_deleted_message_tells_only_its_place(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    sent = await bot.send_message(group.id, "x", reply_markup=keyboard(InlineKeyboardButton("A", callback_data="a")))
    message = await telegram.bot_message(group)
    await bot.delete_message(group.id, sent.message_id)
    with pytest.raises(LookupError, match="was deleted"):
        await member.taps(message, "A")
    await member.taps_again(message, "a")
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    shown = update.callback_query.message
    assert shown is not None
    assert (shown.message_id, shown.is_accessible) == (sent.message_id, False)


async def test_a_url_button_leads_away_and_tells_the_bot_nothing(telegram: LoopbackTelegram, bot: Bot) -> None:
    member = telegram.add_user(started=True)
    button = InlineKeyboardButton("Private", url=f"https://t.me/{telegram.bot.username}?start=abc")
    await bot.send_message(member.id, "x", reply_markup=keyboard(button))
    tap = await member.taps(await telegram.bot_message(telegram.private_chat(member)), "Private")
    assert tap.query is None
    assert telegram.pending_updates == []
    assert (await member.follows(tap.url)).text == "/start abc"
    for wrong in ("https://t.me/another_bot?start=abc", f"https://t.me/{telegram.bot.username}?start=a%20b"):
        with pytest.raises(ValueError, match=r"does not lead to|is no start payload"):
            await member.follows(wrong)


async def test_an_old_query_can_not_be_answered(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    await bot.send_message(group.id, "x", reply_markup=keyboard(InlineKeyboardButton("A", callback_data="a")))
    await member.taps(await telegram.bot_message(group), "A")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    telegram.clock.advance(16)
    for query_id in (query.id, "4711"):
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
            await bot.answer_callback_query(query_id)


async def test_answers_to_buttons_have_their_limits(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    await bot.send_message(group.id, "x", reply_markup=keyboard(InlineKeyboardButton("A", callback_data="a")))
    tap = await member.taps(await telegram.bot_message(group), "a")
    assert tap.query is not None
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(tap.query.id, "x" * 201)
    with pytest.raises(BadRequest, match="Url_invalid"):
        await bot.answer_callback_query(tap.query.id, url="https://example.org")
    await bot.answer_callback_query(tap.query.id, url=f"https://t.me/{telegram.bot.username}?start=x")
    assert (await tap.answered()).url.endswith("start=x")
    with pytest.raises(TimeoutError, match="in vain for a condition"):
        await telegram.until(lambda: False, within=0.05)


async def test_what_people_sent_can_be_fetched(telegram: LoopbackTelegram) -> None:
    files = telegram.base_url.removesuffix("/bot") + "/file/bot"
    async with Bot(telegram.token, base_url=telegram.base_url, base_file_url=files) as bot:
        sent = await telegram.add_user().sends_document(telegram.add_supergroup(), "words.csv", data=b"a,b")
        file = await bot.get_file(sent.extra["document"]["file_id"])
        assert bytes(await file.download_as_bytearray()) == b"a,b"
        with pytest.raises(BadRequest, match="temporarily unavailable"):
            await bot.get_file("file-of-nobody")


async def test_people_are_vouched_for_only_at_the_site_that_botfather_knows(
    telegram: LoopbackTelegram, bot: Bot
) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user("Mia")

    def door(url: str) -> InlineKeyboardMarkup:
        return keyboard(InlineKeyboardButton("Sign in", login_url=LoginUrl(url)))

    with pytest.raises(BadRequest, match=r"(?i)bot_domain_invalid"):
        await bot.send_message(group.id, "x", reply_markup=door("https://bot.example.org/in"))
    telegram.set_domain("bot.example.org")
    for url, word in (("https://other.example.org/", "bot_domain_invalid"), ("http://bot.example.org/", "wrong http")):
        with pytest.raises(BadRequest, match=f"(?i){word}"):
            await bot.send_message(group.id, "x", reply_markup=door(url))
    await bot.send_message(group.id, "x", reply_markup=door("https://bot.example.org/in"))
    message = await telegram.bot_message(group)
    signed = await member.signs_in(message, "Sign in")
    assert signed.startswith("https://bot.example.org/in?auth_date=")
    assert f"&id={member.id}&hash=" in signed
    assert await member.signs_in(message, "Sign in", refuses=True) == "https://bot.example.org/in"
