"""Keywords, and what one would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from safetybot.communities.keyword import Keyword, Listed, Override
from safetybot.communities.keyword_checks import MOST_CHARS, Warn
from safetybot.communities.preview import Effect, Preview
from safetybot.model import Strength
from safetybot.web.api.shapes.fields import Sent, Text

KeywordStateName = Literal["draft", "shadow", "live", "retired"]
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


def bound_of(keyword: Keyword) -> str:
    """What a keyword is bound to, as `Bound` has it."""
    if keyword.concern is not None:
        return f"concern:{keyword.concern.label}"
    if keyword.concept is not None:
        return f"concept:{keyword.concept}" + (":weak" if keyword.strength is Strength.WEAK else "")
    if keyword.override is not None:
        return f"override:{Override(keyword.override).value}"
    return "allowed"
