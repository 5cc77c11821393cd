"""Buttons: a card for one person only, in their language; verdicts in the moderators' room; forms step by step."""

from __future__ import annotations

import asyncio

import pytest
import telegram as telegram_library
from tests.emulators.telegram import LoopbackTelegram
from tests.emulators.telegram.people import User
from tests.emulators.telegram.world import Chat, Message
from tests.platforms.telegram.bots import DIY, Bots, Running

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Field, File, FormToFill
from safetybot.chat.commands import Caller
from safetybot.chat.text import text
from safetybot.communities.access import BOT
from safetybot.model import VerdictKind
from safetybot.platforms.telegram.forms import Forms, carried, found_in
from safetybot.platforms.telegram.giving import Spot


def label(bot: Running, name: str, language: str = "en") -> str:
    """The words on a member's button."""
    return str(getattr(bot.services.library.ui(language), name))


async def said_privately(telegram: LoopbackTelegram, user: User, number: int = 1) -> Message:
    return await telegram.bot_message(telegram.private_chat(user), number)


async def asked(telegram: LoopbackTelegram, group: Chat) -> Message:
    return await telegram.answer_to(await telegram.add_user().says(group, DIY))


async def put(bot: Running, community: str, key: str, value: object) -> None:
    await bot.services.policy.put(BOT, "telegram", community, key, value, expected=0)


@pytest.mark.parametrize("name", ["risks", "first_aid", "sources", "not_for_me"])
async def test_a_card_opens_in_private_in_the_pressers_language(
    bots: Bots, telegram: LoopbackTelegram, name: str
) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    answer = await asked(telegram, group)
    reader = telegram.add_user("Reader", language_code="de")
    tap = await reader.taps(answer, label(bot, name))
    link = (await tap.answered()).url
    assert link.startswith(f"https://t.me/{telegram.bot.username}?start=")
    assert len(group.from_bot()) == 1
    await reader.follows(link)
    card = await said_privately(telegram, reader)
    german = label(bot, "first_aid", "de")
    buttons = [one["text"] for one in card.buttons]
    if name in ("risks", "sources"):
        assert buttons == [german]
    elif name == "not_for_me":
        assert buttons[:2] == [label(bot, "wrong", "de"), label(bot, "stop", "de")]
    else:
        assert buttons == []
        assert card.text
    assert len(telegram.private_chat(reader).from_bot()) == 1


