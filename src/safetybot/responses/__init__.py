"""What members read: curated texts, choosing the right one for a message, and whether they are fit to ship."""

from safetybot.responses.library import Card, CardKind, ResponseLibrary
from safetybot.responses.review import review

__all__ = ["Card", "CardKind", "ResponseLibrary", "review"]
