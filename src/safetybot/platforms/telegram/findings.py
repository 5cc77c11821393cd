"""What `setup` and `status` are told of Telegram: what works in a group, and what is missing for the rest (T1, T8).

Lives here: looking, and the sentences. Does not live here: sending. Asked anew each time: rights change without notice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import telegram
from telegram.constants import ChatMemberStatus, ChatType

from safetybot.chat.services import Finding
from safetybot.platforms.telegram.sending import Sender
from safetybot.ports import PlatformError
from safetybot.translation import Texts, marked, texts

ADMINS = "admins"
"""The alert channel that means: in private, to every administrator who has started the bot."""


async def look(
    sender: Sender, chat: str, alert_channel: str | None, unreached: int, language: str, connected: Callable[[], str]
) -> tuple[Finding, ...]:
    """Look at everything that a group needs.

    Args:
        sender: Asks Telegram.
        chat: The group's present id.
        alert_channel: Where its alerts go.
        unreached: Administrators whom the last alert in private did not reach.
        language: The asker's.
        connected: What keeps updates from coming; empty while they come.
    """
    said = texts(language)
    problem = connected()
    if problem:
        first = Finding(well=False, says=said.say(marked("No messages come in: {problem}."), problem=problem))
    else:
        first = Finding(well=True, says=said.say(marked("Messages come in.")))
    try:
        here = await sender.ask(lambda connection: connection.get_chat(chat), chat)
        me = await sender.ask(lambda connection: connection.get_me())
        own = await sender.ask(lambda connection: connection.get_chat_member(chat, me.id), chat)
    except PlatformError as error:
        gone = said.say(marked("I cannot look into this group: {reason}."), reason=str(error))
        return first, Finding(well=False, says=gone)
    found = [first, *_reading(said, me, own), *_writing(said, here, own)]
    if here.type == ChatType.GROUP:
        basic = marked("This is a basic group, so alerts have no link to the message. A supergroup has them.")
        found.append(Finding(well=False, says=said.say(basic)))
    found += [one async for one in _alerts(sender, said, me, alert_channel, unreached)]
    return tuple(found)


def _reading(said: Texts, me: telegram.User, own: telegram.ChatMember) -> Iterator[Finding]:
    if own.status in (ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER):
        yield Finding(well=True, says=said.say(marked("I see every message, because I am an administrator.")))
    elif me.can_read_all_group_messages:
        sees = marked(
            "Privacy mode is off, so I see every message. If it was switched off after I came here, remove me and add "
            "me again."
        )
        yield Finding(well=True, says=said.say(sees))
    else:
        blind = marked(
            "Privacy mode is on, so I see commands and replies to me only, and nothing else is answered. Make me an "
            "administrator, or switch privacy mode off in @BotFather and add me again."
        )
        yield Finding(well=False, says=said.say(blind))


def _writing(said: Texts, here: telegram.ChatFullInfo, own: telegram.ChatMember) -> Iterator[Finding]:
    if own.status in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED):
        yield Finding(well=False, says=said.say(marked("I am not a member of this group. Add me again.")))
        return
    muted = isinstance(own, telegram.ChatMemberRestricted) and not own.can_send_messages
    closed = (
        isinstance(own, telegram.ChatMemberMember)
        and here.permissions is not None
        and here.permissions.can_send_messages is False
    )
    silent = isinstance(own, telegram.ChatMemberAdministrator) and own.can_post_messages is False
    if muted or closed or silent:
        mute = marked("I may not write here, so nobody is answered. Give me the right to send messages.")
        yield Finding(well=False, says=said.say(mute))
    else:
        yield Finding(well=True, says=said.say(marked("I may write here.")))


async def _alerts(
    sender: Sender, said: Texts, me: telegram.User, channel: str | None, unreached: int
) -> AsyncIterator[Finding]:
    if channel is None:
        return
    if channel == ADMINS:
        if unreached:
            strangers = said.many(
                "{number} administrator gets no alerts, because they have not started me. They have to open a private "
                "chat with me and press Start.",
                "{number} administrators get no alerts, because they have not started me. They have to open a private "
                "chat with me and press Start.",
                unreached,
            )
            yield Finding(well=False, says=strangers)
        else:
            yield Finding(well=True, says=said.say(marked("Alerts go to the administrators in private.")))
        return
    try:
        there = await sender.ask(lambda connection: connection.get_chat_member(channel, me.id), channel)
        well = there.status not in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
    except PlatformError:
        well = False
    if well:
        yield Finding(well=True, says=said.say(marked("I am in the chat that alerts go to.")))
    else:
        lost = marked("I am not in the chat that alerts go to, so moderators are not told. Add me there.")
        yield Finding(well=False, says=said.say(lost))
