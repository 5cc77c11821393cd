"""API methods that send: sendMessage, sendPhoto, sendDocument, sendChatAction.

Reading text with its parse mode, reply targets and topics is here too; what a member sends is in `people.py`.
"""

from __future__ import annotations

from .core import Core, method
from .entities import Entity, parse_html, trimmed, utf16_length, with_found
from .errors import bad_request
from .markup import read_markup
from .parameters import Parameters
from .world import Chat, Json, Message, Upload

TEXT_LENGTH = 4096
CAPTION_LENGTH = 1024
_PHOTO_BYTES = 10 * 1024 * 1024
_DOCUMENT_BYTES = 50 * 1024 * 1024
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def read_text(parameters: Parameters, name: str, entities_name: str) -> tuple[str, list[Entity]]:
    """A text parameter with its entities, parsed and trimmed.

    Raises:
        ApiError: 400 `can't parse entities: ...`, or `unsupported parse_mode` for Markdown, which is not emulated.
    """
    text = parameters.text(name)
    mode = parameters.text("parse_mode").lower()
    entities: list[Entity] = []
    if mode == "html":
        text, entities = parse_html(text)
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        given = parameters.decoded(entities_name, "message entities")
        if isinstance(given, list):
            entities = [entity for entity in given if isinstance(entity, dict)]
    text, entities = trimmed(text, entities)
    return text, with_found(text, entities)


def check_text(text: str, limit: int, too_long: str) -> None:
    """Refuse an empty text (where a text is needed) or one above the limit after parsing (T31)."""
    if not text and limit == TEXT_LENGTH:
        raise bad_request("message text is empty")
    if utf16_length(text) > limit:
        raise bad_request(too_long)


def _reply_target(core: Core, chat: Chat, parameters: Parameters) -> tuple[Message | None, Json]:
    """The message to answer and the `quote` it takes from it."""
    reply = parameters.object("reply_parameters", "reply parameters")
    if reply is None:
        message_id = parameters.integer("reply_to_message_id")
        if not message_id:
            return None, {}
        reply = {
            "message_id": message_id,
            "allow_sending_without_reply": parameters.flag("allow_sending_without_reply"),
        }
    other = reply.get("chat_id")
    source = chat if other is None else core.chat_of(Parameters({"chat_id": other}))
    target = source.message(Parameters(reply).integer("message_id"))
    if target is None or (target.is_service and "migrate_to_chat_id" in target.extra):
        if reply.get("allow_sending_without_reply"):
            return None, {}
        raise bad_request("message to be replied not found")
    quote = reply.get("quote")
    if not quote:
        return target, {}
    position = (target.text or "").find(quote)
    if position < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    return target, {"quote": {"text": quote, "position": utf16_length((target.text or "")[:position])}}


def _thread(chat: Chat, parameters: Parameters, target: Message | None) -> int | None:
    """The topic or reply thread that a message of the bot lands in.

    Raises:
        ApiError: 400 where the topic does not exist or is closed. The General topic has no id: naming it (1)
            fails, as on Telegram.
    """
    thread_id = parameters.integer("message_thread_id") or None
    if thread_id is None:
        return thread_of_reply(chat, target)
    known = thread_id in chat.topics or (
        not chat.is_forum and any(message.thread_id == thread_id for message in chat.messages)
    )
    if chat.kind != "supergroup" or not known:
        raise bad_request("message thread not found")
    if thread_id in chat.topics and chat.topics[thread_id].closed:
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def thread_of_reply(chat: Chat, target: Message | None) -> int | None:
    """`message_thread_id` of an answer: the target's topic, or in an ordinary supergroup the thread's first message."""
    if target is None or target.chat is not chat or chat.kind != "supergroup":
        return None
    if target.thread_id is not None:
        return target.thread_id
    return None if chat.is_forum else target.message_id


