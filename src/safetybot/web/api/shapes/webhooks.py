"""A webhook and its deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from safetybot.communities.webhooks import DeliveryState, Webhook
from safetybot.web.api.shapes.fields import Sent, Text


class WebhookIn(Sent):
    """A new address."""

    url: Annotated[Text, Field(min_length=1, max_length=2_000, pattern="^https?://")]


class WebhookOut(BaseModel):
    """Where alerts go."""

    id: int
    url: str
    made_at: datetime
    made_by: str

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookOut:
        """A webhook."""
        return cls(id=webhook.id, url=webhook.url, made_at=webhook.made_at, made_by=webhook.made_by)


class WebhookMade(WebhookOut):
    """A new one."""

    secret: str = Field(description="With it deliveries are signed. It is not shown again.")


class DeliveryOut(BaseModel):
    """What became of a delivery so far."""

    interaction: int
    tries: int
    next_at: datetime | None = Field(description="Null where it has ended.")
    delivered_at: datetime | None
    error: str

    @classmethod
    def of(cls, state: DeliveryState) -> DeliveryOut:
        """A delivery."""
        return cls(
            interaction=state.interaction_id, tries=state.tries, next_at=state.next_at,
            delivered_at=state.delivered_at, error=state.error,
        )  # fmt: skip


class DeliveriesOut(BaseModel):
    """The newest ones."""

    items: list[DeliveryOut]
