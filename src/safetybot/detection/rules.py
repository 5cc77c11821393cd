"""Rules as data: which concepts, near or far, with which exceptions, make which concern.

Lives here: the shape of `config/rules.yaml`, and how a rule is held against the hits of a message, with the reason
where it nearly fired. Does not live here: terms (`lexicon.py`), weighing several answers (`detector.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from safetybot.documents import Document, InvalidDocument, Problem, read_yaml, validate
from safetybot.model import Concern, FiredRule, Hit, NearMiss, Strength, Zone
from safetybot.translation import marked

NO_HIT = marked("no hit for {concepts}")
HELD_BACK = marked("held back by {concepts} ({term})")
HELD_BACK_NEAR = marked("held back by {concepts} ({term}) within {words} words")
TOO_FAR = marked("its parts stand more than {words} words apart")

Selector = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\*)?!?$")]
"""A concept by name; `name!` asks for a strong term, `symptom_*` stands for every concept that begins so."""


class RuleEntry(BaseModel):
    """One rule: it fires when every group of `all` has a hit, within `near` words, and no exception stands by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    concern: Literal["mention", "supply", "diy", "adverse"]
    says: Annotated[str, Field(min_length=10, max_length=160)]
    all: Annotated[list[Selector | list[Selector]], Field(min_length=1)]
    near: Annotated[int, Field(ge=1, le=200)] | None = None
    unless: list[Selector] = []
    unless_near: dict[Selector, Annotated[int, Field(ge=1, le=50)]] = {}


class RulesFile(BaseModel):
    """`config/rules.yaml`: what each concept means, and the rules over them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concepts: Annotated[dict[Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")], str], Field(min_length=1)]
    rules: Annotated[list[RuleEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All rules held against one message: those that fired, the most urgent first, and those that nearly did."""

    fired: tuple[FiredRule, ...]
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Selectors of which any will do, spelt out: the concepts they stand for (`name!` for strong), and in words."""

    names: frozenset[str]
    words: str

    def takes(self, hit: Hit) -> bool:
        return hit.concept in self.names or (hit.strength is Strength.STRONG and f"{hit.concept}!" in self.names)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule ready to be held: nothing is spelt out again for each message."""

    entry: RuleEntry
    concern: Concern
    groups: tuple[_Group, ...]
    unless: tuple[_Group, ...]
    unless_near: tuple[tuple[_Group, int], ...]


class RuleBook:
    """The rules of a `RulesFile`, ready to be held against hits. Immutable."""

    def __init__(self, file: RulesFile, document: Document | None = None) -> None:
        """Keep `file`'s rules, the most urgent concern first; `document` is where they were read from."""
        self._document = document
        self._file = file
        self.concepts = dict(file.concepts)
        self._rules = sorted((self._ready(entry) for entry in file.rules), key=lambda rule: -rule.concern)

    def _ready(self, entry: RuleEntry) -> _Rule:
        def group(selectors: str | Sequence[str]) -> _Group:
            listed = [selectors] if isinstance(selectors, str) else list(selectors)
            names = frozenset(
                concept + "!" * selector.endswith("!")
                for selector in listed
                for concept in self.concepts
                if _concept_matches(selector, concept)
            )
            return _Group(names, " or ".join(_words_of(selector) for selector in listed))

        return _Rule(
            entry,
            Concern.from_label(entry.concern) or Concern.MENTION,
            tuple(group(selectors) for selectors in entry.all),
            tuple(group(selector) for selector in entry.unless),
            tuple((group(selector), words) for selector, words in entry.unless_near.items()),
        )

    def sentences(self) -> dict[str, str]:
        """What each rule says, by its id."""
        return {rule.entry.id: rule.entry.says for rule in self._rules}

    def problems(self) -> list[Problem]:
        """What is wrong with the rules beyond their shape: unknown concepts, an id that stands twice."""
        document = self._document
        if document is None:
            return []
        problems: list[Problem] = []
        seen: set[str] = set()
        for number, rule in enumerate(self._file.rules):
            here = ("rules", number)
            if rule.id in seen:
                problems.append(document.problem((*here, "id"), f"the rule `{rule.id}` stands twice", "rename one"))
            seen.add(rule.id)
            groups = [[group] if isinstance(group, str) else group for group in rule.all]
            named = {
                "all": [s for group in groups for s in group],
                "unless": rule.unless,
                "unless_near": list(rule.unless_near),
            }
            for key, selectors in named.items():
                for selector in selectors:
                    if not any(_concept_matches(selector, concept) for concept in self.concepts):
                        close = difflib.get_close_matches(selector.rstrip("!"), self.concepts, 1)
                        hint = f"did you mean `{close[0]}`" if close else f"known: {', '.join(self.concepts)}"
                        reason = f"the rule `{rule.id}` names an unknown concept `{selector}`"
                        problems.append(document.problem((*here, key), reason, hint))
        return problems

    def hold(self, text: str, hits: Sequence[Hit]) -> Outcome:
        """Hold every rule against `hits` in the original `text`. Hits in code or in link targets do not count."""
        usable = [(i, hit) for i, hit in enumerate(hits) if hit.zone not in (Zone.CODE, Zone.LINK)]
        if not usable:
            return Outcome((), ())
        there = {hit.concept for _, hit in usable}
        there |= {f"{hit.concept}!" for _, hit in usable if hit.strength is Strength.STRONG}
        fired: list[FiredRule] = []
        near: list[NearMiss] = []
        for rule in self._rules:
            missing = [group for group in rule.groups if there.isdisjoint(group.names)]
            if missing:
                if len(missing) == 1 and len(rule.groups) > 1:
                    near.append(NearMiss(rule.entry.id, rule.concern, NO_HIT, {"concepts": missing[0].words}))
                continue
            found = _hold(rule, text, usable)
            if isinstance(found, NearMiss):
                near.append(found)
            else:
                fired.append(FiredRule(rule.entry.id, rule.concern, rule.entry.says, tuple(sorted(found))))
        return Outcome(tuple(fired), tuple(near))


