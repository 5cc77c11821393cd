"""The words of the project as plain data: what a message, an assessment, a decision and a log row are.

Everything here is frozen and slotted, imports nothing of ours and does nothing but describe itself. Long, because all
the words stand in one place.
Who produces and who consumes each type stands in `docs/architecture.md`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


class Concern(enum.IntEnum):
    """What a message is about, ordered by urgency; no concern at all is `None`, never a member.

    Where two fit, the higher one wins: an `ADVERSE` message that also asks for a seller is `ADVERSE`.
    """

    MENTION = 1
    """Mesotherapy or a close relative of it is what is talked about."""
    SUPPLY = 2
    """Somebody sells, gives away, seeks or recommends injectables, kits or an unlicensed injector."""
    DIY = 3
    """Somebody without a clinic injects, plans to inject, teaches or was injected."""
    ADVERSE = 4
    """Somebody has symptoms after a cosmetic injection and could use first-aid advice."""

    @property
    def label(self) -> str:
        """The lower-case name used in files and output: `mention`, `supply`, `diy`, `adverse`."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Concern | None:
        """The concern named `label`; `none` gives `None`. Raises `KeyError` for any other word."""
        return None if label == "none" else cls[label.upper()]


def concern_label(concern: Concern | None) -> str:
    """`concern` as files and output write it: its label, or `none`."""
    return "none" if concern is None else concern.label


class Level(enum.IntEnum):
    """How fast somebody with symptoms needs help, the more urgent the higher."""

    DAYS = 1
    """See a doctor within days."""
    TODAY = 2
    """Be seen today."""
    EMERGENCY = 3
    """Call the emergency number now."""

    @property
    def label(self) -> str:
        """The lower-case name used in files and output."""
        return self.name.lower()


class Mode(enum.StrEnum):
    """What a community wants done about a concern."""

    OFF = "off"
    SHADOW = "shadow"
    """Decide and log in full, send nothing."""
    ALERT = "alert"
    """Tell the moderators only."""
    REPLY = "reply"
    """Answer the member only."""
    REPLY_ALERT = "reply+alert"

    @property
    def replies(self) -> bool:
        """Whether this mode answers the member."""
        return self in (Mode.REPLY, Mode.REPLY_ALERT)

    @property
    def alerts(self) -> bool:
        """Whether this mode tells the moderators."""
        return self in (Mode.ALERT, Mode.REPLY_ALERT)


# --- messages ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: platform, community (guild, group), channel and, if any, thread or topic."""

    platform: str
    community: str
    channel: str
    thread: str | None = None

    def __str__(self) -> str:
        """`platform/community/channel[/thread]`, for logs and command-line output."""
        parts = [self.platform, self.community, self.channel]
        return "/".join(parts if self.thread is None else [*parts, self.thread])


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message, as the platform names them. `id` never reaches the store; its pseudonym does."""

    id: str
    name: str = field(default="", repr=False)
    is_bot: bool = False
    roles: frozenset[str] = frozenset()
    locale: str | None = None


class SurfaceKind(enum.StrEnum):
    """Which part of a message a text comes from."""

    TEXT = "text"
    TITLE = "title"
    CAPTION = "caption"
    FORWARD = "forward"
    """Somebody else's words carried into this message; weighs as a quotation."""
    EMBED = "embed"
    ATTACHMENT = "attachment"
    """A file's name or its alternative text."""


