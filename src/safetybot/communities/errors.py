"""What a use case refuses, whoever asked: the root of the room's own errors. No reasons of the store's."""

from __future__ import annotations

from safetybot.communities.records import Change


class CommunityError(Exception):
    """Something was asked for that cannot be done as asked; the message says why and what to do."""


class ChangedMeanwhile(CommunityError):
    """Somebody else changed the same thing first: look at it again, then decide. The store's error is one of these."""

    newer: Change | None = None
    """Their change; None where there is none at all."""


class NothingStands(CommunityError):
    """There is no change left to undo. The store's error is one of these."""


class NotThere(CommunityError):
    """There is nothing of that number (any more). The store's error is one of these."""
