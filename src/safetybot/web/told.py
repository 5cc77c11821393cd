"""What use cases say in whole sentences, in the reader's language: refusals, changes, repairs.

Lives here: finding the words. Most are the chat's (`chat/`), which has them in every language of the pages; English
stays as the use case says it, as commands and the API do. Does not live here: names of single things (`names.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safetybot.chat import refusals
from safetybot.chat.finding_words import doubt_reason, near_miss_reason, rule_sentence
from safetybot.chat.keyword_words import change_line
from safetybot.chat.setting_words import change_sentence
from safetybot.communities.api_tokens import LONGEST, UnusableAge
from safetybot.communities.errors import CommunityError
from safetybot.communities.keyword import change_in_words
from safetybot.communities.keyword_checks import Warn
from safetybot.communities.records import Change
from safetybot.communities.review import Repair, RepairKind
from safetybot.communities.saved_views import MOST, NAME_CHARS
from safetybot.communities.settings import in_words
from safetybot.communities.sign_in import NAME_CHARS as GRANT_NAME_CHARS
from safetybot.model import NearMiss
from safetybot.translation import Texts, texts
from safetybot.web.names import named
from safetybot.web.texts import SOURCE, current, gettext, marked

_NUMBERED = (
    (marked("a saved view needs a name of at most %(n)s printable characters"), NAME_CHARS),
    (marked("you have %(n)s saved views here, which is as many as there may be: delete one first"), MOST),
    (marked("who is let in needs a name of at most %(n)s printable characters"), GRANT_NAME_CHARS),
)
_PLAIN = (
    marked("there are no filters to save: choose some, show the log, then save the view"),
    marked("this form is of an earlier session, or came from elsewhere: open the page again"),
)
_OWN = {text % {"n": n}: (text, n) for text, n in _NUMBERED} | {text: (text, None) for text in _PLAIN}
"""Refusals that no chat has, by the English of the use case."""


def refusal(error: CommunityError) -> str:
    """Why something cannot be done, and what to do; in English where nobody has put it into the reader's language."""
    if current() == SOURCE:
        return str(error)
    if isinstance(error, UnusableAge):
        return gettext(marked("A token lasts from an hour to %(n)s days.")) % {"n": LONGEST.days}
    if str(error) in _OWN:
        text, n = _OWN[str(error)]
        return gettext(text) % {"n": n} if n is not None else gettext(text)
    return " ".join(refusals.refusal(_chat(), error).plain.split("\n"))


def setting_change(key: str, before: object, change: Change) -> str:
    """What a change of a setting did, in a line."""
    if current() == SOURCE:
        return in_words(key, before, change)
    return change_sentence(_chat(), key, before, change)


def keyword_change(term: str, before: Mapping[str, Any] | None, change: Change) -> str:
    """What a change of a keyword did, in a line."""
    if current() == SOURCE:
        return change_in_words(term, before, change)
    return change_line(_chat(), before, change).plain


def repair_says(repair: Repair, confidence: float) -> str:
    """What can be done so that a false alarm of this confidence does not come again."""
    if repair.kind is RepairKind.SHADOW:
        return gettext(marked("Move your keyword `%(term)s` to shadow and watch it.")) % {"term": repair.terms[0]}
    if repair.kind is RepairKind.ALLOW:
        text = marked(
            "Allow a phrase that means something else here: what stands within it counts for nothing. "
            "Found were %(terms)s."
        )
        return gettext(text) % {"terms": ", ".join(f"`{term}`" for term in repair.terms)}
    text = marked("Act on %(concern)s only from %(value)s on: this one was %(confidence)s. It holds for all.")
    concern = named((repair.key or "").partition(".")[0])
    return gettext(text) % {"concern": concern, "value": repair.value, "confidence": f"{confidence:.3f}"}


def rule_says(says: str) -> str:
    """The sentence that a rule, or a community's own keyword, reads as."""
    return rule_sentence(_chat(), says)


def nearly(miss: NearMiss) -> str:
    """Why a rule did not fire."""
    return near_miss_reason(_chat(), miss)


def doubtful(warn: Warn) -> str:
    """Why a keyword deserves a second look."""
    return doubt_reason(_chat(), warn)


def _chat() -> Texts:
    return texts(current())
