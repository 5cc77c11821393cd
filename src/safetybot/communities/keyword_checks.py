"""What is wrong or doubtful about a keyword when it is entered, each with its reason.

Lives here: refusals that no force overcomes, and warnings that leave the choice to the moderator. Does not live here:
what a term would do to messages (`preview.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from safetybot.communities.errors import CommunityError
from safetybot.communities.keyword import Keyword, KeywordState
from safetybot.detection.detector import Detector
from safetybot.detection.lexicon import flaws
from safetybot.detection.matcher import Matcher
from safetybot.detection.own_terms import canonical
from safetybot.detection.terms import Term
from safetybot.detection.text import fold_term
from safetybot.translation import marked

MOST_KEYWORDS = 500
"""Of one community."""
MOST_CHARS = 80
_SHORT = 4
_WIDE_STEM = 5
_SCRIPTS_OF_SIGNS = "⺀"
"""From this character on, scripts whose words have two or three signs."""


STANDS_IN = marked("it stands in {count} of {of} ordinary messages")
FOUND_ALREADY = marked("the packaged lexicon finds it already for {concept}: {terms}")
TAKEN_FOR_ELSE = marked("the packaged lexicon takes it for something else: {terms}")
NOTHING_IN_PHRASE = marked("no term of the lexicon and no keyword stands in this phrase")
WIDE_STAR = marked("`*` after {count} letters takes in a great many words")
FEW_LETTERS = marked("{count} letters are found in many abbreviations and names")
TAKEN_BACK = marked("the allowed phrase `{phrase}` takes back all that `{term}` finds")
FOUND_BY_OTHER = marked("the keyword `{term}` ({state}, {bound_to}) finds it already")


class Doubt(enum.StrEnum):
    """Why a keyword deserves a second look."""

    COVERED = "covered"
    """The packaged lexicon finds it already."""
    CONFLICT = "conflict"
    """An allow-list phrase takes back what it finds, or the other way round."""
    OVERLAP = "overlap"
    """Another keyword finds it already."""
    SHORT = "short"
    WIDE = "wide"
    """Its wildcard takes in a great many words."""
    COMMON = "common"
    """It stands in ordinary chat."""
    NO_EFFECT = "no effect"


@dataclass(frozen=True, slots=True)
class Warn:
    """One doubt about a keyword, with its reason in words: English with `{names}`, and what to put for them."""

    doubt: Doubt
    says: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason, filled in."""
        return self.says.format(**self.values)


class UnusableTerm(CommunityError):
    """A term that cannot be looked for, or that would be found nearly everywhere."""

    def __init__(self, term: str, reason: str, hint: str) -> None:
        """Keep all three."""
        super().__init__(f"{reason}: {hint}")
        self.term, self.reason, self.hint = term, reason, hint


class UnknownConcept(CommunityError):
    """There is no such concept in `rules.yaml`."""

    def __init__(self, concept: str, known: Iterable[str]) -> None:
        """Keep the name."""
        super().__init__(f"there is no concept `{concept}`; there are {', '.join(sorted(known))}")
        self.concept = concept


class NotInLexicon(CommunityError):
    """A term was to be overridden that the packaged lexicon does not hold."""

    def __init__(self, term: str, found_by: Sequence[str]) -> None:
        """Keep the term, and which terms of the lexicon find it."""
        near = f"; what finds it is {', '.join(f'`{one}`' for one in found_by)}" if found_by else ""
        super().__init__(f"the packaged lexicon holds no term `{term}`{near}")
        self.term, self.found_by = term, tuple(found_by)


class Lexicon:
    """The packaged terms, as far as keywords are held against them."""

    def __init__(self, detector: Detector) -> None:
        """Take the terms and concepts of the detector in force."""
        self.concepts = dict(detector.rules.concepts)
        self._detector = detector
        self._terms = {canonical(term.text) for term in detector.terms}

    def holds(self, term: str) -> bool:
        """Whether `term` is one of the lexicon's, in any language."""
        return canonical(term) in self._terms

    def found_in(self, text: str) -> list[Term]:
        """The terms of the lexicon that find all of `text`, each text once."""
        whole = text.strip("*")
        seen = {
            hit.term: Term(hit.concept, hit.term, hit.language, hit.strength)
            for hit in self._detector.hits(whole)
            if (hit.span.start, hit.span.end) == (0, len(whole))
        }
        return list(seen.values())

    def found_anywhere(self, text: str) -> bool:
        """Whether a term of the lexicon stands in `text`."""
        return bool(self._detector.hits(text))


