"""What pages over a long log need: the review queue and lists by index, counts of whole days.

Revision ID: 0004
Revises: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQLITE_FORGET_TALLIES = (
    """CREATE TRIGGER interactions_forget_tallies AFTER DELETE ON interactions BEGIN
    DELETE FROM tallied_days WHERE day = OLD.at / 86400000000;
    DELETE FROM tallies WHERE day = OLD.at / 86400000000;
    END""",
)
POSTGRES_FORGET_TALLIES = (
    """CREATE FUNCTION forget_tallies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM tallied_days WHERE day IN (SELECT DISTINCT at / 86400000000 FROM gone);
    DELETE FROM tallies WHERE day IN (SELECT DISTINCT at / 86400000000 FROM gone);
    RETURN NULL; END $$""",
    """CREATE TRIGGER interactions_forget_tallies AFTER DELETE ON interactions
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_tallies()""",
)


def upgrade() -> None:
    """Add the queue's column, the indexes, the tables of counts and the trigger that forgets them."""
    op.add_column("interactions", sa.Column("waiting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE interactions SET waiting = true WHERE NOT shadow AND (alerted OR state <> 'suppressed') "
        "AND NOT EXISTS (SELECT 1 FROM verdicts WHERE verdicts.interaction_id = interactions.id)"
    )
    op.create_index("ix_interactions_platform_community_id", "interactions", ["platform", "community", "id"])
    columns = ["platform", "community", "channel", "id"]
    op.create_index("ix_interactions_platform_community_channel_id", "interactions", columns)
    only: dict[str, Any] = {"sqlite_where": sa.text("waiting = 1"), "postgresql_where": sa.text("waiting")}
    op.create_index("ix_interactions_waiting", "interactions", ["platform", "community", "id"], **only)
    op.create_index("ix_interactions_all_waiting", "interactions", ["id"], **only)
    op.create_table(
        "tallies",
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "community", "by", "name")),
        sa.Column("concern", sa.SmallInteger(), nullable=False),
        sa.Column("interactions", sa.Integer(), nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "platform", "community", "by", "name", "concern", name="pk_tallies"),
    )
    op.create_table(
        "tallied_days",
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("day", name="pk_tallied_days"),
    )
    forget = SQLITE_FORGET_TALLIES if op.get_bind().dialect.name == "sqlite" else POSTGRES_FORGET_TALLIES
    for statement in forget:
        op.execute(statement)


def downgrade() -> None:
    """Take all of it away again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER interactions_forget_tallies ON interactions")
        op.execute("DROP FUNCTION forget_tallies()")
    else:
        op.execute("DROP TRIGGER interactions_forget_tallies")
    for table in ("tallied_days", "tallies"):
        op.drop_table(table)
    for name in ("all_waiting", "waiting", "platform_community_channel_id", "platform_community_id"):
        op.drop_index(f"ix_interactions_{name}", "interactions")
    op.drop_column("interactions", "waiting")
