"""What a community wants of the bot. What changes a setting names the version that was seen."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from safetybot.communities.setting_list import from_text, setting
from safetybot.web.api.asking import AskedHere, Here, IfMatch, seen_version
from safetybot.web.api.shapes.changes import ChangeOut, ChangesOut
from safetybot.web.api.shapes.settings import SettingIn, SettingOut, SettingsOut

router = APIRouter(tags=["settings"])
Key = Annotated[str, Path(pattern="^[a-z_.]{1,60}$", examples=["language"])]
Channel = Annotated[
    str, Query(max_length=100, description="For this channel alone; left out: for the whole community.")
]


@router.get("/settings", response_model=SettingsOut)
async def listed(here: AskedHere, channel: Channel = "") -> Response:
    """Every setting as it holds, with where its value comes from. For viewers."""
    return here.answer(SettingsOut(items=await _all(here, channel)))


@router.get("/settings/{key}", response_model=SettingOut)
async def one(here: AskedHere, key: Key, channel: Channel = "") -> Response:
    """One setting. For viewers."""
    return await _shown(here, key, channel)


@router.put("/settings/{key}", response_model=SettingOut)
async def put(here: AskedHere, key: Key, new: SettingIn, channel: Channel = "", if_match: IfMatch = None) -> Response:
    """Change a setting. For admins."""
    setting(key)  # first of all: of what there is not, nobody has seen a version
    expected = seen_version(if_match)
    value = from_text(key, new.value.strip())
    await here.parts.policy.put(here.actor, *here.place, key, value, channel=channel, expected=expected)
    return await _shown(here, key, channel)


@router.delete("/settings/{key}", response_model=SettingOut)
async def inherit(here: AskedHere, key: Key, channel: Channel = "", if_match: IfMatch = None) -> Response:
    """Inherit it again: from the community for a channel, else from the operator's default. For admins."""
    setting(key)  # first of all: of what there is not, nobody has seen a version
    expected = seen_version(if_match)
    await here.parts.policy.reset(here.actor, *here.place, key, channel=channel, expected=expected)
    return await _shown(here, key, channel)


@router.get("/settings/{key}/changes", response_model=ChangesOut)
async def changes(here: AskedHere, key: Key, channel: Channel = "") -> Response:
    """Every change of a setting at one place, the oldest first. For viewers."""
    made = await here.parts.policy.history(here.actor, *here.place, key, channel=channel)
    return here.answer(ChangesOut(items=[ChangeOut.of(change) for change in made]))


@router.post("/settings/{key}/undo", response_model=SettingOut)
async def undo(here: AskedHere, key: Key, channel: Channel = "", if_match: IfMatch = None) -> Response:
    """Take back the newest change that stands. For admins."""
    setting(key)  # first of all: of what there is not, nobody has seen a version
    expected = seen_version(if_match)
    await here.parts.policy.undo(here.actor, *here.place, key, channel=channel, expected=expected)
    return await _shown(here, key, channel)


async def _all(here: Here, channel: str) -> list[SettingOut]:
    told = {one.setting.key: one for one in here.parts.policy.describe(here.actor, *here.place)}
    found = await here.parts.policy.effective(here.actor, *here.place, channel)
    return [SettingOut.of(one, told[one.key]) for one in found]


async def _shown(here: Here, key: str, channel: str) -> Response:
    setting(key)  # raises for one that there is not
    found = next(one for one in await _all(here, channel) if one.key == key)
    return here.answer(found, version=found.version)
