"""Jobs are filtered by project, engine, date and sandbox, and ordered by price and name, from indices alone."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

LISTED = ("hidden_ms", "state", "made_by", "project", "engine", "environment", "batch", "created_ms", "name")


def upgrade() -> None:
    """Make the indices, in place of two that held less."""
    op.drop_index("jobs_by_state", "jobs")
    op.drop_index("jobs_by_maker", "jobs")
    op.create_index("jobs_listed", "jobs", ["id", *LISTED])
    by = {
        "jobs_by_state": "state",
        "jobs_by_maker": "made_by",
        "jobs_by_project": "project",
        "jobs_listed_by_engine": "engine",
    }
    for name, column in by.items():
        op.create_index(name, "jobs", [column, "id", *(one for one in LISTED if one != column)])
    op.create_index("jobs_by_price", "jobs", ["quoted_usd_micros", "id", "hidden_ms"])
    op.create_index("jobs_by_name", "jobs", ["name", "id", "hidden_ms"])
    op.create_index("jobs_in_batches", "jobs", ["id"], sqlite_where=sa.text("batch IS NOT NULL"))
