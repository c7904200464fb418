"""The library of media and presenters that a team uses every week, and how each medium came here."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables. How media came that are here already is not known."""
    op.create_table(
        "arrivals",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("came", sa.String(12), nullable=False),
        sa.Column("came_from", sa.Text, nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("ref", sa.String(300), nullable=False),
        sa.Column("environment", sa.String(8), nullable=False),
        sa.Column("name", sa.String(240), nullable=False),
        sa.Column("project", sa.String(240), nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("came", sa.String(12), nullable=False),
        sa.Column("came_from", sa.Text, nullable=False),
        sa.Column("picture", sa.String(64)),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("added_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("kind", "ref", "environment"),
        sqlite_autoincrement=True,
    )
