"""What chat platforms need: where alerts stand, how far channels were seen, send budgets, moved chats.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "alerts",
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name="pk_alerts"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name="fk_alerts_interaction_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_alerts_channel_message_id", "alerts", ["channel", "message_id"])
    op.create_table(
        "watermarks",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "community", "channel", name="pk_watermarks"),
    )
    op.create_table(
        "budgets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_budgets"),
    )
    op.create_table(
        "moves",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "chat", name="pk_moves"),
    )
    op.create_index("ix_moves_community", "moves", ["community"])


def downgrade() -> None:
    """Drop the four tables."""
    for table in ("moves", "budgets", "watermarks", "alerts"):
        op.drop_table(table)
