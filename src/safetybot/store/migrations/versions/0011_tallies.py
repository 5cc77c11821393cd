"""Tallies that follow every change of the log, of rules too, instead of days that are counted when they are over.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FACTS = (
    "hour", "platform", "community", "channel", "language", "concern", "rules", "shadow", "sent", "welcomed",
    "unwelcomed", "verdict",
)  # fmt: skip
_INTO = f"INSERT INTO tally_changes ({', '.join(_FACTS)}, change)"
_CONCERNS = ("mention", "supply", "diy", "adverse")
_COUNTED = ("at", *_FACTS[1:8], "state", *_FACTS[9:])
"""The columns of an interaction that a count depends on."""


def _facts(row: str) -> str:
    """What is counted of a row, in the order of `_FACTS`."""
    says = {"hour": f"{row}.at / 3600000000", "sent": f"{row}.state = 'sent'"}
    return ", ".join(says.get(name, f"{row}.{name}") for name in _FACTS)


# A reply goes through several states, of which only one counts: most changes of a row are none of a count.
_CHANGED = "OLD.at <> NEW.at OR (OLD.state = 'sent') <> (NEW.state = 'sent') OR " + " OR ".join(
    f"OLD.{name} IS {{distinct}} NEW.{name}" for name in _FACTS[1:] if name not in ("rules", "sent")
)
_GOES, _COMES = (f"{_INTO} VALUES ({_facts(row)}, {change});" for row, change in (("OLD", -1), ("NEW", 1)))
_OF = ", ".join(name for name in _COUNTED if name != "rules")
_SQLITE = (
    f"CREATE TRIGGER interactions_come AFTER INSERT ON interactions BEGIN {_COMES} END",
    f"CREATE TRIGGER interactions_go AFTER DELETE ON interactions BEGIN {_GOES} END",
    f"""CREATE TRIGGER interactions_change AFTER UPDATE OF {_OF} ON interactions
    WHEN {_CHANGED.format(distinct="NOT")} BEGIN {_GOES} {_COMES} END""",
)
_EACH = "ON interactions FOR EACH ROW"
_POSTGRES = (
    f"""CREATE FUNCTION tally_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN {_GOES} END IF;
    IF TG_OP <> 'DELETE' THEN {_COMES} END IF;
    RETURN NULL; END $$""",
    f"CREATE TRIGGER interactions_come_or_go AFTER INSERT OR DELETE {_EACH} EXECUTE FUNCTION tally_change()",
    f"""CREATE TRIGGER interactions_change AFTER UPDATE OF {_OF} {_EACH}
    WHEN ({_CHANGED.format(distinct="DISTINCT FROM")}) EXECUTE FUNCTION tally_change()""",
)


def upgrade() -> None:
    """Make the tables and triggers; put down all that is there."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    _forget_days(sqlite=sqlite)
    for name in ("welcomed", "unwelcomed"):
        op.add_column("interactions", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("welcome", "unwelcome"):
        op.execute(
            f"UPDATE interactions SET {name}d = true WHERE id IN "  # noqa: S608  # two names of our own
            f"(SELECT interaction_id FROM reactions WHERE {name} > 0)"
        )
    op.create_table(
        "tally_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "community", "channel", "language")),
        sa.Column("concern", sa.SmallInteger(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("shadow", "sent", "welcomed", "unwelcomed")),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("change", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tally_changes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tallies",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "community", "by")),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*_CONCERNS, "replies", "welcome", "unwelcome")),
        sa.PrimaryKeyConstraint("platform", "community", "by", "day", "name", name="pk_tallies"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_tallies",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("platform", "community")),
        sa.Column("hours", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("start", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("rule", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("interactions", "live", "alone", "confirmed", "false_alarms")
        ),
        sa.PrimaryKeyConstraint("platform", "community", "hours", "start", "rule", name="pk_rule_tallies"),
        sqlite_with_rowid=False,
    )
    for statement in _SQLITE if sqlite else _POSTGRES:
        op.execute(statement)
    _count(sqlite=sqlite)


def _count(*, sqlite: bool) -> None:
    """Count what is in the log."""
    date = "strftime('%Y-%m-%d', at / 1000000, 'unixepoch')"
    if not sqlite:
        date = "to_char(to_timestamp(at / 86400000000 * 86400) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    hour = "CAST(at / 3600000000 % 24 AS TEXT)"
    sums = [f"sum(CASE WHEN {which} THEN 1 ELSE 0 END)" for which in (
        *(f"concern = {number}" for number in (1, 2, 3, 4)), "state = 'sent'", "welcomed", "unwelcomed",
    )]  # fmt: skip
    everywhere = {"day": date, "hour": hour, "language": "language", "community": "platform || '/' || community"}
    here = {"day": date, "hour": hour, "channel": "channel", "language": "language"}
    for place, groups, names in (("platform, community", "platform, community, ", here), ("'', ''", "", everywhere)):
        for by, name in names.items():
            for of, days in (("", 1), ("/week", 7))[: 1 if by == "day" else 2]:
                counted = (
                    f"SELECT {place}, '{by}{of}', at / 86400000000 / {days} * {days} AS of_day, {name} AS named, "
                    f"{', '.join(sums)}"
                )
                op.execute(f"INSERT INTO tallies {counted} FROM interactions GROUP BY {groups}of_day, named")
    first = "json_extract(rules, '$[0]')" if sqlite else "rules ->> 0"
    each = "json_each(rules)" if sqlite else "json_array_elements_text(rules) AS fired (value)"
    facts = (
        "NOT shadow",
        f"shadow AND {first} LIKE 'shadow-keyword:%'",
        "verdict = 'confirmed'",
        "verdict = 'false_alarm'",
    )
    sums = [f"sum(CASE WHEN {which} THEN 1 ELSE 0 END)" for which in ("1 = 1", *facts)]
    latest = "at > (SELECT max(at) FROM interactions) - 1382400000000"
    for hours, which in ((24, "1 = 1"), (1, latest)):
        # Each rule of an interaction once, however often it fired.
        fired = f"SELECT DISTINCT interactions.id AS one, value AS rule FROM interactions, {each}"  # noqa: S608
        op.execute(
            f"INSERT INTO rule_tallies SELECT platform, community, {hours}, "  # noqa: S608
            f"at / 3600000000 / {hours} * {hours} AS begins, rule, {', '.join(sums)} "
            f"FROM interactions JOIN ({fired}) AS found ON one = id WHERE {which} "
            "GROUP BY platform, community, begins, rule"
        )


def downgrade() -> None:
    """Take all of it away again; the tables of before come back empty."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        for name in ("come", "go", "change"):
            op.execute(f"DROP TRIGGER interactions_{name}")
    else:
        for name in ("come_or_go", "change"):
            op.execute(f"DROP TRIGGER interactions_{name} ON interactions")
        op.execute("DROP FUNCTION tally_change()")
    for table in ("rule_tallies", "tallies", "tally_changes"):
        op.drop_table(table)
    for name in ("unwelcomed", "welcomed"):
        op.drop_column("interactions", name)
    _days(sqlite=sqlite)


def _forget_days(*, sqlite: bool) -> None:
    """Take away what 0004 made for counting days."""
    op.execute("DROP TRIGGER interactions_forget_tallies" + ("" if sqlite else " ON interactions"))
    if not sqlite:
        op.execute("DROP FUNCTION forget_tallies()")
    for table in ("tallied_days", "tallies"):
        op.drop_table(table)


def _days(*, sqlite: bool) -> None:
    """Make again what 0004 made for counting days."""
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
    for statement in _FORGET_SQLITE if sqlite else _FORGET_POSTGRES:
        op.execute(statement)


_FORGET_SQLITE = (
    """CREATE TRIGGER interactions_forget_tallies AFTER DELETE ON interactions BEGIN
    DELETE FROM tallied_days WHERE day = OLD.at / 86400000000;
    DELETE FROM tallies WHERE day = OLD.at / 86400000000;
    END""",
)
_FORGET_POSTGRES = (
    """CREATE FUNCTION forget_tallies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM tallied_days WHERE day IN (SELECT DISTINCT at / 86400000000 FROM gone);
    DELETE FROM tallies WHERE day IN (SELECT DISTINCT at / 86400000000 FROM gone);
    RETURN NULL; END $$""",
    """CREATE TRIGGER interactions_forget_tallies AFTER DELETE ON interactions
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_tallies()""",
)
