"""Webhooks and their outbox, as `communities/webhooks.py` and the delivering loop ask for them.

The outbox is filled by `fill_outbox`, in the transaction that logs an interaction: no alert is lost, none is sent that
was not logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from safetybot.communities.webhooks import Delivery, DeliveryState, Webhook
from safetybot.ports import Clock
from safetybot.store.audit import write_audit
from safetybot.store.database import Database
from safetybot.store.log import interaction_query, read_interaction
from safetybot.store.tables import interactions, webhook_deliveries, webhooks

_ERROR_CHARS = 200


def fill_outbox(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Put what was alerted among new interactions into the outbox, where the community has a webhook."""
    kept = interactions.c
    here = sa.and_(webhooks.c.platform == kept.platform, webhooks.c.community == kept.community)
    alerted = (
        sa.select(webhooks.c.id, kept.id, kept.at)
        .join_from(interactions, webhooks, here)
        .where(kept.id.in_(numbers), kept.alerted, ~kept.shadow)
    )
    connection.execute(sa.insert(webhook_deliveries).from_select(["webhook_id", "interaction_id", "next_at"], alerted))


class WebhookLog:
    """Keeps webhooks and their deliveries. `SqlStore.webhooks` is one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database."""
        self._database, self._clock = database, clock

    # --- for admins ---------------------------------------------------------------------------------------

    async def of(self, platform: str, community: str) -> Webhook | None:
        """A community's webhook."""
        query = sa.select(webhooks).where(_of(platform, community))
        async with self._database.reader.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _webhook(row)

    async def put(self, platform: str, community: str, url: str, salt: str, *, at: datetime, by: str) -> Webhook:
        """Set it; deliveries that wait go to the new address. Audited."""
        values = {"url": url, "salt": salt, "made_at": at, "made_by": by}

        def job(connection: sa.Connection) -> Webhook:
            change = sa.update(webhooks).where(_of(platform, community)).values(values).returning(*webhooks.c)
            row = connection.execute(change).first()
            if row is None:
                new = sa.insert(webhooks).values(platform=platform, community=community, **values)
                row = connection.execute(new.returning(*webhooks.c)).one()
            write_audit(connection, at, by, "webhook set", {"webhook": row.id}, platform=platform, community=community)
            return _webhook(row)

        return await self._database.writer.do(job)

    async def remove(self, platform: str, community: str, *, by: str) -> bool:
        """Remove it with all its deliveries; False where there is none. Audited."""
        gone = sa.delete(webhooks).where(_of(platform, community)).returning(webhooks.c.id)

        def job(connection: sa.Connection) -> bool:
            number = connection.execute(gone).scalar()
            if number is not None:
                write_audit(
                    connection, self._clock.now(), by, "webhook removed", {"webhook": number},
                    platform=platform, community=community,
                )  # fmt: skip
            return number is not None

        return await self._database.writer.do(job)

    async def newest(self, platform: str, community: str, *, limit: int) -> Sequence[DeliveryState]:
        """The newest deliveries."""
        kept = webhook_deliveries.c
        query = (
            sa.select(webhook_deliveries)
            .join(webhooks, webhooks.c.id == kept.webhook_id)
            .where(_of(platform, community))
            .order_by(kept.id.desc())
            .limit(limit)
        )
        async with self._database.reader.connect() as connection:
            return [
                DeliveryState(row.interaction_id, row.tries, row.next_at, row.delivered_at, row.error)
                for row in await connection.execute(query)
            ]

    # --- for the delivering loop --------------------------------------------------------------------------

    async def any_delivery(self) -> bool:
        """Whether there are deliveries, of whatever state."""
        async with self._database.reader.connect() as connection:
            return (await connection.execute(sa.select(webhook_deliveries.c.id).limit(1))).first() is not None

    async def due(self, *, limit: int, lease: timedelta) -> Sequence[Delivery]:
        """Deliveries to try now. They are the caller's for the length of the lease; then somebody else's."""
        kept, now = webhook_deliveries.c, self._clock.now()
        waiting = sa.select(kept.id).where(kept.next_at <= now).order_by(kept.next_at).limit(limit)
        async with self._database.reader.connect() as connection:
            # Every few seconds nothing is due: that is worth no write.
            if (await connection.execute(waiting.limit(1))).first() is None:
                return []
        chosen = waiting.with_for_update(skip_locked=True)
        take = sa.update(webhook_deliveries).values(next_at=now + lease).returning(kept.id)

        def job(connection: sa.Connection) -> list[int]:
            numbers = list(connection.execute(chosen).scalars())
            return list(connection.execute(take.where(kept.id.in_(numbers))).scalars()) if numbers else []

        return await self._read(await self._database.writer.do(job))

    async def delivered(self, delivery_id: int) -> None:
        """It arrived."""
        await self._update(delivery_id, delivered_at=self._clock.now(), next_at=None, error="")

    async def failed(self, delivery_id: int, error: str, *, again_at: datetime | None) -> None:
        """It did not; None gives it up."""
        await self._update(delivery_id, next_at=again_at, error=error[:_ERROR_CHARS])

    async def forget(self, before: datetime) -> int:
        """Drop deliveries of interactions before that which have ended; how many there were."""
        kept = webhook_deliveries.c
        old = sa.exists().where(interactions.c.id == kept.interaction_id, interactions.c.at < before)
        statement = sa.delete(webhook_deliveries).where(kept.next_at.is_(None), old)
        return await self._database.writer.do(lambda connection: connection.execute(statement).rowcount)

    async def _update(self, delivery_id: int, **values: Any) -> None:
        kept = webhook_deliveries.c
        statement = sa.update(webhook_deliveries).where(kept.id == delivery_id).values(tries=kept.tries + 1, **values)
        await self._database.writer.do(lambda connection: connection.execute(statement).rowcount)

    async def _read(self, numbers: Sequence[int]) -> list[Delivery]:
        if not numbers:
            return []
        kept = webhook_deliveries.c
        query = (
            sa.select(kept.id.label("delivery_id"), kept.tries, kept.interaction_id, *webhooks.c)
            .join_from(webhook_deliveries, webhooks, webhooks.c.id == kept.webhook_id)
            .where(kept.id.in_(numbers))
            .order_by(kept.id)
        )
        async with self._database.reader.connect() as connection:
            rows = (await connection.execute(query)).all()
            about = interaction_query().where(interactions.c.id.in_([row.interaction_id for row in rows]))
            found = {row.id: read_interaction(row) for row in await connection.execute(about)}
        return [
            Delivery(row.delivery_id, _webhook(row), found[row.interaction_id], row.tries)
            for row in rows
            if row.interaction_id in found  # else it was erased this moment
        ]


def _of(platform: str, community: str) -> sa.ColumnElement[bool]:
    return sa.and_(webhooks.c.platform == platform, webhooks.c.community == community)


def _webhook(row: sa.Row[Any]) -> Webhook:
    return Webhook(row.id, row.platform, row.community, row.url, row.salt, row.made_at, row.made_by)
