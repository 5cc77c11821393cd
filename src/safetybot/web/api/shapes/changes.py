"""The versions of what is kept in versions: keywords and settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from safetybot.communities.records import Change


class ChangeOut(BaseModel):
    """One version of a keyword or setting."""

    version: int
    by: str
    at: datetime
    value: Any = Field(description="As it is kept; null for none (any more).")
    undoes: int | None

    @classmethod
    def of(cls, change: Change) -> ChangeOut:
        """A change."""
        return cls(version=change.version, by=change.by, at=change.at, value=change.value, undoes=change.undoes)


class ChangesOut(BaseModel):
    """Every change, the oldest first."""

    items: list[ChangeOut]