async def test_the_private_card_leads_on_by_itself(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    answer = await asked(telegram, telegram.add_supergroup())
    reader = telegram.add_user("Reader", language_code="fr")
    await reader.follows((await (await reader.taps(answer, label(bot, "risks"))).answered()).url)
    card = await said_privately(telegram, reader)
    tap = await reader.taps(card, label(bot, "first_aid", "fr"))
    assert not (await tap.answered()).text
    assert (await said_privately(telegram, reader, 2)).text != card.text


async def test_without_a_language_of_their_own_the_communitys_counts(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    await put(bot, str(group.id), "language", "es")
    answer = await asked(telegram, group)
    reader = telegram.add_user("Reader", language_code=None)
    await reader.follows((await (await reader.taps(answer, label(bot, "risks", "es"))).answered()).url)
    card = await said_privately(telegram, reader)
    assert card.buttons[0]["text"] == label(bot, "first_aid", "es")


async def test_somebody_who_wants_no_replies_gets_none(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    member = telegram.add_user()
    answer = await telegram.answer_to(await member.says(group, DIY))
    await member.follows((await (await member.taps(answer, label(bot, "not_for_me"))).answered()).url)
    choice = await said_privately(telegram, member)
    await member.taps(choice, label(bot, "stop"))
    await telegram.until(lambda: choice.text == label(bot, "stopped"), 5, "the choice to be taken in place")
    await member.says(group, DIY + " again")
    other = await telegram.add_user().says(group, DIY + " too")
    await telegram.answer_to(other)
    assert len(group.from_bot()) == 2


async def test_what_is_kept_is_deleted_on_demand(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    member = telegram.add_user()
    answer = await telegram.answer_to(await member.says(telegram.add_supergroup(), DIY))
    await member.follows((await (await member.taps(answer, label(bot, "not_for_me"))).answered()).url)
    choice = await said_privately(telegram, member)
    await member.taps(choice, label(bot, "erase"))
    await telegram.until(lambda: choice.text == label(bot, "erased"), 5, "the choice to be taken in place")
    assert await bot.log() == []


async def test_buttons_outlive_a_restart(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    answer = await asked(telegram, telegram.add_supergroup())
    await bot.stop()
    await bots.start()
    reader = telegram.add_user()
    assert "?start=" in (await (await reader.taps(answer, label(bot, "risks"))).answered()).url


async def test_a_forged_button_is_answered_and_does_nothing(bots: Bots, telegram: LoopbackTelegram) -> None:
    await bots.start()
    group = telegram.add_supergroup()
    answer = await asked(telegram, group)
    tap = await telegram.add_user().taps_again(answer, "erase:.-1:AAAAAAAA")
    assert (await tap.answered()).text
    assert len(group.from_bot()) == 1


async def room(bot: Running, telegram: LoopbackTelegram, group: Chat) -> tuple[Chat, User]:
    """A moderators' room, and a moderator of the group."""
    moderators = telegram.add_supergroup("Moderators")
    await put(bot, str(group.id), "alert_channel", str(moderators.id))
    await put(bot, str(group.id), "diy.mode", "reply+alert")
    moderator = telegram.add_user("Moderator")
    telegram.make_admin(moderator, group)
    telegram.make_admin(moderator, moderators)
    return moderators, moderator


async def test_an_alert_is_judged_where_it_stands(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    moderators, moderator = await room(bot, telegram, group)
    await asked(telegram, group)
    alert = await telegram.bot_message(moderators)
    assert f"t.me/c/{str(group.id).removeprefix('-100')}/" in str(alert.entities)
    assert "hyaluron pen" in (alert.text or "")
    tap = await moderator.taps(alert, "Confirm")
    await tap.answered()
    await telegram.until(lambda: "hyaluron pen" not in (alert.text or ""), 5, "the words to be taken out")
    (row,) = await bot.log()
    assert row.verdict is not None
    assert row.verdict.kind is VerdictKind.CONFIRMED


async def test_the_queue_opens_below_an_alert_and_not_in_its_place(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    moderators, moderator = await room(bot, telegram, group)
    for _ in range(4):  # the fourth is folded into one message with a way to the queue
        await telegram.answer_to(await telegram.add_user().says(group, DIY))
    burst = await telegram.bot_message(moderators, 4, 20)
    before = burst.text
    await moderator.taps(burst, "Open the review queue")
    queue = await telegram.bot_message(moderators, 5, 20)
    assert burst.text == before
    await moderator.taps(queue, "Next")
    await telegram.until(lambda: bool(queue.versions), 10, "the next one, in its place")
    assert len(moderators.from_bot()) == 5


async def test_who_is_no_moderator_of_the_group_may_not_judge(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    moderators, _ = await room(bot, telegram, group)
    guest = telegram.add_user("Guest")
    telegram.make_admin(guest, moderators)  # of the room, not of the group
    title_only = telegram.add_user("Title")
    telegram.make_admin(title_only, group, can_change_info=False, can_delete_messages=False, can_restrict_members=False)
    await asked(telegram, group)
    alert = await telegram.bot_message(moderators)
    for one in (guest, title_only):
        refused = await (await one.taps(alert, "Confirm")).answered()
        assert "may not" in refused.text
        assert refused.show_alert
    assert (await bot.log())[0].verdict is None


async def test_a_reason_is_asked_for_in_private(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    moderators, moderator = await room(bot, telegram, group)
    await asked(telegram, group)
    alert = await telegram.bot_message(moderators)
    await moderator.follows((await (await moderator.taps(alert, "False alarm")).answered()).url)
    question = await said_privately(telegram, moderator)
    assert "force_reply" in str(telegram.requests_of("sendMessage")[-1].params["reply_markup"])
    await moderator.says_privately("it was about tattoos", reply_to=question)
    await said_privately(telegram, moderator, 2)
    (row,) = await bot.log()
    assert row.verdict is not None
    assert (row.verdict.kind, row.verdict.reason) == (VerdictKind.FALSE_ALARM, "it was about tattoos")


async def test_a_question_finds_its_form_again_after_a_restart(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    moderators, moderator = await room(bot, telegram, group)
    await asked(telegram, group)
    alert = await telegram.bot_message(moderators)
    await moderator.follows((await (await moderator.taps(alert, "False alarm")).answered()).url)
    question = await said_privately(telegram, moderator)
    await bot.stop()
    bot = await bots.start()
    await moderator.says_privately("it was about tattoos", reply_to=question)
    await said_privately(telegram, moderator, 2)
    (row,) = await bot.log()
    assert row.verdict is not None
    assert row.verdict.reason == "it was about tattoos"


async def test_an_answer_to_a_forgotten_question_is_told_so(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    user = telegram.add_user(started=True)
    caller = await caller_of(bot, user)
    form = FormToFill("A form", Action("nothing"), (Field("one", "What?"),))
    telegram_user = telegram_user_of(user)
    await bot.platform.presses.give(telegram_user, Spot(str(user.id)), caller, Answer(form=form))
    question = await said_privately(telegram, user)
    bot.platform.presses.forms.end(user.id)
    await user.says_privately("this", reply_to=question)
    assert "no longer know" in ((await said_privately(telegram, user, 2)).text or "")


async def test_a_form_is_asked_question_by_question(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    user = telegram.add_user(started=True)
    fields = (Field("one", "What?", most=5), Field("two", "Why?", required=False), Field("three", "How?", value="so"))
    form = FormToFill("A form", Action("unknown"), fields)
    caller = await caller_of(bot, user)
    await bot.platform.presses.give(telegram_user_of(user), Spot(str(user.id)), caller, Answer(form=form))
    for number, said in enumerate(("too long", "this", "-", "-"), start=1):
        question = await said_privately(telegram, user, number)
        await user.says_privately(said, reply_to=question)
    filling = bot.platform.presses.forms.of(user.id)
    await said_privately(telegram, user, 5)
    assert filling is not None
    assert filling.values == {"one": "this", "two": "", "three": "so"}


async def test_files_are_handed_out_as_documents(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    user = telegram.add_user(started=True)
    answer = Answer(text("Here it is."), files=(File("export.json", b"{}"),))
    await bot.platform.giver.give(Spot(str(user.id)), answer, None)
    document = await said_privately(telegram, user, 2)
    assert document.upload is not None
    assert (document.upload.name, document.upload.data) == ("export.json", b"{}")


async def test_a_long_answer_comes_in_pages_with_the_buttons_last(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    user = telegram.add_user(started=True)
    answer = Answer(text(*["many words " * 40] * 20))
    await bot.platform.giver.give(Spot(str(user.id)), answer, None)
    await said_privately(telegram, user, 3)


async def test_alerts_go_to_administrators_who_started_the_bot(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    group = telegram.add_supergroup()
    community = str(group.id)
    await put(bot, community, "alert_channel", "admins")
    await put(bot, community, "diy.mode", "alert")
    there, stranger = telegram.add_user("There", started=True), telegram.add_user("Stranger")
    telegram.make_admin(there, group)
    telegram.make_admin(stranger, group)
    await telegram.add_user().says(group, DIY)
    alert = await said_privately(telegram, there)
    tap = await there.taps(alert, "Confirm")
    await tap.answered()
    await telegram.until(lambda: "hyaluron pen" not in (alert.text or ""), 5, "the words to be taken out")
    assert not telegram.private_chat(stranger).from_bot()
    findings = await bot.platform.findings(community, "en")
    assert any("has not started me" in one.says or "have not started me" in one.says for one in findings)


async def test_a_press_of_many_is_answered_each(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot = await bots.start()
    answer = await asked(telegram, telegram.add_supergroup())
    taps = [await telegram.add_user().taps(answer, label(bot, "risks")) for _ in range(20)]
    answers = await asyncio.gather(*(tap.answered() for tap in taps))
    assert all("?start=" in one.url for one in answers)


def test_a_question_carries_the_answers_so_far() -> None:
    link = carried("https://t.me/bot?start=abc", ("täst", "b&c=d"))
    assert found_in(link) == ("abc", ("täst", "b&c=d"))
    assert found_in(carried("https://t.me/bot?start=abc", ())) == ("abc", ())
    assert found_in(carried("https://t.me/bot?start=abc", ("x" * 5_000,))) == ("abc", ())
    assert found_in("https://t.me/bot?start=abc&so_far=!") is None
    assert found_in("") is None


def test_a_form_waits_for_half_an_hour() -> None:
    now = [0.0]
    forms = Forms(lambda: now[0])
    forms.begin(1, FormToFill("A form", Action("x"), (Field("one", "What?"),)), "-1", None)
    now[0] = 1_799.0
    assert forms.of(1) is not None
    now[0] = 1_801.0
    assert forms.of(1) is None


async def caller_of(bot: Running, user: User) -> Caller:
    return await bot.platform.presses.caller(telegram_user_of(user), "")


def telegram_user_of(user: User) -> telegram_library.User:
    return telegram_library.User(user.id, user.first_name, is_bot=False, language_code=user.language_code)
