"""What is kept about a member, and how much was deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from safetybot.communities.records import Forgotten
from safetybot.web.api.shapes.fields import ConcernName, Sent, StateName, Text, VerdictName


class MemberIn(Sent):
    """A member. In a body and not in a path: their id belongs in no proxy's log."""

    member: Annotated[Text, Field(min_length=1, max_length=100, pattern=r"\S")] = Field(
        description="Their id as the platform has it."
    )


class AnsweredOut(BaseModel):
    """When they were last answered about something."""

    about: str
    at: datetime


class MemberHitOut(BaseModel):
    """What was found in a message of theirs."""

    concept: str
    start: int
    end: int
    path: str


class MemberVerdictOut(BaseModel):
    """A reviewer's word, without their name."""

    kind: VerdictName
    at: datetime
    reason: str


class MemberNoteOut(BaseModel):
    """A reviewer's note, without their name."""

    at: datetime
    text: str


class MemberInteractionOut(BaseModel):
    """An interaction of theirs."""

    id: int
    at: datetime
    channel: str
    thread: str | None
    message_id: str
    concern: ConcernName
    level: str | None
    confidence: float
    language: str
    rules: list[str]
    hits: list[MemberHitOut]
    reasons: list[str]
    state: StateName
    alerted: bool
    shadow: bool
    response_id: str | None
    reply_id: str | None
    error: str
    sending_at: datetime | None
    ended_at: datetime | None
    config_version: str
    excerpt_kept: bool
    excerpt: str | None
    verdicts: list[MemberVerdictOut]
    notes: list[MemberNoteOut]


class MemberViewOut(BaseModel):
    """Filters that they keep under a name."""

    name: str
    filters: dict[str, str]
    made_at: datetime
    used_at: datetime


class MemberOut(BaseModel):
    """All that is kept about a member."""

    opted_out_at: datetime | None
    last_answered: list[AnsweredOut]
    interactions: list[MemberInteractionOut]
    saved_views: list[MemberViewOut] = Field(description="Of the pages' log, where they look after the community.")


class MemberExportOut(MemberOut):
    """The same with excerpts in the clear, to be handed out."""

    form: int
    platform: str
    community: str
    pseudonym: str


class ForgottenOut(BaseModel):
    """How much was deleted."""

    interactions: int
    excerpts: int
    cooldowns: int
    opt_outs: int
    views: int = Field(
        description="Saved views of the pages' log: the member's own, and those that look at them alone."
    )

    @classmethod
    def of(cls, forgotten: Forgotten) -> ForgottenOut:
        """Counts."""
        return cls(
            interactions=forgotten.interactions, excerpts=forgotten.excerpts, cooldowns=forgotten.cooldowns,
            opt_outs=forgotten.opt_outs, views=forgotten.views,
        )  # fmt: skip


class OptOutOut(BaseModel):
    """Whether anything changed."""

    changed: bool
