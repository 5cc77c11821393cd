"""The words that commands are made of, as each language says them: `keyword add` may read `stichwort neu`.

Lives here: marking them for translation. Does not live here: the commands, and what a platform takes as a name. Only
platforms that show names in the reader's language (Discord) use this; elsewhere the English words are typed.
"""

from __future__ import annotations

from collections.abc import Sequence

from safetybot.translation import Texts, marked

WORDS = (
    marked("add"),
    marked("channel"),
    marked("edit"),
    marked("exempt"),
    marked("export"),
    marked("help"),
    marked("history"),
    marked("import"),
    marked("keyword"),
    marked("list"),
    marked("live"),
    marked("menu"),
    marked("policy"),
    marked("privacy"),
    marked("remove"),
    marked("reset"),
    marked("retire"),
    marked("review"),
    marked("role"),
    marked("set"),
    marked("setup"),
    marked("shadow"),
    marked("show"),
    marked("stats"),
    marked("status"),
    marked("try"),
    marked("undo"),
    marked("web"),
)
"""In lower case and without spaces, in every language: they become names of commands."""


_IN_THE_READERS_LANGUAGE = frozenset({"discord"})
"""Platforms that show the words of commands translated."""


def command_name(said: Texts, path: Sequence[str], platform: str) -> str:
    """A command as its reader finds it on a platform: `keyword add`, or in their own language."""
    if platform not in _IN_THE_READERS_LANGUAGE:
        return " ".join(path)
    return " ".join(word_in(said, word) for word in path)


def word_in(said: Texts, word: str) -> str:
    """One word of a command in this language."""
    return said.say(word) if word in WORDS else word
