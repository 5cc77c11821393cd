"""The two keys that guard members' data: one makes pseudonyms, one encrypts excerpts.

Each comes from the settings or from its own file, kept apart from the database (Telegram's terms ask for that, T4 in
the platform rules). Does not live here: which data is guarded.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from safetybot.model import Place
from safetybot.store.errors import UnsafeKeyFile

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

EXCERPT_CHARS = 300
_KEY_BYTES = 32


def read_or_create_key(path: Path) -> list[str]:
    """The keys in `path`, the newest first, one a line; a new file, mode 0600, with one key where there is none.

    Raises:
        UnsafeKeyFile: Others may read the file, or it holds no key.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode() + "\n")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UnsafeKeyFile(path, f"its mode is {mode:04o}, so others may read it: run `chmod 600 {path}`")
    keys = path.read_text(encoding="ascii", errors="replace").split()
    if not keys:
        raise UnsafeKeyFile(path, "it is empty: restore it from a backup, or delete it to begin with a new key")
    return keys


class Pseudonyms:
    """Maps a place and an author's id to what the log may keep: HMAC-SHA256, 32 hexadecimal digits."""

    def __init__(self, key: str) -> None:
        """Use `key`, any text. Another key makes other pseudonyms, so old rows are no longer linked to anybody."""
        self._key = key.encode()

    def __call__(self, place: Place, author_id: str) -> str:
        """The pseudonym; the same person has another one in each community."""
        parts = (place.platform, place.community, author_id)
        # Each with its length, so that no two sets of names can run together into the same text.
        message = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]

    def derived(self, purpose: str) -> str:
        """Another secret, for `purpose`, from the same key; nobody can lead it back."""
        return hmac.new(self._key, f"safetybot/{purpose}".encode(), hashlib.sha256).hexdigest()


class Excerpts:
    """Encrypts and decrypts excerpts (Fernet); the first key encrypts, all decrypt, so that keys can be changed."""

    def __init__(self, keys: Sequence[str], where: Path | None = None) -> None:
        """Use `keys`, the newest first.

        Raises:
            UnsafeKeyFile: One of them is no Fernet key (32 bytes, URL-safe base64).
        """
        if not keys or not all(_is_fernet_key(key) for key in keys):
            raise UnsafeKeyFile(where or Path("SAFETYBOT_SECRETS__EXCERPT_KEY"), "it holds no Fernet key")
        self._keys = tuple(keys)

    @cached_property
    def _fernet(self) -> MultiFernet:
        # 6 MiB of code that a bot which keeps no excerpts, the default, never loads.
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])

    def seal(self, text: str) -> str:
        """The first 300 characters of `text`, encrypted."""
        return self._fernet.encrypt(text[:EXCERPT_CHARS].encode("utf-8", "replace")).decode()

    def open(self, sealed: str) -> str | None:
        """The excerpt, or None where no key fits any more."""
        from cryptography.fernet import InvalidToken  # as above

        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == _KEY_BYTES
    except ValueError:
        return False
