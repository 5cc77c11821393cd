"""Reviewing: which interactions there are, why each came about, a moderator's word on it, how right the rules are.

Lives here: who may, verdicts and notes, precision, and the repairs that fit a false alarm. Does not live here: what
marks stand for (`naming.py`), making a repair (settings and keywords have use cases of their own). Nothing is ever
trained on messages or verdicts.
"""

from __future__ import annotations

import enum
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from safetybot.communities.access import A_MEMBER, Actor, Refused, Right, require
from safetybot.communities.errors import CommunityError
from safetybot.communities.naming import Words
from safetybot.communities.records import Filters, InteractionDetails, Judged, term_mark
from safetybot.detection.own_terms import LANGUAGE, LIVE_RULE
from safetybot.model import Concern, Interaction, Verdict, VerdictKind
from safetybot.ports import Clock

SAID_WRONG = "This reply was wrong, says a member."
"""The note that stands for a member's press; it leads to nobody."""
NOTE_CHARS = 2_000
"""The longest note or reason."""
_PAGE = 1_000


class Reviewed(Protocol):
    """What this file needs of the store."""

    async def list_interactions(
        self, filters: Filters | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Interaction]:
        """Interactions, the newest first, with ids below `before`."""
        ...

    async def details(self, interaction_id: int) -> InteractionDetails:
        """All that is kept of one. Raises the store's `NoSuchInteraction`."""
        ...

    async def excerpt(self, interaction_id: int, *, by: str) -> str | None:
        """Its excerpt in the clear; audited."""
        ...

    async def add_verdict(self, interaction_id: int, verdict: Verdict) -> None:
        """Keep a verdict; audited in the same transaction."""
        ...

    async def add_note(self, interaction_id: int, text: str, *, by: str) -> None:
        """Keep a note; audited in the same transaction."""
        ...

    async def judged(self, filters: Filters, *, before: int | None, limit: int, hits: bool = True) -> list[Judged]:
        """Those with a verdict, the newest first, with ids below `before`; without hits, much faster."""
        ...


class ReasonNeeded(CommunityError):
    """A false alarm was to be called one without saying why."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("a false alarm needs a reason: it is what the next moderator and the repair go by")


class UnusableNote(CommunityError):
    """A note or reason is empty or too long."""

    def __init__(self, length: int) -> None:
        """Keep the length in characters."""
        super().__init__(f"a note has 1 to {NOTE_CHARS} characters, this one has {length}")
        self.length = length


@dataclass(frozen=True, slots=True)
class Explanation:
    """One interaction with why it came about, fit for one screen."""

    details: InteractionDetails
    rules: tuple[str, ...]
    """Each rule that fired, as the sentence it reads as; its id where it is no longer in force."""
    terms: tuple[tuple[str, str], ...]
    """Concept and term of each hit; no term where the lexicon does not have it any more."""
    excerpt: str | None = field(default=None, repr=False)
    """In the clear; None where it was not asked for, is not kept, or its key is gone."""


class RepairKind(enum.StrEnum):
    """What can be done so that a false alarm does not come again."""

    ALLOW = "allow"
    """Allow-list a phrase with one of the terms in it."""
    SHADOW = "shadow"
    """Move the community's own keyword to shadow."""
    RAISE = "raise"
    """Raise the confidence from which the bot acts on the concern."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair as data: what a moderator may choose to do next, through the use case that does it."""

    kind: RepairKind
    says: str
    terms: tuple[str, ...] = ()
    """For `SHADOW`: the community's keyword. For `ALLOW`: the lexicon's terms that were found."""
    key: str | None = None
    """For `RAISE`: the setting."""
    value: float | None = None
    """For `RAISE`: its new value."""


@dataclass(slots=True)
class Tally:
    """How often something was right, by verdicts."""

    confirmed: int = 0
    false_alarms: int = 0
    handled: int = 0

    @property
    def precision(self) -> float | None:
        """Share of right ones among those called right or false; None before the first. Handled says neither."""
        judged = self.confirmed + self.false_alarms
        return self.confirmed / judged if judged else None


@dataclass(frozen=True, slots=True)
class Precision:
    """What verdicts say about rules, concepts and terms: each with how often it took part in what was judged."""

    overall: Tally
    rules: Mapping[str, Tally]
    concepts: Mapping[str, Tally]
    terms: Mapping[str, Tally]
    """By text; one that the lexicon does not have any more by its mark, led by `#`."""


