"""What a paid job needs: where it goes and with which key, the vendor's side of it, and every answer word for word."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and tables; the jobs made so far were drafts."""
    for column in (
        sa.Column("provider", sa.String(32), nullable=False, server_default="draft"),
        sa.Column("environment", sa.String(8), nullable=False, server_default="live"),
        sa.Column("base_url", sa.String(200)),
        sa.Column("key_fingerprint", sa.String(16)),
        sa.Column("vendor_id", sa.String(300)),
        sa.Column("candidate", sa.String(300)),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("sent_ms", sa.BigInteger),
        sa.Column("expected_end_ms", sa.BigInteger),
        sa.Column("asks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("snags", sa.Integer, nullable=False, server_default="0"),
        sa.Column("missing_since_ms", sa.BigInteger),
        sa.Column("vendor_word", sa.String(60)),
        sa.Column("progress", sa.Float),
        sa.Column("output_url", sa.Text),
        sa.Column("vendor_deletes_ms", sa.BigInteger),
        sa.Column("billed_credits", sa.String(32)),
        sa.Column("billed_usd_micros", sa.BigInteger),
        sa.Column("length_ms", sa.BigInteger),
        sa.Column("likeness", sa.String(64)),
        sa.Column("batch", sa.String(32)),
        sa.Column("follows", sa.Integer),
        sa.Column("hidden_ms", sa.BigInteger),
    ):
        op.add_column("jobs", column)
    op.drop_index("jobs_by_state", "jobs")
    op.drop_index("jobs_by_maker", "jobs")
    op.create_index("jobs_by_state", "jobs", ["state", "id", "name", "made_by", "hidden_ms"])
    op.create_index("jobs_by_maker", "jobs", ["made_by", "id", "state", "hidden_ms"])
    op.create_index("jobs_by_due", "jobs", ["due_ms"])
    op.create_index("jobs_by_vendor_id", "jobs", ["provider", "environment", "vendor_id"], unique=True)
    op.create_index("jobs_by_token", "jobs", ["token_hash"], unique=True)
    op.create_index("jobs_by_likeness", "jobs", ["likeness", "id"])
    op.create_index("jobs_by_batch", "jobs", ["batch", "id"])
    op.create_index("jobs_by_engine", "jobs", ["engine", "state", "id"])
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("jobs.id"), nullable=False, index=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("applied_ms", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "accounts",
        sa.Column("provider", sa.String(32), primary_key=True),
        sa.Column("environment", sa.String(8), primary_key=True),
        sa.Column("paused_ms", sa.BigInteger),
        sa.Column("paused_key", sa.String(16)),
        sa.Column("paused_why", sa.Text),
        sa.Column("wait_until_ms", sa.BigInteger),
        sa.Column("last_error", sa.Text),
        sa.Column("last_error_ms", sa.BigInteger),
    )
