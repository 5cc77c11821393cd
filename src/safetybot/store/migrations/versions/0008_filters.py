"""Every filter of the log by an index of its own.

Revision ID: 0008
Revises: 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INDEXES = {
    f"ix_interactions_platform_community_{name}_id": ["platform", "community", name, "id"]
    for name in ("concern", "language", "state")
} | {f"ix_interactions_{name}_id": [name, "id"] for name in ("channel", "language")}
_OF_JUDGED = {
    "ix_interactions_judged": ["platform", "community", "verdict", "id"],
    "ix_interactions_all_judged": ["verdict", "id"],
}


def upgrade() -> None:
    """Keep the latest verdict with its interaction; make the indexes."""
    op.add_column("interactions", sa.Column("verdict", sa.Text(), nullable=True))
    op.execute(
        "UPDATE interactions SET verdict = (SELECT kind FROM verdicts WHERE verdicts.interaction_id = interactions.id "
        "ORDER BY verdicts.id DESC LIMIT 1) WHERE id IN (SELECT interaction_id FROM verdicts)"
    )
    only: dict[str, Any] = {
        "sqlite_where": sa.text("verdict IS NOT NULL"),
        "postgresql_where": sa.text("verdict IS NOT NULL"),
    }
    for name, columns in _INDEXES.items():
        op.create_index(name, "interactions", columns)
    for name, columns in _OF_JUDGED.items():
        op.create_index(name, "interactions", columns, **only)


def downgrade() -> None:
    """Take all of it away again."""
    for name in (*_INDEXES, *_OF_JUDGED):
        op.drop_index(name, "interactions")
    op.drop_column("interactions", "verdict")
