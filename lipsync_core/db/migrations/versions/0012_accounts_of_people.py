"""Which account of the sign-in service each person is. Nobody is bound yet: each is at their next entry."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns and the rule that one account is one person."""
    op.add_column("people", sa.Column("issuer", sa.Text))
    op.add_column("people", sa.Column("subject", sa.Text))
    op.add_column("people", sa.Column("bind_after_ms", sa.BigInteger))
    op.create_index("people_by_account", "people", ["issuer", "subject"], unique=True)
