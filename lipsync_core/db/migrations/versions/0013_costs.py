"""What jobs cost beside their price: the bill in dollars, the finished video's length, what an invoice says."""

import json
from decimal import ROUND_CEILING, Decimal

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MONTH = (
    *("month", "state", "provider", "engine", "made_by", "project"),
    *("counted_usd_micros", "quoted_usd_micros", "quoted_credits", "ceiling_usd_micros"),
    *("bill_usd_micros", "output_usd_micros", "paid_usd_micros", "above_ms"),
)


def upgrade() -> None:
    """Add the columns, and say what the bills that there are come to. Who was told nothing then is told nothing now."""
    for name in ("bill_usd_micros", "output_ms", "output_usd_micros", "paid_usd_micros", "above_ms"):
        op.add_column("jobs", sa.Column(name, sa.BigInteger))
    op.add_column("events", sa.Column("about", sa.String(16)))
    _fill_bills(op.get_bind())
    op.drop_index("jobs_by_month", "jobs")
    op.create_index("jobs_by_month", "jobs", list(MONTH))
    op.create_index("jobs_by_above", "jobs", ["above_ms"])


def _fill_bills(connection: sa.Connection) -> None:
    over = "month IS NOT NULL AND state IN ('done', 'lost', 'failed', 'written_off')"
    op.execute(f"UPDATE jobs SET bill_usd_micros = billed_usd_micros WHERE {over}")  # noqa: S608 - constants
    in_credits = f"SELECT id, quote, billed_credits FROM jobs WHERE {over} AND bill_usd_micros IS NULL"  # noqa: S608
    for row in connection.execute(sa.text(f"{in_credits} AND billed_credits IS NOT NULL")).all():
        quote = json.loads(row.quote)
        if quote["usd_micros"] and quote["credits"]:
            bill = Decimal(row.billed_credits) * quote["usd_micros"] / quote["credits"]
            connection.execute(
                sa.text("UPDATE jobs SET bill_usd_micros = :bill WHERE id = :id"),
                {"bill": int(bill.to_integral_value(ROUND_CEILING)), "id": row.id},
            )
