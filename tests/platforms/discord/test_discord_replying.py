"""What members get: one reply, buttons that open cards in their own language, else silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.emulators.discord import Channel, File, Guild, LoopbackDiscord, Member, MessageRecord

from safetybot.communities.access import Actor, Role
from safetybot.model import InteractionState, Place

DIY = "I want to inject mesotherapy into my face at home, where do I start?"
ADVERSE = "I injected mesotherapy yesterday at home and now my face is swollen and very hot"
QUIET = "Has anyone seen the new series with the lighthouse?"

Running = Callable[..., Any]


def labels(message: MessageRecord) -> list[str]:
    return [c["label"] for row in message.components for c in row["components"]]


async def test_a_member_is_answered_in_reply_and_nobody_is_pinged(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        message = await member.says(general, DIY)
        reply = await general.reply_to(message)
        await bot.settled()
        [row] = await bot.log()
        last = bot.platform.health()
    assert reply.mentions == []
    assert reply.allowed_mentions is not None
    assert reply.allowed_mentions["parse"] == []
    assert reply.flags & 4, "previews are suppressed"
    assert row.reply_id == str(reply.id)
    assert row.state is InteractionState.SENT
    assert row.place == Place("discord", str(general.guild.id), str(general.id))
    assert len(str(reply.nonce)) <= 25
    assert last["connected"] is True
    assert last["queue"] == 0
    [sent] = [r for r in discord.requests if r.method == "POST" and r.path.endswith("/messages")]
    assert isinstance(sent.json, dict)
    assert sent.json["enforce_nonce"] is True


async def test_what_is_of_no_concern_leaves_nothing_but_a_time(
    running: Running, general: Channel, member: Member
) -> None:
    async with running() as bot:
        await member.says(general, QUIET)
        await asyncio.sleep(0.1)
        await bot.settled()
        await bot.platform.inbox.write_marks()
        assert await bot.log() == []
        marks = await bot.runtime.store.watermarks.all("discord", since=bot.runtime.clock.now().replace(year=2020))
    assert list(marks) == [(str(general.guild.id), str(general.id))]


async def test_bots_webhooks_and_the_bot_itself_are_left_alone(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    robot = guild.add_member("a robot", bot=True)
    async with running() as bot:
        await robot.says(general, DIY)
        general.webhook_says(DIY)
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
        assert [row.message_id for row in await bot.log()] == [str(message.id)]
    assert len(general.bot_messages) == 1


async def test_members_with_an_exempt_role_are_left_alone(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    staff = guild.add_role("clinic staff")
    nurse = guild.add_member("nurse", staff)
    admin = Actor("admin", Role.ADMIN, "discord", str(guild.id))
    async with running() as bot:
        await bot.services.policy.put(
            admin, "discord", str(guild.id), "exempt_roles", [str(staff.id)], expected=0
        )  # fmt: skip
        await nurse.says(general, DIY)
        message = await member.says(general, DIY)
        await general.reply_to(message)
        await bot.settled()
        assert len(general.bot_messages) == 1


async def test_the_cards_are_private_and_in_the_language_of_whoever_presses(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    reader = guild.add_member("reader", locale="de")
    async with running() as bot:
        reply = await general.reply_to(await member.says(general, DIY))
        risks, first_aid, sources, not_for_me = labels(reply)
        english = await member.taps(reply, risks)
        german = await reader.taps(reply, risks)
        listed = await reader.taps(reply, sources)
        aid = await reader.taps(german, bot.services.library.ui("de").first_aid)
        more = await member.taps(reply, not_for_me)
    assert first_aid == bot.services.library.ui("en").first_aid
    for card in (english, german, listed, aid, more):
        assert not card.failed
        assert card.problems == []
        assert card.ephemeral
    assert english.content != german.content
    assert "<https://" in listed.content, "no link opens a preview"
    assert len(general.messages) == 2


async def test_a_reply_to_somebody_with_symptoms_offers_first_aid_first(
    running: Running, general: Channel, member: Member
) -> None:
    async with running() as bot:
        reply = await general.reply_to(await member.says(general, ADVERSE))
        assert labels(reply)[0] == bot.services.library.ui("en").first_aid


async def test_buttons_work_after_a_restart(running: Running, general: Channel, member: Member) -> None:
    async with running():
        reply = await general.reply_to(await member.says(general, DIY))
    async with running():
        card = await member.taps(reply, labels(reply)[0])
    assert card.ephemeral
    assert card.content


async def test_a_button_made_up_by_somebody_is_answered_as_outdated(
    running: Running, general: Channel, member: Member
) -> None:
    async with running():
        reply = await general.reply_to(await member.says(general, DIY))
        button = reply.components[0]["components"][0]
        button["custom_id"] = "erase:" + "A" * 8
        card = await member.taps(reply, button["label"])
    assert card.ephemeral
    assert "another version" in card.content


async def test_whoever_says_stop_is_not_answered_again(running: Running, general: Channel, member: Member) -> None:
    async with running() as bot:
        ui = bot.services.library.ui("en")
        reply = await general.reply_to(await member.says(general, DIY))
        more = await member.taps(reply, ui.not_for_me)
        done = await member.taps(more, ui.stop)
        await member.says(general, DIY + " Really.")
        await asyncio.sleep(0.1)
        await bot.settled()
    assert done.content == ui.stopped
    assert done.components == []
    assert done.message is more.message, "the card is replaced"
    assert len(general.bot_messages) == 1


async def test_a_slow_answer_is_announced_within_three_seconds(
    running: Running, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as bot:
        reply = await general.reply_to(await member.says(general, DIY))
        policy = bot.services.store.policy

        async def slow(place: Place) -> object:
            await asyncio.sleep(1.8)
            return await policy(place)

        monkeypatch.setattr(bot.services.store, "policy", slow)
        card = await member.taps(reply, labels(reply)[0])
    assert card.deferred
    assert not card.thinking
    assert card.ephemeral
    assert card.answered_after is not None
    assert card.answered_after < 2.5
    assert card.content


async def test_a_fault_of_ours_is_answered_with_an_apology(
    running: Running, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as bot:
        reply = await general.reply_to(await member.says(general, DIY))

        async def broken(_: Place) -> object:
            raise ValueError(DIY)

        monkeypatch.setattr(bot.services.store, "policy", broken)
        card = await member.taps(reply, labels(reply)[0])
    assert "wrong on our side" in card.content
    assert card.ephemeral


async def test_an_edit_is_read_and_never_answered_twice(running: Running, general: Channel, member: Member) -> None:
    async with running() as bot:
        message = await member.says(general, QUIET)
        await bot.settled()
        await member.edits(message, DIY)
        await general.reply_to(message)
        await member.edits(message, DIY + " Please help.")
        general.unfurls(message, {"title": DIY})
        await asyncio.sleep(0.1)
        await bot.settled()
        assert len(await bot.log()) == 1
    assert len(general.bot_messages) == 1


async def test_a_preview_that_appears_on_an_old_edit_is_no_new_message(
    running: Running, general: Channel, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as bot:
        message = await member.says(general, DIY)
        message.edited_at = message.created_at.replace(year=2024)
        await general.reply_to(message)
        await bot.settled()
        assert await bot.runtime.store.list_interactions() != []
        bot.watcher.recent.forget((await bot.log())[0].place, str(message.id))
        offered: list[object] = []
        monkeypatch.setattr(bot.intake, "offer", offered.append)
        general.unfurls(message, {"title": "a page"})
        await asyncio.sleep(0.1)
    assert offered == []


async def test_a_forum_post_is_read_with_its_title_and_answered_in_the_post(
    running: Running, guild: Guild, member: Member
) -> None:
    forum = guild.add_forum("questions")
    async with running() as bot:
        thread, message = await member.posts(forum, "Injecting mesotherapy at home", "How do I begin with it myself?")
        reply = await thread.reply_to(message)
        await bot.settled()
        [row] = await bot.log()
    assert reply.channel_id == thread.id
    assert row.place == Place("discord", str(guild.id), str(forum.id), str(thread.id))


async def test_forwarded_words_and_alt_texts_are_read(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    source = guild.add_channel("elsewhere")
    async with running() as bot:
        said = await member.says(source, QUIET)
        picture = await member.says(
            general, attachments=[File("cat.png", "My kit to inject mesotherapy into my face at home")]
        )
        await general.reply_to(picture)
        said.content = DIY
        await member.says(general, forward=said)
        await asyncio.sleep(0.1)
        await bot.settled()
        rows = await bot.log()
    assert str(picture.id) in [row.message_id for row in rows]


async def test_a_deleted_message_is_erased_from_the_log(running: Running, general: Channel, member: Member) -> None:
    async with running() as bot:
        one, two, three = [await member.says(general, f"{DIY} {n}") for n in range(3)]
        for message in (one, two, three):
            await general.reply_to(message)
        await bot.settled()
        await member.deletes(one)
        await member.deletes(two, three)
        await asyncio.sleep(0.1)
        await bot.settled()
        assert await bot.log() == []


async def test_a_message_deleted_in_an_archived_thread_is_erased_after_a_restart(
    running: Running, guild: Guild, general: Channel, member: Member
) -> None:
    thread = guild.add_thread(general, "a thread", member)
    async with running() as bot:
        message = await member.says(thread, DIY)
        await thread.reply_to(message)
        await bot.settled()
    thread.archive()
    async with running() as bot:
        await member.deletes(message)
        await asyncio.sleep(0.2)
        await bot.settled()
        assert await bot.log() == []


async def test_a_message_deleted_while_we_answer_gets_no_reply(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    discord.delay("/messages$", 0.3, method="POST")
    async with running() as bot:
        message = await member.says(general, DIY)
        await discord.until(lambda: bot.intake.waiting)
        await asyncio.sleep(0.1)  # the reply is on its way
        await member.deletes(message)
        await asyncio.sleep(0.4)
        await bot.settled()
        assert await bot.log() == []
    assert general.bot_messages == []


async def test_a_message_deleted_after_its_reply_was_sent_off_takes_the_reply_with_it(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    discord.delay("/messages$", 0.4, method="POST")
    async with running() as bot:
        message = await member.says(general, DIY)
        async with asyncio.timeout(5):
            while [row.state for row in await bot.log()] != [InteractionState.SENDING]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        # Told to us, and not yet known where the reply arrives.
        bot.platform.inbox.deleted(general.guild.id, general.id, {message.id})
        await bot.settled()
        assert await bot.log() == []
    [reply] = [m for m in general.record.messages.values() if m.author.bot]
    assert reply.deleted


async def test_a_message_deleted_before_its_reply_was_confirmed_takes_the_reply_with_it(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        discord.drop_rest(path="/messages$", method="POST", carried_out=True)
        message = await member.says(general, DIY)
        reply = await general.reply_to(message)
        await member.deletes(message)
        await discord.until(lambda: reply.deleted)
        await bot.settled()
        assert await bot.log() == []


async def test_a_community_that_removes_the_bot_is_erased(
    running: Running, guild: Guild, general: Channel, member: Member, discord: LoopbackDiscord
) -> None:
    other = discord.add_guild("Another community")
    elsewhere = other.add_channel("general")
    async with running() as bot:
        await general.reply_to(await member.says(general, DIY))
        await elsewhere.reply_to(await other.add_member("member two").says(elsewhere, DIY))
        await bot.settled()
        guild.goes_unavailable()
        await asyncio.sleep(0.1)
        await bot.settled()
        assert len(await bot.log()) == 2, "an outage is no farewell"
        guild.comes_back()
        guild.removes_bot()
        await asyncio.sleep(0.1)
        await bot.settled()
        assert [row.place.community for row in await bot.log()] == [str(other.id)]


async def test_what_was_deleted_just_before_a_stop_is_erased(
    running: Running, discord: LoopbackDiscord, general: Channel, member: Member
) -> None:
    async with running() as bot:
        messages = [await member.says(general, f"{DIY} {n}") for n in range(4)]
        for message in messages:
            await general.reply_to(message)
        await bot.settled()
        await member.deletes(*messages)
        await discord.flushed()
        async with asyncio.timeout(5):
            while not bot.platform.inbox.is_gone(str(messages[0].id)):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await bot.platform.stop()
        assert await bot.log() == []
