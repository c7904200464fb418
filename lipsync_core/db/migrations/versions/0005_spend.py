"""What the Spend page adds up, in columns of its own; and what each account held when it was last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns, fill them for the jobs that there are, and let an index hold all that a month adds up."""
    op.add_column("jobs", sa.Column("project", sa.String(240), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("quoted_usd_micros", sa.BigInteger))
    op.add_column("jobs", sa.Column("quoted_credits", sa.Integer))
    op.execute(
        "UPDATE jobs SET project = coalesce(json_extract(brief, '$.project'), ''), "
        "quoted_usd_micros = json_extract(quote, '$.usd_micros'), quoted_credits = json_extract(quote, '$.credits')"
    )
    op.drop_index("jobs_by_month", "jobs")
    op.create_index(
        "jobs_by_month",
        "jobs",
        [
            *("month", "state", "provider", "engine", "made_by", "project"),
            *("counted_usd_micros", "quoted_usd_micros", "quoted_credits", "ceiling_usd_micros"),
            *("billed_usd_micros", "billed_credits"),
        ],
    )
    op.add_column("accounts", sa.Column("balance_usd_micros", sa.BigInteger))
    op.add_column("accounts", sa.Column("balance_credits", sa.String(32)))
    op.add_column("accounts", sa.Column("balance_key", sa.String(16)))
    op.add_column("accounts", sa.Column("balance_ms", sa.BigInteger))
