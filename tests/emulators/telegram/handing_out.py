"""API method getFile, and the file behind its path: what people sent, handed out to the bot."""

from __future__ import annotations

from .core import Core, method
from .errors import bad_request
from .parameters import Parameters
from .world import Upload

MOST_BYTES = 20_000_000
"""Larger ones are not handed out."""


@method("getFile")
async def get_file(core: Core, parameters: Parameters) -> object:
    """Where a file can be fetched."""
    file_id = parameters.text("file_id")
    upload = upload_of(core, file_id)
    if upload is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if upload.size > MOST_BYTES:
        raise bad_request("file is too big")
    unique = file_id.replace("file-", "unique-")
    return {"file_id": file_id, "file_unique_id": unique, "file_size": upload.size, "file_path": f"documents/{file_id}"}


def upload_of(core: Core, file_id: str) -> Upload | None:
    """What was sent under this id."""
    for chat in core.world.chats.values():
        for message in chat.messages:
            for kind in ("document", "photo"):
                sent = message.extra.get(kind)
                one = sent[0] if isinstance(sent, list) and sent else sent
                if isinstance(one, dict) and one.get("file_id") == file_id:
                    return message.upload
    return None
