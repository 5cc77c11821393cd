"""What members read: curated texts, the right one for a message, and whether they are fit to ship."""

from safetybot.responses.library import Card, ResponseLibrary
from safetybot.responses.review import review

__all__ = ["Card", "ResponseLibrary", "review"]
