"""What a vendor said that a job costs when it took it, beside what it billed in the end."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns. Nothing is known of the jobs that there are."""
    op.add_column("jobs", sa.Column("said_credits", sa.String(32)))
    op.add_column("jobs", sa.Column("said_usd_micros", sa.BigInteger))
