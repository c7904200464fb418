"""The team is told when a cap is nearly used up: once for each cap, amount and month."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table of what was told; a notice may now be about something else than a job's event."""
    op.create_table(
        "cap_warnings",
        sa.Column("scope", sa.String(300), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("usd_micros", sa.BigInteger, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(  # SQLite cannot allow NULL in a column that exists
        "new_notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("event_id", sa.Integer, sa.ForeignKey("events.id")),
        sa.Column("to", sa.String(120), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("told_ms", sa.BigInteger),
        sa.Column("last_error", sa.Text),
        sa.UniqueConstraint("event_id", "to"),
        sqlite_autoincrement=True,
    )
    op.execute(
        'INSERT INTO new_notices (id, event_id, "to", body, created_ms, due_ms, tries, told_ms, last_error) '
        'SELECT id, event_id, "to", body, created_ms, due_ms, tries, told_ms, last_error FROM notices'
    )
    op.drop_table("notices")
    op.rename_table("new_notices", "notices")
    op.create_index("ix_notices_due_ms", "notices", ["due_ms"])
