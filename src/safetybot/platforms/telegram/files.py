"""Files that come with a command: which one is meant, and fetching it.

Lives here: that. Does not live here: what is in them (`communities/keyword_files.py`).
"""

from __future__ import annotations

import structlog
import telegram
from telegram.error import TelegramError

from safetybot.chat.commands import Command, OptionKind, Upload
from safetybot.platforms.telegram.sending import Sender
from safetybot.ports import PlatformError

log = structlog.get_logger(__name__)

BYTES = 1_000_000
"""The largest file that a command takes; a list of all keywords that a community may have is a tenth of it."""


def document_of(command: Command, message: telegram.Message) -> telegram.Document | None:
    """The file that a command is given: the one whose caption it is, or the one that it answers to."""
    if not any(option.kind is OptionKind.FILE for option in command.options):
        return None
    if message.document is not None:
        return message.document
    return message.reply_to_message.document if message.reply_to_message is not None else None


async def fetched(sender: Sender, document: telegram.Document) -> Upload | None:
    """The file; None where it is too large or Telegram does not give it out."""
    if (document.file_size or 0) > BYTES:
        return None
    try:
        file = await sender.ask(lambda connection: connection.get_file(document.file_id))
        data = bytes(await file.download_as_bytearray())
    except (PlatformError, TelegramError) as error:
        log.warning("file_not_read", why=type(error).__name__)
        return None
    return Upload(document.file_name or "keywords.yaml", data) if len(data) <= BYTES else None
