"""The log: filters, rows, one in full, verdicts, notes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from safetybot.communities.records import Filters, InteractionDetails
from safetybot.communities.review import NOTE_CHARS, Explanation, Repair
from safetybot.model import Concern, Interaction, InteractionState, Verdict, VerdictKind
from safetybot.web.api.shapes.fields import ConcernName, Cursor, Limit, Moment, Sent, StateName, Text, VerdictName


class FilterQuery(BaseModel):
    """Which interactions; what is left out means any."""

    model_config = ConfigDict(extra="forbid")

    channel: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    concern: ConcernName | None = None
    state: StateName | None = None
    verdict: VerdictName | None = Field(None, description="The latest one.")
    language: Annotated[Text, Field(min_length=1, max_length=20)] | None = None
    author: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(None, description="A pseudonym.")
    since: Moment | None = Field(None, description="With its zone.")
    until: Moment | None = Field(None, description="With its zone; itself not included.")
    waiting: bool = Field(
        default=False, description="Only the review queue: something was sent, and nobody judged it yet."
    )

    def filters(self, platform: str, community: str) -> Filters:
        """As use cases take them."""
        return Filters(
            platform, community, self.channel, Concern.from_label(self.concern) if self.concern else None,
            InteractionState(self.state) if self.state else None, VerdictKind(self.verdict) if self.verdict else None,
            self.author, self.since, self.until, self.language, self.waiting,
        )  # fmt: skip


class InteractionsQuery(FilterQuery):
    """Filters and a page."""

    limit: Limit = 50
    cursor: Cursor | None = None


class VerdictOut(BaseModel):
    """A moderator's word."""

    kind: VerdictName
    by: str
    at: datetime
    reason: str

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictOut:
        """A verdict."""
        return cls(kind=verdict.kind.value, by=verdict.by, at=verdict.at, reason=verdict.reason)


class InteractionOut(BaseModel):
    """A row of the log. No message's text, no member's name or id."""

    id: int
    at: datetime
    platform: str
    community: str
    channel: str
    thread: str | None
    message_id: str
    author: str = Field(description="A pseudonym, another one in each community.")
    concern: ConcernName
    level: Literal["days", "today", "emergency"] | None
    confidence: float
    language: str
    rules: list[str]
    concepts: list[str]
    reasons: list[str]
    state: StateName
    alerted: bool
    shadow: bool
    response_id: str | None
    reply_id: str | None
    verdict: VerdictOut | None

    @classmethod
    def fields_of(cls, one: Interaction) -> dict[str, Any]:
        """The fields of one."""
        place = one.place
        return {
            "id": one.id, "at": one.at, "platform": place.platform, "community": place.community,
            "channel": place.channel, "thread": place.thread, "message_id": one.message_id,
            "author": one.author_pseudonym, "concern": one.concern.label,
            "level": one.level.label if one.level else None, "confidence": round(one.confidence, 4),
            "language": one.language, "rules": list(one.rules), "concepts": list(one.concepts),
            "reasons": list(one.reasons), "state": one.state.value, "alerted": one.alerted, "shadow": one.shadow,
            "response_id": one.response_id, "reply_id": one.reply_id,
            "verdict": VerdictOut.of(one.verdict) if one.verdict else None,
        }  # fmt: skip


class InteractionsOut(BaseModel):
    """A page of the log, the newest first."""

    items: list[InteractionOut]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class HitOut(BaseModel):
    """What was found, and where: a span of code points of the message, which is not kept."""

    concept: str
    term: str = Field(description="Empty where the lexicon does not have it any more.")
    start: int
    end: int
    path: Literal["exact", "folded", "fuzzy"]


class NoteOut(BaseModel):
    """What a reviewer wrote."""

    by: str
    at: datetime
    text: str


class ReactionsOut(BaseModel):
    """How many reactions members put below the reply; of nobody whose."""

    welcome: int
    unwelcome: int
    other: int


class InteractionInFull(InteractionOut):
    """One interaction with why it came about and what became of it."""

    says: list[str] = Field(description="Each rule that fired, as a sentence.")
    hits: list[HitOut]
    error: str
    sending_at: datetime | None
    ended_at: datetime | None
    config_version: str
    has_excerpt: bool
    verdicts: list[VerdictOut]
    notes: list[NoteOut]
    reactions: ReactionsOut

    @classmethod
    def of(cls, found: Explanation) -> InteractionInFull:
        """An explanation."""
        details = found.details
        return cls(
            **cls.fields_of(details.interaction), says=list(found.rules), hits=_hits(found), error=details.error,
            sending_at=details.sending_at, ended_at=details.ended_at, config_version=details.config_version,
            has_excerpt=details.has_excerpt, verdicts=[VerdictOut.of(one) for one in details.verdicts],
            notes=_notes(details), reactions=_reactions(details),
        )  # fmt: skip


class ExcerptOut(BaseModel):
    """An excerpt in the clear."""

    id: int
    excerpt: str | None = Field(description="Null where none is kept, or its key is gone.")


class VerdictIn(Sent):
    """A word on an interaction."""

    kind: VerdictName
    reason: Annotated[Text, Field(max_length=NOTE_CHARS)] = Field(
        "", description="A false alarm needs one: it is what the next moderator goes by."
    )


class RepairOut(BaseModel):
    """What can be done so that a false alarm does not come again."""

    kind: Literal["allow", "shadow", "raise"]
    says: str
    terms: list[str]
    key: str | None
    value: float | None

    @classmethod
    def of(cls, repair: Repair) -> RepairOut:
        """A repair."""
        return cls(
            kind=repair.kind.value, says=repair.says, terms=list(repair.terms), key=repair.key, value=repair.value
        )


class JudgedOut(BaseModel):
    """What became of a verdict."""

    verdict: VerdictOut
    repairs: list[RepairOut]


class NoteIn(Sent):
    """A note for other reviewers."""

    text: Annotated[Text, Field(min_length=1, max_length=NOTE_CHARS, pattern=r"\S")]


def _hits(found: Explanation) -> list[HitOut]:
    return [
        HitOut(concept=hit.concept, term=term, start=hit.span.start, end=hit.span.end, path=hit.path.value)
        for hit, (_, term) in zip(found.details.hits, found.terms, strict=True)
    ]


def _reactions(details: InteractionDetails) -> ReactionsOut:
    found = details.reactions
    return ReactionsOut(welcome=found.welcome, unwelcome=found.unwelcome, other=found.other)


def _notes(details: InteractionDetails) -> list[NoteOut]:
    return [NoteOut(by=note.by, at=note.at, text=note.text) for note in details.notes]
