"""Text commands and the menu: who is answered what, where, and in which language."""

from __future__ import annotations

import pytest
from tests.emulators.telegram import LoopbackTelegram
from tests.platforms.telegram.bots import DIY, Bots
from tests.platforms.telegram.town import PACE, Town, free_port

from safetybot.chat.commands import Command, OptionKind
from safetybot.chat.registry import all_commands
from safetybot.communities.access import BOT
from safetybot.model import Concern, Mode, Place
from safetybot.platforms.telegram.arguments import arguments_of, command_in, head_of, usage_of

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh")


@pytest.fixture
async def town(bots: Bots, telegram: LoopbackTelegram) -> Town:
    return Town(telegram, await bots.start(pace=PACE))


async def test_what_is_typed_in_the_group_is_answered_in_private(town: Town) -> None:
    told = await town.in_group(town.admin, "/status")
    assert "How I stand here" in (told.text or "")
    assert town.group.from_bot() == []


async def test_whoever_never_started_the_bot_is_led_by_a_link_and_nothing_is_done(town: Town) -> None:
    stranger = town.telegram.add_user("Stranger", language_code="en")
    town.telegram.make_admin(stranger, town.group)
    line = await town.answer(town.group, stranger.says(town.group, '/keyword add "glow party" diy'))
    assert "press Start" in (line.text or "")
    assert "nothing was done yet" in (line.text or "")
    assert await town.bot.services.keywords.listed(BOT, *town.where) == []
    tap = await stranger.taps(line, "Open in private")
    await town.answer(town.private(stranger), stranger.follows(tap.url))
    told = await town.in_private(stranger, '/keyword add "glow party" diy')
    assert "glow party" in (told.text or "")
    (listed,) = await town.bot.services.keywords.listed(BOT, *town.where)
    assert listed.keyword.term == "glow party"


async def test_answers_in_the_moderators_room_stand_there(town: Town) -> None:
    await town.alerts_go_to_the_room()
    told = await town.answer(town.room, town.moderator.says(town.room, "/review"))
    assert "Nothing waits for you" in (told.text or "")
    outsider = await town.answer(town.room, town.member.says(town.room, "/review"))
    assert "You may not do that here" in (outsider.text or "")


async def test_a_command_of_another_bot_is_left_alone(town: Town) -> None:
    await town.admin.says(town.group, "/status@another_bot")
    await town.admin.says(town.group, "/weather tomorrow")
    await town.quiet()
    assert town.group.from_bot() == []
    assert town.private(town.admin).from_bot() == []
    told = await town.in_group(town.admin, f"/statsu@{town.telegram.bot.username}")
    assert "There is no command /statsu" in (told.text or "")
    assert "/status" in (told.text or "")


async def test_a_forwarded_command_is_nobodys_command(town: Town) -> None:
    await town.admin.says(town.group, "/policy set diy.mode off", forward_from=town.member)
    await town.quiet()
    policy = await town.bot.services.store.policy(Place("telegram", str(town.group.id), str(town.group.id)))
    assert policy.concerns[Concern.DIY].mode is not Mode.OFF
    assert town.private(town.admin).from_bot() == []


async def test_rights_that_were_taken_away_are_refused_at_the_next_press(town: Town) -> None:
    menu = await town.in_group(town.admin, "/safety")
    assert any(button["text"] == "Settings" for button in menu.buttons)
    town.telegram.remove_admin(town.admin, town.group)
    town.bot.platform.people.forget(str(town.group.id))
    tap = await town.admin.taps(menu, "Settings")
    await tap.answered()
    await town.telegram.until(lambda: "You may not do that here" in str(town.private(town.admin).from_bot()[-1].text))


# --- what cannot be read ----------------------------------------------------------------------------------


def malformed(command: Command) -> str:
    """A command as nobody should write it: a quote that never closes where one can, else a word too many."""
    free = [one for one in command.options if one.kind is not OptionKind.FILE]
    if command.name in ("try", "help"):
        return f"/{command.name}"  # whatever is typed after it can be read
    return f'/{command.name} "never closed' if len(free) != 1 or free[0].choices else f"/{command.name}"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_cannot_be_read_is_answered_with_how_it_is_written(
    language: str, bots: Bots, telegram: LoopbackTelegram
) -> None:
    town = Town(telegram, await bots.start(pace=PACE), language=language)
    await town.in_group(town.admin, "/safety")
    for command in all_commands():
        line = malformed(command)
        told = await town.in_private(town.admin, line)
        assert (told.text or "").strip(), line
        if '"' in line:
            assert usage_of(command) in (told.text or ""), line
            example = next(one for one in reversed((told.text or "").splitlines()) if one.startswith("/"))
            head = head_of(example)
            assert head is not None
            found = command_in({one.path: one for one in all_commands()}, f"{head.word} {head.rest}")
            assert found is not None
            assert found[0] is command
            arguments_of(*found)  # the example can be read
    for line, says in (
        ("/keyword add glow colour=red", "colour"), ("/keyword list everything", "draft"), ("/stats many", "many"),
        ("/keyword glow", "/keyword"), ("/statsu", "/status"), ("/policy set diy.mode sideways", "sideways"),
    ):  # fmt: skip
        assert says in ((await town.in_private(town.admin, line)).text or ""), line