def refuse_unusable(keyword: Keyword, lexicon: Lexicon) -> None:
    """Raise `UnusableTerm`, `UnknownConcept` or `NotInLexicon` where a keyword can do no good at all."""
    term = keyword.term
    if len(term) > MOST_CHARS or any(not char.isprintable() for char in term):
        raise UnusableTerm(term, "the term is too long or holds invisible characters", f"give at most {MOST_CHARS}")
    for reason, hint in flaws(term):
        raise UnusableTerm(term, reason, hint)
    if keyword.concept is not None and keyword.concept not in lexicon.concepts:
        raise UnknownConcept(keyword.concept, lexicon.concepts)
    if keyword.override is not None and not lexicon.holds(term):
        raise NotInLexicon(term, [found.text for found in lexicon.found_in(term)])


def warnings_about(keyword: Keyword, others: Sequence[Keyword], lexicon: Lexicon, common: int, of: int) -> list[Warn]:
    """Every doubt about `keyword`.

    Args:
        keyword: As it is to be.
        others: The community's other keywords.
        lexicon: The packaged terms.
        common: In how many ordinary messages it stands.
        of: How many those are.
    """
    if keyword.override is not None:
        return []
    doubts = list(_doubts_about_text(keyword))
    if common:
        doubts.append(Warn(Doubt.COMMON, STANDS_IN, {"count": str(common), "of": f"{of:,}"}))
    doubts += _doubts_beside(keyword, [other for other in others if other.state is not KeywordState.RETIRED])
    found = lexicon.found_in(keyword.term)
    same = [term for term in found if term.concept == keyword.concept]
    if same:
        named = ", ".join(f"`{term.text}` ({term.language}, {term.strength})" for term in same[:3])
        doubts.append(Warn(Doubt.COVERED, FOUND_ALREADY, {"concept": keyword.concept or "", "terms": named}))
    elif found and keyword.concept is not None:
        named = ", ".join(f"{term.concept} (`{term.text}`)" for term in found[:3])
        doubts.append(Warn(Doubt.CONFLICT, TAKEN_FOR_ELSE, {"terms": named}))
    if keyword.allowed and not _contains_any(keyword, others, lexicon):
        doubts.append(Warn(Doubt.NO_EFFECT, NOTHING_IN_PHRASE))
    return doubts


def _doubts_about_text(keyword: Keyword) -> Iterable[Warn]:
    folded = fold_term(keyword.term.strip("*"))
    if folded[0] >= _SCRIPTS_OF_SIGNS:
        return
    if keyword.term != keyword.term.strip("*") and len(folded) < _WIDE_STEM:
        yield Warn(Doubt.WIDE, WIDE_STAR, {"count": str(len(folded))})
    elif len(folded) < _SHORT:
        yield Warn(Doubt.SHORT, FEW_LETTERS, {"count": str(len(folded))})


def _doubts_beside(keyword: Keyword, others: Sequence[Keyword]) -> Iterable[Warn]:
    for other in others:
        if other.override is not None:
            continue
        if keyword.allowed != other.allowed:
            phrase, term = (keyword, other) if keyword.allowed else (other, keyword)
            if phrase.allowed and _finds(phrase, term.term):
                yield Warn(Doubt.CONFLICT, TAKEN_BACK, {"phrase": phrase.term, "term": term.term})
        elif _finds(other, keyword.term):
            values = {"term": other.term, "state": other.state.value, "bound_to": other.bound_to}
            yield Warn(Doubt.OVERLAP, FOUND_BY_OTHER, values)


def _contains_any(phrase: Keyword, others: Sequence[Keyword], lexicon: Lexicon) -> bool:
    text = phrase.term.strip("*")
    return lexicon.found_anywhere(text) or any(other.watches and _finds(other, text, whole=False) for other in others)


def _finds(keyword: Keyword, text: str, *, whole: bool = True) -> bool:
    text = text.strip("*")
    hits = Matcher([Term("x", keyword.term, "own", fuzzy=False)]).find(text)
    return any(not whole or (hit.span.start, hit.span.end) == (0, len(text)) for hit in hits)
