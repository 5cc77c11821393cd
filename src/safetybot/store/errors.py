"""What can go wrong with the store, one class per cause, each with what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safetybot.communities.errors import ChangedMeanwhile, NothingStands, NotThere

if TYPE_CHECKING:
    from safetybot.store.versions import Change


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


class NewerDatabase(StoreError):
    """The database was brought to a version that this program does not know."""

    def __init__(self, found: str, wanted: str) -> None:
        """Keep both versions."""
        super().__init__(
            f"the database is at version {found}, which this program (version {wanted}) does not know: "
            "install the newer safetybot again, or restore the database as it was before"
        )
        self.found, self.wanted = found, wanted


class DatabaseUnreachable(StoreError):
    """The database cannot be reached, opened or read; carries why, without password or data."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(f"the database cannot be reached or read: {reason}; see [store] url and docs/store.md")
        self.reason = reason


class WriteRefused(StoreError):
    """The database refused a write; nothing of it was stored. Carries why, without any data."""

    def __init__(self, reason: str, tries: int) -> None:
        """Keep the reason and how often it was tried."""
        super().__init__(f"the database refused a write ({tries} {'try' if tries == 1 else 'tries'}): {reason}")
        self.reason, self.tries = reason, tries


class UnusableUrl(StoreError):
    """The store's URL is malformed, or of a database that cannot serve."""


class StoreClosed(StoreError):
    """The store was closed before or while it was asked for something."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the store is closed: open it again with `open_store`")


class UnsafeKeyFile(StoreError):
    """A key file that others may read, or that holds no usable key."""

    def __init__(self, path: Path, reason: str) -> None:
        """Keep the path and say why."""
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class StaleVersion(StoreError, ChangedMeanwhile):
    """Somebody else changed the same thing first; carries their change (None: there is none at all)."""

    def __init__(self, key: str, expected: int, newer: Change | None) -> None:
        """Keep what was expected and what is there."""
        now = f"version {newer.version} by {newer.by}, now {newer.value!r}" if newer else "it was never changed"
        super().__init__(f"`{key}` is not at version {expected}: {now}")
        self.key, self.expected, self.newer = key, expected, newer


class NothingToUndo(StoreError, NothingStands):
    """Every change of this thing is undone already, or there never was one."""

    def __init__(self, key: str) -> None:
        """Keep the name."""
        super().__init__(f"there is no change of `{key}` left to undo")
        self.key = key


class NoSuchInteraction(StoreError, NotThere):
    """There is no interaction of that number (any more)."""

    def __init__(self, interaction_id: int) -> None:
        """Keep the number."""
        super().__init__(f"there is no interaction {interaction_id}; `safetybot logs` lists them")
        self.interaction_id = interaction_id
