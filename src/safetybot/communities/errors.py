"""What a use case refuses, whoever asked: the root of the room's own errors. No reasons of the store's."""

from __future__ import annotations


class CommunityError(Exception):
    """Something was asked for that cannot be done as asked; the message says why and what to do."""
