"""The first tables.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), nullable=False)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "interactions",
        _id(),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text()),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("concern", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("hits", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sending_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("owner", sa.Text(), nullable=False, server_default=""),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("response_id", sa.Text()),
        sa.Column("reply_id", sa.Text()),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("config_version", sa.Text(), nullable=False, server_default=""),
        sa.Column("excerpt", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_interactions"),
        sa.UniqueConstraint(
            "platform", "community", "channel", "message_id",
            name="uq_interactions_platform_community_channel_message_id",
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_interactions_at_id", "interactions", ["at", "id"])
    op.create_index("ix_interactions_platform_community_at_id", "interactions", ["platform", "community", "at", "id"])
    op.create_index("ix_interactions_author", "interactions", ["author"])
    op.create_index("ix_interactions_state", "interactions", ["state"])
    op.create_table(
        "cooldowns",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("concern", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "concern", name="pk_cooldowns"),
    )
    op.create_table(
        "verdicts",
        _id(),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name="fk_verdicts_interaction_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_verdicts_interaction_id", "verdicts", ["interaction_id"])
    op.create_table(
        "notes",
        _id(),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name="fk_notes_interaction_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_notes_interaction_id", "notes", ["interaction_id"])
    op.create_table(
        "opt_outs",
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("author", name="pk_opt_outs"),
    )
    op.create_table(
        "settings",
        _id(),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True)),
        sa.Column("undoes", sa.Integer()),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
        sa.UniqueConstraint(
            "platform", "community", "channel", "key", "version",
            name="uq_settings_platform_community_channel_key_version",
        ),
    )  # fmt: skip
    op.create_table(
        "keywords",
        _id(),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True)),
        sa.Column("undoes", sa.Integer()),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keywords"),
        sa.UniqueConstraint(
            "platform", "community", "term", "version", name="uq_keywords_platform_community_term_version"
        ),
    )
    op.create_table(
        "audit",
        _id(),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text()),
        sa.Column("community", sa.Text()),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_platform_community_id", "audit", ["platform", "community", "id"])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    from safetybot.store.tables import POSTGRES_PROTECT_AUDIT, SQLITE_PROTECT_AUDIT

    protect = SQLITE_PROTECT_AUDIT if op.get_bind().dialect.name == "sqlite" else POSTGRES_PROTECT_AUDIT
    for statement in protect:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    for table in (
        "leases", "audit", "keywords", "settings", "opt_outs", "notes", "verdicts", "cooldowns", "interactions",
    ):  # fmt: skip
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")
