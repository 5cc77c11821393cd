"""From `/web` in a chat into the pages: the whole bot, Telegram's button, the real pages behind it."""

from __future__ import annotations

import re

import httpx
from tests.emulators.telegram import LoopbackTelegram
from tests.emulators.telegram.people import User
from tests.emulators.telegram.world import Chat, Message
from tests.platforms.telegram.bots import DIY, Bots, Logs, Running, packaged

from safetybot.chat.services import Pages
from safetybot.cli.session import Session
from safetybot.cli.web import make_parts
from safetybot.web.app import create_app
from safetybot.web.parts import Site

HOST = "bot.example.org"
SITE = f"https://{HOST}"
OPEN = "Open the pages"


async def settled(bots: Bots, telegram: LoopbackTelegram) -> tuple[Running, Chat, User]:
    """A bot with pages, a group of which something is kept, and its moderator."""
    bot = await bots.start()
    bot.services.pages = Pages(SITE, vouching=frozenset({"telegram"}))
    group, moderator = telegram.add_supergroup(), telegram.add_user("Mia")
    telegram.make_admin(moderator, group, can_change_info=False)
    await telegram.answer_to(await telegram.add_user().says(group, DIY))
    await bot.log()
    return bot, group, moderator


async def asked(telegram: LoopbackTelegram, who: User) -> Message:
    """The answer to `/web` in private."""
    chat = telegram.private_chat(who)
    before = len(chat.from_bot())
    await who.says_privately("/web")
    await telegram.until(lambda: len(chat.from_bot()) > before, 10, "an answer")
    return chat.from_bot()[-1]


def browser(bots: Bots, bot: Running) -> httpx.AsyncClient:
    session = Session()
    settings = session.settings
    session.settings = settings.model_copy(
        update={
            "web": settings.web.model_copy(update={"url": SITE, "port": 8787}),
            "telegram": settings.telegram.model_copy(
                update={"token": type(settings.telegram.token)(bots.telegram.token)}
            ),
        }
    )

    async def standing(_: str, community: str, member: str) -> object:
        return await bot.platform.standing(community, member)

    parts = make_parts(session, bot.runtime, bot.metrics, packaged, {"telegram": standing})  # type: ignore[dict-item]
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(parts, Site(SITE))), base_url=SITE)


async def test_a_moderator_comes_from_the_chat_into_the_pages_of_their_group(
    bots: Bots, telegram: LoopbackTelegram
) -> None:
    bot, group, moderator = await settled(bots, telegram)
    telegram.set_domain(HOST)
    answer = await asked(telegram, moderator)
    opened = await moderator.signs_in(answer, OPEN)
    assert opened.startswith(f"{SITE}/sign-in/telegram/{group.id}?")
    async with browser(bots, bot) as web:
        shown = await web.get(opened)
        assert f"Telegram says that you are Mia ({moderator.id})." in shown.text
        [token] = re.findall(r'name="token" value="([^"]+)"', shown.text)
        assert (await web.post("/sign-in", data={"token": token})).status_code == 303
        assert (await web.get(f"/in/telegram/{group.id}/log")).status_code == 200
        assert (await web.get(f"/in/telegram/{group.id}/privacy")).status_code in (403, 404), "for admins"
        assert (await web.get(opened)).status_code == 403


async def test_somebody_who_tells_nothing_is_not_let_in(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot, _, moderator = await settled(bots, telegram)
    telegram.set_domain(HOST)
    opened = await moderator.signs_in(await asked(telegram, moderator), OPEN, refuses=True)
    async with browser(bots, bot) as web:
        assert (await web.get(opened)).status_code == 403


async def test_whoever_has_the_button_of_another_is_only_themselves(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot, _, moderator = await settled(bots, telegram)
    telegram.set_domain(HOST)
    answer, stranger = await asked(telegram, moderator), telegram.add_user("Somebody")
    async with browser(bots, bot) as web:
        shown = await web.get(await stranger.signs_in(answer, OPEN))
        assert "You look after no community" in shown.text
        assert "<form" not in shown.text


async def test_where_botfather_was_not_told_the_site_a_plain_link_and_the_log_say_so(
    bots: Bots, telegram: LoopbackTelegram, logs: Logs
) -> None:
    bot, group, moderator = await settled(bots, telegram)
    answer = await asked(telegram, moderator)
    [button] = [one for one in answer.buttons if one["text"] == OPEN]
    assert button["url"] == f"{SITE}/sign-in/telegram/{group.id}"
    assert "/setdomain" in logs.text
    assert logs.count("nobody_vouched_for") == 1
    async with browser(bots, bot) as web:
        assert "/setdomain" in (await web.get(button["url"])).text


async def test_members_get_no_way_in(bots: Bots, telegram: LoopbackTelegram) -> None:
    _, group, _ = await settled(bots, telegram)
    telegram.set_domain(HOST)
    member = telegram.add_user()
    await member.joins(group)
    answer = await asked(telegram, member)
    assert not any("login_url" in one or "url" in one for one in answer.buttons)


async def test_pages_served_elsewhere_are_linked_and_vouch_for_nobody(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot, _, moderator = await settled(bots, telegram)
    telegram.set_domain(HOST)
    bot.services.pages = Pages(SITE)
    answer = await asked(telegram, moderator)
    assert [one["url"] for one in answer.buttons if "url" in one] == [f"{SITE}/sign-in"]
    assert not any("login_url" in one for one in answer.buttons)


async def test_without_pages_the_answer_says_so(bots: Bots, telegram: LoopbackTelegram) -> None:
    bot, _, moderator = await settled(bots, telegram)
    bot.services.pages = Pages()
    answer = await asked(telegram, moderator)
    assert "There are no web pages" in (answer.text or "")
