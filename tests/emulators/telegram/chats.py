"""API methods about chats and who is in them: getChat, getChatMember, leaving, topics."""

from __future__ import annotations

from .core import Core, method
from .errors import bad_request
from .parameters import Parameters
from .world import Chat, Membership, Topic


@method("getChat")
async def get_chat(core: Core, parameters: Parameters) -> object:
    """A chat in full."""
    chat = core.chat_of(parameters)
    if chat.peer is None:
        core.reachable(chat)
    return chat.full_json()


@method("getChatMember")
async def get_chat_member(core: Core, parameters: Parameters) -> object:
    """How a user stands in a chat; somebody who never was there has `left`."""
    chat = core.chat_of(parameters)
    core.reachable(chat)
    _list_is_open(core, chat)
    account = core.world.accounts.get(parameters.integer("user_id"))
    if account is None:
        raise bad_request("user not found" if parameters.integer("user_id") else "invalid user_id specified")
    return standing(core, chat, account.id).json()


@method("getChatAdministrators")
async def get_chat_administrators(core: Core, parameters: Parameters) -> object:
    """Creator and administrators, without other bots."""
    chat = core.chat_of(parameters)
    core.reachable(chat)
    if chat.peer is not None:
        raise bad_request("there are no administrators in the private chat")
    return [one.json() for one in chat.admins() if not one.account.is_bot or one.account is core.bot]


@method("getChatMemberCount")
async def get_chat_member_count(core: Core, parameters: Parameters) -> object:
    """How many are in a chat."""
    chat = core.chat_of(parameters)
    core.reachable(chat)
    return 2 if chat.peer is not None else sum(1 for one in chat.members.values() if one.inside)


@method("leaveChat")
async def leave_chat(core: Core, parameters: Parameters) -> object:
    """Leave a group or channel."""
    chat = core.chat_of(parameters)
    core.reachable(chat)
    if chat.peer is not None:
        raise bad_request("chat member status can't be changed in private chats")
    old = chat.member(core.bot)
    new = Membership(core.bot, "left")
    chat.members[core.bot.id] = new
    core.visibility.my_chat_member(chat, core.bot, old, new)
    return True


@method("createForumTopic")
async def create_forum_topic(core: Core, parameters: Parameters) -> object:
    """Open a topic."""
    chat = _forum(core, parameters)
    name = parameters.text("name").strip()
    if not 1 <= len(name) <= 128:
        raise bad_request("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_TOO_LONG")
    topic = open_topic(core, chat, name, core.bot.id)
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": 7322096}


@method("closeForumTopic")
async def close_forum_topic(core: Core, parameters: Parameters) -> object:
    """Close a topic: only administrators may write there then."""
    return _set_closed(core, parameters, closed=True)


@method("reopenForumTopic")
async def reopen_forum_topic(core: Core, parameters: Parameters) -> object:
    """Open a closed topic again."""
    return _set_closed(core, parameters, closed=False)


def standing(core: Core, chat: Chat, account_id: int) -> Membership:
    """A user's membership of a chat; in the private chat both are members."""
    account = core.world.accounts[account_id]
    if chat.peer is not None:
        return Membership(account, "member" if account in (chat.peer, core.bot) else "left")
    return chat.member(account)


def open_topic(core: Core, chat: Chat, name: str, by_id: int) -> Topic:
    """Add a topic; the service message that opens it has the topic's id."""
    topic_id = chat.last_message_id + 1
    topic = chat.topics[topic_id] = Topic(topic_id, name)
    extra = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
    core.service_message(chat, core.world.accounts[by_id], extra, topic_id)
    return topic


def _list_is_open(core: Core, chat: Chat) -> None:
    if chat.kind == "channel" and not chat.member(core.bot).is_admin:
        raise bad_request("member list is inaccessible")


def _forum(core: Core, parameters: Parameters) -> Chat:
    chat = core.chat_of(parameters)
    membership = core.reachable(chat)
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if membership is None or not membership.is_admin or not membership.may("can_manage_topics"):
        raise bad_request("not enough rights to manage topics")
    return chat


def _set_closed(core: Core, parameters: Parameters, *, closed: bool) -> bool:
    chat = _forum(core, parameters)
    topic = chat.topics.get(parameters.integer("message_thread_id"))
    if topic is None:
        raise bad_request("TOPIC_ID_INVALID")
    if topic.closed is closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    event = "forum_topic_closed" if closed else "forum_topic_reopened"
    core.service_message(chat, core.bot, {event: {}}, topic.id)
    return True