def _send(core: Core, parameters: Parameters, chat: Chat, **fields: object) -> Json:
    """Put one message of the bot into a chat: what all send methods share."""
    markup = read_markup(parameters, core.domain)
    target, quote = _reply_target(core, chat, parameters)
    thread_id = _thread(chat, parameters, target)
    core.flood.check(chat)
    extra: Json = dict(quote)
    given = fields.pop("extra", None)
    if isinstance(given, dict):
        extra |= given
    same_chat = target is None or target.chat is chat
    if target is not None and not same_chat:
        extra["external_reply"] = external_reply(target)
    if parameters.flag("protect_content"):
        extra["has_protected_content"] = True
    shown: Json = {"shown_from": None, "sender_chat": chat} if chat.kind == "channel" else {}
    message = core.new_message(
        chat,
        core.bot,
        reply_to=target if same_chat else None,
        thread_id=thread_id,
        reply_markup=markup,
        silent=parameters.flag("disable_notification"),
        extra=extra,
        **shown,
        **fields,
    )
    return message.json()


def external_reply(target: Message) -> Json:
    """`ExternalReplyInfo`: what a reply across chats or topics tells of its target (T34)."""
    body: Json = {"origin": origin_of(target)}
    if target.chat.kind in {"supergroup", "channel"}:
        body |= {"chat": target.chat.json(), "message_id": target.message_id}
    return body


def origin_of(message: Message) -> Json:
    """`MessageOrigin` of a message: its user, its sender chat or its channel."""
    if message.chat.kind == "channel":
        return {
            "type": "channel",
            "date": message.date,
            "chat": message.chat.json(),
            "message_id": message.message_id,
        }
    if message.sender_chat is not None:
        return {"type": "chat", "date": message.date, "sender_chat": message.sender_chat.json()}
    if message.author is None:
        return {"type": "hidden_user", "date": message.date, "sender_user_name": "Unknown"}
    return {"type": "user", "date": message.date, "sender_user": message.author.json()}


@method("sendMessage")
async def send_message(core: Core, parameters: Parameters) -> object:
    """Send text."""
    chat = core.chat_of(parameters)
    text, entities = read_text(parameters, "text", "entities")
    check_text(text, TEXT_LENGTH, "message is too long")
    core.writable(chat, "can_send_messages", "text messages")
    extra: Json = {}
    preview = parameters.object("link_preview_options", "link preview options")
    if preview is not None:
        extra["link_preview_options"] = preview
    return _send(core, parameters, chat, text=text, entities=entities, extra=extra)


@method("sendPhoto")
async def send_photo(core: Core, parameters: Parameters) -> object:
    """Send a picture, uploaded or by `file_id`."""
    return _send_file(core, parameters, "photo", _PHOTO_BYTES)


@method("sendDocument")
async def send_document(core: Core, parameters: Parameters) -> object:
    """Send a file, uploaded or by `file_id`."""
    return _send_file(core, parameters, "document", _DOCUMENT_BYTES)


@method("sendChatAction")
async def send_chat_action(core: Core, parameters: Parameters) -> object:
    """Show "typing" and the like; kept in `Chat.actions`."""
    chat = core.chat_of(parameters)
    core.writable(chat, "can_send_messages", "text messages")
    action = parameters.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.actions.append(action)
    return True


def _send_file(core: Core, parameters: Parameters, kind: str, most: int) -> Json:
    chat = core.chat_of(parameters)
    upload = parameters.upload(kind)
    if upload is None and not parameters.text(kind):
        raise bad_request(f"there is no {kind} in the request")
    if upload is not None and not upload.size:
        raise bad_request("file must be non-empty")
    if upload is not None and upload.size > most:
        raise bad_request(f"file of size {upload.size} bytes is too big for a {kind}; the maximum size is {most} bytes")
    caption, entities = read_text(parameters, "caption", "caption_entities")
    check_text(caption, CAPTION_LENGTH, "message caption is too long")
    core.writable(chat, f"can_send_{kind}s", f"{kind}s")
    return _send(
        core,
        parameters,
        chat,
        text=caption or None,
        entities=entities,
        is_caption=True,
        upload=upload,
        extra={kind: file_json(kind, upload, f"{chat.id}-{chat.last_message_id + 1}")},
    )


def file_json(kind: str, upload: Upload | None, key: str) -> object:
    """The `photo` or `document` field of a message."""
    body: Json = {"file_id": f"file-{key}", "file_unique_id": f"unique-{key}"}
    if upload is not None:
        body["file_size"] = upload.size
    if kind == "photo":
        return [body | {"width": 640, "height": 480}]
    if upload is not None:
        body |= {"file_name": upload.name, "mime_type": upload.content_type}
    return body
