"""What can go wrong with the store, one class per cause, each with what to do about it."""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """The store cannot be used, or not as asked."""


class OutdatedDatabase(StoreError):
    """The database's tables are of another version than this program's."""

    def __init__(self, found: str | None, wanted: str) -> None:
        """Keep both versions."""
        super().__init__(
            f"the database is at version {found or 'none'}, this program needs {wanted}: run `safetybot db upgrade`"
        )
        self.found, self.wanted = found, wanted


class UnsafeKeyFile(StoreError):
    """A key file that others may read, or that holds no usable key."""

    def __init__(self, path: Path, reason: str) -> None:
        """Keep the path and say why."""
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class StaleVersion(StoreError):
    """Somebody else changed the same thing first; carries what it is now."""

    def __init__(self, key: str, expected: int, found: int, value: object) -> None:
        """Keep what was expected and what is there."""
        super().__init__(f"`{key}` was changed meanwhile: version {found} instead of {expected}, now {value!r}")
        self.key, self.expected, self.found, self.value = key, expected, found, value


class NoSuchInteraction(StoreError):
    """There is no interaction of that number (any more)."""

    def __init__(self, interaction_id: int) -> None:
        """Keep the number."""
        super().__init__(f"there is no interaction {interaction_id}; `safetybot logs` lists them")
        self.interaction_id = interaction_id
