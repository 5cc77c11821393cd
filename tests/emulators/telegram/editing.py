"""API methods on what is already there: edits, deletion, answers to pressed buttons."""

from __future__ import annotations

from .core import CallbackAnswer, CallbackQuery, Core, method
from .entities import Entity
from .errors import bad_request
from .markup import read_markup
from .parameters import Parameters
from .sending import CAPTION_LENGTH, TEXT_LENGTH, check_text, read_text
from .world import Json, Message

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
_OWN_LIFE = 48 * 3600
_ANSWER_LENGTH = 200


@method("editMessageText")
async def edit_message_text(core: Core, parameters: Parameters) -> object:
    """Replace a text message of the bot; without `reply_markup` its keyboard goes."""
    message = _own(core, parameters)
    text, entities = read_text(parameters, "text", "entities")
    check_text(text, TEXT_LENGTH, "message is too long")
    if message.is_caption or message.text is None:
        raise bad_request("there is no text in the message to edit")
    return _replace(core, message, text, entities, read_markup(parameters, core.domain))


@method("editMessageCaption")
async def edit_message_caption(core: Core, parameters: Parameters) -> object:
    """Replace the caption of a file that the bot sent."""
    message = _own(core, parameters)
    caption, entities = read_text(parameters, "caption", "caption_entities")
    check_text(caption, CAPTION_LENGTH, "message caption is too long")
    if not message.is_caption:
        raise bad_request("there is no caption in the message to edit")
    return _replace(core, message, caption or None, entities, read_markup(parameters, core.domain))


@method("editMessageReplyMarkup")
async def edit_message_reply_markup(core: Core, parameters: Parameters) -> object:
    """Replace or remove the keyboard of a message of the bot."""
    message = _own(core, parameters)
    return _replace(core, message, message.text, message.entities, read_markup(parameters, core.domain))


@method("deleteMessage")
async def delete_message(core: Core, parameters: Parameters) -> object:
    """Delete a message: the bot's own for 48 hours, others' with the right to."""
    message = _find(core, parameters, "delete")
    _may_delete(core, message)
    message.deleted = True
    return True


@method("deleteMessages")
async def delete_messages(core: Core, parameters: Parameters) -> object:
    """Delete up to 100 messages; those that cannot be found are passed over."""
    chat = core.chat_of(parameters)
    ids = parameters.decoded("message_ids", "message identifiers")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 100:
        raise bad_request("message identifiers are not specified")
    core.reachable(chat)
    numbers = [number for number in ids if isinstance(number, int)]
    found = [message for message in (chat.message(number) for number in numbers) if message is not None]
    for message in found:
        _may_delete(core, message)
    for message in found:
        message.deleted = True
    return True


@method("answerCallbackQuery")
async def answer_callback_query(core: Core, parameters: Parameters) -> object:
    """Answer a pressed button, within its life (T36)."""
    query: CallbackQuery | None = core.queries.get(parameters.text("callback_query_id"))
    if query is None or core.clock.now() > query.expires:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    answer = CallbackAnswer(parameters.text("text"), parameters.flag("show_alert"), parameters.text("url"))
    if len(answer.text) > _ANSWER_LENGTH:
        raise bad_request("MESSAGE_TOO_LONG")
    if answer.url and not answer.url.startswith((f"https://t.me/{core.bot.username}", f"t.me/{core.bot.username}")):
        raise bad_request("URL_INVALID")
    query.answers.append(answer)
    return True


def _find(core: Core, parameters: Parameters, purpose: str) -> Message:
    chat = core.chat_of(parameters)
    core.reachable(chat)
    message = chat.message(parameters.integer("message_id"))
    if message is None:
        raise bad_request(f"message to {purpose} not found")
    return message


def _own(core: Core, parameters: Parameters) -> Message:
    message = _find(core, parameters, "edit")
    if message.author is not core.bot or message.is_service:
        raise bad_request("message can't be edited")
    return message


def _may_delete(core: Core, message: Message) -> None:
    """Refuse what the bot may not delete."""
    membership = core.reachable(message.chat)
    may_all = membership is None or (membership.is_admin and membership.may("can_delete_messages"))
    own = message.author is core.bot
    if core.clock.now() - message.date > _OWN_LIFE and (membership is None or not may_all):
        raise bad_request("message can't be deleted for everyone")
    if not own and not may_all:
        raise bad_request("message can't be deleted")


def _replace(core: Core, message: Message, text: str | None, entities: list[Entity], markup: Json | None) -> Json:
    if (text, entities, markup) == (message.text, message.entities, message.reply_markup):
        raise bad_request(_NOT_MODIFIED)
    core.flood.check(message.chat)
    message.versions.append(message.text or "")
    message.text, message.entities, message.reply_markup = text, entities, markup
    message.edit_date = core.clock.stamp()
    return message.json()
