"""A server or worker says with which settings it works, so that another one that starts can compare its own."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column. An older version, which may run beside this one, leaves it empty."""
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("trackers", sa.Column("settings", kind))