@dataclass(frozen=True, slots=True)
class Surface:
    """One text of a message and the part it comes from."""

    kind: SurfaceKind
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message, whatever the platform. Texts are hidden from `repr` so that no log can leak them."""

    id: str
    place: Place
    author: Author
    surfaces: tuple[Surface, ...]
    sent_at: datetime
    reply_to: str | None = None
    edited_at: datetime | None = None

    @property
    def text(self) -> str:
        """All surfaces joined by a newline: the *original text* that every span of an assessment refers to."""
        if len(self.surfaces) == 1:
            return self.surfaces[0].text
        return "\n".join(surface.text for surface in self.surfaces)


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """One earlier line of the same conversation, oldest first in any sequence of them.

    `same_author` is True where the line was written by the author of the message at hand, None where unknown.
    """

    text: str = field(repr=False)
    same_author: bool | None = None


# --- detection --------------------------------------------------------------------------------------------


class HitPath(enum.StrEnum):
    """How a term was recognised: the surer, the earlier."""

    EXACT = "exact"
    FOLDED = "folded"
    """After undoing a disguise (look-alike letters, separators, leet)."""
    FUZZY = "fuzzy"
    """Within one edit of a long strong term."""


class Zone(enum.StrEnum):
    """What kind of text a span stands in; each zone has its own weight."""

    PLAIN = "plain"
    QUOTE = "quote"
    CODE = "code"
    LINK = "link"
    HASHTAG = "hashtag"


class Strength(enum.StrEnum):
    """Whether a term settles the topic by itself or needs a second concept beside it."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range `[start, end)` of code points in the original text; never empty."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found in a message: which concept, where in the original text, and how it was recognised."""

    concept: str
    term: str
    language: str
    span: Span
    path: HitPath = HitPath.EXACT
    strength: Strength = Strength.STRONG
    zone: Zone = Zone.PLAIN


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that made a concern, the sentence it reads as, and the hits it rests on (indexes into `hits`)."""

    rule: str
    concern: Concern
    says: str
    hits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that nearly fired, and in words why it did not: English with `{names}`, and what to put for them."""

    rule: str
    concern: Concern
    says: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def why_not(self) -> str:
        """The reason, filled in."""
        return self.says.format(**self.values)


@dataclass(frozen=True, slots=True)
class FeatureWeight:
    """One feature that the classifier weighed, in words, and how far it pushed towards the answer (log-odds)."""

    feature: str
    weight: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The detector's whole answer to one message.

    `confidence` is the calibrated probability, 0 to 1, that `concern` is right. `level` is given for
    `Concern.ADVERSE` only. `language` is a BCP 47 primary tag, `und` where it cannot be told.
    """

    concern: Concern | None
    confidence: float
    language: str
    hits: tuple[Hit, ...] = ()
    rules: tuple[FiredRule, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    level: Level | None = None
    features: tuple[FeatureWeight, ...] = ()
    only_shadow: bool = False
    """The concern rests on a community's keyword in shadow alone: it is recorded, and nothing is sent."""

    @property
    def label(self) -> str:
        """`concern` as files and output write it."""
        return concern_label(self.concern)

    @property
    def telling(self) -> tuple[Hit, ...]:
        """The hits to show a reader: those that the rules rest on and the strong ones; all where there are none."""
        resting = {index for rule in self.rules for index in rule.hits}
        chosen = tuple(h for i, h in enumerate(self.hits) if i in resting or h.strength is Strength.STRONG)
        return chosen or self.hits


# --- policy -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConcernPolicy:
    """What a community wants done about one concern, and how often at most."""

    mode: Mode
    channel_cooldown: timedelta
    """At most one reply about this concern per channel in this time; never holds back `ADVERSE`."""
    author_cooldown: timedelta
    """At most one reply about this concern per author in this time."""
    min_confidence: float = 0.0
    """Answer only from this confidence (0 to 1) on; below it the decision is to stay silent."""


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a community decided, with every default filled in."""

    concerns: Mapping[Concern, ConcernPolicy]
    exempt_channels: frozenset[str] = frozenset()
    exempt_roles: frozenset[str] = frozenset()
    shadow_rules: frozenset[str] = frozenset()
    """Rules that are only watched: an answer that rests on nothing else is logged, and nothing is sent."""
    language: str | None = None
    """Answer in this language; None means in the message's own."""
    region: str | None = None
    """ISO 3166 code for the emergency number; None means the line for everywhere."""
    emergency_number: str | None = None
    """The community's own emergency line; wins over `region`."""
    excerpts: bool = False
    """Whether an encrypted excerpt of the message is kept for reviewers."""
    alert_channel: str | None = None
    """Where moderators are told, an id of the platform; None means that the community has chosen no place."""


@dataclass(frozen=True, slots=True)
class History:
    """What the log knows that bears on a decision, read just before it."""

    author_opted_out: bool = False
    already_answered: bool = False
    """This very message has an interaction already (an edit, a retry, another replica)."""
    last_reply_in_channel: datetime | None = None
    """About the concern at hand."""
    last_reply_to_author: datetime | None = None
    """About the concern at hand."""


class Reason(enum.StrEnum):
    """Why the bot will act, or not. A decision carries every reason that holds."""

    REPLY = "policy asks for a reply"
    ALERT = "policy asks for an alert"
    NO_CONCERN = "nothing of concern"
    MODE_OFF = "switched off for this concern"
    SHADOW = "shadow: decided, not sent"
    LOW_CONFIDENCE = "below the confidence asked for"
    EXEMPT_CHANNEL = "exempt channel"
    EXEMPT_ROLE = "author has an exempt role"
    AUTHOR_IS_BOT = "author is a bot"
    OPTED_OUT = "author opted out"
    ALREADY_ANSWERED = "this message was handled before"
    CHANNEL_COOLDOWN = "on cooldown in this channel"
    AUTHOR_COOLDOWN = "on cooldown for this author"


@dataclass(frozen=True, slots=True)
class Decision:
    """What will be done now, with every reason; `shadow` means that all is logged and nothing is sent."""

    reply: bool
    alert: bool
    shadow: bool
    reasons: tuple[Reason, ...]

    @property
    def acts(self) -> bool:
        """Whether anything leaves the bot."""
        return self.reply or self.alert


# --- responses --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """A page that a response rests on."""

    id: str
    title: str
    url: str
    publisher: str
    seen_on: str
    """ISO date on which the page's text was last read."""


@dataclass(frozen=True, slots=True)
class Response:
    """One curated text, ready to send: language, the short public line, the private card, sources.

    `id` names the text and its version (`en/adverse/emergency@3f2a…`), so that a log row can be traced to it.
    """

    id: str
    concern: Concern
    level: Level | None
    language: str
    public: str
    """The short line that is posted in the channel; plain text with no markup."""
    card: str
    """The longer text that only the person who asks for it sees; Markdown paragraphs and lists."""
    sources: tuple[Source, ...]
    facts: tuple[str, ...]
    reviewed_on: str
    """ISO date."""


# --- the log ----------------------------------------------------------------------------------------------


class InteractionState(enum.StrEnum):
    """Where an interaction stands: `planned → sending → sent`, or one of the other ends."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    """Logged only: shadow, cooldown, opt-out, alert only."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The process died between sending and recording; never sent again."""


class VerdictKind(enum.StrEnum):
    """A moderator's word on an interaction."""

    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    HANDLED = "handled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A moderator's word on an interaction, with who, when and why."""

    kind: VerdictKind
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """What the Watcher hands to the store: everything the log keeps of one message, and nothing more."""

    place: Place
    message_id: str
    author_pseudonym: str
    """Keyed HMAC of platform, community and author id, as hexadecimal digits."""
    at: datetime
    assessment: Assessment
    decision: Decision
    response_id: str | None = None
    excerpt: str | None = field(default=None, repr=False)
    """Stored encrypted, and only where the community switched excerpts on."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """A row of the log as it is read back. Hits come without the member's words: concepts and spans only."""

    id: int
    place: Place
    message_id: str
    author_pseudonym: str
    at: datetime
    concern: Concern
    level: Level | None
    confidence: float
    language: str
    rules: tuple[str, ...]
    concepts: tuple[str, ...]
    reasons: tuple[str, ...]
    state: InteractionState
    alerted: bool
    shadow: bool
    response_id: str | None
    reply_id: str | None
    """The platform's id of the reply that was sent."""
    verdict: Verdict | None = None
