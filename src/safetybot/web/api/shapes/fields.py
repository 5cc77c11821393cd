"""Kinds of fields and bodies that several resources share."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MOST = 200
"""Rows of a page at most."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:")


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("it holds a NUL, which no database of ours can keep")
    return text


def _written_out(value: object) -> object:
    """Numbers are times too, to pydantic: of which unit, nobody could tell."""
    if isinstance(value, str) and not _TIME.match(value):
        raise ValueError("write it as 2026-03-01T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Text = Annotated[str, AfterValidator(_without_nul)]
ConcernName = Literal["mention", "supply", "diy", "adverse"]
StateName = Literal["planned", "sending", "sent", "suppressed", "failed", "unknown"]
VerdictName = Literal["confirmed", "false_alarm", "handled"]


class Sent(BaseModel):
    """A body: nothing but the documented fields, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


Limit = Annotated[int, Field(ge=1, le=MOST, description="Rows of this page at most.")]
Cursor = Annotated[Text, Field(max_length=40, pattern="^[A-Za-z0-9_-]+$", description="`next` of the page before.")]
