"""Webhooks of communities and their outbox.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _NUMBER, sa.Identity(), nullable=False)


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "webhooks",
        _id(),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "community", "url", "salt", "made_by")),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.UniqueConstraint("platform", "community", name="uq_webhooks_platform_community"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_deliveries",
        _id(),
        sa.Column("webhook_id", _NUMBER, nullable=False),
        sa.Column("interaction_id", _NUMBER, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name="fk_webhook_deliveries_interaction_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("interaction_id", "webhook_id", name="uq_webhook_deliveries_interaction_id_webhook_id"),
    )
    op.create_index("ix_webhook_deliveries_next_at", "webhook_deliveries", ["next_at"])
    op.create_index("ix_webhook_deliveries_webhook_id_id", "webhook_deliveries", ["webhook_id", "id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
