"""What the API takes and gives, as the OpenAPI document describes it. Long, because all shapes stand in one place.

Lives here: shapes and how they are made from what use cases give. Does not live here: any route.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from safetybot.communities.api_tokens import ApiToken
from safetybot.communities.audit import AuditEntry
from safetybot.communities.figures import Overview, Row
from safetybot.communities.keyword import Keyword, Listed, Override
from safetybot.communities.keyword_checks import MOST_CHARS, Warn
from safetybot.communities.preview import Effect, Preview
from safetybot.communities.rates import RuleRate
from safetybot.communities.records import Change, Filters, Forgotten, InteractionDetails
from safetybot.communities.review import NOTE_CHARS, Explanation, Precision, Repair, Tally
from safetybot.communities.settings import Description, InForce
from safetybot.communities.webhooks import DeliveryState, Webhook
from safetybot.model import Concern, Interaction, InteractionState, Strength, Verdict, VerdictKind

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
KeywordStateName = Literal["draft", "shadow", "live", "retired"]
RoleName = Literal["viewer", "moderator", "admin", "operator"]
Term = Annotated[Text, Field(min_length=1, max_length=MOST_CHARS)]
Bound = Annotated[
    Text,
    Field(
        pattern=r"^(concern:(mention|supply|diy|adverse)|concept:[a-z_]{1,40}(:weak)?|allowed|override:(off|weak))$",
        description="What it is bound to: a concern, a concept (weak: beside another concept only), `allowed` for a "
        "phrase within which nothing counts, or an override of a term of the packaged lexicon.",
        examples=["concern:diy"],
    ),
]


class Sent(BaseModel):
    """A body: nothing but the documented fields, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


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


Limit = Annotated[int, Field(ge=1, le=MOST, description="Rows of this page at most.")]
Cursor = Annotated[Text, Field(max_length=40, pattern="^[A-Za-z0-9_-]+$", description="`next` of the page before.")]


class InteractionsQuery(FilterQuery):
    """Filters and a page."""

    limit: Limit = 50
    cursor: Cursor | None = None


class AuditQuery(BaseModel):
    """Which entries of the audit."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    action: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


# --- who ----------------------------------------------------------------------------------------------------


class CommunityOut(BaseModel):
    """A community."""

    platform: str
    community: str


class CommunitiesOut(BaseModel):
    """Those that the token may know of."""

    items: list[CommunityOut]


class TokenOut(BaseModel):
    """The token that asked."""

    id: int
    name: str
    role: RoleName
    platform: str | None = Field(description="Null for an operator's, which holds everywhere.")
    community: str | None
    expires_at: datetime

    @classmethod
    def of(cls, token: ApiToken) -> TokenOut:
        """What is told of it."""
        grant = token.grant
        return cls(
            id=token.id, name=grant.name, role=_role(grant.role.label), platform=grant.platform or None,
            community=grant.community or None, expires_at=token.expires_at,
        )  # fmt: skip


# --- interactions -------------------------------------------------------------------------------------------


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

    @classmethod
    def of(cls, found: Explanation) -> InteractionInFull:
        """An explanation."""
        details = found.details
        return cls(
            **cls.fields_of(details.interaction), says=list(found.rules), hits=_hits(found), error=details.error,
            sending_at=details.sending_at, ended_at=details.ended_at, config_version=details.config_version,
            has_excerpt=details.has_excerpt, verdicts=[VerdictOut.of(one) for one in details.verdicts],
            notes=_notes(details),
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


# --- keywords -----------------------------------------------------------------------------------------------


class KeywordOut(BaseModel):
    """A keyword."""

    id: str = Field(description="By which the log and the paths here know it.")
    term: str
    state: KeywordStateName
    bound: str
    version: int

    @classmethod
    def of(cls, listed: Listed) -> KeywordOut:
        """A keyword as it is listed."""
        one = listed.keyword
        return cls(id=one.id, term=one.term, state=one.state.value, bound=bound_of(one), version=listed.version)


class KeywordsOut(BaseModel):
    """Every keyword, retired ones too, by term."""

    items: list[KeywordOut]


class KeywordIn(Sent):
    """A new keyword; what watches begins as a draft."""

    term: Term
    bound: Bound


class KeywordMove(Sent):
    """To another state."""

    state: KeywordStateName
    force: bool = Field(default=False, description="Take it live even though it would answer ordinary chat.")


class EffectOut(BaseModel):
    """What a keyword would change among some messages."""

    messages: int
    found: int
    added: int
    taken: int

    @classmethod
    def of(cls, effect: Effect) -> EffectOut:
        """An effect, without its examples."""
        return cls(messages=effect.messages, found=effect.found, added=effect.added, taken=effect.taken)


class PreviewOut(BaseModel):
    """What a keyword would do, live."""

    ordinary: EffectOut = Field(description="Over a packaged sample of ordinary chat.")
    too_broad: bool
    warnings: list[str]

    @classmethod
    def of(cls, preview: Preview, warnings: Sequence[Warn]) -> PreviewOut:
        """A preview with what is doubtful."""
        doubts = [one.reason for one in warnings]
        return cls(ordinary=EffectOut.of(preview.ordinary), too_broad=preview.too_broad, warnings=doubts)


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


# --- settings -----------------------------------------------------------------------------------------------


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


# --- figures ------------------------------------------------------------------------------------------------


class CountOut(BaseModel):
    """One name with its counts by concern."""

    name: str
    total: int
    counts: dict[ConcernName, int]

    @classmethod
    def of(cls, row: Row) -> CountOut:
        """A row of a picture."""
        return cls(name=row.name, total=row.total, counts={_concern(c.label): n for c, n in row.counts.items()})


class SpeedOut(BaseModel):
    """From a message to its reply, in seconds."""

    replies: int
    median: float
    slow: float = Field(description="Nineteen of twenty were faster.")


class FiguresOut(BaseModel):
    """What happened, in numbers."""

    since: datetime
    until: datetime
    interactions: int
    replies: int
    waiting: int = Field(description="For a verdict; counted up to 1,000.")
    speed: SpeedOut | None
    by_day: list[CountOut]
    by_hour: list[CountOut]
    by_channel: list[CountOut]
    by_language: list[CountOut]

    @classmethod
    def of(cls, found: Overview) -> FiguresOut:
        """An overview."""
        speed = found.speed
        rows = {f"by_{by.value}": [CountOut.of(row) for row in rows] for by, rows in found.by.items()}
        return cls(
            since=found.since, until=found.until, interactions=found.interactions, replies=found.replies,
            waiting=found.waiting,
            speed=SpeedOut(replies=speed.replies, median=speed.median, slow=speed.slow) if speed else None, **rows,
        )  # fmt: skip


class TallyOut(BaseModel):
    """How often something was right, by verdicts."""

    confirmed: int
    false_alarms: int
    handled: int
    precision: float | None

    @classmethod
    def of(cls, tally: Tally) -> TallyOut:
        """A tally."""
        return cls(
            confirmed=tally.confirmed, false_alarms=tally.false_alarms, handled=tally.handled, precision=tally.precision
        )


class PrecisionOut(BaseModel):
    """What verdicts say about rules, concepts and terms."""

    overall: TallyOut
    rules: dict[str, TallyOut]
    concepts: dict[str, TallyOut]
    terms: dict[str, TallyOut]

    @classmethod
    def of(cls, found: Precision) -> PrecisionOut:
        """A precision."""

        def told(tallies: Mapping[str, Tally]) -> dict[str, TallyOut]:
            return {name: TallyOut.of(tally) for name, tally in tallies.items()}

        return cls(
            overall=TallyOut.of(found.overall), rules=told(found.rules), concepts=told(found.concepts),
            terms=told(found.terms),
        )  # fmt: skip


class RateOut(BaseModel):
    """How often a rule fires, against its own past."""

    rule: str
    last_day: int
    per_day: float
    jumped: bool

    @classmethod
    def of(cls, rate: RuleRate, name: str) -> RateOut:
        """A rate under the rule's name."""
        return cls(rule=name, last_day=rate.last_day, per_day=rate.per_day, jumped=rate.jumped)


