"""The tables, once for SQLite and PostgreSQL. A change here needs a migration; a test compares the two.

The condition of a partial index stands here for SQLite alone and in the migration for both: to name PostgreSQL's here
would load its part of SQLAlchemy, 2 MiB, where it is not used.

No table holds a member's name or platform id: authors are keyed pseudonyms. `hits` hold concepts and spans, no words.
"""

from __future__ import annotations

import sqlalchemy as sa

from safetybot.model import Concern
from safetybot.store.columns import Moment, id_column, place_columns

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

interactions = sa.Table(
    "interactions",
    metadata,
    id_column(),
    *place_columns(),
    sa.Column("thread", sa.Text),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("concern", sa.SmallInteger, nullable=False),
    sa.Column("level", sa.SmallInteger),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("hits", sa.JSON, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("sending_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    sa.Column("alerted", sa.Boolean, nullable=False),
    sa.Column("shadow", sa.Boolean, nullable=False),
    sa.Column("response_id", sa.Text),
    sa.Column("reply_id", sa.Text),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("config_version", sa.Text, nullable=False, server_default=""),
    sa.Column("excerpt", sa.Text),
    sa.Column("waiting", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("verdict", sa.Text),
    sa.Column("welcomed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("unwelcomed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("platform", "community", "channel", "message_id"),
    sa.Index(None, "at", "id"),
    sa.Index(None, "platform", "community", "at", "id"),
    sa.Index(None, "author"),
    sa.Index(None, "state"),
    # Pages of one community's log, the newest first: all of it, and by what a filter may ask for, however rare that is.
    sa.Index(None, "platform", "community", "id"),
    *(sa.Index(None, "platform", "community", name, "id") for name in ("channel", "concern", "language", "state")),
    sa.Index(
        "ix_interactions_judged",
        "platform",
        "community",
        "verdict",
        "id",
        sqlite_where=sa.text("verdict IS NOT NULL"),
    ),
    # The same for the pages of all communities, where such a filter would read all there is.
    sa.Index(None, "channel", "id"),
    sa.Index(None, "language", "id"),
    sa.Index(
        "ix_interactions_all_judged",
        "verdict",
        "id",
        sqlite_where=sa.text("verdict IS NOT NULL"),
    ),
    # Reactions name the message that they stand under.
    sa.Index(
        "ix_interactions_reply_id",
        "reply_id",
        sqlite_where=sa.text("reply_id IS NOT NULL"),
    ),
    # The review queue, which stays short however long the log is.
    sa.Index(
        "ix_interactions_waiting",
        "platform",
        "community",
        "id",
        sqlite_where=sa.text("waiting = 1"),
    ),
    sa.Index("ix_interactions_all_waiting", "id", sqlite_where=sa.text("waiting = 1")),
    # SQLite gives numbers of deleted rows again unless told not to; buttons in chats and the audit point at numbers.
    sqlite_autoincrement=True,
)
"""`owner` is the running store that may send the reply (see `leases`); `at` is when the row was planned; `waiting`
holds while something was done about it and nobody has judged it; `verdict` is the kind of the latest one; whether such
reactions stand under the reply say `welcomed` and `unwelcomed`, so that whoever counts need not look at `reactions`."""

reactions = sa.Table(
    "reactions",
    metadata,
    sa.Column(
        "interaction_id", sa.ForeignKey("interactions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("welcome", "unwelcome", "other")),
    sa.Column("seen_at", Moment),
    sa.Column("seen_number", sa.BigInteger),
)
"""How many reactions stand under a reply, and nothing of whose they are. What was `seen` last is of the platform's
update, where it tells of changes instead of totals."""

cooldowns = sa.Table(
    "cooldowns",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("concern", sa.SmallInteger, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
"""`subject` is `channel/<place>` or `author/<pseudonym>`; `at` is the time of the last reply."""

verdicts = sa.Table(
    "verdicts",
    metadata,
    id_column(),
    sa.Column("interaction_id", sa.ForeignKey("interactions.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)

notes = sa.Table(
    "notes",
    metadata,
    id_column(),
    sa.Column("interaction_id", sa.ForeignKey("interactions.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
"""What reviewers write to each other about an interaction."""

opt_outs = sa.Table(
    "opt_outs",
    metadata,
    sa.Column("author", sa.Text, primary_key=True),
    *place_columns(channel=False),
    sa.Column("at", Moment, nullable=False),
)

settings = sa.Table(
    "settings",
    metadata,
    id_column(),
    *place_columns(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("value", sa.JSON(none_as_null=True)),
    sa.Column("undoes", sa.Integer),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("platform", "community", "channel", "key", "version"),
)
"""One row a change; the highest version is in force, null means inherited. `channel` is '' for the community; `undoes`
is the version that this one takes back."""

keywords = sa.Table(
    "keywords",
    metadata,
    id_column(),
    *place_columns(channel=False),
    sa.Column("term", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("value", sa.JSON(none_as_null=True)),
    sa.Column("undoes", sa.Integer),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("platform", "community", "term", "version"),
)
"""One row a change of a community's own term; the highest version is in force, a null value means that there is none.
`undoes` as above."""

audit = sa.Table(
    "audit",
    metadata,
    id_column(),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("platform", sa.Text),
    sa.Column("community", sa.Text),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index(None, "platform", "community", "id"),
)
"""Append-only: triggers refuse every update and delete. No place where a change concerns no single community."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("until", Moment, nullable=False),
)
"""Who may do what only one may do at a time, and which stores are alive (`store/<instance>`)."""

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("interaction_id", sa.ForeignKey("interactions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Index(None, "channel", "message_id"),
)
"""Where the alert about an interaction stands; several may share one message (a burst is folded)."""

watermarks = sa.Table(
    "watermarks",
    metadata,
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("platform", "community", "channel")),
    sa.Column("at", Moment, nullable=False),
)
"""Until when a channel's messages were seen: a time and no message, so that silence leaves no trace of anybody."""

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("free_at", Moment, nullable=False),
)
"""When the next send of a limited kind is due, shared by all replicas (the generic cell rate algorithm)."""

moves = sa.Table(
    "moves",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("chat", sa.Text, primary_key=True),
    sa.Column("community", sa.Text, nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
)
"""Chats that changed their id: under `chat` it is now reached, under `community` its data stays."""

web_links = sa.Table(
    "web_links",
    metadata,
    sa.Column("token", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "platform", "community")),
    sa.Column("role", sa.SmallInteger, nullable=False),
    sa.Column("member", sa.Text, nullable=False, server_default=""),
    sa.Column("expires_at", Moment, nullable=False),
)
"""Links that let somebody into the web pages once. `token` is a hash; no community where the role holds everywhere.
`member` is a moderator's id on the platform that let them in, to ask it whether they still are one."""

web_vouchers = sa.Table(
    "web_vouchers",
    metadata,
    sa.Column("voucher", sa.Text, primary_key=True),
    sa.Column("expires_at", Moment, nullable=False),
)
"""Hashes of what platforms vouched with for somebody who came in, until it is too old to be shown again."""

web_sessions = sa.Table(
    "web_sessions",
    metadata,
    id_column(),
    sa.Column("token", sa.Text, nullable=False, unique=True),
    sa.Column("token_before", sa.Text, index=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "platform", "community")),
    sa.Column("role", sa.SmallInteger, nullable=False),
    sa.Column("member", sa.Text, nullable=False, server_default=""),
    *(sa.Column(name, Moment, nullable=False) for name in ("opened_at", "rotated_at", "expires_at")),
    sqlite_autoincrement=True,
)
"""Who is signed in to the web pages. Both tokens are hashes; the one before holds for a moment after the change."""

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    id_column(),
    sa.Column("token", sa.Text, nullable=False, unique=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "platform", "community")),
    sa.Column("role", sa.SmallInteger, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("last_used_at", Moment),
    # The audit names tokens by their number.
    sqlite_autoincrement=True,
)
"""Tokens of the JSON API. `token` is a hash; no community where the role holds everywhere."""

saved_views = sa.Table(
    "saved_views",
    metadata,
    id_column(),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("platform", "community", "owner", "name")),
    sa.Column("filters", sa.JSON, nullable=False),
    *(sa.Column(name, Moment, nullable=False) for name in ("made_at", "used_at")),
    sa.UniqueConstraint("platform", "community", "owner", "name"),
    # The address of a form that deletes one has its number.
    sqlite_autoincrement=True,
)
"""Filters of the log that somebody keeps under a name; no community where they are for all of them. `owner` is whose:
of somebody whom a platform let in, their pseudonym (`communities/saved_views.py`)."""

webhooks = sa.Table(
    "webhooks",
    metadata,
    id_column(),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("platform", "community", "url", "salt", "made_by")),
    sa.Column("made_at", Moment, nullable=False),
    sa.UniqueConstraint("platform", "community"),
    # Receivers know deliveries by this number and the interaction's.
    sqlite_autoincrement=True,
)
"""Where a community's alerts go beside the chat. The secret is led from a key and the salt, and kept nowhere."""

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    id_column(),
    sa.Column("webhook_id", sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("interaction_id", sa.ForeignKey("interactions.id", ondelete="CASCADE"), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Moment, index=True),
    sa.Column("delivered_at", Moment),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("interaction_id", "webhook_id"),
    sa.Index(None, "webhook_id", "id"),
)
"""The outbox: filled in the transaction of the interaction; no `next_at` where it has ended."""

tally_changes = sa.Table(
    "tally_changes",
    metadata,
    id_column(),
    sa.Column("hour", sa.Integer, nullable=False),
    *place_columns(),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("concern", sa.SmallInteger, nullable=False),
    sa.Column("rules", sa.JSON, nullable=False),
    *(sa.Column(name, sa.Boolean, nullable=False) for name in ("shadow", "sent", "welcomed", "unwelcomed")),
    sa.Column("verdict", sa.Text),
    sa.Column("change", sa.SmallInteger, nullable=False),
    # A number is never given twice, or a change could be taken for one that was settled.
    sqlite_autoincrement=True,
)
"""What came into the log (`change` 1) or went out of it (-1) and is not in the tallies yet; an interaction that changed
did both. Triggers write it, in the transaction of the change; `hour` is counted from 1970 on, in UTC."""

tallies = sa.Table(
    "tallies",
    metadata,
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("platform", "community", "by")),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    # Beside each other: a row for each concern would be four times as much to read.
    *(sa.Column(concern.label, sa.Integer, nullable=False) for concern in Concern),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("replies", "welcome", "unwelcome")),
    # Kept in the order in which it is read.
    sqlite_with_rowid=False,
)
"""Counts of days (since 1970, in UTC) by concern, so that a chart need not read the log; no platform means all of them.
Those of whole weeks stand under the day on which the week begins. With `tally_changes` they say exactly what the log
holds."""

rule_tallies = sa.Table(
    "rule_tallies",
    metadata,
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("platform", "community")),
    sa.Column("hours", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("start", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.Text, primary_key=True),
    *(
        sa.Column(name, sa.Integer, nullable=False)
        for name in ("interactions", "live", "alone", "confirmed", "false_alarms")
    ),
    sqlite_with_rowid=False,
)
"""The same of rules, by hours and by days (`hours` is 1 or 24, `start` counts hours since 1970); hours of late only.
`live` were not in shadow; `alone` were there only because of keywords in shadow."""

SQLITE_PROTECT_AUDIT = tuple(
    f"CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for verb in ("update", "delete")
)
POSTGRES_PROTECT_AUDIT = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$""",
    """CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)
