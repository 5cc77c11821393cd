"""What reaches the bot of what people do: privacy mode, forwards, quotes, threads, channels, comings and goings."""

from __future__ import annotations

import pytest
from telegram import Bot, ChatMemberAdministrator, Message, Update
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.emulators.telegram import LoopbackTelegram


async def fetched(bot: Bot, allowed: list[str] | None = None) -> list[Update]:
    """All waiting updates, confirmed."""
    updates = list(await bot.get_updates(allowed_updates=allowed))
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return updates


async def heard(bot: Bot) -> list[Message]:
    """The message in each waiting update, of whatever kind."""
    return [update.effective_message for update in await fetched(bot) if update.effective_message is not None]


async def test_privacy_mode_hides_what_is_not_meant_for_the_bot(telegram: LoopbackTelegram, bot: Bot) -> None:
    assert (await bot.get_me()).can_read_all_group_messages is False
    group, member = telegram.add_supergroup(), telegram.add_user()
    name = telegram.bot.username
    first = await member.says(group, "ordinary talk")
    for text in ("/safety", f"/safety@{name}", "/safety@another_bot", f"hello @{name}", "say /safety"):
        await member.says(group, text)
    await bot.send_message(group.id, "from the bot")
    own = await telegram.bot_message(group)
    answer = await member.says(group, "to the bot", reply_to=own)
    await member.edits(answer, "to the bot, corrected")
    await member.edits(first, "ordinary talk, corrected")
    await telegram.add_user().joins(group)
    texts = [message.text for message in await heard(bot)]
    assert texts == ["/safety", f"/safety@{name}", "to the bot", "to the bot, corrected", None]


