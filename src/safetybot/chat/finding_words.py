"""Why the bot found what it found, in the reader's language: sentences of rules, near misses, doubts about keywords.

Lives here: looking up what the detector and the use cases say in English, and the sentences of the packaged rules.
Does not live here: concerns, reasons of decisions (`names.py`), keywords themselves (`keyword_words.py`).
"""

from __future__ import annotations

from safetybot.communities.keyword_checks import Warn
from safetybot.detection.own_terms import OWN_FOUND, OWN_IN_SHADOW
from safetybot.model import NearMiss
from safetybot.translation import Texts, marked

PACKAGED_RULES = (
    marked("A symptom is told together with a cosmetic injection by name."),
    marked("A symptom is told together with an injection into a part of the body where cosmetics go."),
    marked("A symptom is told together with somebody without a licence who injected."),
    marked("Somebody injects, or wants to inject, themself with a cosmetic product."),
    marked("Somebody injects, or wants to inject, a part of their own body where cosmetics go."),
    marked("A cosmetic injection is given at home or in another place that is no clinic."),
    marked("Somebody without a licence gives a cosmetic injection."),
    marked("Somebody without a licence injects a part of the body where cosmetics go."),
    marked("Somebody asks or tells how a cosmetic injection is done."),
    marked("A cosmetic injectable or a tool for it is offered or sought."),
    marked("Vials or needles for looks are offered or sought."),
    marked("A mesotherapy-family procedure is named."),
    marked("A product or ingredient of the mesotherapy family is named."),
)
"""What the rules of `config/rules.yaml` say; a rule of an operator's own stays as it is written."""


def rule_sentence(said: Texts, says: str) -> str:
    """The sentence that a rule reads as; `says` is its English, that of a community's own keyword too."""
    for own in (OWN_FOUND, OWN_IN_SHADOW):
        before, _, after = own.partition("{term}")
        if says.startswith(before) and says.endswith(after) and len(says) > len(before) + len(after):
            return said.say(own, term=says[len(before) : len(says) - len(after)])
    return said.say(says)


def near_miss_reason(said: Texts, near: NearMiss) -> str:
    """Why a rule did not fire. Concepts stay as they are called in commands."""
    return said.say(near.says, **near.values)


def doubt_reason(said: Texts, warn: Warn) -> str:
    """Why a keyword deserves a second look; what it is bound to stays as it is called in commands."""
    values = {name: said.say(value) if name == "state" else value for name, value in warn.values.items()}
    return said.say(warn.says, **values)
