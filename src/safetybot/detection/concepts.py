"""Which of the lexicon's concepts mean what to the detector; `config/rules.yaml` says what each stands for."""

from __future__ import annotations

from collections.abc import Iterable

from safetybot.model import Hit, Strength, Zone

NAMES_THE_TOPIC = frozenset({"procedure", "product", "ingredient"})
"""Concepts of which a strong term makes a message a mention by itself."""
TOPIC = NAMES_THE_TOPIC | {"tool", "filler_toxin"}
"""Concepts that name a thing injected for looks, or the injecting of it."""
SIGNS = TOPIC | {"inject", "needle"}
"""Concepts of which one at least is there in nearly every message of concern."""
ACT = frozenset({"inject", "needle", "technique", "self", "lay_injector", "home"})
"""Concepts that tell of doing it."""
CONTEXT = frozenset({"worry", "clinic", "warning", "past", "negation", "topical", "other_medicine", "other_domain"})
"""Concepts that say nothing alone; they are looked for only in messages that show a sign of the topic."""


def names_the_topic(hits: Iterable[Hit]) -> bool:
    """Whether a strong term names a mesotherapy-family procedure, product or ingredient outside code."""
    return any(
        hit.strength is Strength.STRONG and hit.concept in NAMES_THE_TOPIC and hit.zone is not Zone.CODE for hit in hits
    )
