"""`docs/communities.md` says what is so: every right with its role, every setting with its type."""

from __future__ import annotations

import re
from pathlib import Path

from safetybot.communities.access import Right, Role
from safetybot.communities.setting_list import SETTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "communities.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_gives_each_right_to_the_role_that_has_it() -> None:
    told = {role: set(may.split(", ")) for role, may in _rows("Roles") if role != "member"}
    assert told == {role.label: {right.says for right in Right if right.least is role} for role in Role}


def test_the_page_lists_every_setting_with_its_type_and_scope() -> None:
    told = {key: (kind, scope) for keys, kind, scope in _rows("Settings") for key in re.findall(r"`([^`]+)`", keys)}
    assert told == {one.key: (one.kind, "yes" if one.per_channel else "no") for one in SETTINGS.values()}
