"""Whom a platform let into the web pages, so that it can be asked about them again.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column to both tables."""
    for table in ("web_links", "web_sessions"):
        op.add_column(table, sa.Column("member", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it away again."""
    for table in ("web_links", "web_sessions"):
        op.drop_column(table, "member")
