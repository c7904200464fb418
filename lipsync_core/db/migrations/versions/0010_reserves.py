"""What limits and caps count for a job until its end; and a ceiling is a sum that makes sense."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOST = 10**10
"""Micro-dollars: `lipsync_core.pricing.reserve.MOST_CEILING_USD_MICROS` at this revision."""
NONSENSE = f"(ceiling_usd_micros <= 0 OR ceiling_usd_micros > {MOST})"

UNSENT = "state IN ('queued', 'awaiting_approval')"


def upgrade() -> None:
    """Add the column. Ceilings that make no sense stay where a job was sent, and are forgotten where it was not.

    SQLite checks no constraint for new rows alone, so triggers do; PostgreSQL has ``CHECK … NOT VALID`` for that.
    """
    op.add_column("jobs", sa.Column("reserved_usd_micros", sa.BigInteger))
    op.execute("UPDATE jobs SET reserved_usd_micros = quoted_usd_micros")
    op.execute(f"UPDATE jobs SET ceiling_usd_micros = NULL WHERE {UNSENT} AND {NONSENSE}")  # noqa: S608 - constants
    for name, change in (("insert", "INSERT"), ("update", "UPDATE OF ceiling_usd_micros")):
        new = NONSENSE.replace("ceiling", "NEW.ceiling")
        op.execute(
            f"CREATE TRIGGER ceiling_bounded_on_{name} BEFORE {change} ON jobs WHEN {new} "
            "BEGIN SELECT RAISE(ABORT, 'a ceiling is above 0 and at most ten thousand dollars'); END"
        )