async def test_whoever_may_not_use_a_command_is_told_that_and_not_how_it_is_written(town: Town) -> None:
    told = await town.in_group(town.member, '/keyword add "never closed')
    assert "You may not do that here" in (told.text or "")


# --- languages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_menu_and_help_are_in_the_readers_language(language: str, bots: Bots, telegram: LoopbackTelegram) -> None:
    town = Town(telegram, await bots.start(pace=PACE), language=language)
    ui = town.bot.services.library.ui(language)
    await town.in_group(town.admin, "/safety")
    for word in ("/help", "/start", "/first_aid", "/privacy", "/status"):
        told = await town.in_private(town.admin, word)
        assert "{" not in (told.text or ""), word
        for button in told.buttons:
            assert 0 < len(button["text"]) <= 64
            assert "{" not in button["text"]
    about, member = " ".join(ui.about.split()), town.member
    assert about in ((await town.in_private(member, "/start")).text or "")
    assert ui.any_of_these in ((await town.in_private(member, "/first_aid")).text or "")
    assert ui.stop_where in ((await town.in_private(member, "/stop")).text or "")
    stopped = await town.in_group(member, "/stop")
    assert ui.stopped in (stopped.text or "")
    assert all(one.status == 200 for one in telegram.requests), "every text is HTML that Telegram takes"


async def test_commands_are_listed_by_scope_and_language_within_limits(town: Town) -> None:
    telegram, library = town.telegram, town.bot.services.library
    await telegram.until(lambda: ("all_chat_administrators",) in {scope for scope, _ in telegram.commands}, 10)
    await telegram.until(lambda: (("all_chat_administrators",), "zh") in telegram.commands, 20, "the last list")
    for commands in telegram.commands.values():
        assert 0 < len(commands) <= 100
        assert all(len(word) <= 32 and 0 < len(says) <= 256 for word, says in commands.items())
    german = telegram.add_user(language_code="de")
    assert telegram.commands_for(german)["first_aid"] == library.ui("de").first_aid
    assert telegram.commands_for(german, town.group)["stop"] == library.ui("de").stop
    assert "privacy" in telegram.commands_for(telegram.add_user(language_code="xx"))
    assert "policy" not in telegram.commands_for(german, town.group)
    assert {"safety", "keyword", "policy", "try"} <= telegram.commands_for(town.admin, town.group).keys()
    for word in telegram.commands_for(town.admin, town.group):
        assert (await town.in_private(town.admin, f"/{word}")).text


async def test_lists_that_stand_already_are_left_alone(bots: Bots, telegram: LoopbackTelegram) -> None:
    first = await bots.start(pace=PACE)
    await telegram.until(lambda: (("all_chat_administrators",), "zh") in telegram.commands, 20, "the last list")
    await first.stop()
    before = len(telegram.requests_of("setMyCommands"))
    asked = len(telegram.requests_of("getMyCommands"))
    await bots.start(pace=PACE)
    await telegram.until(lambda: len(telegram.requests_of("getMyCommands")) >= 2 * asked, 20, "all to be compared")
    assert len(telegram.requests_of("setMyCommands")) == before


# --- in private -------------------------------------------------------------------------------------------


async def test_whoever_looks_after_several_groups_is_asked_which_one(town: Town) -> None:
    other = town.telegram.add_supergroup("The other group")
    town.telegram.make_admin(town.admin, other)
    for group in (town.group, other):
        await town.bot.services.policy.put(BOT, "telegram", str(group.id), "language", "en", expected=0)
    asked = await town.in_private(town.admin, "/review")
    assert {"The group", "The other group"} <= {button["text"] for button in asked.buttons}
    tap = await town.admin.taps(asked, "The other group")
    await tap.answered()
    await town.quiet()
    assert "Nothing waits for you" in (tap.edits or [""])[-1]
    told = await town.in_private(town.admin, "/policy set diy.mode alert")
    assert "The other group" in (told.text or "")
    policy = await town.bot.services.store.policy(Place("telegram", str(other.id), str(other.id)))
    assert policy.concerns[Concern.DIY].mode is Mode.ALERT


async def test_an_answer_to_a_message_of_ours_is_about_the_group_of_that_message(town: Town) -> None:
    other = town.telegram.add_supergroup("The other group")
    town.telegram.make_admin(town.admin, other)
    menu = await town.in_group(town.admin, "/safety")
    await town.answer(town.private(town.admin), town.admin.says(other, "/safety"))
    private = town.private(town.admin)
    told = await town.answer(private, town.admin.says(private, "/status", reply_to=menu))
    assert (told.text or "").startswith("The group")


