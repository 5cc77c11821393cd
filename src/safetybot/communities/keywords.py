"""Keywords of communities, for those who may see or change them: draft, shadow, live, retired, and back.

Lives here: who may, the steps of its life, what stands in the way of each. Does not live here: what a keyword is
(`keyword.py`), doubts about one (`keyword_checks.py`), its effect (`preview.py`), files (`keyword_files.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from safetybot.communities.access import Actor, Right, require
from safetybot.communities.errors import CommunityError
from safetybot.communities.keyword import Keyword, KeywordState, Listed
from safetybot.communities.keyword_checks import MOST_KEYWORDS, Lexicon, Warn, refuse_unusable, warnings_about
from safetybot.communities.keyword_report import (
    PAST,
    Fired,
    Grounds,
    KeywordFigures,
    LoggedEffect,
    RuleTotals,
    figures_of,
    rules_of,
)
from safetybot.communities.preview import Effect, Preview, effect_on, found_in, grounds_of, ordinary_sample
from safetybot.communities.records import Change
from safetybot.detection.detector import Detector
from safetybot.detection.own_terms import canonical
from safetybot.ports import Clock

_DAY = timedelta(days=1)
_LOG_AGE = 90 * _DAY
_LOG_ROWS = 5_000


class NoSuchKeyword(CommunityError):
    """The community has no such keyword."""

    def __init__(self, term: str) -> None:
        """Keep the term."""
        super().__init__(f"there is no keyword `{term}` here; `safetybot keywords list` shows what there is")
        self.term = term


class KnownKeyword(CommunityError):
    """The community has that keyword already, perhaps in other letters."""

    def __init__(self, listed: Listed) -> None:
        """Keep what is there."""
        known = listed.keyword
        super().__init__(f"`{known.term}` is a keyword already ({known.state}, {known.bound_to}): edit that one")
        self.listed = listed


class TooManyKeywords(CommunityError):
    """The community has as many keywords as one may have."""

    def __init__(self) -> None:
        """Say how many."""
        super().__init__(
            f"a community may have at most {MOST_KEYWORDS} keywords: retired ones count, lists in files do too"
        )


class TooBroad(CommunityError):
    """A keyword that would answer ordinary chat was to go live without saying so explicitly."""

    def __init__(self, preview: Preview) -> None:
        """Keep what it would do."""
        super().__init__(
            f"`{preview.keyword.term}` would answer about 1 in {preview.ordinary.one_in} ordinary messages: too broad. "
            "Narrow it, try it in shadow, or force it"
        )
        self.preview = preview


class NothingToTry(CommunityError):
    """An allow-list phrase or an override was to go into shadow."""

    def __init__(self, keyword: Keyword) -> None:
        """Keep it."""
        super().__init__(
            f"`{keyword.term}` ({keyword.bound_to}) makes no answer that shadow could show: `preview` tells"
        )
        self.keyword = keyword


class KeywordVersions(Protocol):
    """What this file needs of the store."""

    async def put_all(
        self, platform: str, community: str, wanted: Sequence[tuple[Keyword, int]], *, by: str, at: datetime
    ) -> list[Change]:
        """Add or change several, all or none. Refuses where a newest version is not the one expected."""
        ...

    async def undo(
        self, platform: str, community: str, term: str, *, by: str, at: datetime, expected: int | None = None
    ) -> Change:
        """Take back the newest change that stands."""
        ...

    async def history(self, platform: str, community: str, term: str) -> list[Change]:
        """Every change of one term, oldest first."""
        ...

    async def in_force(self, platform: str, community: str) -> list[tuple[Keyword, int]]:
        """The community's keywords, each with its version."""
        ...

    async def version_of(self, platform: str, community: str, term: str) -> int:
        """The newest version of a term, 0 before the first."""
        ...

    async def logged(
        self, platform: str, community: str, grounds: Grounds, *, since: datetime, limit: int
    ) -> LoggedEffect:
        """How many of the community's newest interactions rest on `grounds`."""
        ...

    async def rule_totals(
        self, platform: str, community: str, rules: Sequence[str], *, since: datetime
    ) -> Mapping[str, RuleTotals]:
        """What rules did from the day of `since` on (UTC); those that did nothing are left out."""
        ...

    async def fired(self, platform: str, community: str, since: datetime, split: datetime) -> Sequence[Fired]:
        """How often each rule fired, in shadow too: from `since` to `split`, and after it."""
        ...


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of an entry: its version, what is doubtful about it, and what it would do."""

    keyword: Keyword
    change: Change
    warnings: tuple[Warn, ...]
    preview: Preview


class Keywords:
    """Keywords of communities. Each change is one version, audited in its own transaction by the store.

    Every method takes the actor, platform and community first, and raises `Refused` where the actor may not. What
    changes takes the version that the actor has seen as `expected`; None means whatever is newest. `StaleVersion` (the
    store's) carries what somebody else did meanwhile.
    """

    def __init__(self, versions: KeywordVersions, detector: Detector, clock: Clock) -> None:
        """Keep versions in `versions`; `detector` holds the lexicon and shows what a keyword would do."""
        self._versions, self._detector, self._clock = versions, detector, clock
        self.lexicon = Lexicon(detector)

    async def listed(self, actor: Actor, platform: str, community: str) -> list[Listed]:
        """Every keyword, retired ones too, by term."""
        require(actor, Right.SEE_KEYWORDS, platform, community)
        return await self._all(platform, community)

    async def get(self, actor: Actor, platform: str, community: str, term: str) -> Listed:
        """One keyword, however its letters are written. Raises `NoSuchKeyword`."""
        return _one(await self.listed(actor, platform, community), term)

    async def add(
        self, actor: Actor, platform: str, community: str, keyword: Keyword, *, force: bool = False
    ) -> Entered:
        """Add a keyword, or take a retired one up again. What watches begins as a draft, whatever its state says.

        Raises:
            UnusableTerm: It cannot be looked for; also `UnknownConcept`, `NotInLexicon`.
            KnownKeyword: It is there already.
            TooManyKeywords: The community has no room for it.
            TooBroad: It is to go live at once, is too broad, and is not forced.
        """
        require(actor, Right.CHANGE_KEYWORDS, platform, community)
        refuse_unusable(keyword, self.lexicon)
        listed = await self._all(platform, community)
        known = _find(listed, keyword.term)
        if known is not None and known.keyword.state is not KeywordState.RETIRED:
            raise KnownKeyword(known)
        if known is None and len(listed) >= MOST_KEYWORDS:
            raise TooManyKeywords
        keyword = replace(keyword, term=known.keyword.term if known else keyword.term)
        version = known.version if known else await self._versions.version_of(platform, community, keyword.term)
        return await self._enter(actor, platform, community, keyword, version, listed, force=force)

    async def edit(
        self,
        actor: Actor,
        platform: str,
        community: str,
        keyword: Keyword,
        *,
        expected: int | None = None,
        force: bool = False,
    ) -> Entered:
        """Bind a keyword to something else, or move it to another state. Raises as `add`, and `NoSuchKeyword`."""
        require(actor, Right.CHANGE_KEYWORDS, platform, community)
        refuse_unusable(keyword, self.lexicon)
        listed = await self._all(platform, community)
        known = _one(listed, keyword.term)
        keyword = replace(keyword, term=known.keyword.term)
        version = known.version if expected is None else expected
        return await self._enter(actor, platform, community, keyword, version, listed, force=force)

    async def move(
        self,
        actor: Actor,
        platform: str,
        community: str,
        term: str,
        state: KeywordState,
        *,
        expected: int | None = None,
        force: bool = False,
    ) -> Entered:
        """Move a keyword to another state: to shadow, live, retired or back to draft.

        Raises:
            NoSuchKeyword: There is none.
            NothingToTry: It is no term that watches, so there is nothing to shadow.
            TooBroad: It is to go live, would answer ordinary chat, and is not forced.
        """
        known = await self.get(actor, platform, community, term)
        wanted = replace(known.keyword, state=state)
        version = known.version if expected is None else expected
        return await self.edit(actor, platform, community, wanted, expected=version, force=force)

    async def undo(
        self, actor: Actor, platform: str, community: str, term: str, *, expected: int | None = None
    ) -> Change:
        """Take back the newest change of a keyword that stands, as one more version.

        What is undone is not checked again: it was in force before. Raises `NothingToUndo` (the store's).
        """
        require(actor, Right.CHANGE_KEYWORDS, platform, community)
        known = _find(await self._all(platform, community), term)
        return await self._versions.undo(
            platform, community, known.keyword.term if known else term, by=actor.name, at=self._clock.now(),
            expected=expected,
        )  # fmt: skip

    async def history(self, actor: Actor, platform: str, community: str, term: str) -> Sequence[Change]:
        """Every change of a keyword, oldest first. Raises `NoSuchKeyword` where there never was one."""
        require(actor, Right.SEE_KEYWORDS, platform, community)
        known = _find(await self._all(platform, community), term)
        changes = await self._versions.history(platform, community, known.keyword.term if known else term)
        if not changes:
            raise NoSuchKeyword(term)
        return changes

    async def preview(
        self, actor: Actor, platform: str, community: str, keyword: Keyword, recent: Sequence[str] | None = None
    ) -> Preview:
        """What `keyword` would do, live; `recent` are the messages still in memory, where a bot has some."""
        require(actor, Right.SEE_KEYWORDS, platform, community)
        refuse_unusable(keyword, self.lexicon)
        return await self._preview(platform, community, keyword, await self._all(platform, community), recent)

    async def warnings(self, actor: Actor, platform: str, community: str, keyword: Keyword) -> list[Warn]:
        """What is doubtful about `keyword`, each with its reason."""
        require(actor, Right.SEE_KEYWORDS, platform, community)
        refuse_unusable(keyword, self.lexicon)
        return self._warnings(keyword, await self._all(platform, community))

    async def report(
        self, actor: Actor, platform: str, community: str, *, age: timedelta = _LOG_AGE
    ) -> list[KeywordFigures]:
        """What each keyword did, or in shadow would have done, in the last `age` (whole days); whether it jumped."""
        require(actor, Right.SEE_FIGURES, platform, community)
        now = self._clock.now()
        keywords = [one.keyword for one in await self._all(platform, community)]
        rules = rules_of(keywords)
        if not rules:
            return []
        totals = await self._versions.rule_totals(platform, community, rules, since=now - age)
        fired = await self._versions.fired(platform, community, now - _DAY - PAST, now - _DAY)
        return figures_of(keywords, totals, fired, now)

    async def put_all(
        self, actor: Actor, platform: str, community: str, keywords: Sequence[Keyword], *, force: bool = False
    ) -> list[Change]:
        """Add or change several at once, all or none, as a file brings them; what is so already stays untouched.

        Terms of a file that are live come in as they would by hand: too broad a one refuses all. Raises as `add`.
        """
        require(actor, Right.CHANGE_KEYWORDS, platform, community)
        listed = await self._all(platform, community)
        wanted: list[tuple[Keyword, int]] = []
        for keyword in keywords:
            refuse_unusable(keyword, self.lexicon)
            known = _find(listed, keyword.term)
            keyword = replace(keyword, term=known.keyword.term if known else keyword.term)
            if known is not None and known.keyword == keyword:
                continue
            _refuse_shadow(keyword)
            if keyword.watches and keyword.state is KeywordState.LIVE and not force:
                self._refuse_broad(await self._preview(platform, community, keyword, listed, None))
            version = known.version if known else await self._versions.version_of(platform, community, keyword.term)
            wanted.append((keyword, version))
        if (
            len({canonical(one.keyword.term) for one in listed} | {canonical(k.term) for k, _ in wanted})
            > MOST_KEYWORDS
        ):
            raise TooManyKeywords
        if not wanted:
            return []
        return await self._versions.put_all(platform, community, wanted, by=actor.name, at=self._clock.now())

    # --- inside -------------------------------------------------------------------------------------------

    async def _enter(
        self,
        actor: Actor,
        platform: str,
        community: str,
        keyword: Keyword,
        version: int,
        listed: Sequence[Listed],
        *,
        force: bool,
    ) -> Entered:
        _refuse_shadow(keyword)
        preview = await self._preview(platform, community, keyword, listed, None)
        if keyword.watches and keyword.state is KeywordState.LIVE and not force:
            self._refuse_broad(preview)
        (change,) = await self._versions.put_all(
            platform, community, [(keyword, version)], by=actor.name, at=self._clock.now()
        )
        return Entered(keyword, change, tuple(self._warnings(keyword, listed)), preview)

    def _refuse_broad(self, preview: Preview) -> None:
        if preview.too_broad:
            raise TooBroad(preview)

    def _warnings(self, keyword: Keyword, listed: Sequence[Listed]) -> list[Warn]:
        sample = ordinary_sample()
        common = len(found_in(keyword, sample)) if keyword.watches else 0
        return warnings_about(keyword, _others(keyword, listed), self.lexicon, common, len(sample))

    async def _preview(
        self, platform: str, community: str, keyword: Keyword, listed: Sequence[Listed], recent: Sequence[str] | None
    ) -> Preview:
        others = _others(keyword, listed)

        def effect(texts: Sequence[str]) -> Effect:
            return effect_on(texts, keyword, others, self._detector)

        since = self._clock.now() - _LOG_AGE
        grounds = grounds_of(keyword, self._detector.terms)
        return Preview(
            keyword,
            effect(ordinary_sample()),
            None if recent is None else effect(recent),
            await self._versions.logged(platform, community, grounds, since=since, limit=_LOG_ROWS),
        )

    async def _all(self, platform: str, community: str) -> list[Listed]:
        return [Listed(*found) for found in await self._versions.in_force(platform, community)]


def _find(listed: Sequence[Listed], term: str) -> Listed | None:
    wanted = canonical(term)
    return next((one for one in listed if canonical(one.keyword.term) == wanted), None)


def _one(listed: Sequence[Listed], term: str) -> Listed:
    found = _find(listed, term)
    if found is None:
        raise NoSuchKeyword(term)
    return found


def _others(keyword: Keyword, listed: Sequence[Listed]) -> list[Keyword]:
    same = canonical(keyword.term)
    return [one.keyword for one in listed if canonical(one.keyword.term) != same]


def _refuse_shadow(keyword: Keyword) -> None:
    if keyword.state is KeywordState.SHADOW and not keyword.watches:
        raise NothingToTry(keyword)
