"""Everything that commands and buttons need, put together once: the use cases, the texts, the lexicon in force.

Lives here: the bundle, and what it asks of a platform and of the store. Does not live here: any command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from safetybot.chat.actions import Actions
from safetybot.chat.answers import Answer
from safetybot.chat.bursts import Bursts
from safetybot.chat.platform_filter import PlatformFilter
from safetybot.chat.reports import Reports
from safetybot.communities.figures import Figures
from safetybot.communities.keywords import Keywords, KeywordVersions
from safetybot.communities.naming import Words
from safetybot.communities.privacy import Privacy
from safetybot.communities.rates import RuleRates
from safetybot.communities.reactions import ReactionRows
from safetybot.communities.review import Reviewed, Reviews
from safetybot.communities.settings import CommunityPolicy
from safetybot.communities.trying import OwnTerms, Trials
from safetybot.detection.detector import Detector
from safetybot.model import Concern, Interaction, Place, Policy
from safetybot.ports import Clock, Posted
from safetybot.responses import ResponseLibrary
from safetybot.watcher import RecentMessages


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a platform looked at for `setup` and `status`."""

    well: bool
    says: str
    """In the asker's language: what was looked at, and where it is missing what stops working without it."""


class Board(Protocol):
    """A platform, as far as moderators' messages and `status` go."""

    @property
    def name(self) -> str:
        """The `platform` of its places."""
        ...

    async def post(self, community: str, channel: str, answer: Answer) -> Posted:
        """Post for moderators. Raises `PlatformError`."""
        ...

    async def edit(self, where: Posted, answer: Answer) -> None:
        """Replace what was posted. Raises `PlatformError`, also where it is gone."""
        ...

    async def findings(self, community: str, language: str) -> Sequence[Finding]:
        """Rights, intents and connections, as they are for this community now."""
        ...

    def jump(self, place: Place, message_id: str) -> str | None:
        """The address of a message, None where it has none."""
        ...


class Kept(Reviewed, Protocol):
    """What the chat room needs of the store beside the use cases."""

    async def interaction(self, interaction_id: int) -> Interaction:
        """One interaction. Raises the store's `NoSuchInteraction`, a `NotThere`."""
        ...

    async def policy(self, place: Place) -> Policy:
        """The policy in force at a place."""
        ...


class AlertRows(Protocol):
    """Where alerts stand."""

    async def put(self, interaction_id: int, where: Posted) -> None:
        """Remember where the alert about an interaction stands."""
        ...

    async def of(self, interaction_id: int) -> Posted | None:
        """Where the alert about an interaction stands."""
        ...

    async def about_message(self, place: Place, message_id: str) -> Posted | None:
        """Where the alert about a message stands."""
        ...

    async def about_author(self, pseudonym: str) -> list[Posted]:
        """Where the alerts about somebody stand."""
        ...

    async def sharing(self, where: Posted) -> list[int]:
        """The interactions whose alert is this message."""
        ...


Draw = Callable[[Sequence[tuple[str, Mapping[Concern, int]]], str], bytes | None]
"""Draws counts by day under a title, as PNG; None where there is nothing to draw with. Takes a moment: use a thread."""


class Communities(Protocol):
    """Which communities there are, for leading people to theirs."""

    async def alert_channels(self, platform: str) -> Mapping[str, str | None]:
        """The alert channel of each known community of a platform, None where it has chosen none."""
        ...


@dataclass(frozen=True, slots=True)
class Pages:
    """The web pages, as far as chats lead there."""

    url: str = ""
    """Where people reach them; empty where that was not set."""
    vouching: frozenset[str] = frozenset()
    """Platforms whose links can tell the pages who pressed them, where the pages can ask the bot about them."""


@dataclass(slots=True)
class Services:
    """The bundle. `use` puts a reloaded configuration in force."""

    detector: Detector
    library: ResponseLibrary
    words: Words
    store: Kept
    alerts: AlertRows
    communities: Communities
    keyword_versions: KeywordVersions
    policy: CommunityPolicy
    privacy: Privacy
    rates: RuleRates
    figures: Figures
    reactions: ReactionRows
    recent: RecentMessages
    pseudonym: Callable[[Place, str], str]
    own_terms: Callable[[str, str], Awaitable[list[str]]]
    """A community's own terms, in whatever state, as text."""
    terms: OwnTerms
    """The same as the detector takes them."""
    actions: Actions
    clock: Clock
    draw: Draw
    boards: dict[str, Board] = field(default_factory=dict)
    """The chat platforms that run in this process, by name."""
    filters: dict[str, PlatformFilter] = field(default_factory=dict)
    """Of those, the word filters that stand in for reading messages."""
    bursts: Bursts = field(default_factory=Bursts)
    pages: Pages = field(default_factory=Pages)
    reports: Reports = field(default_factory=Reports)

    def use(self, detector: Detector, library: ResponseLibrary, words: Words) -> None:
        """From now on, work with these."""
        self.detector, self.library, self.words = detector, library, words

    @property
    def keywords(self) -> Keywords:
        """The keywords of communities, held against the lexicon in force."""
        return Keywords(self.keyword_versions, self.detector, self.clock)

    @property
    def trials(self) -> Trials:
        """Trying messages in what is in force."""
        return Trials(self.detector, self.library, self.store.policy, self.terms, self.clock)

    @property
    def reviews(self) -> Reviews:
        """The log for reviewers, named by the words in force."""
        return Reviews(self.store, self.words, self.clock)


FormValues = Mapping[str, str]
"""What was filled into a form, by field."""
