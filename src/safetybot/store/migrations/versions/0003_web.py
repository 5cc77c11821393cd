"""Links and sessions of the web pages.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two tables."""
    grant = ("name", "platform", "community")
    op.create_table(
        "web_links",
        sa.Column("token", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in grant),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_web_links"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_before", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in grant),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_web_sessions"),
        sa.UniqueConstraint("token", name="uq_web_sessions_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_sessions_token_before", "web_sessions", ["token_before"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("web_sessions")
    op.drop_table("web_links")
