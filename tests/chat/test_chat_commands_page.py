"""`docs/moderators.md` lists the commands that there are, for whom, with which options."""

from __future__ import annotations

from pathlib import Path

import safetybot.chat
from safetybot.chat.registry import all_commands

ROOM = Path(safetybot.chat.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "moderators.md").read_text(encoding="utf-8")


def test_the_page_lists_every_command_with_its_role_options_and_purpose() -> None:
    part = PAGE.split("## The same in the chat\n")[1]
    rows = [line for line in part.splitlines() if line.startswith("| ")][2:]
    told = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    assert told == [
        (
            f"`{command.name}`",
            command.right.least.label if command.right else "everybody",
            ", ".join(f"`{option.name}`" + ("" if option.required else "?") for option in command.options),
            command.says,
        )
        for command in all_commands()
    ]


def test_what_the_page_quotes_from_the_screens_stands_there() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOM.glob("*.py"))
    for words in ("What it would do", "Switch on all the same", "Take back the last change", "Somebody was faster"):
        assert words in PAGE
        assert f'"{words}' in sources, words
