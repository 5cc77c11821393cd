"""Groups of every kind, and what is told of them: topics, channels, exempt members, rights that are missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import telegram as telegram_library
from tests.emulators.telegram import LoopbackTelegram
from tests.emulators.telegram.world import Chat
from tests.platforms.telegram.bots import DIY, HARMLESS, Bots, Running

from safetybot.cli.serving import Around, wanted_platforms
from safetybot.cli.session import Session
from safetybot.communities.access import BOT, Role
from safetybot.model import Author, InteractionState, Message, Place
from safetybot.platforms.telegram.caller import role_of
from safetybot.platforms.telegram.places import Places
from safetybot.platforms.telegram.sending import Gone, NotAllowed, Stranger
from safetybot.ports import PlatformError

ADMIN = {
    "can_be_edited": False, "is_anonymous": False, "can_manage_chat": True, "can_manage_video_chats": False,
    "can_promote_members": False, "can_invite_users": True, "can_post_stories": False, "can_edit_stories": False,
    "can_delete_stories": False,
}  # fmt: skip
MIA = telegram_library.User(5, "Mia", is_bot=False)


async def put(bot: Running, group: Chat, key: str, value: object) -> None:
    await bot.services.policy.put(BOT, "telegram", str(group.id), key, value, expected=0)


async def all_read(telegram: LoopbackTelegram) -> None:
    await telegram.until(lambda: not telegram.pending_updates, 10, "all updates to be confirmed")


async def said(bot: Running, group: Chat, language: str = "en") -> str:
    return "\n".join(
        f"{'+' if one.well else '-'} {one.says}" for one in await bot.platform.findings(str(group.id), language)
    )


async def test_a_reply_stays_in_its_topic(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    forum = telegram.add_supergroup(forum=True)
    topic = telegram.add_topic(forum, "Skin")
    member = telegram.add_user()
    there = await telegram.answer_to(await member.says(forum, DIY, topic=topic))
    general = await telegram.answer_to(await member.says(forum, DIY))
    assert (there.thread_id, general.thread_id) == (topic.id, None)
    assert [row.place.thread for row in await bot.log()] == [str(topic.id), None]


async def test_a_thread_of_replies_in_an_ordinary_group_is_no_topic(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    first = await member.says(group, HARMLESS)
    answer = await telegram.answer_to(await member.says(group, DIY, reply_to=first))
    assert answer.reply_to is not None
    assert (await bot.log())[0].place.thread is None


async def test_a_channels_post_is_answered_once_not_in_its_copy_too(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    discussion = telegram.add_supergroup("Discussion")
    channel = telegram.add_channel(discussion=discussion, bot="administrator")
    await telegram.answer_to(await telegram.channel_posts(channel, DIY))
    await all_read(telegram)
    assert len(await bot.log()) == 1
    assert not discussion.from_bot()


async def test_a_bot_in_the_discussion_group_alone_answers_the_copy(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    discussion = telegram.add_supergroup("Discussion")
    channel = telegram.add_channel(discussion=discussion)
    copy = telegram.discussion_copy(await telegram.channel_posts(channel, DIY))
    assert copy is not None
    await telegram.answer_to(copy)
    assert [row.place.community for row in await bot.log()] == [str(discussion.id)]


async def test_captions_albums_forwards_and_channels_names_are_read(bots: Bots, telegram: LoopbackTelegram) -> None:
    await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    await telegram.answer_to(await member.sends_photo(group, DIY))
    first, *rest = await member.sends_album(group, [DIY, None, None])
    await telegram.answer_to(first)
    channel = telegram.add_channel()
    await telegram.answer_to(await member.says(group, DIY, as_chat=channel))
    await all_read(telegram)
    assert not [one for one in group.from_bot() if one.reply_to in rest]


async def test_exempt_administrators_are_left_alone(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    await put(bot, group, "exempt_roles", ["administrator"])
    owner, admin, member = telegram.add_user(), telegram.add_user(), telegram.add_user()
    telegram.make_admin(owner, group, creator=True)
    telegram.make_admin(admin, group)
    for one in (owner, admin):
        await one.says(group, DIY)
    await owner.says(group, DIY, anonymous=True)
    await telegram.answer_to(await member.says(group, DIY))
    await all_read(telegram)
    assert len(group.from_bot()) == 1
    assert len(await bot.log()) == 1


async def test_other_bots_and_private_chats_are_left_alone(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    user = telegram.add_user()
    await user.says_privately(DIY)
    await all_read(telegram)
    assert await bot.log() == []


async def test_a_message_that_is_gone_is_not_answered(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    telegram.delay("sendMessage", 0.3)
    asked = await member.says(group, DIY)
    await member.deletes(asked)
    await all_read(telegram)
    (row,) = await bot.log()
    assert row.state is InteractionState.FAILED
    assert not group.from_bot()


async def test_commands_reach_their_listener_and_other_slashes_the_watcher(
    bots: Bots, telegram: LoopbackTelegram
) -> None:
    bot = await bots.start()
    heard: list[str | None] = []

    class Listener:
        async def hear(self, message: telegram_library.Message) -> bool:
            heard.append(message.text)
            return (message.text or "").startswith("/ours")

    bot.platform.inbox.listeners.insert(0, Listener())
    group = telegram.add_supergroup()
    member = telegram.add_user()
    await member.says(group, f"/ours {DIY}")
    await telegram.answer_to(await member.says(group, f"/them {DIY}"))
    await all_read(telegram)
    assert heard == [f"/ours {DIY}", f"/them {DIY}"]
    assert len(await bot.log()) == 1


# --- what is told ---


async def test_all_is_well_for_an_administrator(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    told = await said(bot, telegram.add_supergroup(bot="administrator"))
    assert "-" not in [line[0] for line in told.splitlines()]
    assert "administrator" in told


@pytest.mark.parametrize("telegram", [{"privacy_mode": True}], indirect=True)
async def test_privacy_mode_is_explained(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    told = await said(bot, group)
    assert "- Privacy mode is on" in told
    assert "administrator" in told
    telegram.set_privacy_mode(on=False)
    assert "+ Privacy mode is off" in await said(bot, group)


async def test_a_bot_that_may_not_write_says_so(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    telegram.restrict_bot(group)
    assert "- I may not write here" in await said(bot, group)
    with pytest.raises(NotAllowed, match="right to send"):
        await bot.platform.notice(str(group.id), str(group.id), "a notice")


async def test_a_bot_that_was_removed_says_so(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    telegram.kick_bot(group)
    assert "-" in [line[0] for line in (await said(bot, group)).splitlines()]


async def test_a_basic_group_and_a_lost_alert_chat_are_told(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_group()
    await put(bot, group, "alert_channel", str(telegram.add_supergroup(bot=None).id))
    told = await said(bot, group)
    assert "- This is a basic group" in told
    assert "- I am not in the chat that alerts go to" in told


async def test_an_alert_that_reaches_nobody_is_an_error(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    telegram.make_admin(telegram.add_user(), group)
    with pytest.raises(PlatformError, match="press Start"):
        await bot.platform.notice(str(group.id), "admins", "a notice")
    with pytest.raises(PlatformError, match="no alert channel"):
        await bot.platform.notice(str(group.id), None, "a notice")
    stranger = telegram.add_user()
    with pytest.raises(Stranger):
        await bot.platform.notice(str(group.id), str(stranger.id), "a notice")
    with pytest.raises(Gone):
        await bot.platform.notice(str(group.id), "-1009999999999", "a notice")


async def test_messages_have_an_address_in_supergroups_only(bots: Bots) -> None:
    bot = await bots.start()
    jump = bot.platform.jump
    assert jump(Place("telegram", "-1", "-1002100000001"), "7") == "https://t.me/c/2100000001/7"
    assert jump(Place("telegram", "-1", "-1002100000001", "3"), "7") == "https://t.me/c/2100000001/3/7"
    assert jump(Place("telegram", "-4000000001", "-4000000001"), "7") is None


async def test_whether_a_reply_stands_there_cannot_be_known(bots: Bots) -> None:
    bot = await bots.start()
    asked = Message("7", Place("telegram", "-1", "-1"), Author("5"), (), datetime.now(UTC))
    with pytest.raises(PlatformError, match="no bot"):
        await bot.platform.posted_reply(asked)


def test_who_is_what() -> None:
    def admin(**rights: bool) -> telegram_library.ChatMemberAdministrator:
        given = {"can_delete_messages": False, "can_restrict_members": False, "can_change_info": False, **rights}
        made = telegram_library.ChatMember.de_json(
            {"status": "administrator", "user": MIA.to_dict(), **ADMIN, **given}, None
        )
        assert isinstance(made, telegram_library.ChatMemberAdministrator)
        return made

    assert role_of(telegram_library.ChatMemberOwner(MIA, is_anonymous=False)) is Role.ADMIN
    assert role_of(admin(can_change_info=True)) is Role.ADMIN
    assert role_of(admin(can_delete_messages=True)) is Role.MODERATOR
    assert role_of(admin(can_restrict_members=True)) is Role.MODERATOR
    assert role_of(admin()) is None
    assert role_of(telegram_library.ChatMemberMember(MIA)) is None


class Rows:
    """Moves as the store keeps them."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.asked = 0

    async def put(self, platform: str, old: str, new: str) -> str:
        return self.rows.setdefault(new, self.rows.get(old, old))

    async def all(self, platform: str) -> dict[str, str]:
        self.asked += 1
        return dict(self.rows)


