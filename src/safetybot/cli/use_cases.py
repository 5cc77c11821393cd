"""The use cases of `communities/` put together for commands; whoever sits at the command line acts as operator."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from safetybot.cli.acting import operator
from safetybot.cli.runtime import Runtime, open_runtime
from safetybot.cli.session import Session
from safetybot.communities.access import Actor
from safetybot.communities.keyword import KeywordState
from safetybot.communities.naming import Words
from safetybot.communities.privacy import Privacy
from safetybot.communities.review import Reviews
from safetybot.communities.settings import CommunityPolicy, Limits
from safetybot.detection.assembly import lexicon_files, newest
from safetybot.detection.detector import Detector
from safetybot.detection.lexicon import read_lexicon
from safetybot.detection.rules import read_rules

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def me(name: str = "") -> Actor:
    """Who sits at the command line: as they say, else by the name of their account."""
    return operator(name or f"operator {getpass.getuser()}")


def with_runtime(session: Session, work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Run `work` with the store open. Raises what it raises."""

    async def inside() -> T:
        async with open_runtime(session) as runtime:
            return await work(runtime)

    return asyncio.run(inside())


def community_policy(session: Session, runtime: Runtime) -> CommunityPolicy:
    """Settings of communities, within the configuration's limits."""
    kept = session.settings.store
    limits = Limits(kept.retention, kept.excerpt_retention)
    return CommunityPolicy(runtime.store.settings, session.settings.default_policy(), limits, runtime.clock)


def privacy(session: Session, runtime: Runtime) -> Privacy:
    """What members may ask for."""
    return Privacy(runtime.store.members, runtime.pseudonyms, community_policy(session, runtime))


def words(session: Session) -> Words:
    """The words of the lexicon and the rules in force. Raises `InvalidDocument`."""
    rules = read_rules(newest(session.config_dirs, "rules.yaml"))
    return Words.of(read_lexicon(lexicon_files(session.config_dirs), rules.concepts), rules.sentences())


def words_of(detector: Detector) -> Words:
    """The words of a detector that is loaded already."""
    return Words.of(detector.terms, detector.rules.sentences())


def reviews(session: Session, runtime: Runtime) -> Reviews:
    """The log for reviewers. Raises `InvalidDocument`."""
    return Reviews(runtime.store, words(session), runtime.clock)


async def own_terms(runtime: Runtime, platform: str | None, community: str | None, *states: KeywordState) -> list[str]:
    """The community's own terms in one of `states`; none where no single community is meant."""
    if platform is None or community is None:
        return []
    return [one.term for one, _ in await runtime.store.keywords.in_force(platform, community) if one.state in states]
