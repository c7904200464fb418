"""Who is in the team, what they decided about jobs, what is to be told to whom, and an audit that only ever grows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables and the columns of a decision. What happened before is told to nobody."""
    op.create_table(
        "people",
        sa.Column("email", sa.String(120), primary_key=True),
        sa.Column("name", sa.String(240), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("limit_usd_micros", sa.BigInteger),
        sa.Column("invited", sa.Boolean, nullable=False),
        sa.Column("added_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_ms", sa.BigInteger),
        sa.Column("removed_ms", sa.BigInteger),
        sa.Column("notify_url", sa.Text),
        sa.Column("notify_secret", sa.String(120)),
    )
    op.create_table(
        "sign_outs",
        sa.Column("visit", sa.String(64), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("did", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", sa.String(300), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sqlite_autoincrement=True,
    )
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"
        )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("event_id", sa.Integer, sa.ForeignKey("events.id"), nullable=False),
        sa.Column("to", sa.String(120), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, index=True),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("told_ms", sa.BigInteger),
        sa.Column("last_error", sa.Text),
        sa.UniqueConstraint("event_id", "to"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "read_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("until", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO read_events (id, until) SELECT 1, coalesce(max(id), 0) FROM events")
    op.add_column("jobs", sa.Column("decide_by_ms", sa.BigInteger))
    op.add_column("jobs", sa.Column("decided_by", sa.String(120)))
    op.add_column("jobs", sa.Column("decided_ms", sa.BigInteger))
    op.add_column("jobs", sa.Column("decided_why", sa.Text))