async def test_who_looks_after_no_group_is_told_what_to_do(town: Town) -> None:
    told = await town.in_private(town.member, "/review")
    assert "Write the command in your group once" in (told.text or "")


async def test_somebody_who_just_talks_is_shown_the_way_to_help_once(town: Town) -> None:
    told = await town.in_private(town.member, "my lip looks strange since yesterday")
    assert any(button["text"] == "Something's wrong now" for button in told.buttons)
    await town.member.says_privately("hello?")
    await town.quiet()
    assert len(town.private(town.member).from_bot()) == 1


async def test_a_file_is_imported_by_its_caption(town: Town) -> None:
    await town.in_group(town.admin, "/safety")
    private = town.private(town.admin)
    words = b"term,state,does,to\nglow party,draft,concern,diy\n"
    told = await town.answer(private, town.admin.sends_document(private, "w.csv", "/keyword import", data=words))
    assert "1 keyword was added" in (told.text or "")
    large = await town.answer(
        private, town.admin.sends_document(private, "w.csv", "/keyword import", data=b"x" * 1_000_001)
    )
    assert "could not be read" in (large.text or "")


# --- in groups --------------------------------------------------------------------------------------------


async def test_stop_is_done_and_said_even_where_the_bot_may_not_write_in_private(town: Town) -> None:
    stranger = town.telegram.add_user("Stranger", language_code="en")
    told = await town.answer(town.group, stranger.says(town.group, "/stop"))
    assert told.text == town.bot.services.library.ui("en").stopped
    await stranger.says(town.group, DIY)
    await town.quiet()
    assert len(town.group.from_bot()) == 1


async def test_an_anonymous_administrator_is_led_into_the_private_chat(town: Town) -> None:
    line = await town.answer(town.group, town.admin.says(town.group, "/status", anonymous=True))
    assert "anonymously" in (line.text or "")
    tap = await town.admin.taps(line, "Open in private")
    told = await town.answer(town.private(town.admin), town.admin.follows(tap.url))
    assert "How I stand here" in (told.text or "")
    nobody = await town.answer(town.private(town.member), town.member.follows(tap.url))
    assert "You may not do that here" in (nobody.text or "")


async def test_nobody_fills_a_group_with_lines_that_lead_away(town: Town) -> None:
    stranger = town.telegram.add_user("Stranger")
    for _ in range(3):
        await stranger.says(town.group, "/help")
    await town.quiet()
    assert len(town.group.from_bot()) == 1


async def test_a_form_is_never_filled_in_for_all_to_read(town: Town) -> None:
    await town.alerts_go_to_the_room()
    line = await town.answer(town.room, town.moderator.says(town.room, "/try"))
    tap = await town.moderator.taps(line, "Open in private")
    question = await town.answer(town.private(town.moderator), town.moderator.follows(tap.url))
    told = await town.answer(town.private(town.moderator), town.moderator.says_privately(DIY, reply_to=question))
    assert "A member would read" in (told.text or "")


async def test_two_replicas_that_both_get_everything_answer_a_command_once(
    bots: Bots, telegram: LoopbackTelegram
) -> None:
    ports = free_port(), free_port()
    one = await bots.start(webhook=True, webhook_port=ports[0], pace=PACE)
    other = await bots.start(webhook=True, webhook_port=ports[1], pace=PACE)
    telegram.also_post_to(f"http://127.0.0.1:{ports[0]}/telegram")
    town = Town(telegram, one)
    for _ in range(3):
        await town.admin.says(town.group, "/status")
    await town.quiet()
    await other.platform.inbox.answered(10)
    assert len(telegram.deliveries) == 6
    assert len(town.private(town.admin).from_bot()) == 3


async def test_a_groups_alerts_are_let_into_the_chat_in_which_an_admin_says_so(town: Town) -> None:
    await town.in_group(town.admin, "/safety")
    asked = await town.answer(town.room, town.admin.says(town.room, "/alerts"))
    tap = await town.admin.taps(asked, "The group")
    await tap.answered()
    await town.quiet()
    assert (await town.bot.services.communities.alert_channels("telegram"))[str(town.group.id)] == str(town.room.id)
    told = await town.answer(town.room, town.moderator.says(town.room, "/status"))
    assert "How I stand here" in (told.text or "")
    nothing = await town.answer(town.room, town.moderator.says(town.room, "/alerts"))
    assert "may change the group's information" in (nothing.text or "")
    assert "chat of your moderators" in ((await town.in_private(town.member, "/alerts")).text or "")


async def test_a_topic_is_answered_in_its_topic(bots: Bots, telegram: LoopbackTelegram) -> None:
    town = Town(telegram, await bots.start(pace=PACE))
    forum = telegram.add_supergroup("A forum", forum=True)
    topic = telegram.add_topic(forum, "One")
    stranger = telegram.add_user("Stranger", language_code="en")
    line = await town.answer(forum, stranger.says(forum, "/help", topic=topic))
    assert line.thread_id == topic.id
