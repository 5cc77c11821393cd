"""The tables behind the fold: letters that look alike, leet signs, turned alphabets, marks that only decorate.

Data and the one function that reads a disguised word (`readings`). Nothing here knows a term or a position.
"""

from __future__ import annotations

_SMALL_CAPS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
_OWN_LETTERS = dict(zip("łøđħŧıȷĸ", "lodhtijk", strict=True)) | {"æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d"}
_ENCLOSED = (
    {chr(0x1F150 + i): chr(97 + i) for i in range(26)}
    | {chr(0x1F170 + i): chr(97 + i) for i in range(26)}
    | {chr(0x1F1E6 + i): chr(97 + i) for i in range(26)}
    | {chr(0x24EB + i): str(11 + i) for i in range(10)}
)
_ARABIC = dict(zip("ىةگکیےھہ", "يهككييهه", strict=True)) | {"\u0640": ""}
_QUOTES = dict.fromkeys("’‘ʼʻ´ʹ′＇", "'") | dict.fromkeys("“”„«»″", '"')

ALWAYS: dict[str, str] = (
    _SMALL_CAPS | _OWN_LETTERS | _ENCLOSED | _ARABIC | _QUOTES | {"-": " ", "_": " ", "\u2800": " ", "・": " "}
)
"""Folded wherever they stand: none of these makes an honest word of another language unreadable."""

INVISIBLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x3164, 0xFFA0}
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
"""Code points that draw nothing and are not of category Cf: fillers, joiners, variation selectors."""

DECORATION = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0x3099, 0x309A),
    (0xFE20, 0xFE2F),
)
"""Ranges of marks that decorate a letter without making it another (Indic and Thai signs are letters, so not here)."""

LATIN, CYRILLIC, GREEK, OTHER = "latin", "cyrillic", "greek", "other"
CONFUSED_SCRIPTS = frozenset({LATIN, CYRILLIC, GREEK, "lookalike"})

_CYRILLIC_TO_LATIN = dict(zip("аеорсухіјѕкмтвнгпиьзԁԛԝһӏёєъяшщдл", "aeopcyxijskmtbhrnub3dqwhleebrwwdn", strict=True))
_GREEK_TO_LATIN = dict(zip("αβγδεζηθικλμνξοπρςστυφχψω", "abydeznoiklmvxonpsstuoxyw", strict=True))
_OTHER_TO_LATIN = (
    dict(zip("օոսցհյքզլ", "onughjpql", strict=True))
    | dict(zip("ᎠᎡᎢᎪᎫᎬᎳᎷᎻᎽᏀᏃᏏᏒᏕᏙᏚᏞᏟᏢᏦᏴ", "drtajewmhygzbrsvslcpkb", strict=True))
    | dict(zip("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnlsrvhwxyaeiou", strict=True))
    | dict(zip("ɑɡɩʋɛɔɓƅɗƒɦɨɲŋɾƭɯƶʂɴ", "agiveobbdfhinnrtwzsn", strict=True))
)
TO_LATIN = _CYRILLIC_TO_LATIN | _GREEK_TO_LATIN | _OTHER_TO_LATIN
"""Letters that pass for a Latin one; applied only in words that hold Latin letters as well."""

TO_CYRILLIC = dict(zip("aeopcyxkmtbhiunrsjl3046", "аеорсухкмтвніипгѕјӏзочб", strict=True)) | {
    "€": "е",
    "@": "а",
    "α": "а",
    "ε": "е",
    "ο": "о",
    "ρ": "р",
    "τ": "т",
    "κ": "к",
}
"""Signs that pass for a Cyrillic letter; applied only in words that are Cyrillic for the rest."""

LEET = dict(zip("01345789@$€£!|+¡×(6", "oieastbgaselilti" + "xcb", strict=True))
"""Digits and signs that pass for a Latin letter inside a word."""

_LATIN_READINGS = tuple(
    str.maketrans(TO_LATIN | LEET | alternative) for alternative in ({}, {"1": "l", "3": "z", "!": "l", "|": "i"})
)

FLIPPED = dict(zip("ɐqɔpǝɟƃɓɥᴉıɾʞʅןɯuodbɹsʇnʌʍxʎz", "abcdefgghiijkllmnopqrstuvwxyz", strict=True))
FLIPPED_MARKERS = frozenset("ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ")
MIRRORED = dict(zip("ɒdɔbɘʇǫʜiꞁʞlmᴎoqpɿƨƚuvwxγz", "abcdefghijklmnopqrstuvwxyz", strict=True))
MIRRORED_MARKERS = frozenset("ɒɘɿƨƚᴎ")


def script(char: str) -> str:
    """`latin`, `cyrillic`, `greek`, `lookalike` (letters of other blocks that pass for Latin) or `other`."""
    code = ord(char)
    if code < 0x250 or 0x1E00 <= code <= 0x1EFF:
        return LATIN
    if 0x400 <= code <= 0x52F:
        return CYRILLIC
    if 0x370 <= code <= 0x3FF:
        return GREEK
    return "lookalike" if char in _OTHER_TO_LATIN else OTHER


def readings(word: str) -> list[str]:
    """What a word with look-alikes or leet signs may stand for, same length, the likeliest first, without repeats.

    A word that is mostly Cyrillic is read as Cyrillic first; a word with Latin letters in it also as Latin.
    """
    letters = [c for c in word if c.isalpha()]
    found = {script(c) for c in letters}
    options: list[str] = []
    if not found & {CYRILLIC, GREEK, "lookalike", LATIN}:
        return [word]
    if CYRILLIC in found:
        cyrillic = sum(script(c) == CYRILLIC for c in letters)
        if 2 * cyrillic >= len(letters):
            options.append("".join(c if script(c) == CYRILLIC else TO_CYRILLIC.get(c, c) for c in word))
    if LATIN in found or GREEK in found or "lookalike" in found:
        options += [word.translate(table) for table in _LATIN_READINGS]
    return list(dict.fromkeys(options))
