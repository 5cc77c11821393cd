"""Reads exported chats into messages: DiscordChatExporter JSON, Telegram Desktop's `result.json`, JSON lines, text.

Lives here: recognising a format and turning its rows into `Message`. A JSON export is one object, so it is read whole
(about three times the file's size in memory); lines and text are streamed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from safetybot.model import Author, Message, Place, Surface, SurfaceKind


class UnreadableExport(Exception):
    """A file is not a chat export that we know, or breaks off; carries file, place in it and reason."""

    def __init__(self, file: Path, where: str, reason: str) -> None:
        """Say where and why."""
        super().__init__(f"{file}: {where}: {reason}")
        self.file, self.where, self.reason = file, where, reason


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_export(file: Path) -> Iterator[Message]:
    """The messages of an export, in its order.

    The format is told by the content: an object with `messages` and `guild` (DiscordChatExporter), an object with
    `messages` or `chats` (Telegram Desktop), objects line by line, or plain text, a line a message.

    Raises:
        UnreadableExport: The content breaks its own format.
        OSError: The file cannot be read.
    """
    with file.open(encoding="utf-8-sig", errors="replace") as stream:
        first = ""
        for line in stream:
            first = line.strip()
            if first:
                break
    if not first.startswith("{"):
        yield from _text(file)
        return
    try:
        single = isinstance(json.loads(first), dict)
    except json.JSONDecodeError:
        single = False
    if single and not _is_whole(json.loads(first)):
        yield from _json_lines(file)
        return
    yield from _whole(file)


def _is_whole(data: Mapping[str, object]) -> bool:
    return "messages" in data or "chats" in data


def _whole(file: Path) -> Iterator[Message]:
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig", errors="replace"))
    except json.JSONDecodeError as error:
        raise UnreadableExport(file, f"line {error.lineno}, column {error.colno}", f"not JSON: {error.msg}") from error
    if not isinstance(data, dict) or not _is_whole(data):
        raise UnreadableExport(
            file, "top level", "neither `messages` (DiscordChatExporter, Telegram Desktop) nor `chats` is there"
        )
    if "guild" in data:
        yield from _discord(data)
        return
    chats = data["chats"].get("list", []) if isinstance(data.get("chats"), dict) else [data]
    for chat in chats:
        yield from _telegram(chat)


def _discord(data: Mapping[str, object]) -> Iterator[Message]:
    channel = _object(data.get("channel"))
    guild = _object(data.get("guild"))
    place = Place("discord", _string(guild.get("name")), _string(channel.get("name")))
    for row in _objects(data.get("messages")):
        author = _object(row.get("author"))
        surfaces = [Surface(SurfaceKind.TEXT, _string(row.get("content")))]
        for embed in _objects(row.get("embeds")):
            words = " ".join(_string(embed.get(key)) for key in ("title", "description"))
            surfaces.append(Surface(SurfaceKind.EMBED, words))
        surfaces += [
            Surface(SurfaceKind.ATTACHMENT, _string(a.get("fileName"))) for a in _objects(row.get("attachments"))
        ]
        reference = _object(row.get("reference"))
        yield Message(
            _string(row.get("id")),
            place,
            Author(_string(author.get("id")), _string(author.get("name")), bool(author.get("isBot"))),
            tuple(s for s in surfaces if s.text.strip()) or (Surface(SurfaceKind.TEXT, ""),),
            _time(row.get("timestamp")),
            _string(reference.get("messageId")) or None,
        )


def _telegram(chat: Mapping[str, object]) -> Iterator[Message]:
    place = Place("telegram", _string(chat.get("name")), _string(chat.get("name")))
    for row in _objects(chat.get("messages")):
        if row.get("type") != "message":
            continue
        text = row.get("text")
        parts = text if isinstance(text, list) else [text]
        words = "".join(part if isinstance(part, str) else _string(_object(part).get("text")) for part in parts)
        kind = SurfaceKind.FORWARD if row.get("forwarded_from") else SurfaceKind.TEXT
        reply_to = row.get("reply_to_message_id")
        yield Message(
            _string(row.get("id")),
            place,
            Author(_string(row.get("from_id")), _string(row.get("from"))),
            (Surface(kind, words),),
            _time(row.get("date_unixtime") or row.get("date")),
            _string(reply_to) or None,
        )


def _json_lines(file: Path) -> Iterator[Message]:
    with file.open(encoding="utf-8-sig", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = _object(json.loads(line))
            except json.JSONDecodeError as error:
                raise UnreadableExport(file, f"line {number}", f"not JSON: {error.msg}") from error
            if not isinstance(row.get("text"), str):
                raise UnreadableExport(file, f"line {number}", "no `text`")
            yield Message(
                _string(row.get("id")) or str(number),
                Place("file", file.name, _string(row.get("channel")) or file.stem),
                Author(_string(row.get("author"))),
                (Surface(SurfaceKind.TEXT, _string(row.get("text"))),),
                _time(row.get("time")),
            )


def _text(file: Path) -> Iterator[Message]:
    with file.open(encoding="utf-8-sig", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield Message(
                    str(number),
                    Place("file", file.name, file.stem),
                    Author(f"line {number}"),
                    (Surface(SurfaceKind.TEXT, line.rstrip("\n")),),
                    _EPOCH,
                )


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterable[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _string(value: object) -> str:
    return "" if value is None else str(value)


def _time(value: object) -> datetime:
    """An ISO time or Unix seconds as UTC; the epoch where an export leaves it out or writes it in its own way."""
    text = _string(value)
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), tz=UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return _EPOCH
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