def read_rules(path: Path) -> RuleBook:
    """The rules in `path`. Raises `InvalidDocument`, for unknown concepts and repeated ids too."""
    document = read_yaml(path)
    book = RuleBook(validate(document, RulesFile), document)
    if problems := book.problems():
        raise InvalidDocument(problems)
    return book


def _concept_matches(selector: str, concept: str) -> bool:
    name = selector.rstrip("!")
    return concept.startswith(name[:-1]) if name.endswith("*") else concept == name


def _hold(rule: _Rule, text: str, hits: Sequence[tuple[int, Hit]]) -> set[int] | NearMiss:
    """The hits that a rule with a hit for each group rests on, or why it did not fire."""

    def missed(says: str, **values: str) -> NearMiss:
        return NearMiss(rule.entry.id, rule.concern, says, values)

    for group in rule.unless:
        if stop := next((hit for _, hit in hits if group.takes(hit)), None):
            return missed(HELD_BACK, concepts=group.words, term=stop.term)
    groups = [[item for item in hits if group.takes(item[1])] for group in rule.groups]
    near = rule.entry.near
    chosen = _closest(groups, text) if near is None else _within(groups, text, near)
    if chosen is None:
        return missed(TOO_FAR, words=str(near))
    for group, words in rule.unless_near:
        for _, hit in hits:
            if not group.takes(hit) or any(_overlap(hit, other) for _, other in chosen):
                continue  # "lemon" inside "lemon bottle" is no look-alike
            if any(words_between(text, hit, other) <= words for _, other in chosen):
                return missed(HELD_BACK_NEAR, concepts=group.words, term=hit.term, words=str(words))
    return {i for i, _ in chosen}


def _closest(groups: Sequence[Sequence[tuple[int, Hit]]], text: str) -> list[tuple[int, Hit]]:
    """One hit of each group, each the nearest to the first group's first hit."""
    anchor = groups[0][0]
    return [min(group, key=lambda item: words_between(text, anchor[1], item[1])) for group in groups]


def _within(groups: Sequence[Sequence[tuple[int, Hit]]], text: str, near: int) -> list[tuple[int, Hit]] | None:
    """One hit of each group so that all stand within `near` words of an anchor of the first; None if there is none."""
    for anchor in groups[0][:50]:
        chosen = [min(group[:50], key=lambda item: words_between(text, anchor[1], item[1])) for group in groups]
        if all(words_between(text, anchor[1], hit) <= near for _, hit in chosen):
            return chosen
    return None


def _overlap(a: Hit, b: Hit) -> bool:
    return a.span.start < b.span.end and b.span.start < a.span.end


def words_between(text: str, a: Hit, b: Hit) -> int:
    """How many words stand between two hits; 0 where they touch or overlap. Two unspaced letters count as a word."""
    if a.span.start > b.span.start:
        a, b = b, a
    if b.span.start <= a.span.end:
        return 0
    gap = text[a.span.end : b.span.start]
    spaces = len(gap.split())
    return spaces if not gap or gap.isascii() else max(spaces, sum("\u2e80" <= c <= "\u9fff" for c in gap) // 2)


def _words_of(selector: str) -> str:
    words = selector.rstrip("!").replace("_*", "").replace("_", " ")
    return f"a strong {words}" if selector.endswith("!") else words
