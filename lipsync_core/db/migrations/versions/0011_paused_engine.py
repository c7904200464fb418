"""A vendor may be paused for one of its engines alone."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column. What is paused now is paused for all engines."""
    op.add_column("accounts", sa.Column("paused_engine", sa.String(64)))
