"""How often a finished job had no link or no playable video, apart from everything else that went wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; jobs under way count from zero."""
    op.add_column("jobs", sa.Column("flaws", sa.Integer, nullable=False, server_default="0"))
