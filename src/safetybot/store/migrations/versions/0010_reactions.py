"""Reactions to replies; what a platform vouched with for somebody, so that it lets them in once.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables, and the index by which a reply is found."""
    op.create_table(
        "reactions",
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("welcome", "unwelcome", "other")),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("interaction_id", name="pk_reactions"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name="fk_reactions_interaction_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "web_vouchers",
        sa.Column("voucher", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("voucher", name="pk_web_vouchers"),
    )
    op.create_index(
        "ix_interactions_reply_id", "interactions", ["reply_id"],
        sqlite_where=sa.text("reply_id IS NOT NULL"), postgresql_where=sa.text("reply_id IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    """Take all of it away again."""
    op.drop_index("ix_interactions_reply_id", "interactions")
    op.drop_table("web_vouchers")
    op.drop_table("reactions")
