"""A keyword's life in the chat: added, looked at, switched on, taken back, in and out as files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from safetybot.chat.actions import Action
from safetybot.chat.answers import Answer, Button
from safetybot.chat.commands import Caller, Commands, Upload
from safetybot.chat.services import Services
from safetybot.communities.access import Role
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.model import Author, Concern, Message, Place, Strength, Surface, SurfaceKind

Make = Callable[..., Caller]
HERE = ("discord", "100")


def pressable(answer: Answer) -> dict[str, Button]:
    choices = [Button(choice.label, choice.action) for choice in (answer.menu.choices if answer.menu else ())]
    return {button.label: button for button in (*(button for row in answer.rows for button in row), *choices)}


async def press(commands: Commands, caller: Caller, answer: Answer, label: str) -> Answer:
    action = pressable(answer)[label].action
    assert action is not None
    return await commands.act(caller, action)


async def keyword(services: Services, caller: Caller, term: str) -> Keyword:
    return (await services.keywords.get(caller.actor, *HERE, term)).keyword


async def test_a_keyword_goes_from_nothing_to_live_with_buttons_alone(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    answer = await commands.act(moderator, Action("menu"))
    for label in ("Keywords", "Add a keyword", "Do it yourself"):
        answer = await press(commands, moderator, answer, label)
    assert answer.form is not None
    answer = await commands.act(moderator, answer.form.action, {"term": " glow party "})
    assert "glow party is noted: draft." in answer.text.plain
    assert "Ordinary chat: found in 0 of" in answer.text.plain
    answer = await press(commands, moderator, answer, "Switch on")
    assert "draft → live" in answer.text.plain
    assert (await keyword(services, moderator, "glow party")).state is KeywordState.LIVE
    answer = await press(commands, moderator, answer, "Take back the last change")
    assert "live → draft" in answer.text.plain
    assert (await keyword(services, moderator, "glow party")).state is KeywordState.DRAFT


async def test_a_keyword_without_a_meaning_is_a_draft_that_asks_for_one(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    answer = await commands.run(moderator, ("keyword", "add"), {"term": "glow party"})
    assert "What does it stand for?" in answer.text.plain
    await press(commands, moderator, answer, "product")
    assert (await keyword(services, moderator, "glow party")).concept == "product"


async def test_a_preview_reads_the_last_messages_of_the_place(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    words = Surface(SurfaceKind.TEXT, "who comes to the glow party at mine")
    services.recent.add(Message("1", Place(*HERE, "200"), Author("7"), (words,), datetime(2026, 11, 25, tzinfo=UTC)))
    answer = await commands.run(moderator, ("keyword", "add"), {"term": "glow party", "concern": "diy"})
    assert "The last messages here: found in 1 of 1 message" in answer.text.plain
    assert "> who comes to the glow party at mine" in answer.text.plain


async def test_what_is_too_broad_goes_live_only_all_the_same(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    await commands.run(moderator, ("keyword", "add"), {"term": "filler", "concern": "diy"})
    answer = await commands.run(moderator, ("keyword", "live"), {"term": "filler"})
    assert "too broad" in answer.text.plain
    assert "Switch on" not in pressable(answer)
    answer = await press(commands, moderator, answer, "Switch on all the same")
    assert (await keyword(services, moderator, "filler")).state is KeywordState.LIVE


async def test_live_shows_what_it_would_do_before_it_does_anything(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    await commands.run(moderator, ("keyword", "add"), {"term": "glow party", "concern": "diy"})
    answer = await commands.run(moderator, ("keyword", "live"), {"term": "GLOW party"})
    assert "What it would do, live" in answer.text.plain
    assert (await keyword(services, moderator, "glow party")).state is KeywordState.DRAFT
    await commands.run(moderator, ("keyword", "live"), {"term": "glow party", "force": True})
    assert (await keyword(services, moderator, "glow party")).state is KeywordState.LIVE


async def test_whoever_was_slower_is_shown_what_the_other_did(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    seen = await commands.run(moderator, ("keyword", "add"), {"term": "glow party", "concern": "diy"})
    await commands.run(moderator, ("keyword", "retire"), {"term": "glow party"})
    answer = await press(commands, moderator, seen, "Switch on")
    assert "Somebody was faster, so nothing was changed." in answer.text.plain
    assert "mia (42) changed it on" in answer.text.plain
    assert "It is retired" in answer.text.plain
    assert (await keyword(services, moderator, "glow party")).state is KeywordState.RETIRED


async def test_adding_what_is_there_shows_it(services: Services, commands: Commands, caller: Make) -> None:
    moderator = caller(Role.MODERATOR)
    for _ in range(2):
        answer = await commands.run(moderator, ("keyword", "add"), {"term": "Glow Party", "concern": "diy"})
    assert "Glow Party is a keyword already" in answer.text.plain
    assert "Try in shadow" in pressable(answer)


async def test_weak_strong_and_an_allowed_phrase_are_a_tap_apart(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    given = {"term": "glow party", "concept": "product", "strength": "weak"}
    await commands.run(moderator, ("keyword", "add"), given)
    assert (await keyword(services, moderator, "glow party")).strength is Strength.WEAK
    answer = await commands.run(moderator, ("keyword", "edit"), {"term": "glow party"})
    await press(commands, moderator, answer, "Let it count by itself")
    assert (await keyword(services, moderator, "glow party")).strength is Strength.STRONG
    await commands.run(moderator, ("keyword", "shadow"), {"term": "glow party"})
    answer = await commands.run(moderator, ("keyword", "edit"), {"term": "glow party"})
    await press(commands, moderator, answer, "Allow it: it means something else here")
    now = await keyword(services, moderator, "glow party")
    assert (now.allowed, now.state) == (True, KeywordState.DRAFT)


async def test_undoing_the_first_change_takes_a_keyword_away(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    await commands.run(moderator, ("keyword", "add"), {"term": "glow party", "concern": "diy"})
    answer = await commands.run(moderator, ("keyword", "undo"), {"term": "glow party"})
    assert "taken away again (taking back version 1)" in answer.text.plain
    assert await services.keywords.listed(moderator.actor, *HERE) == []
    again = await commands.run(moderator, ("keyword", "undo"), {"term": "glow party"})
    assert "no change left to take back" in again.text.plain
    history = await commands.run(moderator, ("keyword", "history"), {"term": "glow party"})
    assert history.text.plain.count("Version") == 2


async def test_what_is_exported_can_be_imported_elsewhere(services: Services, commands: Commands, caller: Make) -> None:
    moderator, other = caller(Role.MODERATOR), caller(Role.MODERATOR, community="101")
    await commands.run(moderator, ("keyword", "add"), {"term": "=glow party", "concern": "diy"})
    await commands.run(moderator, ("keyword", "add"), {"term": "silk night", "allow": True})
    for form in ("csv", "yaml"):
        (file,) = (await commands.run(moderator, ("keyword", "export"), {"form": form})).files
        given = {"file": Upload(file.name, file.data)}
        await commands.run(other, ("keyword", "import"), given)
        answer = await commands.run(other, ("keyword", "import"), given)
        assert "2 were so already." in answer.text.plain
    listed = await services.keywords.listed(other.actor, "discord", "101")
    assert {one.keyword.term for one in listed} == {"=glow party", "silk night"}


async def test_a_file_with_a_fault_changes_nothing_and_says_where(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    lines = b"term,state,does,to\nglow party,draft,concern,diy\nsilk night,draft,concern,dyi\n"
    answer = await commands.run(moderator, ("keyword", "import"), {"file": Upload("words.csv", lines)})
    assert "words.csv" in answer.text.plain
    assert "'dyi' is no concern" in answer.text.plain
    assert await services.keywords.listed(moderator.actor, *HERE) == []


async def test_terms_and_concepts_are_proposed_to_who_may_see_them(
    services: Services, commands: Commands, caller: Make
) -> None:
    moderator = caller(Role.MODERATOR)
    wanted = [Keyword(term, KeywordState.DRAFT, concern=Concern.DIY) for term in ("silk glow", "glow party", "pen")]
    await services.keywords.put_all(moderator.actor, *HERE, wanted)
    assert await commands.complete(moderator, ("keyword", "live"), "term", "Glow") == ["glow party", "silk glow"]
    assert "product" in await commands.complete(moderator, ("keyword", "add"), "concept", "prod")
    assert await commands.complete(caller(), ("keyword", "live"), "term", "") == ()


async def test_a_button_about_a_keyword_that_is_gone_says_so(
    services: Services, commands: Commands, caller: Make
) -> None:
    answer = await commands.act(caller(Role.MODERATOR), Action("kw.one", ("0123456789ab",)))
    assert "That keyword is no longer there" in answer.text.plain