class RatesOut(BaseModel):
    """Every rule that fired of late, jumps first."""

    items: list[RateOut]


# --- audit, members -----------------------------------------------------------------------------------------


class AuditEntryOut(BaseModel):
    """Who did what, when and where."""

    id: int
    at: datetime
    by: str
    action: str
    platform: str | None
    community: str | None
    detail: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditEntryOut:
        """An entry."""
        return cls(
            id=entry.id, at=entry.at, by=entry.by, action=entry.action, platform=entry.platform,
            community=entry.community, detail=dict(entry.detail),
        )  # fmt: skip


class AuditOut(BaseModel):
    """A page of the audit, the newest first."""

    items: list[AuditEntryOut]
    next: str | None


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


# --- webhook ------------------------------------------------------------------------------------------------


class WebhookIn(Sent):
    """A new address."""

    url: Annotated[Text, Field(min_length=1, max_length=2_000, pattern="^https?://")]


class WebhookOut(BaseModel):
    """Where alerts go."""

    id: int
    url: str
    made_at: datetime
    made_by: str

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookOut:
        """A webhook."""
        return cls(id=webhook.id, url=webhook.url, made_at=webhook.made_at, made_by=webhook.made_by)


class WebhookMade(WebhookOut):
    """A new one."""

    secret: str = Field(description="With it deliveries are signed. It is not shown again.")


class DeliveryOut(BaseModel):
    """What became of a delivery so far."""

    interaction: int
    tries: int
    next_at: datetime | None = Field(description="Null where it has ended.")
    delivered_at: datetime | None
    error: str

    @classmethod
    def of(cls, state: DeliveryState) -> DeliveryOut:
        """A delivery."""
        return cls(
            interaction=state.interaction_id, tries=state.tries, next_at=state.next_at,
            delivered_at=state.delivered_at, error=state.error,
        )  # fmt: skip


class DeliveriesOut(BaseModel):
    """The newest ones."""

    items: list[DeliveryOut]


# --- inside -------------------------------------------------------------------------------------------------


def bound_of(keyword: Keyword) -> str:
    """What a keyword is bound to, as `Bound` has it."""
    if keyword.concern is not None:
        return f"concern:{keyword.concern.label}"
    if keyword.concept is not None:
        return f"concept:{keyword.concept}" + (":weak" if keyword.strength is Strength.WEAK else "")
    if keyword.override is not None:
        return f"override:{Override(keyword.override).value}"
    return "allowed"


def _hits(found: Explanation) -> list[HitOut]:
    return [
        HitOut(concept=hit.concept, term=term, start=hit.span.start, end=hit.span.end, path=hit.path.value)
        for hit, (_, term) in zip(found.details.hits, found.terms, strict=True)
    ]


def _notes(details: InteractionDetails) -> list[NoteOut]:
    return [NoteOut(by=note.by, at=note.at, text=note.text) for note in details.notes]


def _role(label: str) -> Any:
    return label


def _concern(label: str) -> Any:
    return label
