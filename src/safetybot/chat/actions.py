"""What a button means, as a short signed text that survives restarts: nothing about it is kept anywhere.

Lives here: the code between an action and the text a platform carries (64 bytes on Telegram, T31; 100 characters on
Discord, D36). Does not live here: doing it, and whether the presser may (asked anew at every press).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

LONGEST = 64
"""Bytes, of all platforms' limits the smallest."""
_PART = re.compile(r"[A-Za-z0-9._-]*")
_SIGNATURE = 8


@dataclass(frozen=True, slots=True)
class Action:
    """A name and what it is about; both of letters, digits, `.`, `_` and `-` only."""

    name: str
    arguments: tuple[str, ...] = ()


class UnusableAction(Exception):
    """An action cannot be carried by a button: it is too long or holds other characters. A fault of ours."""

    def __init__(self, action: Action) -> None:
        """Keep the action."""
        super().__init__(
            f"the action {action} does not fit a button: {LONGEST} bytes of letters, digits, `.`, `_`, `-`"
        )
        self.action = action


class Actions:
    """Encodes and decodes actions under one key."""

    def __init__(self, key: str) -> None:
        """Sign with a key of our own made from `key`; a button signed under another key is answered as outdated."""
        self._key = hashlib.blake2b(key.encode(), digest_size=32, person=b"safetybot.button").digest()

    def encode(self, action: Action) -> str:
        """The text that a button carries. Raises `UnusableAction`."""
        parts = (action.name, *action.arguments)
        body = ":".join(parts)
        if not all(_PART.fullmatch(part) for part in parts) or len(body) + _SIGNATURE + 1 > LONGEST:
            raise UnusableAction(action)
        return f"{body}:{self._sign(body)}"

    def decode(self, carried: str) -> Action | None:
        """The action, or None where the text was not made by `encode` under this key."""
        body, colon, signature = carried.rpartition(":")
        if not colon or not hmac.compare_digest(self._sign(body).encode(), signature.encode("utf-8", "replace")):
            return None
        name, *arguments = body.split(":")
        return Action(name, tuple(arguments))

    def _sign(self, body: str) -> str:
        made = hmac.new(self._key, body.encode("utf-8", "replace"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made[:6]).decode()
