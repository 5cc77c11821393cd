"""What a community wants of the bot: every setting as it holds, changed, inherited again, taken back."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from safetybot.communities.access import Right
from safetybot.communities.errors import CommunityError
from safetybot.communities.records import Change
from safetybot.communities.setting_list import from_text
from safetybot.web.scene import NOT_HERE, Here, HereForm, Scene
from safetybot.web.told import setting_change

router = APIRouter()
Channel = Annotated[str, Query(max_length=100)]
Key = Annotated[str, Form(max_length=100)]
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]


@router.get("/settings")
async def show(here: Here, channel: Channel = "") -> Response:
    """Every setting as it holds for the community, or in one channel."""
    return await _shown(here, channel.strip())


@router.post("/settings")
async def put(
    here: HereForm,
    key: Key,
    expected: Version,
    value: Annotated[str, Form(max_length=60_000)] = "",
    channel: Annotated[str, Form(max_length=100)] = "",
    do: Annotated[Literal["set", "inherit"], Form()] = "set",
) -> Response:
    """Change a setting, or inherit it again."""
    policy, place = here.parts.policy, here.community
    try:
        wanted = from_text(key, value.strip()) if do == "set" else None
        await policy.put(here.actor, *place, key, wanted, channel=channel, expected=expected)
    except NOT_HERE:
        raise
    except CommunityError as error:
        return await _shown(here, channel, problem=error, key=key, value=value)
    return here.to("settings", channel=channel, done="setting")


@router.get("/settings/history")
async def history(here: Here, key: Annotated[str, Query(max_length=100)], channel: Channel = "") -> Response:
    """Every change of one setting."""
    changes = await here.parts.policy.history(here.actor, *here.community, key, channel=channel)
    lines = _lines(key, changes)
    return here.page(
        "history.html", name=key, lines=lines, version=changes[-1].version if changes else 0,
        undo=here.url("settings/undo"), back=here.url("settings", channel=channel), field="key", channel=channel,
        can_undo=here.may(Right.CHANGE_POLICY),
    )  # fmt: skip


@router.post("/settings/undo")
async def undo(
    here: HereForm, key: Key, expected: Version, channel: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Take back the newest change that stands."""
    await here.parts.policy.undo(here.actor, *here.community, key, channel=channel, expected=expected)
    return here.to("settings/history", key=key, channel=channel, done="undone")


async def _shown(
    here: Scene, channel: str, *, problem: CommunityError | None = None, key: str = "", value: str = ""
) -> Response:
    policy, place = here.parts.policy, here.community
    described = {one.setting.key: one for one in policy.describe(here.actor, *place)}
    rows = [
        (one, described[one.key])
        for one in await policy.effective(here.actor, *place, channel)
        if not channel or described[one.key].setting.per_channel
    ]
    return here.page(
        "settings.html", status=400 if problem else 200, rows=rows, channel=channel, problem=problem, key=key,
        value=value, can_change=here.may(Right.CHANGE_POLICY),
    )  # fmt: skip


def _lines(key: str, changes: list[Change] | object) -> list[str]:
    lines: list[str] = []
    before: object = None
    for change in changes if isinstance(changes, list) else []:
        lines.append(setting_change(key, before, change))
        before = change.value
    return lines[::-1]
