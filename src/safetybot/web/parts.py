"""What the pages are made of: the use cases, and where they are served. Put together by the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol
from urllib.parse import urlsplit

from safetybot.communities.api_tokens import ApiTokens
from safetybot.communities.audit import Audit
from safetybot.communities.figures import Figures
from safetybot.communities.keywords import Keywords
from safetybot.communities.naming import Words
from safetybot.communities.privacy import Privacy
from safetybot.communities.rates import RuleRates
from safetybot.communities.records import Filters
from safetybot.communities.review import Reviews
from safetybot.communities.saved_views import SavedViews
from safetybot.communities.settings import CommunityPolicy
from safetybot.communities.sign_in import SignIn
from safetybot.communities.trying import Trials
from safetybot.communities.webhooks import Webhooks
from safetybot.ports import Clock
from safetybot.responses.library import ResponseLibrary
from safetybot.web.discord_login import DiscordLogin
from safetybot.web.telegram_login import TelegramLogin


class Health(Protocol):
    """Whether the process does its work; `telemetry.Metrics` implements it."""

    @property
    def alive(self) -> bool:
        """Whether it is to be left running."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it serves now."""
        ...

    def health(self) -> Mapping[str, object]:
        """The same in detail."""
        ...

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        ...


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the status page."""

    what: str
    well: bool
    says: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The use cases as they are in force, and what else pages show."""

    sign_in: SignIn
    tokens: ApiTokens
    webhooks: Webhooks
    figures: Figures
    reviews: Reviews
    views: SavedViews
    words: Words
    keywords: Keywords
    policy: CommunityPolicy
    privacy: Privacy
    audit: Audit
    rates: RuleRates
    trials: Trials
    library: ResponseLibrary
    own_terms: Callable[[str, str], Awaitable[Sequence[str]]]
    """A community's keywords, so that the log's marks can be named."""
    export: Callable[[Filters, Literal["csv", "jsonl"]], AsyncIterator[str]]
    """The log as a file; checks nobody's rights."""
    status: Callable[[], Awaitable[Sequence[Fact]]]
    health: Health
    discord: DiscordLogin | None
    """How to sign in with Discord; None where that is not set up."""
    telegram: TelegramLogin | None
    """The same with Telegram."""
    clock: Clock
    review_months: int


@dataclass(frozen=True, slots=True)
class Site:
    """Where people reach the pages, and for how long they stay signed in."""

    url: str
    """Scheme and host, with the port where it is not the scheme's own."""
    session_age: timedelta = timedelta(hours=12)
    loopback: bool = True
    """Whether the machine's own names for itself are answered too, on any port: for `web serve` and probes."""

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.url.startswith("https:")

    @property
    def host(self) -> str:
        """What a browser's Host header says."""
        return urlsplit(self.url).netloc.lower()

    def answers_to(self, host: str) -> bool:
        """Whether a request with this Host header is meant for us."""
        if host.lower() == self.host:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return self.loopback and name.lower() in ("localhost", "127.0.0.1", "[::1]")
