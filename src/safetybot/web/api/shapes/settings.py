"""Settings as they hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from safetybot.communities.settings import Description, InForce
from safetybot.web.api.shapes.fields import Sent, Text


class SettingOut(BaseModel):
    """A setting as it holds."""

    key: str
    value: str = Field(description="As people write it; `none` for nothing.")
    origin: Literal["default", "community", "channel"]
    version: int = Field(description="The newest at the place asked about, 0 where it was never changed there.")
    meaning: str
    kind: str
    limits: str
    example: str
    default: str
    per_channel: bool

    @classmethod
    def of(cls, one: InForce, told: Description) -> SettingOut:
        """A setting with its description."""
        about = told.setting
        return cls(
            key=one.key, value=one.text, origin=one.origin.value, version=one.version, meaning=about.meaning,
            kind=about.kind, limits=about.limits, example=about.example, default=told.default,
            per_channel=about.per_channel,
        )  # fmt: skip


class SettingsOut(BaseModel):
    """Every setting."""

    items: list[SettingOut]


class SettingIn(Sent):
    """A new value."""

    value: Annotated[Text, Field(max_length=60_000)] = Field(description="As people write it, such as `10m`.")
