"""What a month may cost, what of it is taken, and what the vendors' invoices came to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what a job counts, and the tables of caps, budgets and invoices."""
    op.add_column("jobs", sa.Column("month", sa.String(7)))
    op.add_column("jobs", sa.Column("counted_usd_micros", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("ceiling_usd_micros", sa.BigInteger))
    op.create_index("jobs_by_month", "jobs", ["month", "state"])
    op.create_table(
        "budgets",
        sa.Column("scope", sa.String(300), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("taken_usd_micros", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "caps",
        sa.Column("scope", sa.String(300), primary_key=True),
        sa.Column("usd_micros", sa.BigInteger, nullable=False),
        sa.Column("set_by", sa.String(120), nullable=False),
        sa.Column("set_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "invoices",
        sa.Column("provider", sa.String(32), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("usd_micros", sa.BigInteger, nullable=False),
        sa.Column("set_by", sa.String(120), nullable=False),
        sa.Column("set_ms", sa.BigInteger, nullable=False),
    )
