"""Puts together what the chat platforms serve: the use cases over one open store, for `safetybot run` and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from safetybot.charts import ChartsMissing, over_time
from safetybot.chat.actions import Actions
from safetybot.chat.services import Pages, Services
from safetybot.cli.runtime import Runtime
from safetybot.cli.session import Session
from safetybot.cli.use_cases import community_policy, own_terms, privacy, words_of
from safetybot.communities.figures import Figures
from safetybot.communities.keyword import KeywordState
from safetybot.communities.rates import RuleRates
from safetybot.communities.terms_in_force import TermsInForce
from safetybot.model import Concern
from safetybot.store.known_communities import KnownCommunities
from safetybot.watcher import RecentMessages

_VOUCHING = frozenset({"telegram"})
"""Platforms whose links can carry who presses them; over HTTPS alone."""


def chat_services(session: Session, runtime: Runtime, recent: RecentMessages) -> Services:
    """Everything that commands and buttons need; `recent` are the Watcher's. Raises `InvalidDocument`."""
    store, web = runtime.store, session.settings.web

    async def own(platform: str, community: str) -> list[str]:
        return await own_terms(runtime, platform, community, *KeywordState)

    return Services(
        detector=session.detector,
        library=session.library,
        words=words_of(session.detector),
        store=store,
        alerts=store.alerts,
        communities=KnownCommunities(store.database),
        keyword_versions=store.keywords,
        policy=community_policy(session, runtime),
        privacy=privacy(session, runtime),
        rates=RuleRates(store.rules, runtime.clock),
        figures=Figures(store.figures, runtime.clock),
        reactions=store.reactions,
        recent=recent,
        pseudonym=runtime.pseudonyms,
        own_terms=own,
        terms=TermsInForce(store.keywords),
        actions=Actions(runtime.pseudonyms.derived("buttons")),
        clock=runtime.clock,
        draw=_drawn,
        pages=Pages(web.url, _VOUCHING if web.port and web.url.startswith("https:") else frozenset()),
    )


def _drawn(rows: Sequence[tuple[str, Mapping[Concern, int]]], title: str) -> bytes | None:
    try:
        return over_time(rows, title, form="png")
    except ChartsMissing:  # the figures are told in words all the same
        return None
