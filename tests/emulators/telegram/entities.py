"""Text as Telegram reads it: HTML parse mode with its errors, entities that it finds itself, lengths in UTF-16.

Offsets in errors count bytes of the UTF-8 text, offsets in entities count UTF-16 code units, as in the Bot API.
Markdown parse modes are not here: the bot under test does not use them.
"""

from __future__ import annotations

import re
from typing import Any

from .errors import ApiError, bad_request

Entity = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPACE = " \t\r\n\v\f"
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-zA-Z]+));?")
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)"
    r"|(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?!\w))"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[A-Za-z]{2,})"
    r"|(?P<mention>(?<!\w)@[A-Za-z0-9_]{3,32}(?!\w))"
    r"|(?P<hashtag>(?<!\w)\#\w+)"
)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: a character outside the BMP counts as two."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def find_entities(text: str) -> list[Entity]:
    """The entities that Telegram marks by itself: commands, links, mentions, e-mail addresses, hashtags."""
    found: list[Entity] = []
    for match in _FOUND.finditer(text):
        kind = match.lastgroup
        if kind is None:
            continue
        found.append({"type": kind, "offset": utf16_length(text[: match.start()]), "length": utf16_length(match[0])})
    return found


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """The text and entities of a message in HTML parse mode.

    Raises:
        ApiError: 400 `can't parse entities: ...` for a tag that is unknown, unclosed, or closed out of order.
    """
    parser = _HtmlParser(source)
    parser.run()
    entities = sorted(parser.entities, key=lambda entity: (entity["offset"], -entity["length"]))
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)  # only `pre` keeps it
    return "".join(parser.out), entities


def trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Text without white space around it, as Telegram stores it, and the entities moved along."""
    body = text.lstrip()
    cut = utf16_length(text) - utf16_length(body)
    body = body.rstrip()
    total = utf16_length(body)
    kept: list[Entity] = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        end = min(total, entity["offset"] + entity["length"] - cut)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return body, kept


def with_found(text: str, entities: list[Entity]) -> list[Entity]:
    """Add the entities that Telegram finds by itself, outside those marked as code or links."""
    taken = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in entities
        if entity["type"] in {"code", "pre", "text_link"}
    ]
    found = [
        entity
        for entity in find_entities(text)
        if not any(entity["offset"] < end and start < entity["offset"] + entity["length"] for start, end in taken)
        and not any(entity["offset"] == other["offset"] and entity["type"] == other["type"] for other in entities)
    ]
    return sorted(entities + found, key=lambda entity: (entity["offset"], -entity["length"]))


class _OpenTag:
    __slots__ = ("argument", "name", "offset", "out_index")

    def __init__(self, name: str, argument: str, offset: int, out_index: int) -> None:
        self.name = name
        self.argument = argument
        self.offset = offset
        self.out_index = out_index


class _HtmlParser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.offset = 0
        self.out: list[str] = []
        self.entities: list[Entity] = []
        self.open: list[_OpenTag] = []

    def run(self) -> None:
        source = self.source
        while self.at < len(source):
            character = source[self.at]
            if character == "&":
                self._put(self._reference())
            elif character != "<":
                self._put(character)
                self.at += 1
            elif source[self.at + 1 : self.at + 2] == "/":
                self._end_tag()
            else:
                self._start_tag()
        if self.open:
            raise self._error(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')

    def _put(self, piece: str) -> None:
        self.out.append(piece)
        self.offset += utf16_length(piece)

    def _reference(self) -> str:
        """The character meant by `&...;` at the place, or the `&` itself where Telegram knows no such name."""
        match = _REFERENCE.match(self.source, self.at)
        meant = ""
        if match is not None:
            hexadecimal, decimal, name = match.groups()
            if name is not None:
                meant = _NAMED.get(name, "")
            else:
                code = int(hexadecimal, 16) if hexadecimal is not None else int(decimal)
                meant = chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""
        if match is None or not meant:
            self.at += 1
            return "&"
        self.at = match.end()
        return meant

    def _start_tag(self) -> None:
        source, begin = self.source, self.at
        self.at += 1
        name = self._until(_SPACE + ">").lower()
        if self.at >= len(source):
            raise self._error(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        if name not in _TAGS:
            raise self._error(f'Unsupported start tag "{name}" at byte offset {self._bytes(begin)}')
        argument = self._attributes(name, begin)
        if name == "span" and argument != "spoiler":
            raise self._error(f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(begin)}')
        self.at += 1
        self.open.append(_OpenTag(name, argument, self.offset, len(self.out)))

    def _attributes(self, tag: str, begin: int) -> str:
        """Read attributes up to the closing `>`; answer the one that matters for the tag, or an empty string."""
        source, argument = self.source, ""
        while True:
            self._skip_space()
            if source[self.at : self.at + 1] == ">":
                return argument
            if self.at >= len(source):
                raise self._error(f"Unclosed start tag at byte offset {self._bytes(begin)}")
            attribute = self._until(_SPACE + "=>")
            where = f'"{tag}" at byte offset {self._bytes(begin)}'
            if not attribute:
                raise self._error(f"Empty attribute name in the tag {where}")
            self._skip_space()
            if tag == "blockquote" and attribute == "expandable" and source[self.at : self.at + 1] != "=":
                argument = "expandable"
                continue
            if source[self.at : self.at + 1] != "=":
                raise self._error(f"Expected equal sign in declaration of an attribute of the tag {where}")
            self.at += 1
            self._skip_space()
            argument = _argument_of(tag, attribute, self._value(tag, begin)) or argument

    def _value(self, tag: str, begin: int) -> str:
        source = self.source
        if self.at >= len(source):
            raise self._error(f'Unclosed start tag "{tag}" at byte offset {self._bytes(begin)}')
        quote = source[self.at]
        if quote not in "'\"":
            start = self.at
            while self.at < len(source) and (source[self.at].isalnum() or source[self.at] in ".-"):
                self.at += 1
            if self.at >= len(source) or source[self.at] not in _SPACE + ">":
                raise self._error(f"Unexpected end of name token at byte offset {self._bytes(start)}")
            return source[start : self.at].lower()
        self.at += 1
        pieces: list[str] = []
        while self.at < len(source) and source[self.at] != quote:
            if source[self.at] == "&":
                pieces.append(self._reference())
            else:
                pieces.append(source[self.at])
                self.at += 1
        if self.at >= len(source):
            raise self._error(f"Unclosed start tag at byte offset {self._bytes(begin)}")
        self.at += 1
        return "".join(pieces)

    def _end_tag(self) -> None:
        source, begin = self.source, self.at
        if not self.open:
            raise self._error(f"Unexpected end tag at byte offset {self._bytes(begin)}")
        self.at += 2
        name = self._until(_SPACE + ">").lower()
        self._skip_space()
        if source[self.at : self.at + 1] != ">":
            raise self._error(f"Unclosed end tag at byte offset {self._bytes(begin)}")
        self.at += 1
        opened = self.open.pop()
        if name and name != opened.name:
            raise self._error(
                f'Unmatched end tag at byte offset {self._bytes(begin)}, expected "</{opened.name}>", found "</{name}>"'
            )
        if self.offset > opened.offset:
            self._close(opened)

    def _close(self, opened: _OpenTag) -> None:
        length = self.offset - opened.offset
        entity: Entity = {"type": _TAGS[opened.name], "offset": opened.offset, "length": length}
        if opened.name == "a":
            url = opened.argument or "".join(self.out[opened.out_index :])
            if not _is_link(url):
                return  # Telegram keeps the words and drops a link that leads nowhere.
            entity["url"] = url
        elif opened.name == "pre" and self.entities and self.entities[-1]["type"] == "code":
            inner = self.entities[-1]
            if (inner["offset"], inner["length"]) == (opened.offset, length):
                self.entities.pop()
                if "language" in inner:
                    entity["language"] = inner["language"]
        elif opened.name == "code" and opened.argument:
            entity["language"] = opened.argument
        elif opened.name == "tg-emoji":
            if not opened.argument.isdigit():
                raise self._error("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = opened.argument
        elif opened.argument == "expandable":
            entity["type"] = "expandable_blockquote"
        self.entities.append(entity)

    def _until(self, stops: str) -> str:
        start = self.at
        while self.at < len(self.source) and self.source[self.at] not in stops:
            self.at += 1
        return self.source[start : self.at]

    def _skip_space(self) -> None:
        while self.at < len(self.source) and self.source[self.at] in _SPACE:
            self.at += 1

    def _bytes(self, index: int) -> int:
        return len(self.source[:index].encode())

    def _error(self, what: str) -> ApiError:
        return bad_request(f"can't parse entities: {what}")


def _argument_of(tag: str, attribute: str, value: str) -> str:
    if tag == "a" and attribute == "href":
        return value
    if tag == "code" and attribute == "class" and value.startswith("language-"):
        return value.removeprefix("language-")
    if tag == "span" and attribute == "class" and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if tag == "tg-emoji" and attribute == "emoji-id":
        return value
    return ""


def _is_link(url: str) -> bool:
    return re.fullmatch(r"(?:https?://|tg://|mailto:)\S+|[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", url) is not None
