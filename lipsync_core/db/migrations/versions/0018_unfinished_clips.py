"""A person's clips that were begun and never rendered are found without reading all briefs."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the index."""
    unrendered = sa.text("job_id IS NULL")
    op.create_index("briefs_unfinished", "briefs", ["made_by", "changed_ms"], sqlite_where=unrendered)