class Reviews:
    """The log, for those who may review it."""

    def __init__(self, rows: Reviewed, words: Words, clock: Clock) -> None:
        """Read and write through `rows`; name things by `words`."""
        self._rows, self._words, self._clock = rows, words, clock

    async def page(
        self, actor: Actor, filters: Filters, *, before: int | None = None, limit: int = 50
    ) -> Sequence[Interaction]:
        """Interactions, the newest first; `before` is the last id of the page before.

        Raises:
            Refused: The actor is no moderator of the one community asked for, nor an operator.
        """
        require(actor, Right.SEE_LOG, filters.platform, filters.community)
        return await self._rows.list_interactions(filters, before=before, limit=limit)

    async def see(
        self, actor: Actor, interaction_id: int, *, excerpt: bool = False, own: Sequence[str] = ()
    ) -> Explanation:
        """One interaction with its explanation.

        Args:
            actor: Who.
            interaction_id: Which.
            excerpt: Whether with the excerpt in the clear; each look is audited.
            own: The community's own terms, so that they can be named (likewise below).

        Raises:
            NoSuchInteraction: There is none of that number (the store's error).
            Refused: The actor is no moderator where it happened.
        """
        details = await self._allowed(actor, Right.SEE_LOG, interaction_id)
        text: str | None = None
        if excerpt:
            place = details.interaction.place
            require(actor, Right.READ_EXCERPT, place.platform, place.community)
            text = await self._rows.excerpt(interaction_id, by=actor.name)
        words = self._words.with_own(own)
        return Explanation(
            details,
            tuple(words.rules.get(rule, rule) for rule in details.interaction.rules),
            tuple((hit.concept, words.terms.get(hit.mark, "")) for hit in details.hits),
            text,
        )

    async def judge(
        self, actor: Actor, interaction_id: int, kind: VerdictKind, *, reason: str = "", own: Sequence[str] = ()
    ) -> tuple[Repair, ...]:
        """Keep a moderator's word; the latest counts. A false alarm gives the repairs that fit.

        Raises:
            ReasonNeeded: A false alarm without a reason.
            UnusableNote: The reason is too long.
            NoSuchInteraction: There is none of that number (the store's error).
            Refused: The actor is no moderator where it happened.
        """
        details = await self._allowed(actor, Right.REVIEW, interaction_id)
        said = reason.strip()
        if kind is VerdictKind.FALSE_ALARM and not said:
            raise ReasonNeeded
        if len(said) > NOTE_CHARS:
            raise UnusableNote(len(said))
        await self._rows.add_verdict(interaction_id, Verdict(kind, actor.name, self._clock.now(), said))
        return self._repairs(details, own) if kind is VerdictKind.FALSE_ALARM else ()

    async def repairs(self, actor: Actor, interaction_id: int, *, own: Sequence[str] = ()) -> tuple[Repair, ...]:
        """The repairs that fit, were it a false alarm. Raises `Refused`, the store's `NoSuchInteraction`."""
        return self._repairs(await self._allowed(actor, Right.REVIEW, interaction_id), own)

    async def note(self, actor: Actor, interaction_id: int, text: str) -> None:
        """Keep a note for other reviewers. Raises `UnusableNote`, `Refused`, the store's `NoSuchInteraction`."""
        await self._allowed(actor, Right.REVIEW, interaction_id)
        if not 1 <= len(text.strip()) <= NOTE_CHARS:
            raise UnusableNote(len(text.strip()))
        await self._rows.add_note(interaction_id, text.strip(), by=actor.name)

    async def ask_for_review(self, actor: Actor, interaction_id: int) -> bool:
        """Note that a member says that the reply was wrong; False where one said so before.

        Raises:
            NoSuchInteraction: There is none of that number (the store's error).
            Refused: It is another community's.
        """
        details = await self._rows.details(interaction_id)
        place = details.interaction.place
        if (actor.platform, actor.community) != (place.platform, place.community):
            raise Refused(actor, Right.REVIEW, place.platform, place.community, "only members there may")
        if any(note.by == A_MEMBER and note.text == SAID_WRONG for note in details.notes):
            return False
        await self._rows.add_note(interaction_id, SAID_WRONG, by=A_MEMBER)
        return True

    async def precision(
        self,
        actor: Actor,
        filters: Filters,
        *,
        own: Sequence[str] = (),
        most: int | None = None,
        only_rules: bool = False,
    ) -> Precision:
        """How often each rule, concept and term was right, by the latest verdicts; 1,000 rows in memory at a time.

        Args:
            actor: Who.
            filters: Of which interactions.
            own: The community's own terms, so that they can be named.
            most: Of the newest ones that were judged only.
            only_rules: Leave out concepts and terms, which take the longest to read.

        Raises:
            Refused: The actor is no viewer of the one community asked for, nor an operator.
        """
        require(actor, Right.SEE_FIGURES, filters.platform, filters.community)
        overall, tallies = Tally(), [defaultdict[str, Tally](Tally) for _ in range(3)]
        rules, concepts, marks = tallies
        before, left = None, most
        while left != 0 and (
            page := await self._rows.judged(
                filters, before=before, limit=min(_PAGE, _PAGE if left is None else left), hits=not only_rules
            )
        ):
            left = None if left is None else left - len(page)
            for one in page:
                _count(overall, one.verdict)
                # Once an interaction, however often a term stands in it.
                for name in dict.fromkeys(one.rules):
                    _count(rules[name], one.verdict)
                for name in dict.fromkeys(hit.concept for hit in one.hits):
                    _count(concepts[name], one.verdict)
                for mark in dict.fromkeys(hit.mark for hit in one.hits):
                    _count(marks[mark], one.verdict)
            before = page[-1].id
        words = self._words.with_own(own)
        return Precision(
            overall,
            _named(rules, words.rule_name),
            dict(concepts),
            _named(marks, lambda mark: words.terms.get(mark, f"#{mark}")),
        )

    async def _allowed(self, actor: Actor, right: Right, interaction_id: int) -> InteractionDetails:
        details = await self._rows.details(interaction_id)
        place = details.interaction.place
        require(actor, right, place.platform, place.community)
        return details

    def _repairs(self, details: InteractionDetails, own: Sequence[str]) -> tuple[Repair, ...]:
        one = details.interaction
        own_marks = {term_mark(LANGUAGE, text): text for text in own}
        used = [rule.removeprefix(LIVE_RULE) for rule in one.rules] + [hit.mark for hit in details.hits]
        keywords = [own_marks[mark] for mark in used if mark in own_marks]
        known = [self._words.terms[hit.mark] for hit in details.hits if hit.mark in self._words.terms]
        found = [
            Repair(RepairKind.SHADOW, f"Move your keyword `{term}` to shadow and watch it.", (term,))
            for term in dict.fromkeys(keywords)
        ]
        if known:
            says = "Allow a phrase that means something else here: what stands within it counts for nothing. Found were"
            terms = tuple(dict.fromkeys(known))
            found.append(Repair(RepairKind.ALLOW, f"{says} {', '.join(f'`{term}`' for term in terms)}.", terms))
        raised = _raised(one)
        return (*found, *([raised] if raised else []))


def _raised(one: Interaction) -> Repair | None:
    """A higher threshold; never for `ADVERSE`, where somebody who needs help would be missed."""
    if one.concern is Concern.ADVERSE:
        return None
    key = f"{one.concern.label}.min_confidence"
    value = round(math.floor(one.confidence * 100 + 1e-9) / 100 + 0.01, 2)
    if value > 1:
        return None
    says = f"Act on {one.concern.label} only from {value} on: this one was {one.confidence:.3f}. It holds for all."
    return Repair(RepairKind.RAISE, says, key=key, value=value)


def _named(tallies: Mapping[str, Tally], name: Callable[[str], str]) -> dict[str, Tally]:
    """Tallies under names; those of one name together, as of a word that two languages have."""
    named = defaultdict[str, Tally](Tally)
    for key, tally in tallies.items():
        found = named[name(key)]
        found.confirmed += tally.confirmed
        found.false_alarms += tally.false_alarms
        found.handled += tally.handled
    return dict(named)


def _count(tally: Tally, verdict: VerdictKind) -> None:
    tally.confirmed += verdict is VerdictKind.CONFIRMED
    tally.false_alarms += verdict is VerdictKind.FALSE_ALARM
    tally.handled += verdict is VerdictKind.HANDLED
