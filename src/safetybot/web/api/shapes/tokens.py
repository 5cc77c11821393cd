"""The token that asked, and the communities that it may know of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from safetybot.communities.api_tokens import ApiToken

RoleName = Literal["viewer", "moderator", "admin", "operator"]


class CommunityOut(BaseModel):
    """A community."""

    platform: str
    community: str


class CommunitiesOut(BaseModel):
    """Those that the token may know of."""

    items: list[CommunityOut]


class TokenOut(BaseModel):
    """The token that asked."""

    id: int
    name: str
    role: RoleName
    platform: str | None = Field(description="Null for an operator's, which holds everywhere.")
    community: str | None
    expires_at: datetime

    @classmethod
    def of(cls, token: ApiToken) -> TokenOut:
        """What is told of it."""
        grant = token.grant
        return cls(
            id=token.id, name=grant.name, role=_role(grant.role.label), platform=grant.platform or None,
            community=grant.community or None, expires_at=token.expires_at,
        )  # fmt: skip


def _role(label: str) -> Any:
    return label
