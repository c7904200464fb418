"""The team's own rates live in the ledger, so that all servers that share it quote the same."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table. The file of rates is read in when the studio starts."""
    op.create_table(
        "team_rates",
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("file", sa.Text),
    )
