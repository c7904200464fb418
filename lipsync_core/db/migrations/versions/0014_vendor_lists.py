"""What vendors list and is asked for once a day lives in the ledger, and no longer in files beside the media."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the table. The files that there are can be deleted: their lists are asked for anew."""
    op.create_table(
        "vendor_lists",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