async def test_a_bare_command_goes_to_the_bot_that_spoke_last(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    await telegram.add_user(is_bot=True).says(group, "another bot")
    await member.says(group, "/start")
    assert await heard(bot) == []
    await bot.send_message(group.id, "me too")
    await member.says(group, "/start")
    assert [message.text for message in await heard(bot)] == ["/start"]


async def test_an_admin_bot_sees_everything_but_bots(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup(bot="administrator")
    await telegram.add_user().says(group, "ordinary talk")
    await telegram.add_user(is_bot=True).says(group, "another bot")
    await bot.send_message(group.id, "myself")
    assert [message.text for message in await heard(bot)] == ["ordinary talk"]


async def test_switching_privacy_off_needs_adding_the_bot_again(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(), telegram.add_user()
    telegram.set_privacy_mode(on=False)
    assert (await bot.get_me()).can_read_all_group_messages is True
    await member.says(group, "still hidden")
    telegram.kick_bot(group)
    telegram.add_bot(group)
    await member.says(group, "seen")
    texts = [update.message.text for update in await fetched(bot) if update.message]
    assert texts == [None, "seen"]


async def test_forwards_name_where_they_come_from(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member, other = telegram.add_supergroup(bot="administrator"), telegram.add_user(), telegram.add_user("Other")
    channel = telegram.add_channel("News")
    original = await other.says(group, "original")
    for source in (original, other, channel, group, "Hidden One"):
        await member.says(group, "look at this", forward_from=source)
    origins = [message.forward_origin for message in await heard(bot)]
    assert [origin and origin.type for origin in origins] == [None, "user", "user", "channel", "chat", "hidden_user"]


async def test_quotes_and_replies_across_chats_and_topics(telegram: LoopbackTelegram, bot: Bot) -> None:
    forum, member = telegram.add_supergroup(forum=True, bot="administrator"), telegram.add_user()
    elsewhere = telegram.add_supergroup("Elsewhere", bot=None)
    far = await member.says(elsewhere, "a text far away")
    one, two = telegram.add_topic(forum, "One"), telegram.add_topic(forum, "Two")
    near = await member.says(forum, "🙂 a text near by", topic=one)
    await heard(bot)
    await member.says(forum, "quoting", topic=one, reply_to=near, quote="near")
    await member.says(forum, "from another topic", topic=two, reply_to=near)
    await member.says(forum, "from another chat", topic=two, reply_to=far, quote="far")
    await member.says(forum, "no reply at all", topic=two)
    quoting, other_topic, other_chat, plain = await heard(bot)
    assert quoting.quote is not None
    assert (quoting.quote.text, quoting.quote.position, quoting.quote.is_manual) == ("near", 10, True)
    assert quoting.reply_to_message is not None
    assert quoting.reply_to_message.text == "🙂 a text near by"
    assert other_topic.external_reply is not None
    assert other_topic.external_reply.chat is not None
    assert (other_topic.external_reply.chat.id, other_topic.reply_to_message) == (forum.id, None)
    assert other_chat.external_reply is not None
    assert other_chat.quote is not None
    assert other_chat.quote.text == "far"
    assert plain.reply_to_message is not None
    assert plain.reply_to_message.forum_topic_created is not None


async def test_a_reply_in_an_ordinary_supergroup_carries_the_thread(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    first = await member.says(group, "first")
    second = await member.says(group, "second", reply_to=first)
    await member.says(group, "third", reply_to=second)
    threads = [(message.message_thread_id, message.is_topic_message) for message in await heard(bot)]
    assert threads == [(None, None), (first.message_id, None), (first.message_id, None)]


async def test_channel_posts_are_forwarded_to_the_discussion(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    channel = telegram.add_channel("News", discussion=group, bot="administrator")
    post = await telegram.channel_posts(channel, "a post")
    copy = telegram.discussion_copy(post)
    assert copy is not None
    await member.says(group, "a comment", reply_to=copy)
    await telegram.channel_edits(post, "a better post")
    posted, forwarded, comment, post_edit, copy_edit = await fetched(bot)
    assert posted.channel_post is not None
    assert posted.channel_post.sender_chat is not None
    message = forwarded.message
    assert message is not None
    assert message.is_automatic_forward
    assert message.sender_chat is not None
    assert (message.sender_chat.id, message.from_user and message.from_user.id) == (channel.id, 777000)
    assert comment.message is not None
    assert comment.message.message_thread_id == copy.message_id
    assert post_edit.edited_channel_post is not None
    assert copy_edit.edited_message is not None
    assert copy_edit.edited_message.text == "a better post"
    assert (await bot.get_chat(channel.id)).linked_chat_id == group.id


async def test_sender_chats_and_anonymous_admins_hide_their_account(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    channel = telegram.add_channel("Mine")
    telegram.make_admin(member, group, custom_title="Matron")
    await member.says(group, "as my channel", as_chat=channel)
    await member.says(group, "as the group", anonymous=True)
    by_channel, by_group = await heard(bot)
    assert by_channel.sender_chat is not None
    assert (by_channel.sender_chat.id, by_channel.from_user and by_channel.from_user.id) == (channel.id, 136817688)
    assert by_group.sender_chat is not None
    assert (by_group.sender_chat.id, by_group.from_user and by_group.from_user.id) == (group.id, 1087968824)
    assert by_group.author_signature == "Matron"


async def test_an_album_is_a_message_each_with_one_group_id(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    await member.sends_album(group, ["a caption", None, None])
    await member.sends_photo(group, "alone")
    await member.sends_document(group, "list.pdf", "a file")
    first, second, third, alone, document = await heard(bot)
    assert len({message.media_group_id for message in (first, second, third)}) == 1
    assert [message.caption for message in (first, second, third, alone)] == ["a caption", None, None, "alone"]
    assert alone.media_group_id is None
    assert first.photo
    assert document.document is not None
    assert document.document.file_name == "list.pdf"


async def test_members_write_formatted_text(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    await member.says(group, 'see <a href="https://example.org">here</a> <tg-spoiler>now</tg-spoiler> #x', html=True)
    await member.sends_photo(group, "<b>bold</b>", html=True)
    text, photo = await heard(bot)
    assert text.text == "see here now #x"
    assert [entity.type for entity in text.entities] == ["text_link", "spoiler", "hashtag"]
    assert (photo.caption, [entity.type for entity in photo.caption_entities]) == ("bold", ["bold"])


async def test_edits_are_told_and_deletions_are_not(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_supergroup(bot="administrator"), telegram.add_user()
    message = await member.says(group, "one")
    await member.edits(message, "two")
    await member.reedits(message)
    await member.deletes(message)
    updates = await fetched(bot)
    edits = [update.edited_message for update in updates if update.edited_message]
    assert [edit.text for edit in edits] == ["two", "two"]
    assert edits[0].edit_date is not None
    assert len(updates) == 3


async def test_the_bot_is_told_of_its_own_standing(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, owner = telegram.add_supergroup(bot=None), telegram.add_user()
    telegram.make_admin(owner, group, creator=True)
    telegram.add_bot(group, by=owner)
    telegram.bot_is_admin(group, by=owner, can_delete_messages=False)
    telegram.bot_is_admin(group, admin=False)
    telegram.kick_bot(group)
    changes = [update.my_chat_member for update in await fetched(bot) if update.my_chat_member]
    steps = [(change.old_chat_member.status, change.new_chat_member.status) for change in changes]
    assert steps == [
        ("left", "member"),
        ("member", "administrator"),
        ("administrator", "member"),
        ("member", "kicked"),
    ]
    assert changes[1].from_user.id == owner.id
    promoted = changes[1].new_chat_member
    assert isinstance(promoted, ChatMemberAdministrator)
    assert (promoted.can_delete_messages, promoted.can_restrict_members) == (False, True)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")


async def test_a_bot_that_left_or_is_muted_can_not_speak(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_group()
    telegram.restrict_bot(group)
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "x")
    telegram.restrict_bot(group, can_send_messages=True)
    await bot.send_message(group.id, "x")
    await bot.leave_chat(group.id)
    with pytest.raises(Forbidden, match="bot is not a member of the group chat"):
        await bot.send_message(group.id, "x")
    for unknown in (-4711, telegram.add_supergroup(bot=None).id, "@nobody"):
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(unknown, "x")
    public = telegram.add_supergroup(username="public_group", bot=None)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message("@public_group", "x")
    telegram.add_bot(public)
    assert (await bot.send_message("@Public_Group", "x")).chat.id == public.id


async def test_private_chats_open_with_start_and_close_with_a_block(telegram: LoopbackTelegram, bot: Bot) -> None:
    member = telegram.add_user()
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(member.id, "x")
    await member.says_privately("/start abc")
    await bot.send_message(member.id, "x")
    await member.blocks_bot()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(member.id, "x")
    await member.unblocks_bot()
    await bot.send_message(member.id, "y")
    start, blocked, unblocked = await fetched(bot)
    assert start.message is not None
    assert (start.message.text, start.message.chat.type) == ("/start abc", "private")
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert unblocked.my_chat_member is not None
    member.deactivated = True
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(member.id, "x")
    another = telegram.add_user(is_bot=True)
    with pytest.raises(Forbidden, match="bot can't send messages to bots"):
        await bot.send_message(another.id, "x")


async def test_a_group_that_becomes_a_supergroup_gets_a_new_id(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member = telegram.add_group("Old", bot="administrator"), telegram.add_user()
    await member.says(group, "before")
    new = telegram.migrate(group)
    await member.says(new, "after")
    _, farewell, welcome, after = await heard(bot)
    assert (farewell.chat.id, farewell.migrate_to_chat_id) == (group.id, new.id)
    assert (welcome.chat.id, welcome.migrate_from_chat_id) == (new.id, group.id)
    assert (after.chat.id, after.chat.type, after.chat.title) == (new.id, "supergroup", "Old")
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == new.id
    assert (await bot.get_chat_member(new.id, bot.id)).status == "administrator"


async def test_members_can_be_looked_up(telegram: LoopbackTelegram, bot: Bot) -> None:
    group, member, owner = telegram.add_supergroup(), telegram.add_user(), telegram.add_user("Owner")
    telegram.make_admin(owner, group, creator=True)
    assert (await bot.get_chat_member(group.id, member.id)).status == "left"
    await member.joins(group)
    assert (await bot.get_chat_member(group.id, member.id)).status == "member"
    telegram.make_admin(member, group, can_delete_messages=False)
    admins = {admin.user.id: admin.status for admin in await bot.get_chat_administrators(group.id)}
    assert admins == {owner.id: "creator", member.id: "administrator"}
    telegram.ban(member, group)
    assert (await bot.get_chat_member(group.id, member.id)).status == "kicked"
    with pytest.raises(ValueError, match="is banned"):
        await member.says(group, "let me in")
    with pytest.raises(BadRequest, match="User not found"):
        await bot.get_chat_member(group.id, 4711)
    assert await bot.get_chat_member_count(group.id) == 2
    await bot.send_chat_action(group.id, "typing")
    assert group.actions == ["typing"]
    with pytest.raises(BadRequest, match="Member list is inaccessible"):
        await bot.get_chat_member(telegram.add_channel(bot="member").id, member.id)


async def test_reactions_are_told_to_an_administrator_who_asks(telegram: LoopbackTelegram, bot: Bot) -> None:
    asked = ["message", "message_reaction", "message_reaction_count"]
    await fetched(bot, asked)
    group, channel = telegram.add_supergroup(), telegram.add_channel(bot="administrator")
    one, two = telegram.add_user(), telegram.add_user(is_bot=True)
    message = await one.says(group, "something")
    await one.reacts(message, "👍")
    telegram.bot_is_admin(group)
    await one.reacts(message, "👎", "5368324170671202286")
    await two.reacts(message, "👍")  # of bots nothing is told
    post = await telegram.channel_posts(channel, "a post")
    await one.reacts(post, "🔥")
    await one.reacts(post)
    updates = await fetched(bot, asked)
    [change] = [update.message_reaction for update in updates if update.message_reaction]
    assert change.user is not None
    assert (change.message_id, change.user.id) == (message.message_id, one.id)
    assert [kind.to_dict() for kind in change.old_reaction] == [{"type": "emoji", "emoji": "👍"}]
    assert [kind.type for kind in change.new_reaction] == ["emoji", "custom_emoji"]
    counts = [update.message_reaction_count for update in updates if update.message_reaction_count]
    assert [[one.total_count for one in count.reactions] for count in counts] == [[1], []]


async def test_reactions_are_not_told_to_whoever_does_not_ask(telegram: LoopbackTelegram, bot: Bot) -> None:
    group = telegram.add_supergroup(bot="administrator")
    member = telegram.add_user()
    await member.reacts(await member.says(group, "something"), "👍")
    assert [update.message_reaction for update in await fetched(bot)] == [None]