async def test_a_chat_that_moved_twice_is_one_community() -> None:
    rows = Rows()
    places = Places(rows)
    await places.moved("-1", "-1001")
    await places.moved("-1001", "-1002")
    assert await places.community_of("-1002") == "-1"
    assert [places.present(chat) for chat in ("-1", "-1001", "-1002")] == ["-1002"] * 3
    assert [places.has_moved(chat) for chat in ("-1", "-1001", "-1002")] == [True, True, False]
    other = Places(rows)
    assert await asyncio.gather(*(other.community_of("-1002") for _ in range(2))) == ["-1", "-1"]
    asked = rows.asked
    await other.community_of("-1002")
    assert rows.asked == asked


async def test_a_token_in_the_settings_brings_telegram(
    bots: Bots, telegram: LoopbackTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETYBOT_TELEGRAM__TOKEN", telegram.token)
    monkeypatch.setenv("SAFETYBOT_TELEGRAM__BASE_URL", telegram.base_url)
    bot = await bots.start()
    session = Session()
    builders = wanted_platforms(session)
    assert list(builders) == ["telegram"]
    built = builders["telegram"](Around(session, bot.runtime, bot.services, bot.commands, bot.metrics))
    assert built.name == "telegram"
    assert built.health()["mode"] == "polling"
