"""Signing in with Discord (OAuth 2, authorization code with PKCE): who somebody is, and in which guilds.

Lives here: the three requests of it (RFC 6749 §4.1, RFC 7636). Does not live here: what somebody may do in a guild: the
bot asks Discord itself, as it does for each command.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from safetybot.communities.errors import CommunityError

API = "https://discord.com/api/v10"
AUTHORIZE = "https://discord.com/oauth2/authorize"
SCOPE = "identify guilds"
PLATFORM = "discord"
_WITHIN = 10.0
"""Seconds that Discord may take to answer."""


class NotVouchedFor(CommunityError):
    """Discord did not say who somebody is."""

    def __init__(self, why: str) -> None:
        """Keep why, in a word or two."""
        super().__init__(f"Discord did not say who you are ({why}): try again")
        self.why = why


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom Discord vouches for."""

    id: str
    name: str
    guilds: frozenset[str]


@dataclass(frozen=True, slots=True)
class DiscordLogin:
    """An application of Discord's, as its developer portal names it."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect: str
    """Our address to which Discord sends people back; the portal must know it."""
    api: str = API
    authorize: str = AUTHORIZE

    def address(self, state: str, verifier: str) -> str:
        """Where somebody is sent to say yes; `verifier` stays with us until they are back."""
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code", "client_id": self.client_id, "scope": SCOPE, "redirect_uri": self.redirect,
            "state": state, "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256", "prompt": "none",
        }  # fmt: skip
        return f"{self.authorize}?{urlencode(asked)}"

    async def visitor(self, code: str, verifier: str) -> Visitor:
        """Whom a code stands for. Raises `NotVouchedFor`."""
        form = {
            "grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": self.redirect,
        }  # fmt: skip
        try:
            async with httpx.AsyncClient(base_url=self.api, timeout=_WITHIN) as client:
                secret = httpx.BasicAuth(self.client_id, self.client_secret)
                token = _read(await client.post("/oauth2/token", data=form, auth=secret))["access_token"]
                bearer = {"authorization": f"Bearer {token}"}
                user = _read(await client.get("/users/@me", headers=bearer))
                guilds = _read(await client.get("/users/@me/guilds", headers=bearer))
            name = f"{user.get('global_name') or user['username']} ({user['id']})"
            return Visitor(str(user["id"]), name, frozenset(str(one["id"]) for one in guilds))
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            # Never the error's words: they may hold the code or a token.
            raise NotVouchedFor(type(error).__name__) from None


def _read(answer: httpx.Response) -> Any:
    return answer.raise_for_status().json()
