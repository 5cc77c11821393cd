"""Signing in with Telegram: whether an address was made by Telegram, for somebody, just now.

Lives here: checking it, as Telegram's Login Widget describes ("Checking authorization"). Does not live here: that each
counts once (`communities/sign_in.py`), and what somebody may do in a group: the bot asks Telegram itself. The widget is
a script of another origin; the button under the bot's answer to `/web` gives the same without one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from safetybot.communities.errors import CommunityError

PLATFORM = "telegram"
AGE = timedelta(minutes=5)
"""So old an address may be."""
AHEAD = timedelta(minutes=1)
"""So far Telegram's clock may be ahead of ours."""
_NEEDED = ("id", "first_name", "auth_date", "hash")
_MOST_FIELDS = 20
_DIGITS = 20


class NotVouchedFor(CommunityError):
    """An address does not say, or not truly, or no longer, who somebody is."""

    def __init__(self, why: str) -> None:
        """Keep why, in a word or two."""
        super().__init__(f"Telegram did not say who you are ({why}): press the button below my answer to /web again")
        self.why = why


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom Telegram vouches for."""

    id: str
    name: str
    voucher: str = field(repr=False)
    """By which the address is known again."""
    until: datetime
    """From then on it is too old."""


@dataclass(frozen=True, slots=True)
class TelegramLogin:
    """The bot, as far as its token signs addresses."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, token: str) -> TelegramLogin:
        """Of the bot with this token."""
        return cls(hashlib.sha256(token.encode()).digest())

    def visitor(self, given: Sequence[tuple[str, str]], now: datetime) -> Visitor:
        """Whom the fields of an address stand for; every field but the hash is signed. Raises `NotVouchedFor`."""
        fields = dict(given)
        if len(fields) != len(given) or len(given) > _MOST_FIELDS:
            raise NotVouchedFor("odd fields")
        if not all(fields.get(name) for name in _NEEDED):
            raise NotVouchedFor("nothing said" if not fields else "fields missing")
        signature = fields.pop("hash")
        signed = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
        right = hmac.new(self.secret, signed.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            raise NotVouchedFor("not signed by my token")
        if not all(_is_number(fields[name]) for name in ("id", "auth_date")):
            raise NotVouchedFor("odd fields")
        age = now.timestamp() - int(fields["auth_date"])
        if not -AHEAD.total_seconds() <= age <= AGE.total_seconds():
            raise NotVouchedFor("too old")
        name = " ".join(fields[part] for part in ("first_name", "last_name") if fields.get(part))
        voucher = hashlib.sha256(f"{PLATFORM}/{right}".encode()).hexdigest()
        return Visitor(fields["id"], f"{name} ({fields['id']})", voucher, now + AGE + AHEAD)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
